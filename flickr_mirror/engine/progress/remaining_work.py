"""The images, the information and the details that a run still has to fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.engine.progress.engine_snapshot import EngineSnapshot
    from flickr_mirror.models.events import RunPlanned


class RemainingWork:
    """The work that a run has left: the plan, less the work done, plus the work found since.

    `seconds_for` returns how long a number of API calls takes. `max_photos` is the most photos that the run begins.
    """

    def __init__(
        self, kinds: Sequence[str], seconds_for: Callable[[float], float], max_photos: int | None = None
    ) -> None:
        self.done_before = 0
        """The photos that were mirrored before the run."""
        self.is_listed = False
        """Whether the first listing has ended."""
        self.planned_calls: int | None = None
        """The number of API calls sent by this run when it is done; `None` before the plan is known."""
        self.left: dict[str, int] | None = None
        """The work left of each kind; `None` before the plan is known."""
        self.planned_details = 0
        """The most details that were planned."""
        self._kinds = kinds
        self._seconds_for = seconds_for
        self._max_photos = max_photos

    def plan(self, event: RunPlanned, calls_sent: int, worked: Mapping[str, int]) -> None:
        """Set the work left from a plan; `worked` is the work of each kind already done in this run."""
        self.planned_calls = calls_sent + event.calls
        self.left = {"image": event.images, "info": event.infos, "details": event.details}
        self.planned_details = max(self.planned_details, event.details)
        if self._max_photos is not None:
            for kind in self._kinds:
                self.left[kind] = min(self.left[kind], max(self._max_photos - worked[kind], 0))

    def add(self, kind: str, count: int) -> None:
        """Add work of a kind, or subtract it if `count` is negative."""
        if self.left:
            self.left[kind] = max(self.left[kind] + count, 0)

    def calls_left(self, state: EngineSnapshot) -> int:
        """Return the number of API calls left, at least 1 if one is waiting; 0 before the plan is known."""
        return max((self.planned_calls or 0) - state.calls_sent, int(state.api_wait > 0))

    def api_seconds(self, state: EngineSnapshot) -> float:
        """Return the seconds that the API calls left take."""
        return max(self._seconds_for(self.calls_left(state)), state.api_wait)

    def limited(self, known: int) -> int:
        """Return the number of photos that the run should reach, of those that are `known`."""
        return known if self._max_photos is None else min(known, self.done_before + self._max_photos)
