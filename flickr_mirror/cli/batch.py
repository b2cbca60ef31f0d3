"""Several photostreams in one run: one after the other, with one budget, one set of limits and one exit code."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.cli.exit_codes import EXIT_LIMIT, SIGNALLED, worst
from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.text import name_text
from flickr_mirror.cli.runner import leave_with, run_mirror, say_unexpected
from flickr_mirror.errors import (
    CacheFullError,
    CertificateError,
    InvalidKeyError,
    ProxyLoginError,
    ResourcesError,
    SettingsError,
    ThrottledError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flickr_mirror.cli.run_view import RunView
    from flickr_mirror.engine.mirror import PhotostreamMirror
    from flickr_mirror.models.options import Limits
    from flickr_mirror.models.reports import MirrorReport

ENDING = (
    InvalidKeyError,
    SettingsError,
    ResourcesError,
    ThrottledError,
    CertificateError,
    ProxyLoginError,
    CacheFullError,
)
"""What the next photostream would come to as well."""

SHARED = ("until_time", "min_free")
"""The limits that are reached for all photostreams at once."""


async def run_in_turn(
    names: Sequence[str],
    limits: Limits,
    open_mirror: Callable[[str, Limits], tuple[PhotostreamMirror, RunView]],
) -> int:
    """Mirror photostreams one after the other within `limits`, and return the exit code.

    One that fails keeps no other from being mirrored, unless the others would fail in the same way. A signal
    ends all.
    """
    end = anyio.current_time() + (inf if limits.max_duration is None else limits.max_duration)
    left: Limits | None = limits
    codes: list[int] = []
    signalled = 0
    hangs = False
    for name in names:
        if left is None:
            break
        mirror, view = open_mirror(name, left)
        code = await _run(mirror, view)
        codes.append(code)
        hangs |= view.notifier.hangs
        signalled = view.late or (code if code > SIGNALLED else 0)
        if signalled or isinstance(view.error, ENDING):
            break
        left = _what_is_left(left, mirror.report, end)
    if rest := names[len(codes) :]:
        advice = "" if left and not signalled else " Run the same command again to go on."
        echo(f"Not begun: {', '.join(map(name_text, rest))}.{advice}", force=not any(codes))
        codes += [] if left else [EXIT_LIMIT]
    code = signalled or worst(codes)
    if hangs:  # else the last run would have the last word
        leave_with(code)
    return code


async def _run(mirror: PhotostreamMirror, view: RunView) -> int:
    try:
        return await run_mirror(mirror, view)
    except Exception as error:  # noqa: BLE001 - it is told, and no reason to keep others from being mirrored
        say_unexpected(error)
        return 1


def _what_is_left(limits: Limits, report: MirrorReport, end: float) -> Limits | None:
    """Return the limits of the photostreams to come, `None` where nothing is left of one of them."""
    if report.stopped_by in SHARED:
        return None
    used = {"max_photos": report.begun, "max_bytes": report.bytes}
    left = {name: most - used[name] for name in used if (most := getattr(limits, name)) is not None}
    if end < inf:
        left["max_duration"] = end - anyio.current_time()
    return None if min(left.values(), default=1) <= 0 else replace(limits, **left)
