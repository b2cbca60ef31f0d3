"""The state of mirrors in the text format of Prometheus, for the textfile collector or any scraper.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flickr_mirror.cli.commands.status import MirrorStatus

PREFIX = "flickr_mirror_"
METRICS = {
    "photos": "Photos that the mirror knows.",
    "images": "Photos whose image is mirrored.",
    "infos": "Photos whose information is mirrored.",
    "images_left": "Images left to fetch.",
    "infos_left": "Information files left to write.",
    "failures": "Photos that failed.",
    "unavailable": "Photos that are out of reach until something changes at Flickr.",
    "unlisted": "Photos that Flickr counts but does not list.",
    "gone": "Photos that are gone from Flickr.",
    "bytes": "Bytes of all files.",
    "free_bytes": "Bytes free on the disk of the mirror.",
    "running": "Whether a run is active.",
    "last_exit_code": "The exit code of the last run.",
    "last_success_timestamp_seconds": "When a run of the whole photostream last ended with code 0.",
}
"""The metrics, with their descriptions."""


def exposition(statuses: Iterable[MirrorStatus]) -> str:
    """Return the metrics of mirrors; a value that is not known is left out."""
    rows = [(status, _values(status)) for status in statuses]
    lines = []
    for name, description in METRICS.items():
        lines += [f"# HELP {PREFIX}{name} {description}", f"# TYPE {PREFIX}{name} gauge"]
        for status, values in rows:
            if (value := values[name]) is not None:
                labels = f'user="{_escaped(status.user)}",nsid="{_escaped(status.nsid)}"'
                lines.append(f"{PREFIX}{name}{{{labels}}} {value}")
    return "\n".join(lines) + "\n"


def _values(status: MirrorStatus) -> Mapping[str, float | None]:
    success = status.last_success
    return {
        "photos": status.photos,
        "images": status.images,
        "infos": status.infos,
        "images_left": status.images_left,
        "infos_left": status.infos_left,
        "failures": len(status.failures),
        "unavailable": status.unavailable,
        "unlisted": status.unlisted,
        "gone": status.gone,
        "bytes": status.bytes,
        "free_bytes": status.free,
        "running": int(status.running is not None),
        "last_exit_code": status.last_run.get("exit") if status.last_run else None,
        "last_success_timestamp_seconds": round(datetime.fromisoformat(success).timestamp())
        if success
        else None,
    }


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
