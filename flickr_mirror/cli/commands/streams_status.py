"""`mirror_flickr status --streams` and `--prometheus`: a line for each mirror."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from flickr_mirror.cli.commands.prometheus import exposition
from flickr_mirror.cli.commands.status import EXIT_OLD, status_of
from flickr_mirror.cli.exit_codes import code_text
from flickr_mirror.cli.output.console import OutputOptions, echo, set_up
from flickr_mirror.cli.output.text import json_text, name_text, time_left
from flickr_mirror.errors import CacheError, PhotostreamError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flickr_mirror.cli.commands.status import MirrorStatus


def show_streams(places: Sequence[tuple[Path, str]], style: str, max_age: float | None) -> int:
    """Print a line for each mirror, given by its cache path and name, and return the exit code.

    `style` is `json`, `prometheus` or empty for text. The code is 3 if a mirror is missing, cannot be read, or had its
    last success more than `max_age` seconds ago.
    """
    set_up(OutputOptions())
    found: list[MirrorStatus] = []
    missing: dict[str, str] = {}
    for root, name in places:
        try:
            found.append(status_of(root, name))
        except (PhotostreamError, CacheError) as error:
            missing[name] = str(error)
    if style == "prometheus":
        sys.stdout.write(exposition(found))
    for status in found if style != "prometheus" else ():
        sys.stdout.write(f"{json_text(asdict(status)) if style == 'json' else _line(status)}\n")
    for name, reason in missing.items():
        echo(f"{name_text(name)}: {reason}")
    is_old = max_age is not None and any(status.age is None or status.age > max_age for status in found)
    return EXIT_OLD if missing or is_old else 0


def _line(status: MirrorStatus) -> str:
    left = status.images_left + status.infos_left
    last = code_text(status.last_run.get("exit")) if status.last_run else "never run"
    parts = [
        f"{name_text(status.user)}: {status.photos:,} photos",
        f"{left:,} files left" if left else "complete",
        f"{len(status.failures):,} failed" if status.failures else "",
        "running" if status.running else last,
        f"last success {time_left(status.age)} ago" if status.age is not None else "no success yet",
    ]
    return ", ".join(filter(None, parts))
