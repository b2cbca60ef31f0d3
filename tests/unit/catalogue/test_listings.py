"""Listings stored in a catalogue: new photos, edits, absent photos, and counts that do not add up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.catalogue.changes import Change
from flickr_mirror.catalogue.coverage import UNLOCATED
from flickr_mirror.catalogue.listings import SCAN_TTL
from flickr_mirror.catalogue.row_encoding import state_row
from flickr_mirror.catalogue.rows import RestoredPhoto, Stale, StoredFile, StoredPhoto
from flickr_mirror.catalogue.walk_result import PageChanges, WalkResult, sentences
from flickr_mirror.models.intervals import Coverage, Interval
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.sizes import FlickrPhotoSize

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

NOW = 1_700_000_000
HOUR = 3_600
DAY = 86_400
ALL = Interval(0, NOW)
FIELDS = frozenset({"date_upload", "tags"})
FILE = StoredFile("image", "jpg", 1234, b"sha256")


def photo(
    number: int,
    title: str = "Cầu Trường Tiền",
    *,
    label: str = "Original",
    width: int = 640,
    **facts: Any,
) -> FlickrPhoto:
    """Return a photo as a listing shows it: the `number`-th, uploaded `number` seconds after the year 2020."""
    metadata = PhotoMetadata(
        **{"secret": "aaaa", "uploaded": 1_577_836_800 + number, "comment_count": 0, **facts}
    )
    url = f"https://live.staticflickr.com/65535/{number}_{metadata.secret}_o.jpg"
    return FlickrPhoto(
        str(number), title, description="", facts=metadata, sizes=[FlickrPhotoSize(label, width, 480, url)]
    )


def photos(count: int, **facts: Any) -> list[FlickrPhoto]:
    """Return `count` photos."""
    return [photo(number, **facts) for number in range(1, count + 1)]


class Walks:
    """A catalogue that stores walks, with a clock that tests set."""

    def __init__(self, path: Path) -> None:
        self.catalogue = Catalogue(path)
        self.listing = self.catalogue.listings
        self.now = NOW

    def begin(self, *, full: bool = False, fields: Collection[str] = FIELDS) -> Coverage:
        """Begin a walk; return the coverage that need not be listed."""
        return self.listing.begin(self.now, fields=fields, full=full)

    def add(
        self,
        photos: Collection[FlickrPhoto],
        covered: Interval | None = ALL,
        missing: int | None = 0,
        *,
        comments: bool = False,
        info_waits: bool = True,
    ) -> PageChanges:
        """Add a page to the current walk; return its changes."""
        return self.listing.add_page(
            photos,
            covered,
            missing,
            settled_until=self.now - HOUR,
            info_waits=info_waits,
            comments=comments,
        )

    def end(self, total: int | None, *, accept_loss: bool = False) -> WalkResult:
        """End the current walk."""
        return self.listing.end(total, accept_loss=accept_loss)

    def walk(
        self,
        photos: Sequence[FlickrPhoto],
        missing: int | None = 0,
        *,
        covered: Interval = ALL,
        full: bool = False,
        total: int | None = None,
        accept_loss: bool = False,
    ) -> WalkResult:
        """Walk a photostream with these photos, on one page."""
        self.begin(full=full)
        self.add(photos, covered, missing)
        return self.end(len(photos) if total is None else total, accept_loss=accept_loss)

    def list_again(self, *photos: FlickrPhoto, **settings: Any) -> PageChanges:
        """Walk a part of the photostream, and return its changes."""
        self.begin(full=settings.pop("full", False))
        return self.add(photos, **settings)

    def work(self, query: Callable[..., list[StoredPhoto]]) -> list[StoredPhoto]:
        """Return a part of the work list."""
        return query(newest_first=False, frontier=None, busy=(), limit=1000)

    @property
    def images(self) -> list[StoredPhoto]:
        """The photos whose image must be fetched."""
        return self.work(self.catalogue.work_list.images_to_fetch)

    @property
    def size_requests(self) -> list[StoredPhoto]:
        """The photos whose best size must be requested."""
        return self.work(self.catalogue.work_list.sizes_to_resolve)

    @property
    def infos(self) -> list[StoredPhoto]:
        """The photos whose information must be written."""
        return self.work(self.catalogue.work_list.infos_to_write)

    def finish(self, level: int = 0) -> None:
        """Mark all work as done."""
        with self.catalogue.transaction():
            for stored in self.images:
                self.catalogue.outcomes.mark_image_done(stored, [FILE])
            for stored in self.infos:
                self.catalogue.outcomes.mark_info_done(stored, level)

    def absent(self) -> set[str]:
        """Return the ids of the absent photos."""
        return set(self.catalogue.gone_photos.to_verify(1000, gone=False))

    def confirm(self) -> set[str]:
        """Record that Flickr does not have the absent photos; return their ids."""
        absent = self.absent()
        for photo_id in absent:
            assert self.catalogue.gone_photos.mark_gone(photo_id, self.now)
        return absent

    def gone(self) -> set[str]:
        """Return the ids of the photos that are marked as gone."""
        return set(self.catalogue.gone_photos.ids(1000)) - {LATER.id}


LATER = photo(999, uploaded=NOW + 365 * DAY)
"""A gone photo that was uploaded later than all others, so that nothing else limits the coverage."""


@pytest.fixture
def walks(tmp_path: Path) -> Iterator[Walks]:
    """A new catalogue."""
    walks = Walks(tmp_path / "catalogue.sqlite")
    with walks.catalogue:
        row = state_row(LATER, set(), info_waits=True, now=NOW)
        walks.catalogue.photos.restore([RestoredPhoto(LATER, row, 0, [])])
        walks.catalogue.gone_photos.mark_gone(LATER.id, NOW)
        yield walks


def ids(found: list[StoredPhoto]) -> list[str]:
    """Return the ids of photos on the work list."""
    return [stored.photo.id for stored in found]


# Coverage


def test_adjacent_pages_are_listed_once(walks: Walks) -> None:
    """The stretches of an interrupted walk are not listed again, only the times between and after them."""
    assert walks.begin().intervals == ()
    for low, high in ((500, 600), (0, 99), (601, 700), (50, 120)):
        walks.add([], Interval(low, high))
    assert walks.begin().intervals == (Interval(0, 120), Interval(500, 700))


def test_recent_times_are_listed_again(walks: Walks) -> None:
    """A photo can become visible up to an hour after its upload: that time never counts as listed."""
    walks.walk(photos(3))
    assert walks.begin().gaps(NOW + 60) == [Interval(NOW - HOUR + 1, NOW + 60)]
    walks.add(photos(3), Interval(NOW - HOUR + 1, NOW))
    assert walks.begin().gaps(NOW) == [Interval(NOW - HOUR + 1, NOW)]


def test_a_page_without_a_stretch_covers_nothing(walks: Walks) -> None:
    """The photos of a page in the middle of a second are stored, and the second does not count as listed."""
    walks.begin()
    assert walks.add(photos(2), None).new == ["1", "2"]
    assert walks.begin().intervals == ()


def test_a_failed_page_stores_nothing(walks: Walks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos and their coverage are stored in one transaction: a kill in between loses no photo."""

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    walks.begin()
    with monkeypatch.context() as patch:
        patch.setattr(walks.listing, "_cover", fail)
        with pytest.raises(KeyboardInterrupt):
            walks.add(photos(2))
    assert walks.catalogue.statistics.counts().known == 1
    assert walks.begin().intervals == ()


