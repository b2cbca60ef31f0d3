"""The work list in a real SQLite file: the photos of a run, their order, and the due times of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.catalogue.row_encoding import state_row
from flickr_mirror.catalogue.rows import StoredFile, StoredPhoto
from flickr_mirror.catalogue.work_list import RETRY_AFTER
from flickr_mirror.models.intervals import Interval
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.sizes import FlickrPhotoSize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = 1_700_000_000
HOUR, DAY = 3_600, 86_400
JOBS = pytest.mark.parametrize("job", ["image", "info"])


def photo(number: int, *, label: str = "Original", width: int = 640, **facts: Any) -> FlickrPhoto:
    """Return a photo uploaded in second `number`."""
    metadata = PhotoMetadata(uploaded=number, **facts)
    url = f"https://live.staticflickr.com/65535/{number}_aaaa_o.jpg"
    sizes = [FlickrPhotoSize(label, width, 480, url)]
    return FlickrPhoto(str(number), "Huế", description="", facts=metadata, sizes=sizes)


def unproved(number: int) -> FlickrPhoto:
    """Return a photo whose listed size is the maximum of its label, so that a larger one can exist."""
    return photo(number, label="Large 2048", width=2048)


def film(number: int) -> FlickrPhoto:
    """Return a video, whose files are never listed."""
    return photo(number, label="Large 2048", width=2048, media="video")


class Lists:
    """A catalogue with photos, and its lists as ids."""

    def __init__(self, path: Path) -> None:
        self.catalogue = Catalogue(path)
        self.work_list = self.catalogue.work_list

    def insert(self, *photos: FlickrPhoto, info_waits: bool = True) -> None:
        """Insert photos as a listing does."""
        by_id = {int(each.id): each for each in photos}
        rows = {key: state_row(each, set(), info_waits=info_waits, now=NOW) for key, each in by_id.items()}
        with self.catalogue.transaction():
            self.catalogue.photos.insert(by_id, rows)

    def stored(self, query: Callable[..., list[StoredPhoto]], **page: Any) -> list[StoredPhoto]:
        """Return a page of a list, by default oldest upload first."""
        return query(**{"newest_first": False, "frontier": None, "busy": (), "limit": 100, **page})

    def ids(self, query: Callable[..., list[StoredPhoto]], **page: Any) -> list[int]:
        """Return the ids in a page of a list."""
        return [int(stored.photo.id) for stored in self.stored(query, **page)]

    @property
    def images(self) -> list[int]:
        """The photos whose image must be fetched."""
        return self.ids(self.work_list.images_to_fetch)

    @property
    def size_requests(self) -> list[int]:
        """The photos whose best size must be requested."""
        return self.ids(self.work_list.sizes_to_resolve)

    @property
    def infos(self) -> list[int]:
        """The photos whose sidecar must be written."""
        return self.ids(self.work_list.infos_to_write)

    def of(self, job: str) -> list[int]:
        """Return the pending photos of a job."""
        return self.images if job == "image" else self.infos

    def finish(self, level: int = 0) -> None:
        """Mark all photos on the work list as done."""
        with self.catalogue.transaction():
            for stored in self.stored(self.work_list.images_to_fetch):
                file = StoredFile("image", "jpg", 1, b"sha256")
                self.catalogue.outcomes.mark_image_done(stored, [file], now=NOW)
            for stored in self.stored(self.work_list.infos_to_write):
                self.catalogue.outcomes.mark_info_done(stored, level)

    def fail(self, job: str) -> None:
        """Mark all pending photos of a job as failed."""
        query = self.work_list.images_to_fetch if job == "image" else self.work_list.infos_to_write
        with self.catalogue.transaction():
            for stored in self.stored(query):
                self.catalogue.outcomes.mark_failed(stored, job, "HTTP 503")

    def begin(self, now: int = NOW, *, images: bool = True, info_level: int | None = 0) -> None:
        """Begin a run."""
        self.work_list.begin_run(now, images=images, info_level=info_level)


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[Lists]:
    """An empty catalogue."""
    lists = Lists(tmp_path / "catalogue.sqlite")
    with lists.catalogue:
        yield lists


# The lists


def test_the_size_of_a_photo_determines_its_list(lists: Lists) -> None:
    """A proved size is fetched, another is requested; a sidecar waits for the size that it names."""
    lists.insert(photo(1), unproved(2), film(3))
    assert lists.images == [1]
    assert lists.size_requests == [2, 3]
    assert lists.infos == [1]
    assert lists.ids(lists.work_list.sizes_to_resolve, videos_only=True) == [3]


def test_a_page_has_the_requested_order(lists: Lists) -> None:
    """Photos are ordered by upload, in either direction; busy ones are skipped and not counted."""
    lists.insert(*map(photo, (3, 1, 2, 5, 4)))
    query = lists.work_list.images_to_fetch
    assert lists.ids(query, newest_first=True) == [5, 4, 3, 2, 1]
    assert lists.ids(query, limit=2) == [1, 2]
    assert lists.ids(query, limit=2, busy=frozenset({"1", "3"})) == [2, 4]


@pytest.mark.parametrize(("newest_first", "found"), [(False, [1, 2]), (True, [5, 4])])
def test_photos_beyond_the_frontier_are_not_returned(
    lists: Lists, newest_first: bool, found: list[int]
) -> None:
    """Photos at the frontier wait, because earlier ones may not be listed yet."""
    lists.insert(*map(photo, range(1, 6)))
    page = {"newest_first": newest_first, "frontier": 3}
    assert lists.ids(lists.work_list.images_to_fetch, **page) == found


def test_done_photos_leave_the_list(lists: Lists) -> None:
    """Neither this run nor the next one fetches files on disk again."""
    lists.insert(photo(1), photo(2))
    lists.finish()
    lists.begin()
    assert lists.images == lists.infos == lists.size_requests == []
    assert not lists.work_list.is_unfinished(images=True, info=True)


def test_the_whole_listing_settles_sizes(lists: Lists) -> None:
    """Once a listing has shown a label, its absence proves that a photo has no such size."""
    lists.insert(unproved(1), photo(2, label="X-Large 3K", width=3072), film(3))
    with lists.catalogue.transaction():
        lists.catalogue.listings._sizes.add_listed(["Large 2048", "X-Large 3K"])
    assert lists.work_list.recheck_sizes() == 2
    assert (lists.images, lists.size_requests, lists.infos) == ([1], [2, 3], [1])


# The beginning of a run


def test_sidecars_wait_only_if_images_are_requested(lists: Lists) -> None:
    """A run for sidecars alone writes them without a size; the next run with images waits for it again."""
    lists.insert(unproved(1))
    assert lists.infos == []
    lists.begin(images=False)
    assert lists.infos == [1]
    lists.begin(images=True)
    assert lists.infos == []
    assert lists.work_list.has_work("info")


def test_a_higher_level_puts_sidecars_on_the_list(lists: Lists) -> None:
    """A sidecar with a lower level is written again, but not that of a gone photo."""
    lists.insert(photo(1), photo(2))
    lists.finish(level=0)
    lists.catalogue.gone_photos.mark_gone("2", NOW)
    lists.begin(info_level=0)
    assert lists.infos == []
    lists.begin(info_level=None)
    assert lists.infos == []
    lists.begin(info_level=1)
    assert lists.infos == [1]


def test_a_photo_in_processing_is_requested_by_each_run(lists: Lists) -> None:
    """A photo that Flickr was still processing is on no list until the next run."""
    lists.insert(photo(1))
    with lists.catalogue.transaction():
        lists.catalogue.outcomes.mark_not_ready(lists.stored(lists.work_list.images_to_fetch)[0])
    assert (lists.images, lists.size_requests) == ([], [])
    lists.begin()
    assert (lists.images, lists.size_requests) == ([], [1])


@pytest.mark.parametrize(("after", "found"), [(DAY - 1, []), (DAY, [1])])
def test_a_damaged_photo_is_fetched_again_when_it_is_due(lists: Lists, after: int, found: list[int]) -> None:
    """Flickr may serve it undamaged the next day."""
    lists.insert(photo(1))
    with lists.catalogue.transaction():
        stored = lists.stored(lists.work_list.images_to_fetch)[0]
        file = StoredFile("image", "jpg", 1, b"sha256", "truncated")
        lists.catalogue.outcomes.mark_image_done(stored, [file], now=NOW)
    lists.begin(NOW + after)
    assert lists.images == found


def test_a_permanent_failure_is_reported_as_new_once(lists: Lists) -> None:
    """The next run does not try it again."""
    lists.insert(photo(1))
    with lists.catalogue.transaction():
        stored = lists.stored(lists.work_list.images_to_fetch)[0]
        lists.catalogue.outcomes.mark_unavailable(stored, "image", "HTTP 404")
    assert [failure.known for failure in lists.catalogue.statistics.failures()] == [False]
    lists.work_list.end_run(NOW)
    lists.begin(NOW + 100 * DAY)
    assert [failure.known for failure in lists.catalogue.statistics.failures()] == [True]
    assert lists.images == []


# Failures


@JOBS
def test_a_failure_is_tried_again_at_the_end_of_its_run(lists: Lists, job: str) -> None:
    """It leaves the list until it is requeued."""
    lists.insert(photo(1), photo(2))
    lists.fail(job)
    assert lists.of(job) == []
    assert not lists.work_list.has_work(job)
    assert lists.work_list.is_unfinished(images=job == "image", info=job == "info")
    assert lists.work_list.requeue(job) == 2
    assert lists.of(job) == [1, 2]
    assert lists.work_list.requeue(job) == 0


def test_an_unproved_size_is_requested_again(lists: Lists) -> None:
    """A photo whose getSizes failed is not on the list of images when it is requeued."""
    lists.insert(unproved(1))
    with lists.catalogue.transaction():
        stored = lists.stored(lists.work_list.sizes_to_resolve)[0]
        lists.catalogue.outcomes.mark_failed(stored, "image", "HTTP 503")
    assert lists.infos == [1]  # it no longer waits for the size
    assert lists.work_list.requeue("image") == 1
    assert (lists.images, lists.size_requests) == ([], [1])


@JOBS
def test_a_failure_is_due_later_with_each_run(lists: Lists, job: str) -> None:
    """After an hour, a day, and then each week, and not earlier."""
    lists.insert(photo(1))
    now = NOW
    for delay in (*RETRY_AFTER, RETRY_AFTER[-1]):
        lists.fail(job)
        lists.work_list.end_run(now)
        assert not lists.work_list.is_unfinished(images=job == "image", info=job == "info")
        lists.begin(now + delay - 1)
        assert lists.of(job) == []
        now += delay
        lists.begin(now)
        assert lists.of(job) == [1]
    (failure,) = lists.catalogue.statistics.failures()
    assert (failure.due, failure.lasting) == (now, False)


def test_a_due_time_from_a_wrong_clock_counts_as_due(lists: Lists) -> None:
    """A run whose clock was a year ahead does not delay a photo for a year."""
    lists.insert(photo(1))
    lists.fail("image")
    lists.work_list.end_run(NOW + 365 * DAY)
    lists.begin(NOW)
    assert lists.images == [1]


def test_failures_of_an_interrupted_run_wait_for_the_end_of_the_next(lists: Lists) -> None:
    """Photos that cannot be fetched do not delay the others."""
    lists.insert(photo(1))
    lists.fail("image")
    lists.insert(photo(2))
    lists.begin()
    assert lists.images == [2]
    assert lists.work_list.requeue("image") == 1
    assert lists.images == [1, 2]


def test_success_ends_a_failure(lists: Lists) -> None:
    """The next failure of this photo is its first one again."""
    lists.insert(photo(1))
    lists.fail("image")
    lists.work_list.requeue("image")
    lists.finish()
    assert lists.catalogue.statistics.failures() == []


# The scope of a run


def test_a_window_limits_all_lists(lists: Lists) -> None:
    """A run for a window neither begins, finishes, requeues nor counts photos outside of it."""
    lists.insert(photo(1), photo(2), unproved(3), unproved(4), film(5))
    lists.fail("info")
    lists.catalogue.scope.restrict(Interval(2, 3), None)
    assert (lists.images, lists.size_requests) == ([2], [3])
    assert lists.work_list.recheck_sizes() == 1
    assert lists.work_list.requeue("info") == 1
    assert lists.infos == [2]
    lists.finish()
    lists.begin(images=False)
    assert lists.infos == [3]
    assert lists.work_list.is_unfinished(images=False, info=True)


def test_a_run_for_a_window_schedules_no_other_failures(lists: Lists) -> None:
    """A failure outside of the window still belongs to its own run."""
    lists.insert(photo(1), photo(2))
    lists.fail("image")
    lists.catalogue.scope.restrict(Interval(2, 3), None)
    lists.work_list.end_run(NOW)
    assert [failure.due for failure in lists.catalogue.statistics.failures()] == [NOW + HOUR]
    lists.catalogue.scope.restrict(None, None)
    assert [failure.due for failure in lists.catalogue.statistics.failures()] == [None, NOW + HOUR]
    assert lists.work_list.requeue("image") == 1


def test_the_number_of_begun_photos_is_limited(lists: Lists) -> None:
    """Images and sidecars of the same photos; once these are done nothing is left for this run."""
    lists.insert(*map(photo, range(1, 6)))
    lists.catalogue.scope.restrict(None, 2)
    assert lists.images == lists.infos == [1, 2]
    lists.finish()
    assert lists.images == lists.infos == []
    assert not lists.work_list.has_work("image")
    assert not lists.work_list.has_work("info")
    assert lists.work_list.is_unfinished(images=True, info=True)
    assert lists.catalogue.scope.begun == 2
