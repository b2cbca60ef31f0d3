"""Mirror several photostreams in turn, with one API budget, one set of limits and one exit code."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.cli.exit_codes import EXIT_LIMIT, SIGNALLED, worst
from flickr_mirror.cli.failure_messages import echo_unexpected_error
from flickr_mirror.cli.graceful_shutdown import exit_soon
from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.text import name_text
from flickr_mirror.cli.runner import run_mirror
from flickr_mirror.cli.signals import signalled_exit_code
from flickr_mirror.errors import (
    CacheFullError,
    CertificateError,
    InvalidKeyError,
    LoginError,
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

FATAL_ERRORS = (
    InvalidKeyError,
    LoginError,
    SettingsError,
    ResourcesError,
    ThrottledError,
    CertificateError,
    ProxyLoginError,
    CacheFullError,
)
"""Errors that would also end the runs of the other photostreams."""

SHARED_LIMITS = ("until_time", "min_free")
"""Limits that all photostreams reach at once."""


async def run_in_turn(
    names: Sequence[str],
    limits: Limits,
    open_mirror: Callable[[str, Limits], tuple[PhotostreamMirror, RunView]],
) -> int:
    """Mirror photostreams in turn within `limits`, and return the worst exit code.

    After a failure the next photostream is mirrored, unless it would fail in the same way. A signal ends the command.
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
        signalled = view.outcome.late_code or (code if code > SIGNALLED else 0)
        if signalled or isinstance(view.outcome.error, FATAL_ERRORS):
            break
        left = _remaining_limits(left, mirror.report, end)
    if rest := names[len(codes) :]:
        advice = "" if left and not signalled else " Run the same command again to continue."
        echo(f"Not started: {', '.join(map(name_text, rest))}.{advice}", force=not any(codes))
        codes += [] if left else [EXIT_LIMIT]
    code = signalled or worst(codes)
    if hangs:  # the timer of the last run would exit with its own code
        exit_soon(code, limits.timing.report_wait)
    return code


async def _run(mirror: PhotostreamMirror, view: RunView) -> int:
    try:
        return await run_mirror(mirror, view)
    except Exception as error:  # noqa: BLE001 - printed; the other photostreams are still mirrored
        if code := signalled_exit_code():
            return code
        echo_unexpected_error(error)
        return 1


def _remaining_limits(limits: Limits, report: MirrorReport, end: float) -> Limits | None:
    """Return the remaining limits for the next photostreams; `None` if one is used up."""
    if report.stopped_by in SHARED_LIMITS:
        return None
    used = {"max_photos": report.begun, "max_bytes": report.bytes}
    left = {name: most - used[name] for name in used if (most := getattr(limits, name)) is not None}
    if end < inf:
        left["max_duration"] = end - anyio.current_time()
    return None if min(left.values(), default=1) <= 0 else replace(limits, **left)
