"""Decides from the reports of a cluster's workers which of them get errands, and when all of them pause. Pure."""

from __future__ import annotations

import time
from collections import deque
from itertools import combinations
from math import inf
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flickr_mirror.engine.progress.throughput import Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

STRIKES = 3
"""A worker that gives up this many errands in a row gets no more for a while."""
THROTTLE_WINDOW = 300.0
"""If more than half of the workers are throttled within this many seconds, Flickr throttles all of them."""
COINCIDENCE = 5.0
"""Two workers that are throttled within this many seconds are throttled together."""
COINCIDENCES = 3
"""How often two workers are throttled together before they seem to share an address."""


class _Worker:
    """What is known about one worker."""

    def __init__(self, now: float) -> None:
        self.images = 0
        self.rate = Rate(now)
        self.strikes = 0
        self.rests_until = 0.0
        self.pauses_until = 0.0
        self.throttled_at: deque[float] = deque(maxlen=2 * COINCIDENCES)


class WorkerHealth:
    """The workers of a cluster, by address. `rest` is for how many seconds a bad worker gets no errands."""

    def __init__(self, rest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.lost = 0
        """How many workers have left, or were lost."""
        self._workers: dict[str, _Worker] = {}
        self._rest = rest
        self._clock = clock
        self._paired: set[frozenset[str]] = set()

    def __len__(self) -> int:
        return len(self._workers)

    def update(self, addresses: Iterable[str]) -> list[str]:
        """Record which workers there are; return the new ones."""
        current = {*addresses}
        new = sorted(current - {*self._workers})
        for address in {*self._workers} - current:
            del self._workers[address]
            self.lost += 1
        for address in new:
            self._workers[address] = _Worker(self._clock())
        return new

    def exclude(self, address: str) -> None:
        """Give a worker no errands as long as it stays."""
        if worker := self._workers.get(address):
            worker.rests_until = inf

    def record_images(self, address: str, count: int) -> None:
        """Record that a worker did an errand, and how many images it fetched."""
        if worker := self._workers.get(address):
            worker.images += count
            worker.strikes = 0
            worker.rate.note(self._clock(), worker.images)

    def record_failure(self, address: str, *, is_throttled: bool) -> bool:
        """Record that a worker gave up an errand; return whether it gets no more for a while.

        The last worker that can be used is never left without errands.
        """
        worker = self._workers.get(address)
        if worker is None:
            return False
        worker.strikes += 1
        if (worker.strikes < STRIKES and not is_throttled) or self.usable == [address]:
            return False
        worker.strikes = 0
        worker.rests_until = max(worker.rests_until, self._clock() + self._rest)
        return True

    def record_pause(self, address: str, seconds: float) -> bool:
        """Record that the image servers refused a worker, which pauses; return whether all workers are to pause."""
        worker = self._workers.get(address)
        if worker is None:
            return False
        now = self._clock()
        worker.pauses_until = now + seconds
        worker.throttled_at.append(now)
        return len(self) > 1 and 2 * len(self._recently_throttled(now)) > len(self)

    def _recently_throttled(self, now: float) -> list[str]:
        return [
            address
            for address, worker in self._workers.items()
            if worker.throttled_at and now - worker.throttled_at[-1] <= THROTTLE_WINDOW
        ]

    def on_one_host(self, new: Iterable[str]) -> list[list[str]]:
        """Return the workers of each host that has several, if one of the `new` workers is among them."""
        hosts: dict[str, list[str]] = {}
        for address in sorted(self._workers):
            if host := urlsplit(address).hostname:
                hosts.setdefault(host, []).append(address)
        return [workers for workers in hosts.values() if len(workers) > 1 and {*workers} & {*new}]

    def newly_paired(self) -> list[tuple[str, str]]:
        """Return the pairs of workers that seem to share an address, because they are always throttled together.

        Each pair is returned once. If Flickr throttles all workers, no two of them are distinguished.
        """
        throttled = self._recently_throttled(self._clock())
        if 2 * len(throttled) > len(self):
            return []
        found = []
        for one, other in combinations(sorted(throttled), 2):
            pair = frozenset((one, other))
            if pair not in self._paired and self._coincide(one, other):
                self._paired.add(pair)
                found.append((one, other))
        return found

    def _coincide(self, one: str, other: str) -> bool:
        times, others = self._workers[one].throttled_at, self._workers[other].throttled_at
        if min(len(times), len(others)) < COINCIDENCES:
            return False
        return all(
            any(abs(time - its_time) <= COINCIDENCE for its_time in others)
            for time in list(times)[-COINCIDENCES:]
        )

    @property
    def usable(self) -> list[str]:
        """The workers that get errands; if all of them rest, those that rest."""
        now = self._clock()
        awake = [address for address, worker in self._workers.items() if worker.rests_until <= now]
        return awake or [address for address, worker in self._workers.items() if worker.rests_until < inf]

    @property
    def throttled(self) -> int:
        """How many workers pause now, because the image servers refused them."""
        now = self._clock()
        return sum(worker.pauses_until > now for worker in self._workers.values())

    @property
    def rates(self) -> dict[str, float]:
        """The images per second of each worker, over the last minute."""
        now = self._clock()
        return {address: worker.rate.at(now, worker.images) for address, worker in self._workers.items()}
