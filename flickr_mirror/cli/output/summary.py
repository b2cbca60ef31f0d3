"""The summary of a run: its last line, the same as JSON, and the file in the mirror that holds it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flickr_mirror.cli.output.text import name_text, size_text
from flickr_mirror.models.event_text import duration_text
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_folder import LAST_RUN
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.models.reports import FailedPhoto, MirrorReport

MAX_SIZE = 64 << 20
"""The largest summary file in bytes."""
IN_LINE = (
    *("user", "nsid", "new", "updated", "skipped", "failed", "gone", "images", "infos"),
    *(
        "bytes",
        "api_calls",
        "unlisted",
        "not_ready",
        "reduced",
        "damaged",
        "seconds",
        "mirrored",
        "left",
        "exit",
    ),
)
"""The fields of the last line, in order; later versions may add some before `exit`."""

_LAST = 253_402_300_799
"""The last second of the year 9999, the latest that `datetime` holds."""

Summary = dict[str, Any]


def summary_of(report: MirrorReport, code: int, error: str = "", *, is_whole: bool = True) -> Summary:
    """Return the result of a run as JSON values; `error` is the message of the error that ended it.

    Times are UTC. `last_success` is when a run of the whole photostream (`is_whole`) last ended with code 0.
    """
    ended = report.started + report.seconds
    return {
        "user": report.username,
        "nsid": report.user_id,
        "folder": str(report.folder) if report.folder else None,
        "started": time_text(report.started),
        "ended": time_text(ended),
        "last_success": time_text(ended) if code == 0 and is_whole else None,
        "known": report.known,
        "mirrored": report.mirrored,
        "left": report.left,
        "new": report.new,
        "updated": report.updated,
        "skipped": report.skipped,
        "failed": len(report.failures),
        "unavailable": report.unavailable,
        "unlisted": report.unlisted,
        "not_ready": report.not_ready,
        "reduced": report.reduced,
        "damaged": report.damaged,
        "gone": report.gone,
        "login_only": report.login_only,
        "lists": report.lists,
        "list_failures": report.list_failures,
        "pruned": report.pruned,
        "adopted": report.adopted,
        "images": report.images,
        "infos": report.infos,
        "details": report.details,
        "cluster": asdict(report.cluster) if report.cluster else None,
        "bytes": report.bytes,
        "api_calls": report.api_calls,
        "calls": report.calls,
        "seconds": round(report.seconds, 1),
        "complete": report.complete,
        "error": error or None,
        "exit": code,
        "failures": [failure_of(failure) for failure in report.failures],
    }


def failure_of(failure: FailedPhoto) -> dict[str, Any]:
    """Return a failed photo as JSON values; `due` is when a run tries it again."""
    return {
        "id": failure.photo_id,
        "job": failure.job,
        "reason": failure.reason,
        "lasting": failure.lasting,
        "due": time_text(failure.due) if failure.due else None,
    }


def summary_line(summary: Summary) -> str:
    """Return the line that scripts find in a log: `done user="manhhai" nsid=... exit=0`."""
    figures = {**summary, "user": json.dumps(plain(summary["user"]), ensure_ascii=False)}
    return "done " + " ".join(f"{name}={figures[name]}" for name in IN_LINE)


def summary_sentence(summary: Summary) -> str:
    """Return the result of a run as sentences; empty if it did not open a mirror."""
    if not summary["folder"]:
        return ""
    mirrored, left = summary["mirrored"], summary["left"]
    if left:
        known = f"{mirrored:,} of {mirrored + left:,} listed photos are mirrored, {left:,} are left"
    else:
        known = (
            "The 1 listed photo is mirrored"
            if mirrored == 1
            else f"All {mirrored:,} listed photos are mirrored"
        )
    fetched = [counted(summary["images"], "image"), f"information of {counted(summary['infos'], 'photo')}"]
    if summary["details"]:
        fetched.append(counted(summary["details"], "detail"))
    lists = ", ".join(f"{name} ({count:,})" for name, count in summary["lists"].items())
    also = f"Also mirrored: {lists}. " if lists else ""
    also += _cluster_sentence(summary["cluster"])
    return (
        f"{name_text(summary['user'])}: {known}. This run downloaded {', '.join(fetched[:-1])} and {fetched[-1]} "
        f"({size_text(summary['bytes'])}) with {counted(summary['api_calls'], 'API call')} in "
        f"{duration_text(summary['seconds'])}. {also}The mirror is in {plain(summary['folder'])}."
    )


def _cluster_sentence(cluster: dict[str, int] | None) -> str:
    """Return the work of a cluster as text; empty if there was none."""
    if not cluster or not cluster["errands"]:
        return ""
    parts = [f"{counted(cluster['workers'], 'worker')} did {counted(cluster['errands'], 'errand')}"]
    if cluster["lost"]:
        verb = "was" if cluster["lost"] == 1 else "were"
        parts.append(f"{counted(cluster['lost'], 'worker')} left or {verb} lost")
    if cluster["repeated"]:
        parts.append(f"{counted(cluster['repeated'], 'errand')} had to be repeated")
    if cluster["already_stored"]:
        parts.append(f"{counted(cluster['already_stored'], 'file')} had been stored before")
    return f"{', '.join(parts)}. "


def counted(count: int, what: str) -> str:
    """Return a number with its noun: `1 photo`, `2,000 photos`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def time_text(seconds: float) -> str:
    """Return a time in seconds since 1970 as `2026-11-21T20:22:33Z`, clamped to the years 1970 to 9999."""
    return datetime.fromtimestamp(min(max(seconds, 0), _LAST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def save_summary(summary: Summary, state: Path) -> Summary:
    """Write a summary to the state folder of a mirror, and return it with the time of the last success.

    Raises `CacheError`.
    """
    if summary["last_success"] is None and (before := read_summary(state)):
        summary = {**summary, "last_success": before.get("last_success")}
    filesystem.write_file(state / LAST_RUN, as_json(summary, indent=2), base=state.parent)
    return summary


def as_json(summary: Summary, indent: int | None = None) -> bytes:
    """Return a summary as JSON; a folder name that is not UTF-8 is encoded as by `os.fsdecode`."""
    # a backslash escape such as `\udcff` is also the escape of JSON
    return json.dumps(summary, ensure_ascii=False, indent=indent).encode(errors="backslashreplace") + b"\n"


def read_summary(state: Path) -> Summary | None:
    """Return the summary of the last run of a mirror; `None` if it is missing or invalid."""
    try:
        path = state / LAST_RUN
        if path.is_symlink() or path.stat().st_size > MAX_SIZE:
            return None
        found = json.loads(filesystem.read(path))
        if success := found["last_success"]:
            datetime.fromisoformat(success).timestamp()
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
