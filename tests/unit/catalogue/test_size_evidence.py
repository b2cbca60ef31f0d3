"""The settling of best sizes by Flickr's answers for some photos, in a real SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flickr_mirror.models.sizes import SAMPLE, FlickrPhotoSize, SizeEvidence
from tests.unit.catalogue.test_work_list import Lists, film, unproved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LISTED = "Large 2048"


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[Lists]:
    """A catalogue with a hundred photos whose best size is not proved, and a film."""
    lists = Lists(tmp_path / "catalogue.sqlite")
    with lists.catalogue:
        lists.insert(*map(unproved, range(1, 101)), film(101))
        yield lists


def answer(lists: Lists, count: int, label: str = LISTED) -> None:
    """Record Flickr's best size of the next photos."""
    with lists.catalogue.transaction():
        for stored in lists.stored(lists.work_list.sizes_to_resolve, limit=count):
            size = FlickrPhotoSize(label, 2048, 1365, f"https://live.staticflickr.com/{stored.photo.id}.jpg")
            lists.catalogue.outcomes.set_best_size(stored, size)


def test_enough_confirmations_settle_the_rest(lists: Lists) -> None:
    """One answer less settles only the requested photos; a film is always requested."""
    answer(lists, SAMPLE - 1)
    assert len(lists.size_requests) == 101 - (SAMPLE - 1)
    answer(lists, 1)
    assert lists.size_requests == [101]
    proofs = {stored.proof for stored in lists.stored(lists.work_list.images_to_fetch)[SAMPLE:]}
    assert proofs == {SizeEvidence.ASSUMED}
    assert len(lists.infos) == 100


def test_one_contradiction_settles_nothing(lists: Lists) -> None:
    """If Flickr had a larger file for one photo, every other one is requested."""
    answer(lists, 1, "Original")
    answer(lists, SAMPLE + 10)
    assert len(lists.size_requests) == 101 - (SAMPLE + 11)


def test_a_size_settled_later_is_written_to_the_sidecar(lists: Lists) -> None:
    """Sidecars of a run without images have no proved size, and are written again."""
    lists.begin(images=False)
    lists.finish()
    lists.begin(images=True)
    assert lists.infos == []
    answer(lists, SAMPLE)
    assert len(lists.infos) == 100
