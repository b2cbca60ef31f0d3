"""The time from which changes of the caller's own photos must be listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.intervals import Interval

if TYPE_CHECKING:
    from flickr_mirror.catalogue.callers import Callers
    from flickr_mirror.catalogue.coverage import CoverageStore
    from flickr_mirror.catalogue.database import Database

MARGIN = 3600
"""Changes are listed from this many seconds before the last listing of changes, because clocks differ."""
_SINCE, _LISTED = "updates_since", "updates_listed"


class UpdateTimes:
    """The times of the last two listings of changes, which begin with the first page that the caller ever listed.

    A listing returns what changed since the last but one. So each change is in the answers of two listings: Flickr has
    sent empty lists with `stat: ok` (see `flickr.listing_pages`), and one false answer loses nothing.
    """

    def __init__(self, database: Database, callers: Callers, coverage: CoverageStore) -> None:
        self._database = database
        self._callers = callers
        self._coverage = coverage

    def since(self, latest: int) -> int | None:
        """Return the second (since 1970) from which changes must be listed; `None` before the caller's first page.

        A time after `latest`, the latest that any clock shows, was noted by a wrong clock: the caller must list
        everything again.
        """
        with self._database.transaction():
            listed = self._callers.get_number(_LISTED)
            if listed is not None and listed > latest:
                self._callers.set_number(_SINCE, None)
                self._callers.set_number(_LISTED, None)
                self._coverage.reopen([Interval(0, 1 << 62)])
                return None
            since = self._callers.get_number(_SINCE)
        return None if since is None else max(since - MARGIN, 0)

    def begin(self, now: int) -> None:
        """Record the time of the caller's first page."""
        with self._database.transaction():
            if self._callers.get_number(_LISTED) is None:
                self._callers.set_number(_SINCE, now)
                self._callers.set_number(_LISTED, now)

    def advance(self, now: int) -> None:
        """Record that at `now`, Flickr answered with all changes."""
        with self._database.transaction():
            self._callers.set_number(_SINCE, self._callers.get_number(_LISTED))
            self._callers.set_number(_LISTED, now)
