"""`mirror_flickr forget`: its preview, its confirmation prompt and its messages."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING

import typer

from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.cli.output.console import OutputOptions, echo, set_up
from flickr_mirror.cli.output.summary import time_text
from flickr_mirror.cli.output.text import size_text
from flickr_mirror.cli.runner import run_async
from flickr_mirror.engine.forget import forget_photos, forgotten_photos, undo_forget
from flickr_mirror.errors import FlickrMirrorError
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_lookup import only_mirror
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flickr_mirror.engine.forget import ForgetReport, ForgottenPhoto

EXIT_DECLINED = 1


def can_prompt() -> bool:
    """Return whether there is a terminal to ask for confirmation on."""
    return sys.stdin.isatty()


def only_name(cache_path: Path) -> str:
    """Return the name of the only mirror; end the command with a message if there is none, or more than one."""
    try:
        return only_mirror(filesystem.home(cache_path))
    except FlickrMirrorError as error:
        set_up(OutputOptions())
        raise typer.Exit(echo_failure(error)) from error


def show(username: str, photos: list[str], cache_path: Path) -> int:
    """Print what would be erased on standard output, and return the exit code."""

    def write() -> int:
        report = run_async(partial(forget_photos, username, photos, cache_path, dry_run=True))
        sys.stdout.write("".join(f"{line}\n" for line in _described(report)))
        return 0

    return _run_command(write)


def forget(username: str, photos: list[str], cache_path: Path, *, ask: bool, trash: bool) -> int:
    """Erase photos or move them to the trash, with `ask` only after confirmation, and return the exit code."""

    from flickr_mirror.cli.commands.gallery import refresh_gallery

    def erase() -> int:
        if ask:
            report = run_async(partial(forget_photos, username, photos, cache_path, dry_run=True))
            if not _is_confirmed(report, trash=trash):
                echo("Nothing was erased.")
                return EXIT_DECLINED
        report = run_async(partial(forget_photos, username, photos, cache_path, trash=trash))
        for photo in report.photos:
            echo(_outcome(photo, trash=trash))
        if report.catalogues and not trash:
            echo(f"Also erased: {len(report.catalogues)} files of old catalogues that had been set aside.")
        refresh_gallery(report.folder)
        _print_summary(report)
        return 0

    return _run_command(erase)


def undo(username: str, photos: list[str], cache_path: Path) -> int:
    """Let the next run mirror forgotten photos again, and return the exit code."""

    def lift() -> int:
        lifted = run_async(undo_forget, username, photos, cache_path)
        for photo in dict.fromkeys(photos):
            if photo in lifted:
                echo(f"Photo {photo} is no longer forgotten: the next run mirrors it if Flickr shows it.")
            else:
                echo(f"Photo {photo} was not forgotten.")
        return 0

    return _run_command(lift)


def list_forgotten(username: str, cache_path: Path) -> int:
    """Print the forgotten photos on standard output, and return the exit code."""

    def write() -> int:
        sys.stdout.write("id\tforgotten\n")
        for tombstone in forgotten_photos(username, cache_path):
            sys.stdout.write(f"{tombstone.photo_id}\t{time_text(tombstone.since)}\n")
        return 0

    return _run_command(write)


def _run_command(work: Callable[[], int]) -> int:
    set_up(OutputOptions())
    try:
        return work()
    except FlickrMirrorError as error:
        return echo_failure(error)


def _is_confirmed(report: ForgetReport, *, trash: bool) -> bool:
    for line in _described(report):
        echo(line)
    what = "Move this to the trash" if trash else "Erase this for good"
    sys.stderr.write(f"{what}, and never mirror these photos again? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _described(report: ForgetReport) -> Iterator[str]:
    for photo in report.photos:
        title = f" {json.dumps(plain(photo.title), ensure_ascii=False)}" if photo.title is not None else ""
        if not photo.is_known:
            state = "not known to this mirror"
        elif not photo.files:
            state = "no files"
        else:
            state = f"{len(photo.files)} files, {size_text(photo.bytes)}"
        yield f"photo {photo.photo_id}{title}: {state}{', already forgotten' if photo.was_forgotten else ''}"
        yield from (f"  {plain(str(path))}" for path in photo.files)
    if report.catalogues:
        yield "old catalogues, which contain the texts of all photos:"
        yield from (f"  {plain(str(path))}" for path in report.catalogues)


def _outcome(photo: ForgottenPhoto, *, trash: bool) -> str:
    if photo.files:
        what = "in the trash" if trash else "erased"
        return f"Photo {photo.photo_id} is {what}: {len(photo.files)} files, {size_text(photo.bytes)}."
    if photo.is_known:
        return f"Photo {photo.photo_id} is erased; it had no files."
    return f"Photo {photo.photo_id} is not known to this mirror. No later run will mirror it."


def _print_summary(report: ForgetReport) -> None:
    name = json.dumps(plain(report.username), ensure_ascii=False)
    files = sum(len(photo.files) for photo in report.photos)
    size = sum(photo.bytes for photo in report.photos)
    echo(
        f"forgot user={name} nsid={report.user_id} photos={len(report.photos)} files={files} bytes={size} exit=0"
    )
