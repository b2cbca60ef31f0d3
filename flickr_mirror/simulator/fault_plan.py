"""Which request gets which fault: according to a script, or at random."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from flickr_mirror.simulator.faults import Broken, HangUp, failing, page, throttling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flickr_mirror.simulator.faults import Fault

_PHOTO_ID = re.compile(r"/(\d+)(?:_[0-9a-f]|/)")
_LEFT_OUT = {"api_key", "format", "nojsoncallback", "extras", "min_upload_date", "max_upload_date"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The content of a request, without the API key.

    `kind` is `api`, `image`, `video` or `oauth` (a step of a login); `method` is the API's, such as
    `flickr.photos.getSizes`. `address` identifies the request: equal requests have equal addresses.
    """

    kind: str
    address: str
    method: str = ""
    photo_id: str = ""

    @staticmethod
    def call(arguments: Mapping[str, str]) -> Asked:
        """Return the request of a call of the API."""
        shown = (f"{name}={value}" for name, value in sorted(arguments.items()) if name not in _LEFT_OUT)
        return Asked("api", " ".join(shown), arguments.get("method", ""), arguments.get("photo_id", ""))

    @staticmethod
    def file(path: str) -> Asked:
        """Return the request for the path of an image or of a video."""
        kind = "video" if path.startswith(("/video/", "/photos/")) else "image"
        match = _PHOTO_ID.search(path.removeprefix("/photos"), 0 if kind == "video" else 1)
        return Asked(kind, path, photo_id=match[1] if match else "")


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault, and the requests that get it: those of a `kind`, a `method`, a `photo_id` (empty: any).

    Of these requests, `times` get the fault (`None`: all), beginning with number `start`. With `each`, the requests of
    each address are counted separately.
    """

    fault: Fault
    kind: str = ""
    method: str = ""
    photo_id: str = ""
    start: int = 1
    times: int | None = 1
    each: bool = False

    def matches(self, asked: Asked) -> bool:
        """Return whether the rule applies to this kind of request."""
        wanted = ((self.kind, asked.kind), (self.method, asked.method), (self.photo_id, asked.photo_id))
        return all(want in ("", is_) for want, is_ in wanted)

    def applies_to(self, number: int) -> bool:
        """Return whether the matching request of this number, counted from 1, gets the fault."""
        return self.start <= number and (self.times is None or number < self.start + self.times)


class Script:
    """Rules that choose the fault of a request: the first rule that applies; without one, the response is normal.

    `asked` are all requests, `done` those that got a fault with it, both in the order of arrival.
    """

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules
        self.asked: list[Asked] = []
        self.done: list[tuple[Asked, Fault]] = []
        self._numbers: Counter[tuple[int, str]] = Counter()

    def choose(self, asked: Asked) -> Fault | None:
        """Return the fault for a request; `None` for a normal response."""
        self.asked.append(asked)
        chosen = None
        for index, rule in enumerate(self.rules):
            if rule.matches(asked):
                number = (index, asked.address if rule.each else "")
                self._numbers[number] += 1
                if chosen is None and rule.applies_to(self._numbers[number]):
                    chosen = rule.fault
        if chosen is not None:
            self.done.append((asked, chosen))
        return chosen


MIXES: dict[str, tuple[Fault, ...]] = {
    "reset": tuple(
        Broken(after, "reset", framing) for after in (0, 1, 0.5, 0.99) for framing in ("length", "none")
    ),
    "cut": tuple(
        Broken(after, framing=framing) for after in (0.3, 0.9) for framing in ("length", "chunked", "none")
    ),
    "hang-up": (HangUp(),),
    "5xx": tuple(failing(status) for status in (500, 502, 503, 504)),
    "429": (throttling(), throttling(0)),
    "page": (page(), page("image/jpeg")),
}
"""Temporary faults, by kind."""


@dataclass(slots=True)
class Disturbance:
    """Chooses a fault for a random `share` of all requests, from 0 to 1; all kinds in `mix` are equally frequent.

    With the same `seed`, the n-th request for an address always gets the same fault, regardless of other requests.
    An address gets at most `in_a_row` faults in a row, so that a client that retries succeeds. `requests`
    counts all requests, `counts` the faults by kind.
    """

    share: float
    seed: int = 0
    mix: Mapping[str, Sequence[Fault]] = field(default_factory=lambda: MIXES)
    in_a_row: int | None = None
    requests: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    _times: Counter[str] = field(default_factory=Counter)
    _streaks: Counter[str] = field(default_factory=Counter)

    def choose(self, asked: Asked) -> Fault | None:
        """Return the fault for a request; `None` for a normal response."""
        self.requests += 1
        address = asked.address
        self._times[address] += 1
        random = Random(f"{self.seed} {self._times[address]} {address}")
        is_spared = self.in_a_row is not None and self._streaks[address] >= self.in_a_row
        if is_spared or random.random() >= self.share:
            del self._streaks[address]
            return None
        self._streaks[address] += 1
        kind = random.choice(list(self.mix))
        self.counts[kind] += 1
        return random.choice(self.mix[kind])
