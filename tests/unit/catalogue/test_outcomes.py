"""The outcomes of photos on the work list, in a real SQLite file. Outdated results are tested in test_listings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flickr_mirror.catalogue.rows import StoredFile
from tests.unit.catalogue.test_work_list import DAY, JOBS, NOW, Lists, film, photo, unproved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = StoredFile("image", "jpg", 1, b"sha256")


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[Lists]:
    """An empty catalogue."""
    lists = Lists(tmp_path / "catalogue.sqlite")
    with lists.catalogue:
        yield lists


@JOBS
def test_a_refusal_is_permanent_after_a_second_run(lists: Lists, job: str) -> None:
    """A refusal can be temporary: only that of a second run is permanent."""
    lists.insert(photo(1))
    query = lists.work_list.images_to_fetch if job == "image" else lists.work_list.infos_to_write
    for now, lasting in ((NOW, False), (NOW + DAY, True)):
        with lists.catalogue.transaction():
            lists.catalogue.outcomes.mark_refused(lists.stored(query)[0], job, "HTTP 403")
        lists.work_list.end_run(now)
        (failure,) = lists.catalogue.statistics.failures()
        assert (failure.reason, failure.lasting) == ("HTTP 403", lasting)
        lists.begin(now + DAY)
    assert lists.of(job) == []


@pytest.mark.parametrize("outcome", ["mark_failed", "mark_unavailable"])
def test_a_sidecar_is_written_if_the_size_stays_unknown(lists: Lists, outcome: str) -> None:
    """A failed request for the size releases the sidecar that waits for it."""
    lists.insert(unproved(1))
    with lists.catalogue.transaction():
        stored = lists.stored(lists.work_list.sizes_to_resolve)[0]
        getattr(lists.catalogue.outcomes, outcome)(stored, "image", "HTTP 500")
    assert lists.infos == [1]


def test_the_last_reason_of_a_failure_is_kept(lists: Lists) -> None:
    """A photo has one failure for each job, after any number of tries."""
    lists.insert(photo(1))
    for reason in ("HTTP 500", "HTTP 503"):
        with lists.catalogue.transaction():
            lists.catalogue.outcomes.mark_failed(
                lists.stored(lists.work_list.images_to_fetch)[0], "image", reason
            )
        lists.work_list.requeue("image")
    assert [failure.reason for failure in lists.catalogue.statistics.failures()] == ["HTTP 503"]


def test_a_missing_film_is_a_failure_with_a_poster(lists: Lists) -> None:
    """The poster is on disk, and the photo is not requested again."""
    lists.insert(film(1))
    with lists.catalogue.transaction():
        stored = lists.stored(lists.work_list.sizes_to_resolve)[0]
        lists.catalogue.outcomes.mark_image_done(stored, [FILE], partly="no film", now=NOW)
    assert lists.catalogue.files.of("1") == [FILE]
    (failure,) = lists.catalogue.statistics.failures()
    assert (failure.reason, failure.lasting) == ("no film", True)
    assert lists.size_requests == []


def test_a_photo_in_processing_is_kept_and_requested_again(lists: Lists) -> None:
    """The available files are on disk, and the next run requests the rest."""
    lists.insert(film(1))
    with lists.catalogue.transaction():
        stored = lists.stored(lists.work_list.sizes_to_resolve)[0]
        lists.catalogue.outcomes.mark_image_done(stored, [FILE], ready=False, now=NOW)
    assert lists.catalogue.files.of("1") == [FILE]
    assert lists.size_requests == []
    lists.begin()
    assert lists.size_requests == [1]
