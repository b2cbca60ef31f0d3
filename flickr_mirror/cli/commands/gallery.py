"""`mirror_flickr gallery`: builds the gallery of a mirror, and prints what was written."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.cli.commands.reports import print_report
from flickr_mirror.cli.exit_codes import EXIT_PHOTOS_FAILED
from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.summary import counted
from flickr_mirror.cli.output.text import json_text, size_text
from flickr_mirror.reader.mirror_reader import open_mirror
from flickr_mirror.text import plain
from flickr_mirror.web.gallery.builder import FOLDER, GalleryBuilder, options_of

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.web.gallery.options import GalleryOptions, GalleryReport

PROGRESS = 5.0
"""How many seconds there are between two lines of progress on a terminal."""


def run_gallery(
    cache_path: Path, name: str | None, options: GalleryOptions, *, opens: bool, as_json: bool
) -> int:
    """Build, print the summary, and return the exit code: 3 if thumbnails could not be made."""
    return print_report(partial(_build, cache_path, name, options, opens=opens, as_json=as_json))


def _build(cache_path: Path, name: str | None, options: GalleryOptions, *, opens: bool, as_json: bool) -> int:
    with open_mirror(cache_path, name) as reader:
        builder = GalleryBuilder(reader, options, _Progress())
        report = builder.build()
    page = builder.folder / "index.html"
    if as_json:
        sys.stdout.write(f"{json_text({**asdict(report), 'page': str(page)}, 2)}\n")
    else:
        sys.stdout.write(f"{_sentence(report)}\nOpen {plain(str(page))}\n")
    for photo_id, reason in report.failures.items():
        echo(f"Photo {photo_id} has no thumbnail: {reason} Run `mirror_flickr check`, then the mirror again.")
    _warn(options, report)
    if opens:
        import typer

        typer.launch(page.absolute().as_uri())
    return EXIT_PHOTOS_FAILED if report.failures else 0


def _warn(options: GalleryOptions, report: GalleryReport) -> None:
    if options.target and report.reserved:
        echo(
            f"{counted(report.reserved, 'photo')} with all rights reserved: keep this folder to yourself, unless you "
            "are their author or have the permission to publish them."
        )
    if report.hidden:
        echo(
            f"{counted(report.hidden, 'photo')} left out, not public at Flickr. Add --private to include them."
        )
    if report.private:
        echo(f"{counted(report.private, 'photo')} that are not public on Flickr: do not publish this folder.")


def _sentence(report: GalleryReport) -> str:
    parts = [
        f"{counted(report.written, 'file')} written" if report.written else "",
        f"{counted(report.thumbnails, 'thumbnail')} made" if report.thumbnails else "",
        f"{counted(report.placed, 'file')} linked or copied" if report.placed else "",
        f"{report.removed:,} removed" if report.removed else "",
    ]
    done = ", ".join(filter(None, parts)) or "nothing new"
    return f"Gallery of {counted(report.photos, 'photo')}: {done}. Pages and texts have {size_text(report.bytes)}."


class _Progress:
    """Prints the progress of a build on a terminal."""

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}
        self._printed = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        begun = self._begun.setdefault(what, now)
        if now - self._printed < PROGRESS or not done or not sys.stderr.isatty():
            return
        self._printed = now
        left = (now - begun) / done * (total - done) / 60
        time_left = f", about {left:.0f} min left" if left >= 1 else ""
        echo(f"{done:,} of {total:,} {what}{time_left}")


def refresh_gallery(mirror: Path) -> None:
    """Build the gallery in a mirror again, as it was built before, if there is one: for photos that were erased."""
    if options := options_of(mirror / FOLDER):
        with open_mirror(mirror) as reader:
            GalleryBuilder(reader, options).build()
        echo("The gallery of the mirror is up to date. Build galleries in other folders (--to) again.")


def show_plan(cache_path: Path, name: str | None, options: GalleryOptions, *, as_json: bool) -> int:
    """Print what a build would write; return the exit code."""
    return print_report(partial(_show_plan, cache_path, name, options, as_json=as_json))


def _show_plan(cache_path: Path, name: str | None, options: GalleryOptions, *, as_json: bool) -> int:
    with open_mirror(cache_path, name) as reader:
        builder = GalleryBuilder(reader, options)
        plan = builder.plan()
    if as_json:
        sys.stdout.write(f"{json_text(asdict(plan), 2)}\n")
        return 0
    if not plan.files:
        sys.stdout.write(f"{counted(plan.photos, 'photo')}: nothing new. Nothing was written.\n")
        return 0
    thumbnails = (
        f", and {counted(plan.thumbnails, 'thumbnail')} of about {size_text(plan.thumbnail_bytes)}"
        if plan.thumbnails
        else ""
    )
    sys.stdout.write(
        f"{counted(plan.photos, 'photo')}: about {plan.files:,} files of {size_text(plan.bytes)}{thumbnails}; "
        f"about {counted(plan.minutes, 'minute')}. Nothing was written.\n"
    )
    return 0
