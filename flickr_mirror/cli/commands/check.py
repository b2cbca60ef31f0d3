"""`mirror_flickr check`: its progress, its messages, its last line and its report as JSON."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from flickr_mirror.cli.commands.supervision import Supervision
from flickr_mirror.cli.exit_codes import EXIT_PHOTOS_FAILED
from flickr_mirror.cli.output.console import console, echo
from flickr_mirror.cli.output.summary import counted
from flickr_mirror.cli.output.text import json_text
from flickr_mirror.engine.check import CheckReport, check_mirror
from flickr_mirror.engine.forget import forget_photos
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.events import Checked, FileBroken
from flickr_mirror.storage.store import MISSING
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.models.events import Event
    from flickr_mirror.models.timing import Timing


async def run_check(
    username: str,
    cache_path: Path,
    *,
    part: tuple[int, int],
    rebuild: bool,
    read: bool,
    as_json: bool,
    timing: Timing,
) -> int:
    """Check a mirror, print the result, and return the exit code."""
    report = CheckReport()
    supervision = Supervision("checking", "files checked", timing)

    def observe(event: Event) -> None:
        log_events(event)
        if isinstance(event, Checked):
            supervision.show(event.files, event.total)

    code = await supervision.run(
        partial(
            check_mirror,
            username,
            cache_path,
            part=part,
            rebuild=rebuild,
            read=read,
            observer=observe,
            report=report,
        )
    )
    code = code or (EXIT_PHOTOS_FAILED if _needs_run(report) else 0)
    if report.username:
        _print_summary(report, code, force=bool(code) and not supervision.has_failed)
        if not supervision.has_failed and not as_json:
            await _ask_about_missing(report, cache_path)
    if as_json:
        sys.stdout.write(f"{json_text(_document(report, code), 2)}\n")
    return code


async def _ask_about_missing(report: CheckReport, cache_path: Path) -> None:
    """On a terminal, ask whether photos whose files are gone were deleted on purpose, and forget them if so."""
    ids = sorted(
        {
            found.photo_id
            for found in report.broken
            if found.photo_id and found.reason == MISSING and found.comes_again
        },
        key=int,
    )
    if not ids or not report.complete or console.is_quiet or not (console.is_terminal and sys.stdin.isatty()):
        return
    count = counted(len(ids), "photo")
    echo(f"Files of {count} are missing ({', '.join(ids[:5])}{', ...' if len(ids) > 5 else ''}).")
    sys.stderr.write("Did you delete them on purpose? Then no run downloads them again. [y/N] ")
    sys.stderr.flush()
    answer = await to_thread.run_sync(sys.stdin.readline)
    if answer.strip().lower() in {"y", "yes"}:
        await forget_photos(report.user_id, ids, cache_path)
        echo(f"{count} forgotten. `mirror_flickr forget --undo` reverses this.")


def _needs_run(report: CheckReport) -> bool:
    return bool(report.broken or report.waiting or report.rebuilt)


def _print_summary(report: CheckReport, code: int, *, force: bool) -> None:
    if report.resumed:
        echo(f"An earlier check had read {report.resumed:,} of the files; this one continued from there.")
    if any(found.comes_again and found.reason != MISSING for found in report.broken):
        echo(f"Broken files were moved to {report.place}/.flickr_mirror/broken.")
    if report.rebuilt:
        echo(
            "The catalogue was rebuilt from the files alone: run the mirror to complete it, then check again."
        )
    if report.waiting:
        echo(f"Files that the next run of the mirror restores: {report.waiting:,}.")
    if not report.complete:
        echo("Run the same command again to continue.")
    name = json.dumps(plain(report.username), ensure_ascii=False)
    echo(
        f"checked user={name} nsid={report.user_id} part={report.part[0]}/{report.part[1]} files={report.files} "
        f"broken={len(report.broken)} waiting={report.waiting} bytes={report.bytes} "
        f"seconds={report.seconds:.1f} exit={code}",
        force=force,
    )


def _document(report: CheckReport, code: int) -> dict[str, Any]:
    return {
        "user": report.username or None,
        "nsid": report.user_id or None,
        "folder": str(report.folder) if report.folder else None,
        "part": "{}/{}".format(*report.part),
        "files": report.files,
        "bytes": report.bytes,
        "resumed": report.resumed,
        "waiting": report.waiting,
        "rebuilt": report.rebuilt,
        "complete": report.complete,
        "seconds": round(report.seconds, 3),
        "exit": code,
        "broken": [_entry(found) for found in report.broken],
    }


def _entry(found: FileBroken) -> dict[str, Any]:
    return {
        "photo_id": found.photo_id,
        "kind": found.kind,
        "path": str(found.path),
        "reason": found.reason,
        "comes_again": found.comes_again,
    }
