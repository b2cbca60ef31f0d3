"""Gives a simulated account albums of its photos, and collections of them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from flickr_mirror.simulator.data.albums import FIRST_UPDATE, SimulatedAlbum, SimulatedCollection
from flickr_mirror.simulator.data.texts import Dice, comment_of_a_visitor, compose_caption

if TYPE_CHECKING:
    from flickr_mirror.simulator.data.stream import SimulatedPhotostream

_FIRST_ID = 72157600000000007


def fill_albums(
    stream: SimulatedPhotostream, count: int, memberships: int | None = None, *, seed: int = 0
) -> None:
    """Give an account `count` albums with this many photos in all (12 each by default), and collections of them.

    Album number 2 has 3,000 photos if there are enough, number 4 is hidden, and one in five has a comment. Every 25
    albums are a collection; all of these are in one of two collections above them.
    """
    dice = Random(seed)
    ids = stream.ids
    left = 12 * count if memberships is None else memberships
    stream.albums = []
    for number in range(count):
        size = 3000 if number == 1 and len(ids) >= 3000 and left >= 3000 + count else left // (count - number)
        left -= size
        chosen = dice.sample(ids, min(max(size, 1), len(ids)))
        caption = compose_caption(Dice(dice.getrandbits(128)))
        stream.albums.append(
            SimulatedAlbum(
                str(_FIRST_ID + 1009 * number),
                caption.title,
                chosen,
                caption.description if number % 3 else "",
                cover=chosen[-1],
                created=FIRST_UPDATE + number,
                updated=FIRST_UPDATE + 1000 + number,
                comments=[comment_of_a_visitor("Un bel album !", FIRST_UPDATE + number)]
                if number % 5 == 0
                else [],
                hidden=number == 3,
            )
        )
    stream.collections = _collections_of(stream)


def _collections_of(stream: SimulatedPhotostream) -> list[SimulatedCollection]:
    visible = [album.id for album in stream.albums if not album.hidden]
    lower = [
        SimulatedCollection(
            f"1534738-{_FIRST_ID + start + 1}", f"Carton {start // 25 + 1}", "", visible[start : start + 25]
        )
        for start in range(0, len(visible), 25)
    ]
    upper = [SimulatedCollection(f"1534738-{_FIRST_ID - number}", f"Fonds {number}") for number in (1, 2)]
    for number, collection in enumerate(lower):
        upper[number % 2].children.append(collection)
    return upper if lower else []