def test_a_new_field_lists_all_photos_again(walks: Walks) -> None:
    """A newer version that requests more fields lists the photostream once more, and then not again."""
    walks.walk(photos(3))
    assert walks.begin(fields=FIELDS | {"license"}).intervals == ()
    walks.add(photos(3))
    covered = (Interval(0, NOW - HOUR),)
    assert walks.begin(fields=FIELDS | {"license"}).intervals == covered
    assert walks.begin(fields=FIELDS).intervals == covered


# New and changed photos


def test_a_page_counts_new_photos(walks: Walks) -> None:
    """A photo is new once, also if a page shows it twice or two walks list it."""
    assert walks.list_again(photo(1), photo(2), photo(1)) == PageChanges(new=["1", "2"])
    assert walks.list_again(photo(2), photo(3)) == PageChanges(new=["3"])
    assert walks.list_again(*photos(3)) == PageChanges()
    assert ids(walks.images) == ids(walks.infos) == ["1", "2", "3"]


def test_a_page_names_changed_photos(walks: Walks) -> None:
    """An edit and a replaced image are reported with the photo's id, once."""
    walks.walk(photos(3))
    edited, other = photo(1, "Cầu Tràng Tiền"), photo(3, secret="bbbb")
    assert walks.list_again(edited, photo(2), other).updated == {"1": Change.TEXT, "3": Change.IMAGE}
    assert walks.list_again(edited, photo(2), other).updated == {}


def test_an_edit_rewrites_the_information_only(walks: Walks) -> None:
    """A new title puts the information on the work list with that title, and no image."""
    walks.walk(photos(3))
    walks.finish()
    walks.list_again(photo(1, "Cầu Tràng Tiền", tags="hue"))
    (info,) = walks.infos
    assert (info.photo.id, info.photo.raw_title, info.photo.facts.tags) == ("1", "Cầu Tràng Tiền", "hue")
    assert walks.images == walks.size_requests == []


