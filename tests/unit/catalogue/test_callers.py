"""The callers of a mirror, and the time from which changes of the account's own photos must be listed."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.catalogue.update_times import MARGIN
from flickr_mirror.errors import CatalogueError
from flickr_mirror.models.intervals import Interval
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.users import FlickrUser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWNER, FRIEND, OTHER = (
    FlickrUser(f"{number}@N01", name) for number, name in enumerate(("anna", "ben", "cleo"))
)
NOW = 1_780_000_000


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """Return an empty catalogue."""
    with Catalogue(tmp_path / "catalogue.sqlite") as opened:
        yield opened


def photo(number: int, privacy: str = "public", safety_level: int = 0) -> FlickrPhoto:
    """Return a photo uploaded in second `number`."""
    facts = PhotoMetadata(uploaded=number, privacy=privacy, safety_level=safety_level)
    return FlickrPhoto(str(number), "Title", facts=facts)


def listing(
    catalogue: Catalogue, caller: FlickrUser | None, *photos: FlickrPhoto, full: bool = False
) -> None:
    """List all photos as a caller."""
    catalogue.callers.begin(caller, OWNER.id)
    catalogue.listings.begin(NOW, fields=(), full=full)
    catalogue.listings.add_page(photos, Interval(0, NOW), settled_until=NOW, info_waits=False, comments=False)
    catalogue.listings.end(len(photos))


def known(catalogue: Catalogue, caller: FlickrUser | None) -> int:
    """Return the number of photos that a caller should see."""
    catalogue.callers.begin(caller, OWNER.id)
    return catalogue.totals.known()


def test_each_caller_has_its_own_coverage(catalogue: Catalogue) -> None:
    listing(catalogue, None, photo(5))
    assert catalogue.coverage.listed().intervals
    for caller in (OWNER, FRIEND):
        catalogue.callers.begin(caller, OWNER.id)
        assert not catalogue.coverage.listed().intervals
        assert catalogue.listings.last_scan() is None
        listing(catalogue, caller, photo(5))
    catalogue.coverage.reopen([Interval(0, NOW)])
    assert not catalogue.coverage.listed().intervals
    catalogue.callers.begin(OWNER, OWNER.id)
    assert catalogue.coverage.listed().intervals
    catalogue.coverage.reopen([Interval(0, NOW)], for_all=True)
    assert not catalogue.coverage.listed().intervals
    catalogue.callers.begin(None, OWNER.id)
    assert not catalogue.coverage.listed().intervals


def test_a_login_sees_at_least_what_visitors_see(catalogue: Catalogue) -> None:
    listing(catalogue, None, photo(5), photo(6))
    assert [known(catalogue, caller) for caller in (None, OWNER)] == [2, 2]
    listing(catalogue, OWNER, photo(5), photo(6), photo(7, "private"))
    assert [known(catalogue, caller) for caller in (None, OWNER, FRIEND)] == [2, 3, 2]


@pytest.mark.parametrize("change", [("private", 0), ("friends", 0), ("public", 2)])
def test_photos_that_a_login_shows_as_private_are_not_expected_for_visitors(
    catalogue: Catalogue, change: tuple[str, int]
) -> None:
    listing(catalogue, None, photo(5), photo(6))
    listing(catalogue, OWNER, photo(5), photo(6, *change))
    assert [known(catalogue, caller) for caller in (None, OWNER)] == [1, 2]
    catalogue.callers.begin(None, OWNER.id)
    assert catalogue.callers.unseen() == (1, ["anna"])


def test_a_photo_that_a_login_shows_as_public_need_not_be_visible_to_visitors(catalogue: Catalogue) -> None:
    listing(catalogue, OWNER, photo(5))
    assert known(catalogue, None) == 0


def test_only_the_last_caller_or_the_owner_marks_a_photo_as_gone(catalogue: Catalogue) -> None:
    for caller in (OWNER, FRIEND, None):
        listing(catalogue, caller, photo(5))
    for caller, is_left in ((None, True), (FRIEND, True), (OWNER, False)):
        catalogue.callers.begin(caller, OWNER.id)
        assert catalogue.gone_photos.leave_to_others("5") is is_left
    assert catalogue.totals.known() == 1
    assert catalogue.gone_photos.mark_gone("5", NOW)
    assert catalogue.gone_photos.to_verify(9, gone=True) == ["5"]
    for caller in (FRIEND, None):
        catalogue.callers.begin(caller, OWNER.id)
        assert catalogue.gone_photos.to_verify(9, gone=True) == []


def test_a_scan_misses_only_photos_that_its_caller_should_see(catalogue: Catalogue) -> None:
    listing(
        catalogue, OWNER, *(photo(number, "private" if number > 90 else "public") for number in range(1, 101))
    )
    listing(catalogue, None, *(photo(number) for number in range(1, 91)))
    listing(catalogue, None, *(photo(number) for number in range(1, 90)), full=True)
    assert catalogue.gone_photos.count_absent() == 1
    catalogue.callers.begin(OWNER, OWNER.id)
    assert catalogue.gone_photos.count_absent() == 0
    listing(catalogue, OWNER, *(photo(number, "private") for number in range(88, 91)))
    assert not catalogue.gone_photos.has_absent()


def test_scans_of_two_callers_are_independent(catalogue: Catalogue) -> None:
    for caller in (None, OWNER):
        listing(catalogue, caller, *map(photo, range(1, 31)))
    catalogue.callers.begin(None, OWNER.id)
    catalogue.listings.begin(NOW, fields=(), full=True)
    page = [photo(number) for number in range(16, 31)]
    catalogue.listings.add_page(page, Interval(16, NOW), settled_until=NOW, info_waits=False, comments=False)
    listing(catalogue, OWNER, *map(photo, range(1, 31)), full=True)  # while the other scan is interrupted
    catalogue.callers.begin(None, OWNER.id)
    catalogue.listings.begin(NOW + 60, fields=(), full=True)
    page = [photo(number) for number in range(1, 16)]
    catalogue.listings.add_page(page, Interval(0, 15), settled_until=NOW, info_waits=False, comments=False)
    result = catalogue.listings.end(30)
    assert (result.scanned, result.resumed, result.absent, result.lost) == (True, True, 0, 0)


def test_the_last_caller_is_stored(catalogue: Catalogue, tmp_path: Path) -> None:
    listing(catalogue, FRIEND, photo(5))
    with Catalogue(tmp_path / "catalogue.sqlite", for_reading=True) as other:
        assert other.callers.nsid == FRIEND.id
        assert other.coverage.listed().intervals
        other.callers.begin(OTHER, OWNER.id)  # which writes nothing
        assert not other.coverage.listed().intervals


def test_more_logins_than_bits_are_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "catalogue.sqlite")
    database.executemany(
        "INSERT INTO callers VALUES (?, ?, '')", [(1 << number, f"{number}@N09") for number in range(1, 63)]
    )
    database.commit()
    database.close()
    catalogue.check()
    catalogue.callers.begin(None, OWNER.id)
    with pytest.raises(CatalogueError, match="62 logins"):
        catalogue.callers.begin(OTHER, OWNER.id)


def test_changes_are_listed_since_the_last_but_one_listing(catalogue: Catalogue) -> None:
    listing(catalogue, OWNER, photo(5))
    updates = catalogue.updates
    assert updates.since(NOW) is None
    updates.begin(1_000_000)
    updates.begin(1_500_000)  # a later run; the first one may have listed photos since
    assert updates.since(NOW) == 1_000_000 - MARGIN
    updates.advance(2_000_000)
    assert updates.since(NOW) == 1_000_000 - MARGIN
    updates.advance(3_000_000)
    assert updates.since(NOW) == 2_000_000 - MARGIN
    catalogue.callers.begin(FRIEND, OWNER.id)
    assert updates.since(NOW) is None


def test_a_time_in_the_future_makes_the_caller_list_everything_again(catalogue: Catalogue) -> None:
    listing(catalogue, OWNER, photo(5))
    catalogue.updates.begin(NOW + 1)
    assert catalogue.updates.since(NOW) is None
    assert not catalogue.coverage.listed().intervals
