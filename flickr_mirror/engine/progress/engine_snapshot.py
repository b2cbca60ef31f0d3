"""The state of the engine at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from flickr_mirror.flickr.outage import OutageMonitor
    from flickr_mirror.models.reports import MirrorReport


class MirrorState(Protocol):
    """The engine's state that a mirror exposes: see `PhotostreamMirror`."""

    report: MirrorReport

    @property
    def calls_sent(self) -> int: ...
    @property
    def hour(self) -> tuple[int, int]: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def bytes_received(self) -> int: ...
    @property
    def waits(self) -> float: ...
    @property
    def silences(self) -> tuple[OutageMonitor, ...]: ...


class EngineSnapshot(NamedTuple):
    """The state of the engine at one moment.

    `calls_sent` counts the API calls of this run, `calls_this_hour` those of all runs with its key, of at most
    `calls_per_hour`. `in_flight` images are being downloaded; `bytes_received` are bytes of images. The next call
    may be sent in `api_wait` seconds, 0 unless the hour's calls are used up. `silent_servers` do not answer: each
    with the seconds of silence, and whether it was asked again. `complete` is whether all the work is done.
    """

    calls_sent: int
    calls_this_hour: int
    calls_per_hour: int
    in_flight: int
    bytes_received: int = 0
    api_wait: float = 0.0
    silent_servers: tuple[tuple[str, float, bool], ...] = ()
    complete: bool = False

    @staticmethod
    def of(mirror: MirrorState | None) -> EngineSnapshot:
        """Return the state of a mirror; all zero if there is none yet."""
        if mirror is None:
            return EngineSnapshot(0, 0, 0, 0)
        return EngineSnapshot(
            mirror.calls_sent,
            *mirror.hour,
            mirror.in_flight,
            mirror.bytes_received,
            mirror.waits,
            tuple((one.server, one.seconds, bool(one.reason)) for one in mirror.silences if one.is_silent),
            mirror.report.complete,
        )
