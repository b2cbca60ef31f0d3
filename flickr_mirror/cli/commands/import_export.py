"""`mirror_flickr import`: its progress, its messages, its last line and its report as JSON."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from flickr_mirror.cli.commands.supervision import Supervision
from flickr_mirror.cli.exit_codes import EXIT_PHOTOS_FAILED, code_of_error
from flickr_mirror.cli.output.console import OutputOptions, echo, set_up
from flickr_mirror.cli.output.text import json_text
from flickr_mirror.cli.runner import run_async
from flickr_mirror.engine.import_export import ImportReport, import_export
from flickr_mirror.errors import CacheOwnerError
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.events import Imported
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flickr_mirror.models.events import Event
    from flickr_mirror.models.timing import Timing

MOST = 10
"""How many ids or names of one kind are printed. The JSON report has all of them."""


def import_files(
    paths: list[Path], username: str, cache_path: Path, *, as_json: bool, quiet: bool, timing: Timing
) -> int:
    """Import an account export, print the result, and return the exit code."""
    set_up(OutputOptions(quiet=quiet))
    return run_async(partial(_import, paths, username, cache_path, as_json=as_json, timing=timing))


async def _import(
    paths: list[Path], username: str, cache_path: Path, *, as_json: bool, timing: Timing
) -> int:
    report = ImportReport()
    supervision = Supervision("importing", "photos imported", timing)

    def observe(event: Event) -> None:
        log_events(event)
        if isinstance(event, Imported):
            supervision.show(event.photos, event.total)

    work = partial(import_export, paths, cache_path, username=username, observer=observe, report=report)
    code = await supervision.run(work)
    code = code or (EXIT_PHOTOS_FAILED if _lacks_files(report) else 0)
    if report.username:
        _print_summary(report, code, force=bool(code) and not supervision.has_failed)
    if as_json:
        sys.stdout.write(f"{json_text(_document(report, code), 2)}\n")
    return code


def _lacks_files(report: ImportReport) -> bool:
    return bool(report.missing or report.unmatched or report.failed)


def _print_summary(report: ImportReport, code: int, *, force: bool) -> None:
    if report.earlier:
        echo(f"{report.earlier:,} photos had been imported from the same files before.")
    _print_some("photos have no file in the export: a run with an API key fetches them", report.missing)
    _print_some("files have no id of the export in their name, and were not imported", report.unmatched)
    _print_some("photos are smaller in the export than in the mirror, which keeps its own", report.smaller)
    _print_some("files are damaged in the export, and were imported as they are", _pairs(report.damaged))
    _print_some("files could not be imported", _pairs(report.failed))
    _print_some("zips inside of zips were ignored", report.ignored)
    _print_some("JSON files are of kinds that are not imported, so keep the zips", report.unread)
    _print_lists(report)
    if not report.complete and code != code_of_error(CacheOwnerError("")):  # which would be refused again
        echo("Run the same command again to continue.")
    name = json.dumps(plain(report.username), ensure_ascii=False)
    echo(
        f"imported user={name} nsid={report.user_id} photos={report.photos}/{report.total} new={report.new} "
        f"images={report.images} videos={report.videos} kept={report.kept} missing={len(report.missing)} "
        f"unmatched={len(report.unmatched)} smaller={len(report.smaller)} failed={len(report.failed)} "
        f"bytes={report.bytes} seconds={report.seconds:.1f} exit={code}",
        force=force,
    )


def _print_lists(report: ImportReport) -> None:
    if report.lists:
        found = " and ".join(f"{count:,} {name}" for name, count in report.lists.items())
        echo(
            f"The mirror has {found} from the export. A run with the login of the account and --include "
            f"{','.join(report.lists)} adds what the export does not state of them."
        )
    if report.kept_lists:
        echo(f"The {' and '.join(report.kept_lists)} stay as Flickr's API listed them.")


def _print_some(sentence: str, names: Sequence[str]) -> None:
    if names:
        more = f", and {len(names) - MOST:,} more (see --json)" if len(names) > MOST else ""
        echo(f"{len(names):,} {sentence}: {plain(', '.join(names[:MOST]))}{more}.")


def _pairs(found: list[tuple[str, str]]) -> list[str]:
    return [f"{name} ({reason.rstrip('.')})" for name, reason in found]


def _document(report: ImportReport, code: int) -> dict[str, Any]:
    return {
        "user": report.username or None,
        "nsid": report.user_id or None,
        "folder": str(report.folder) if report.folder else None,
        "total": report.total,
        "photos": report.photos,
        "new": report.new,
        "earlier": report.earlier,
        "images": report.images,
        "videos": report.videos,
        "bytes": report.bytes,
        "kept": report.kept,
        "forgotten": report.forgotten,
        "albums": report.albums,
        "lists": report.lists,
        "kept_lists": report.kept_lists,
        "complete": report.complete,
        "seconds": round(report.seconds, 3),
        "exit": code,
        "missing": report.missing,
        "unmatched": report.unmatched,
        "smaller": report.smaller,
        "damaged": [{"photo_id": name, "reason": reason} for name, reason in report.damaged],
        "failed": [{"name": name, "reason": reason} for name, reason in report.failed],
        "ignored": report.ignored,
        "unread": report.unread,
    }