def test_a_replaced_image_is_fetched_from_its_new_address(walks: Walks) -> None:
    """The image and the information with its size are on the work list, and the file on disk is marked as outdated."""
    walks.walk(photos(3))
    walks.finish()
    walks.list_again(photo(2, secret="bbbb", width=800))
    (image,) = walks.images
    assert image.photo.id == "2"
    assert image.size
    assert (image.size.width, image.size.url.rpartition("/")[2]) == (800, "2_bbbb_o.jpg")
    assert image.stale is Stale.IMAGE
    assert ids(walks.infos) == ["2"]
    walks.finish()
    assert walks.images == walks.infos == []
    walks.list_again(photo(2, "Huế", secret="bbbb", width=800))
    assert [info.stale for info in walks.infos] == [Stale(0)]


def test_the_size_of_a_replaced_image_is_requested_if_unproved(walks: Walks) -> None:
    """If the listing does not prove the best size of the new image, it is requested, and information waits."""
    walks.walk(photos(1))
    walks.finish()
    walks.list_again(photo(1, secret="bbbb", label="Large 2048", width=2048))
    assert ids(walks.size_requests) == ["1"]
    assert walks.images == walks.infos == []


def test_edited_information_waits_for_the_best_size(walks: Walks) -> None:
    """Information that waits for the size of its image still waits after an edit of the title."""
    walks.walk([photo(1, label="Large 2048", width=2048)])
    assert (ids(walks.size_requests), walks.infos) == (["1"], [])
    walks.list_again(photo(1, "Huế", label="Large 2048", width=2048))
    assert (ids(walks.size_requests), walks.infos) == (["1"], [])


def test_a_larger_size_replaces_a_failed_image(walks: Walks) -> None:
    """A photo that failed in an earlier run is tried at once if its image was replaced."""
    walks.walk(photos(1))
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.mark_failed(walks.images[0], "image", "HTTP 503")
    walks.catalogue.work_list.end_run(NOW)
    assert walks.list_again(photo(1)) == PageChanges()
    assert walks.images == []
    assert walks.list_again(photo(1, width=1280)).updated == {"1": Change.IMAGE}
    assert ids(walks.images) == ["1"]


@pytest.mark.parametrize("job", ["image", "info"])
def test_only_a_full_scan_retries_unavailable_photos(walks: Walks, job: str) -> None:
    """A permanently refused photo needs no call in an ordinary run, and one more try in a full scan."""
    walks.walk(photos(2))
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.mark_unavailable(walks.images[0], job, "HTTP 404")
    walks.finish()
    walks.list_again(*photos(2))
    assert walks.images == walks.infos == []
    walks.list_again(*photos(2), full=True)
    assert (ids(walks.images), ids(walks.infos)) == ((["1"], []) if job == "image" else ([], ["1"]))


def test_comments_that_are_not_mirrored_are_refreshed_when_they_are(walks: Walks) -> None:
    """A mirror without comments ignores a new comment; a later run with comments requests it."""
    walks.walk([photo(1, comment_count=1)])
    walks.finish(level=2)
    assert walks.list_again(photo(1, comment_count=2), comments=False) == PageChanges()
    assert walks.infos == []
    walks.catalogue.work_list.begin_run(NOW, images=True, info_level=1)
    assert walks.infos == []
    walks.catalogue.work_list.begin_run(NOW, images=True, info_level=2)
    (info,) = walks.infos
    assert info.stale is Stale.COMMENTS


def test_a_new_comment_is_fetched_if_comments_are_mirrored(walks: Walks) -> None:
    """A new comment puts the information of a photo on the work list, and not its image."""
    walks.walk([photo(1, comment_count=1)])
    walks.finish(level=2)
    changed = walks.list_again(photo(1, comment_count=2), comments=True)
    assert changed.updated == {"1": Change.COMMENTS}
    (info,) = walks.infos
    assert info.stale is Stale.COMMENTS
    assert walks.images == []
    walks.finish(level=2)
    assert walks.list_again(photo(1, comment_count=2), comments=True) == PageChanges()
    assert walks.infos == []


def test_new_comments_stay_pending_until_they_are_requested(walks: Walks) -> None:
    """A rewrite of the information without comments does not hide a new comment."""
    walks.walk([photo(1, comment_count=1)])
    walks.finish(level=2)
    walks.list_again(photo(1, "Huế", comment_count=2))
    (info,) = walks.infos
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.mark_info_done(info, 2, stale=info.stale)
    assert walks.infos == []
    walks.catalogue.work_list.begin_run(NOW, images=True, info_level=2)
    assert ids(walks.infos) == ["1"]


# Jobs of photos that change meanwhile


def edited_under_way(walks: Walks) -> StoredPhoto:
    """Take a photo from the work list, then list it as replaced and edited."""
    walks.walk(photos(1))
    (taken,) = walks.images
    walks.list_again(photo(1, "Huế", secret="bbbb", width=800))
    return taken


