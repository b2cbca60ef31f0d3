"""A mirror of an account with lists, with photos of another account on the same simulated Flickr."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from flickr_mirror import Include
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support import canary
from tests.support.mirroring import Run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from flickr_mirror import MirrorReport

OTHER = "8800001@N03"


class ListRun(Run):
    """Mirrors the lists of the first account; its `token` signs the calls of the next runs."""

    @property
    def other(self) -> SimulatedPhotostream:
        """The account whose photos are in the lists."""
        return self.flickr.streams[1]

    async def lists(self, *names: str, **options: Any) -> MirrorReport:
        """Run once with these lists, and count the calls of this run only."""
        self.flickr.reset_counters()
        return await self(include=frozenset(map(Include, names)), **options)

    def document(self, name: str) -> dict[str, Any]:
        """Return a document of the mirror."""
        path = self.root / self.stream.username / "account" / f"{name}.json"
        return dict(json.loads(path.read_text(encoding="utf-8")))

    def calls(self, method: str) -> int:
        """Return how many calls of a method there were in the last run."""
        return self.flickr.calls[f"flickr.{method}"]


@asynccontextmanager
async def mirroring_lists(root: Path, others: int = 40, **settings: Any) -> AsyncIterator[ListRun]:
    """Open a simulated Flickr with two accounts, and a mirror of the first one."""
    own = SimulatedPhotostream(12)
    other = SimulatedPhotostream(others, nsid=OTHER, username="other", path_alias="other")
    async with SimulatedFlickr(own, other, api_secret=canary.SECRET, **settings) as flickr:
        yield ListRun(flickr, root)
