"""The albums of an account in a mirror, and in the simulator."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.simulator import SimulatedAlbum, SimulatedCollection, SimulatedPhotostream
    from tests.support.mirroring import Run


def account_of(run: Run) -> Path:
    """Return the folder of the documents about the account."""
    return run.root / run.stream.username / "account"


def read_albums(run: Run) -> dict[str, dict[str, Any]]:
    """Return the documents of the albums by their ids."""
    return {path.stem: json.loads(path.read_text()) for path in account_of(run).glob("albums/*.json")}


def members(path: Path) -> dict[str, list[str]]:
    """Return the photos of each album in the catalogue of a mirror's folder, in their order, albums in theirs."""
    with closing(sqlite3.connect(path / ".flickr_mirror" / "catalogue.sqlite")) as database:
        rows = database.execute(
            "SELECT a.id, a.position, m.position, photo_id FROM albums AS a LEFT JOIN album_photos AS m"
            " ON album_id = a.id ORDER BY a.position, m.position"
        ).fetchall()
    found: dict[str, list[str]] = {}
    places: list[int | None] = []
    for album_id, place, position, photo_id in rows:
        if str(album_id) not in found:
            places.append(place)
        ids = found.setdefault(str(album_id), [])
        if position is not None:
            assert position == len(ids) + 1
            ids.append(str(photo_id))
    known = [place for place in places if place is not None]
    assert known == sorted(known)
    return found


def visible(stream: SimulatedPhotostream) -> list[SimulatedAlbum]:
    """Return the albums that every caller sees."""
    return [album for album in stream.albums if not album.hidden]


def check_albums(run: Run) -> None:
    """Assert that the catalogue and the documents have every visible album as in the simulator."""
    expected = {album.id: album.photo_ids for album in visible(run.stream)}
    assert members(run.root / run.stream.username) == expected
    assert list(members(run.root / run.stream.username)) == list(expected)
    documents = read_albums(run)
    assert documents.keys() == expected.keys()
    for album in visible(run.stream):
        document = documents[album.id]
        assert document["photos"] == album.photo_ids
        assert document["title"]["content"] == album.title
        assert document["description"]["content"] == album.description
        facts = document["flickr"]
        assert (facts["cover"], facts["gone"], facts["missing"]) == (album.cover, None, 0)
        assert facts["dates"] == {"created": album.created, "updated": album.updated}
    tree = json.loads((account_of(run) / "collections.json").read_text())
    assert tree["albums"] == list(expected)
    assert list(map(_branch, tree["collections"])) == list(map(_expected, run.stream.collections))


def _branch(entry: dict[str, Any]) -> tuple[str, str, list[str], list[Any]]:
    children = list(map(_branch, entry["collections"]))
    return entry["flickr"]["id"], entry["title"]["content"], entry["albums"], children


def _expected(collection: SimulatedCollection) -> tuple[str, str, list[str], list[Any]]:
    return collection.id, collection.title, collection.album_ids, list(map(_expected, collection.children))