def test_an_image_that_was_replaced_during_its_download_is_fetched_again(walks: Walks) -> None:
    """The downloaded old image does not count as the new one."""
    taken = edited_under_way(walks)
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.mark_image_done(taken, [FILE])
    assert ids(walks.images) == ["1"]
    assert walks.images[0].stale is Stale.IMAGE


def test_an_edit_during_a_download_does_not_fetch_the_image_twice(walks: Walks) -> None:
    """A title that changes during the download is written again, without another download."""
    walks.walk(photos(1))
    (taken,) = walks.images
    walks.list_again(photo(1, "Huế"))
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.mark_image_done(taken, [FILE])
        walks.catalogue.outcomes.mark_info_done(taken, 0)
    assert walks.images == []
    assert [info.photo.raw_title for info in walks.infos] == ["Huế"]


def test_information_edited_while_it_is_written_is_written_again(walks: Walks) -> None:
    """The old title on disk does not count as the new one."""
    taken = edited_under_way(walks)
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.mark_info_done(taken, 2)
    assert [info.photo.raw_title for info in walks.infos] == ["Huế"]
    assert walks.infos[0].info_level == -1


def test_the_size_of_a_replaced_image_is_not_recorded(walks: Walks) -> None:
    """The size of the old image from getSizes does not overwrite the listed size of the new one."""
    taken = edited_under_way(walks)
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.set_best_size(
            taken, FlickrPhotoSize("Original", 320, 240, "https://example.org/old.jpg")
        )
    assert [image.size.width for image in walks.images if image.size] == [800]


@pytest.mark.parametrize("outcome", ["mark_failed", "mark_unavailable"])
@pytest.mark.parametrize("job", ["image", "info"])
def test_the_failure_of_a_replaced_version_is_ignored(walks: Walks, outcome: str, job: str) -> None:
    """A 404 of an old address does not make the new image, or the new text, count as failed."""
    taken = edited_under_way(walks)
    with walks.catalogue.transaction():
        getattr(walks.catalogue.outcomes, outcome)(taken, job, "HTTP 404")
    assert (ids(walks.images), ids(walks.infos)) == (["1"], ["1"])
    assert walks.catalogue.statistics.failures() == []


def test_a_changed_video_is_not_postponed(walks: Walks) -> None:
    """The state of the old film does not apply to the new one."""
    taken = edited_under_way(walks)
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.mark_not_ready(taken)
    assert ids(walks.images) == ["1"]


def test_an_unchanged_photo_stays_done(walks: Walks) -> None:
    """A photo that is listed again while it is being mirrored is not fetched twice."""
    walks.walk(photos(1))
    (taken,) = walks.images
    walks.list_again(*photos(1), full=True)
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.mark_image_done(taken, [FILE])
        walks.catalogue.outcomes.mark_info_done(taken, 0)
    assert walks.images == walks.infos == []


def test_a_fact_listed_while_information_is_written_is_written_too(walks: Walks) -> None:
    """The file that was begun without it is written again."""
    walks.walk(photos(1))
    (taken,) = walks.images
    walks.list_again(photo(1, privacy="friends"))
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.mark_image_done(taken, [FILE])
        walks.catalogue.outcomes.mark_info_done(taken, 0)
    assert [info.photo.facts.privacy for info in walks.infos] == ["friends"]


def test_a_fact_listed_for_the_first_time_is_written_once(walks: Walks) -> None:
    """It is on the work list without an update; failed photos wait for their due time."""
    walks.walk(photos(2))
    with walks.catalogue.transaction():
        done, failed = walks.infos
        walks.catalogue.outcomes.mark_info_done(done, 0)
        walks.catalogue.outcomes.mark_unavailable(failed, "info", "HTTP 403")
    assert walks.list_again(*photos(2, privacy="public", safety_level=0)) == PageChanges()
    assert ids(walks.infos) == ["1"]
    walks.finish()
    assert walks.list_again(*photos(2, privacy="public", safety_level=0)) == PageChanges()
    assert walks.infos == []


def test_other_counts_are_stored_and_cause_no_work(walks: Walks) -> None:
    """A visit during or after a download causes no download and no rewrite."""
    walks.walk(photos(1))
    (taken,) = walks.images
    assert walks.list_again(photo(1, views=7, faves=1)) == PageChanges()
    with walks.catalogue.transaction():
        walks.catalogue.outcomes.mark_image_done(taken, [FILE])
        walks.catalogue.outcomes.mark_info_done(taken, 0)
    assert walks.images == walks.infos == []
    assert walks.list_again(photo(1, views=9, faves=1), full=True) == PageChanges()
    assert walks.images == walks.infos == []
    walks.list_again(photo(1, "Huế", views=9))
    assert [info.photo.facts.views for info in walks.infos] == [9]


