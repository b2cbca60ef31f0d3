"""Gives a simulated account lists, of photos and accounts that exist in the simulation."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from flickr_mirror.simulator.data.lists import (
    FIRST_FAVE,
    SimulatedContact,
    SimulatedGallery,
    SimulatedGroup,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.simulator.data.stream import SimulatedPhotostream

DAY = 86_400


def fill_lists(
    stream: SimulatedPhotostream,
    others: Sequence[SimulatedPhotostream],
    *,
    favorites: int = 60,
    galleries: int = 3,
    groups: int = 4,
    contacts: int = 12,
    seed: int = 0,
) -> None:
    """Give an account lists of photos and accounts of `others`."""
    lists, random = stream.lists, Random(f"lists {seed}")
    theirs = [photo_id for other in others for photo_id in other.ids]
    own = stream.ids
    chosen = random.sample(theirs, min(favorites, len(theirs)))
    lists.favorites = {photo_id: FIRST_FAVE + index * DAY for index, photo_id in enumerate(chosen)}
    for number in range(galleries):
        photos = random.sample(theirs, min(10 + number, len(theirs)))
        lists.galleries.append(
            SimulatedGallery(
                f"721577850{number:08}",
                f"Gallery {number + 1}",
                "Photos that belong together",
                photos=photos,
                comments={photos[0]: "This one first."} if photos else {},
            )
        )
    for number in range(groups):
        pool = random.sample(theirs, min(20, len(theirs))) + random.sample(own, min(5 + number, len(own)))
        lists.groups.append(
            SimulatedGroup(
                f"{34427000 + number}@N01",
                f"Group {number + 1} with an entity &quot;",
                f"group-{number + 1}",
                pool={photo_id: FIRST_FAVE + index * 60 for index, photo_id in enumerate(pool)},
            )
        )
    lists.contacts = [
        SimulatedContact(f"{5550000 + number}@N02", f"friend {number}", is_friend=not number % 3)
        for number in range(contacts)
    ]
    lists.people = random.sample(theirs, min(5, len(theirs)))
    lists.profile = {"occupation": "Archivist", "city": "Huế", "country": "Việt Nam"}
