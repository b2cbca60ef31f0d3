"""The state of the engine at one moment."""

from __future__ import annotations

from typing import NamedTuple


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