def test_an_unproved_size_follows_the_listing(walks: Walks) -> None:
    """The address of a video's poster is that of the last listing, also if otherwise only the views changed."""
    walks.walk([photo(1, label="Large", media="video", views=1)])
    walks.list_again(photo(1, label="Large", width=500, media="video", views=2))
    assert [stored.size.width for stored in walks.size_requests if stored.size] == [500]


# Shortfalls


def test_a_repeated_shortfall_is_accepted_the_third_time(walks: Walks) -> None:
    """Two runs leave it open and report it; the third takes the photos as hidden, reports that, and closes it."""
    stretch = Interval(100, 200)
    for _ in range(2):
        result = walks.walk(photos(3), 2, covered=stretch, total=5)
        assert (result.short, result.hidden) == ([(stretch, 2)], 0)
        assert walks.begin().intervals == ()
    result = walks.walk(photos(3), 2, covered=stretch, total=5)
    assert (result.short, result.hidden) == ([], 2)
    assert walks.begin().intervals == (stretch,)
    result = walks.walk(photos(3), covered=Interval(201, NOW), total=5)
    assert result == WalkResult([])


def test_a_resolved_shortfall_is_closed_at_once(walks: Walks) -> None:
    """A gap without a shortfall in the next run is covered, and no longer reported."""
    stretch = Interval(100, 200)
    assert walks.walk(photos(2), 1, covered=stretch, total=3).short == [(stretch, 1)]
    assert walks.walk(photos(3), covered=stretch).short == []
    assert walks.begin().intervals == (stretch,)


def test_a_resolved_shortfall_restarts_the_count(walks: Walks) -> None:
    """Runs must be consecutive: one without the shortfall restarts the count."""
    for missing in (1, 1, 0, 1):
        result = walks.walk(photos(3), missing)
    assert result.short == [(ALL, 1)]


def test_an_overlapping_shortfall_is_the_same_one(walks: Walks) -> None:
    """The borders of a shortfall move with each upload, which does not restart the count."""
    for low in (100, 90, 110):
        result = walks.walk(photos(3), 1, covered=Interval(low, low + 100), total=4)
    assert (result.short, result.hidden) == ([], 1)


def test_two_stretches_are_distinguished(walks: Walks) -> None:
    """The runs of each stretch are counted separately, and open ones are reported oldest first."""
    early, late = Interval(100, 200), Interval(300, 400)
    for _ in range(2):
        walks.walk(photos(3), 1, covered=late, total=4)
    walks.begin()
    walks.add(photos(3), late, 1)
    walks.add([], early, 4)
    result = walks.end(8)
    assert (result.short, result.hidden) == ([(early, 4)], 1)
    assert walks.begin().intervals == (late,)


def test_an_interrupted_run_keeps_its_shortfalls(walks: Walks) -> None:
    """A shortfall found before an interruption is still reported by the next walk."""
    walks.walk(photos(3), 1, covered=Interval(100, 200), total=4)
    walks.begin()
    walks.add(photos(3), Interval(100, 200), 1)
    assert walks.walk(photos(3), 1, covered=Interval(100, 200), total=4).hidden == 1


def test_an_impossible_answer_never_closes_a_gap(walks: Walks) -> None:
    """If Flickr contradicts itself, the stretch stays open after any number of runs."""
    stretch = Interval(100, 200)
    for _ in range(5):
        result = walks.walk(photos(3), None, covered=stretch)
        assert (result.short, result.hidden) == ([(stretch, None)], 0)
    assert walks.begin().intervals == ()


def test_a_contradiction_does_not_count_as_one_more_short_run(walks: Walks) -> None:
    """After two short runs, a third answer that cannot be true does not close the stretch."""
    for missing in (2, 2, None):
        result = walks.walk(photos(3), missing, total=5)
    assert (result.short, result.hidden) == ([(ALL, None)], 0)
    assert walks.begin().intervals == ()


def test_hidden_photos_stay_hidden_in_a_full_scan(walks: Walks) -> None:
    """Photos hidden from visitors do not prevent a later full scan from completing."""
    for _ in range(3):
        walks.walk(photos(3), 2, total=5)
    result = walks.walk(photos(3), 2, full=True, total=5)
    assert (result.scanned, result.short, result.hidden, result.fewer) == (True, [], 0, 0)


def test_a_full_scan_with_missing_photos_is_not_complete(walks: Walks) -> None:
    """A full scan with a shortfall marks nothing as gone, and the next one continues with that stretch."""
    walks.walk(photos(20))
    walks.now += DAY
    scanned = walks.listing.last_scan()
    walks.begin(full=True)
    walks.add(photos(9), Interval(1000, NOW))
    walks.add(photos(18)[9:], Interval(0, 999), 1)
    result = walks.end(19)
    assert (result.short, result.scanned, walks.absent()) == ([(Interval(0, 999), 1)], False, set())
    assert walks.listing.last_scan() == scanned
    assert walks.begin(full=True).gaps(NOW) == [Interval(0, 999)]
    walks.add(photos(19)[9:], Interval(0, 999))
    assert walks.end(19).absent == 1
    assert walks.absent() == {"20"}


