"""How long a run and the command wait: pauses, time limits and intervals, as one value that callers pass in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The waits of a run and of the command, in seconds. Users need the defaults; tests pass shorter times."""

    first_pause: float = 5.0
    """The first pause after "too many requests"."""
    longest_pause: float = 900.0
    """The longest pause after "too many requests", even if a server asks for more."""
    longest_retry_wait: float = 60.0
    """The longest wait between two attempts of a request."""
    stall_time: float = 60.0
    """A transfer that is slower than `SPEED_LIMIT` for this long is given up (curl's `--speed-time`)."""
    outage_after: float = 9.0
    """A server that sends no answer for this long has an outage."""
    outage_poll: float = 0.5
    """The interval between two checks for an outage."""
    throughput_window: float = 0.5
    """The minimum length of one measurement of the throughput of downloads."""
    catalogue_flush: float = 0.2
    """The longest time that a change waits to be written to the catalogue."""
    stop_grace: float = 10.0
    """How long work in flight has to finish after a limit is reached or a signal stops the run."""
    close_wait: float = 3.0
    """How long, after `stop_grace`, a run has to close its files and send its notifications."""
    report_wait: float = 1.0
    """How long the last line and the end of the process may take."""
    estimate_wait: float = 20.0
    """How long the image servers have in all to announce the sizes of images."""
    rate_sample: float = 10.0
    """The rate of downloads is recorded after this many seconds of downloads."""
    clock_check: float = 15.0
    """The longest time between two checks of the clock: it can be set, and a sleep does not count a suspension."""
    heartbeat: float = 60.0
    """The interval between two heartbeats."""
    ping_wait: float = 5.0
    """How long a ping may take before it is given up."""
    hook_wait: float = 60.0
    """How long the hook program may run before it is killed."""
    store_patience: float = 180.0
    """How long a request to an object store is repeated while the store is busy or does not answer."""
    lease_renewal: float = 60.0
    """The interval at which a run renews its lease on a mirror in an object store."""
    lease_expiry: float = 300.0
    """A lease that was not renewed for this long is that of a run that was killed."""
    snapshot_interval: float = 6 * 3600.0
    """The interval at which a long run saves its catalogue in the object store of its mirror."""
    worker_patience: float = 900.0
    """How long the image servers may refuse everything before a worker of a cluster gives up its errands."""
    worker_rest: float = 3600.0
    """How long a worker that gave up three errands gets no more."""
    cluster_wait: float = 60.0
    """How long a scheduler has to answer, and a cluster without workers to get one."""
    cluster_poll: float = 1.0
    """The interval at which the workers of a cluster are counted."""
