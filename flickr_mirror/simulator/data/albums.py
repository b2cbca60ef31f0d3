"""Albums and collections of a simulated account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.simulator.data.texts import SimulatedComment

FIRST_UPDATE = 1_600_000_000


@dataclass
class SimulatedAlbum:
    """An album with the ids of its photos in order; the account may see a `hidden` one only when it is logged in.

    (It has more than ten attributes because each is a fact that Flickr states.)
    """

    id: str
    title: str
    photo_ids: list[str]
    description: str = ""
    cover: str = ""
    created: int = FIRST_UPDATE
    updated: int = FIRST_UPDATE
    comments: list[SimulatedComment] = field(default_factory=list)
    hidden: bool = False

    def edit(self, *, title: str | None = None, photo_ids: Sequence[str] | None = None) -> None:
        """Change the title or the photos; the time of the last update follows."""
        self.title = self.title if title is None else title
        self.photo_ids = self.photo_ids if photo_ids is None else list(photo_ids)
        self.updated += 1


@dataclass
class SimulatedCollection:
    """A collection of albums and of other collections."""

    id: str
    title: str
    description: str = ""
    album_ids: list[str] = field(default_factory=list)
    children: list[SimulatedCollection] = field(default_factory=list)