# Full scans


def test_the_first_walk_of_everything_is_a_full_scan(walks: Walks) -> None:
    """A new mirror needs no full scan, because everything was just listed; a partial walk is not one."""
    walks.walk(photos(3), covered=Interval(500, NOW))
    assert walks.listing.last_scan() is None
    walks.now += DAY
    walks.walk(photos(3), covered=Interval(0, 499))
    assert walks.listing.last_scan() is None  # later uploads are not listed yet
    walks.walk(photos(3), covered=Interval(500, walks.now))
    assert walks.listing.last_scan() == NOW + DAY


def test_an_ordinary_walk_does_not_count_as_full_scan(walks: Walks) -> None:
    """A later walk for new photos does not postpone the next full scan, whose date is its beginning."""
    walks.walk(photos(3))
    walks.now += DAY
    walks.walk(photos(3))
    assert walks.listing.last_scan() == NOW
    walks.begin(full=True)
    walks.now += HOUR
    walks.begin(full=True)
    walks.add(photos(3))
    assert walks.end(3).scanned
    assert walks.listing.last_scan() == NOW + DAY


def test_an_interrupted_full_scan_is_continued(walks: Walks) -> None:
    """The next full scan within a week does not list its stretches again, and nothing seems gone."""
    walks.walk(photos(20))
    assert walks.begin(full=True).intervals == ()
    walks.add(photos(20)[10:], Interval(1000, NOW))
    walks.now += SCAN_TTL
    assert walks.begin().gaps(NOW - HOUR) == []  # an ordinary run in between
    assert walks.begin(full=True).intervals == (Interval(1000, NOW - HOUR),)
    walks.add(photos(10)[1:], Interval(0, 999))
    assert walks.end(19).absent == 1
    assert walks.absent() == {"1"}
    assert walks.begin(full=True).intervals == ()


def test_a_full_scan_that_is_too_old_begins_again(walks: Walks) -> None:
    """Stretches listed more than a week ago are listed again, and missing photos are absent."""
    for later in (SCAN_TTL + 1, -1):
        walks.walk(photos(20))
        walks.begin(full=True)
        walks.add(photos(20), Interval(1000, NOW))
        walks.now += later
        assert walks.begin(full=True).intervals == ()
        walks.add(photos(20)[1:])
        assert walks.end(19).absent == 1
        assert walks.absent() == {"1"}


def test_photos_missing_from_a_full_scan_are_verified(walks: Walks) -> None:
    """Photos are marked as gone after Flickr confirms it; they keep their files, and leave the work list."""
    everyone = photos(20)
    walks.walk(everyone)
    with walks.catalogue.transaction():
        for stored in walks.images[1:]:
            walks.catalogue.outcomes.mark_image_done(stored, [FILE])
        for stored in walks.infos[1:]:
            walks.catalogue.outcomes.mark_info_done(stored, 0)
        walks.catalogue.outcomes.mark_failed(walks.images[0], "image", "HTTP 503")
    result = walks.walk(everyone[2:], full=True)
    assert (result.absent, result.scanned, result.lost) == (2, True, 0)
    assert walks.gone() == set()
    assert walks.confirm() == walks.gone() == {"1", "2"}
    assert walks.catalogue.files.of("2") == [FILE]
    assert walks.catalogue.statistics.failures() == []
    walks.catalogue.work_list.begin_run(NOW + 30 * DAY, images=True, info_level=2)
    assert walks.images == walks.size_requests == []
    assert ids(walks.infos) == [each.id for each in everyone[2:]]
    assert walks.walk(everyone[2:], full=True).absent == 0
    assert walks.absent() == set()


def test_a_photo_that_is_listed_again_is_not_absent(walks: Walks) -> None:
    """A photo that a full scan omitted and a later walk lists needs no verification."""
    walks.walk(photos(20))
    walks.walk(photos(20)[2:], full=True)
    assert walks.absent() == {"1", "2"}
    walks.list_again(photo(2))
    assert walks.absent() == {"1"}


def test_a_photo_that_flickr_has_is_not_gone(walks: Walks) -> None:
    """A verified photo is unchanged; one that was marked as gone is mirrored again."""
    walks.walk(photos(20))
    gone_photos = walks.catalogue.gone_photos
    walks.walk(photos(20)[2:], full=True)
    assert not gone_photos.mark_found("1")
    assert walks.absent() == {"2"}
    assert gone_photos.mark_gone("2", NOW)
    assert not gone_photos.mark_gone("2", NOW + 1)
    assert "2" not in ids(walks.images)
    assert gone_photos.mark_found("2")
    assert walks.gone() == set()
    assert "2" in ids(walks.size_requests)


def test_an_ordinary_walk_marks_no_photo_as_absent(walks: Walks) -> None:
    """Only a full scan makes a photo absent."""
    walks.walk(photos(20))
    assert walks.walk(photos(5)).absent == 0
    assert walks.absent() == walks.gone() == set()


def test_a_photo_that_reappears_is_not_gone(walks: Walks) -> None:
    """A photo made private and public again is not gone any more; mirrored files are not fetched again."""
    walks.walk(photos(20))
    walks.finish()
    walks.walk(photos(20)[1:], full=True)
    assert walks.confirm() == {"1"}
    assert walks.list_again(photo(1)) == PageChanges()
    assert walks.gone() == set()
    assert walks.images == walks.size_requests == []


def test_missing_files_of_a_photo_that_reappears_are_mirrored(walks: Walks) -> None:
    """Files that were not mirrored before are fetched, and so are those that changed meanwhile."""
    walks.walk([*photos(18), photo(19, label="Large 2048", width=2048), photo(20)])
    with walks.catalogue.transaction():
        for stored in walks.images[1:]:
            walks.catalogue.outcomes.mark_image_done(stored, [FILE])
        for stored in walks.infos[1:]:
            walks.catalogue.outcomes.mark_info_done(stored, 0)
    everyone = photos(20)
    walks.walk(everyone[1:18], full=True, accept_loss=True)
    assert walks.confirm() == {"1", "19", "20"}
    assert walks.images == walks.infos == walks.size_requests == []
    walks.list_again(photo(1), photo(19, label="Large 2048", width=2048), photo(20, secret="bbbb"))
    assert walks.gone() == set()
    assert ids(walks.images) == ["1", "20"]
    assert ids(walks.size_requests) == ["19"]
    assert {"1", "20"} <= set(ids(walks.infos))


@pytest.mark.parametrize(("found", "is_accepted"), [(18, True), (17, False), (1, False)])
def test_a_loss_of_more_than_a_tenth_is_ignored(walks: Walks, found: int, is_accepted: bool) -> None:
    """Of twenty photos two may be gone; three only with `accept_loss`."""
    walks.walk(photos(20))
    result = walks.walk(photos(found), full=True)
    missing = [str(number) for number in range(found + 1, 21)]
    assert (result.lost, result.absent) == ((0, len(missing)) if is_accepted else (20 - found, 0))
    assert result.scanned
    assert walks.absent() == (set(missing) if is_accepted else set())
    accepted = walks.walk(photos(found), full=True, accept_loss=True)
    assert (accepted.lost, accepted.absent) == (0, len(missing))
    assert walks.absent() == set(missing)


# Different counts


def test_a_lower_count_is_reported_once(walks: Walks) -> None:
    """A lower count of Flickr's is reported when it changes, and not in every run."""
    walks.walk(photos(20))
    fewer = [walks.walk(photos(20), total=total).fewer for total in (19, 19, 18, 20, 20, 19)]
    assert fewer == [1, 0, 2, 0, 0, 1]


def test_unlocated_photos_stay_open_for_three_runs(walks: Walks) -> None:
    """Photos that Flickr counts in total, but in no part, are reported until they count as hidden."""
    walks.walk(photos(20))
    for _ in range(2):
        result = walks.walk(photos(20), total=22)
        assert (result.short, result.unlisted) == ([(UNLOCATED, 2)], 2)
    result = walks.walk(photos(20), total=22)
    assert (result.short, result.hidden) == ([], 2)
    assert walks.walk(photos(20), total=22) == WalkResult()
    assert walks.walk(photos(20), total=23).unlisted == 3
    assert walks.walk(photos(20), total=20) == WalkResult()


def test_a_full_scan_without_locations_is_complete(walks: Walks) -> None:
    """Photos that no stretch of a full scan shows stay open, and mark no photo as gone."""
    walks.walk(photos(20))
    result = walks.walk(photos(19), full=True, total=20)
    assert (result.scanned, result.absent, result.short) == (True, 1, [])
    result = walks.walk(photos(19), full=True, total=22)
    assert (result.scanned, result.short) == (True, [(UNLOCATED, 2)])


def test_most_of_a_stretch_is_never_hidden(walks: Walks) -> None:
    """Six hundred photos that are counted with an empty page never count as hidden."""
    for _ in range(5):
        result = walks.walk([], 600, total=600)
        assert (result.short, result.hidden) == ([(ALL, 600)], 0)
    assert walks.begin().intervals == ()


def test_photos_that_were_hidden_and_are_listed_are_counted_once(walks: Walks) -> None:
    """Hidden photos that a later full scan lists do not explain other missing photos."""
    for _ in range(3):
        walks.walk(photos(18), 2, total=20)
    assert walks.walk(photos(20), full=True, total=20) == WalkResult(scanned=True)
    assert walks.walk(photos(20), total=22).unlisted == 2


@pytest.mark.parametrize("total", [None, 0])
def test_an_unknown_count_is_not_a_difference(walks: Walks, total: int | None) -> None:
    """An empty count does not mean an empty photostream."""
    walks.begin()
    walks.add(photos(20))
    assert walks.end(total).fewer == 0


def test_gone_photos_are_not_a_difference(walks: Walks) -> None:
    """After a full scan that found gone photos, the counts agree again."""
    walks.walk(photos(20))
    assert walks.walk(photos(19), total=19).fewer == 1
    assert walks.walk(photos(19), full=True).fewer == 0
    walks.confirm()
    assert walks.walk(photos(19)).fewer == 0


def test_a_difference_is_not_reported_with_its_cause(walks: Walks) -> None:
    """If there is a shortfall, or a loss is ignored, only that is reported."""
    walks.walk(photos(20))
    assert walks.walk(photos(20), 1, total=19).fewer == 0
    assert walks.walk(photos(10), full=True).fewer == 0


def test_how_many_photos_are_expected(walks: Walks) -> None:
    """The known and the hidden photos, without those that are missing for an unknown reason."""
    walks.walk(photos(20))
    assert walks.catalogue.totals.expected() == 20
    for _ in range(3):
        walks.walk(photos(20), total=22)
    assert walks.catalogue.totals.expected() == 22
    walks.walk(photos(20), total=17)
    assert walks.catalogue.totals.expected() == 17


# Clocks


def test_coverage_ends_at_the_newest_upload(tmp_path: Path) -> None:
    """With any clocks, a time without a later upload is listed again."""
    walks = Walks(tmp_path / "other.sqlite")
    with walks.catalogue:
        walks.walk(photos(3))
        assert walks.begin().intervals == (Interval(0, 1_577_836_803),)


def test_coverage_of_the_future_is_dropped(walks: Walks) -> None:
    """Times listed with a clock that was ahead are listed again, with a notice; the rest stays."""
    walks.now += 30 * DAY
    walks.walk(photos(3), covered=Interval(0, walks.now))
    assert walks.catalogue.coverage.listed().intervals == (Interval(0, NOW + 30 * DAY - HOUR),)
    assert walks.listing.drop_future(NOW) == NOW + 30 * DAY - HOUR
    assert walks.catalogue.coverage.listed().intervals == (Interval(0, NOW),)
    assert walks.listing.drop_future(NOW) is None
    assert walks.catalogue.coverage.listed().intervals == (Interval(0, NOW),)


# Deleted photos, and notices


def test_a_deleted_photo_is_new_when_it_is_listed_again(walks: Walks) -> None:
    """A photo whose files went to the trash leaves no row, and is mirrored again if it is listed again."""
    walks.walk(photos(20))
    walks.finish()
    walks.walk(photos(20)[1:], full=True)
    walks.confirm()
    walks.catalogue.gone_photos.delete(["1"])
    assert walks.gone() == set()
    assert walks.catalogue.files.of("1") == []
    assert walks.catalogue.statistics.counts().known == 1 + 19
    assert walks.list_again(*photos(20)).new == ["1"]
    assert (ids(walks.images), ids(walks.infos)) == (["1"], ["1"])


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            WalkResult([(Interval(NOW, NOW + 5), 3)]),
            [
                "3 photos more than it lists",
                "2023-11-14 22:13:20",
                "2023-11-14 22:13:25",
                "next run asks again",
            ],
        ),
        (WalkResult([(Interval(NOW, NOW + 5), None)]), ["cannot be true", "2023-11-14 22:13:20"]),
        (WalkResult([], hidden=7), ["7 photos", "3 runs in a row", "hidden"]),
        (
            WalkResult([], scanned=True, lost=4),
            ["4 photos", "more than a tenth", "nothing is marked", "--accept-loss"],
        ),
        (WalkResult([], fewer=3), ["3 photos fewer", "--full-scan"]),
        (WalkResult([(UNLOCATED, 3)]), ["3 photos more", "without an upload time", "next run asks again"]),
    ],
    ids=["short", "untrue", "hidden", "loss", "fewer", "without a place"],
)
def test_each_result_is_one_sentence(result: WalkResult, words: list[str]) -> None:
    """Each result is reported in a sentence with its numbers and what to do."""
    (text,) = sentences(result)
    assert [word for word in words if word not in text] == []


def test_a_walk_without_a_shortfall_reports_nothing() -> None:
    """Gone photos are not reported here, because each has its own event."""
    assert sentences(WalkResult([], absent=2, scanned=True)) == []


def test_several_findings_are_several_sentences() -> None:
    """Two stretches and hidden photos are three sentences."""
    short: list[tuple[Interval, int | None]] = [(Interval(1, 2), 1), (Interval(5, 9), None)]
    assert len(sentences(replace(WalkResult(short), hidden=2))) == 3
