"""Runs for a window of upload times: photos outside of it are not requested, mirrored or counted, and not lost."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from flickr_mirror import CachingStrategy, Limits
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.models.events import FileBroken, RunStarted
from flickr_mirror.models.intervals import Interval
from tests.support.command import infos, tree
from tests.support.mirroring import answering, mirroring
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.mirroring import Run

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")

COUNT = 47
FIRST, LAST = 12, 35
"""The positions of the window's newest and oldest photo, newest first."""
BOTH = pytest.mark.parametrize("strategy", CachingStrategy)


def window(run: Run, first: int = FIRST, last: int = LAST) -> dict[str, datetime]:
    """Return the options for a window from one photo to another, both included."""
    newest, oldest = (run.stream.photo(run.stream.ids[place]).uploaded for place in (first, last))
    return {"since": datetime.fromtimestamp(oldest, UTC), "until": datetime.fromtimestamp(newest, UTC)}


def listen(run: Run) -> list[tuple[int, int, int]]:
    """Return a list to which each call for a listing is added: its bounds, and the number of listed photos."""
    run.limits = Limits(page_size=10, attempts=1, timing=FAST)
    asked: list[tuple[int, int, int]] = []

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        query = request.query
        if query.get("method") == "flickr.people.getPhotos":
            photos = run.flickr.call(**query)["photos"]["photo"]
            low, high = (int(query.get(name, 0)) for name in ("min_upload_date", "max_upload_date"))
            asked.append((low, high, len(photos)))
        return None

    run.flickr.intercept = intercept
    return asked


def coverage(run: Run) -> tuple[Interval, ...]:
    """Return the coverage in the catalogue."""
    with Catalogue(run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite") as catalogue:
        return catalogue.coverage.listed().intervals


@BOTH
async def test_only_the_window_is_listed_and_mirrored(tmp_path: Path, strategy: CachingStrategy) -> None:
    """The calls are within its bounds; its photos, with both ends, are mirrored; the coverage is the window."""
    async with mirroring(tmp_path, COUNT) as run:
        asked, bounds = listen(run), window(run)
        report = await run(strategy=strategy, info_level=1, **bounds)
        low, high = (int(bounds[name].timestamp()) for name in ("since", "until"))
        assert set(infos(tmp_path)) == set(run.stream.ids[FIRST : LAST + 1])
        assert (report.new, report.images, report.infos, report.known) == (24, 24, 24, 24)
        assert (report.complete, report.stopped_by, run.notices) == (True, "", "")
        assert all(low <= bound[0] <= bound[1] <= high for bound in asked)
        assert len(asked) == 3
        assert coverage(run) == (Interval(low, high),)


@BOTH
async def test_a_later_run_does_the_rest_and_lists_nothing_again(
    tmp_path: Path, strategy: CachingStrategy
) -> None:
    """A later run without a window does not list it again, and the mirror equals that of a run for all photos."""
    async with mirroring(tmp_path / "all", COUNT) as run:
        run.limits = Limits(page_size=10, timing=FAST)
        await run(strategy=strategy, info_level=1)
    async with mirroring(tmp_path / "some", COUNT) as run:
        asked, bounds = listen(run), window(run)
        await run(strategy=strategy, info_level=1, **bounds)
        asked.clear()
        report = await run(strategy=strategy, info_level=1)
        low, high = (int(bounds[name].timestamp()) for name in ("since", "until"))
        assert (report.new, report.images, report.known, report.complete) == (23, 23, COUNT, True)
        assert all(oldest > high or newest < low or not oldest for oldest, newest, _ in asked)
        # the rest, and again the rest of a page that begins before the window, because the newest one has no bound;
        # and a count, because there are more photos than are known
        assert len(asked) <= 6
        assert set(run.flickr.requests.values()) == {1}
    assert tree(tmp_path / "some") == tree(tmp_path / "all")


async def test_a_covered_window_needs_no_listing(tmp_path: Path) -> None:
    """Photos in a covered window are mirrored without a call for a page, which does not count as a full scan."""
    async with mirroring(tmp_path, COUNT) as run:
        asked, bounds = listen(run), window(run)
        await run(image_only=True, since=None, until=bounds["until"])
        asked.clear()
        report = await run(info_only=True, **bounds)
        assert (asked, report.infos, report.complete) == ([], 24, True)
        with Catalogue(tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite") as catalogue:
            assert catalogue.listings.last_scan() is None


async def test_photos_outside_are_neither_mirrored_nor_counted(tmp_path: Path) -> None:
    """Photos without an image, and failures, are left to a run that includes them."""
    async with mirroring(tmp_path, COUNT) as run:
        bad = run.stream.ids[-1]
        answering(run, bad, lambda: web.Response(status=503), forever=True)
        run.limits = Limits(page_size=10, attempts=1, max_photos=40, timing=FAST)
        report = await run(image_only=True, strategy=CachingStrategy.FIFO)
        assert [failure.photo_id for failure in report.failures] == [bad]
        database = tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite"
        connection = sqlite3.connect(database)  # as after a run that was killed before its last tries
        connection.executescript(
            "UPDATE photos SET image_status = 3 WHERE image_status = 4; UPDATE failures SET runs = 0, due = 0"
        )
        connection.close()
        before = rows(database, run.stream.ids[-1]), rows(database, run.stream.ids[0])
        run.limits = Limits(page_size=10, attempts=1, timing=FAST)
        report = await run(info_level=2, **window(run))
        assert (report.images, report.infos, report.failures, report.unavailable) == (0, 24, [], 0)
        assert [(event.known, event.images) for event in run.events_of(RunStarted)] == [(24, 24)]
        assert report.complete
        assert (rows(database, run.stream.ids[-1]), rows(database, run.stream.ids[0])) == before
        report = await run(image_only=True)
        assert (report.images, [failure.photo_id for failure in report.failures]) == (7, [bad])


def rows(database: Path, photo_id: str) -> list[Any]:
    """Return the state of a photo in a catalogue, and its failures."""
    connection = sqlite3.connect(database)
    state = connection.execute("SELECT image_status, info_status FROM photos WHERE id = ?", (photo_id,))
    failures = connection.execute("SELECT runs, due FROM failures WHERE photo_id = ?", (photo_id,))
    found = [*state, *failures]
    connection.close()
    return found


async def test_a_higher_level_is_for_the_window_only(tmp_path: Path) -> None:
    """Comments of other photos are not requested, neither by this run nor by the next one without a window."""
    async with mirroring(tmp_path, COUNT, commented=1.0) as run:
        await run(info_level=0)
        run.flickr.reset_counters()
        await run(info_level=2, **window(run, 5, 9))
        assert run.flickr.calls["flickr.photos.comments.getList"] == 5
        with_comments = {photo_id for photo_id, info in infos(tmp_path).items() if "comments" in info}
        assert with_comments == set(run.stream.ids[5:10])
        report = await run(info_level=0)
        assert report.infos == 0


async def test_only_the_window_is_verified(tmp_path: Path) -> None:
    """Images outside of the window are not moved, because this run would not fetch them again."""
    async with mirroring(tmp_path, 9) as run:
        await run(image_only=True)
        inside, outside = run.path(run.stream.ids[4]), run.path(run.stream.ids[0])
        for path in (inside, outside):
            path.write_bytes(b"broken")
        report = await run(image_only=True, verify_image=True, **window(run, 3, 5))
        assert [event.path for event in run.events_of(FileBroken)] == [inside]
        assert report.images == 1
        assert outside.read_bytes() == b"broken"


async def test_a_due_full_scan_waits_for_a_run_without_a_window(tmp_path: Path) -> None:
    """A run for a window never scans, so it marks nothing as gone; the next run does the scan."""
    async with mirroring(tmp_path, COUNT) as run:
        run.limits = Limits(page_size=10, timing=FAST)
        await run(image_only=True)
        run.stream.delete(run.stream.ids[20])
        with Catalogue(tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite") as catalogue:
            catalogue.set_note("scanned", 1)  # long ago
        report = await run(image_only=True, full_scan_every=60, **window(run))
        assert (report.scanned, report.gone) == (False, 0)
        report = await run(image_only=True, full_scan_every=60)
        assert (report.scanned, report.gone) == (True, 1)


async def test_a_window_with_max_photos(tmp_path: Path) -> None:
    """With both limits, the remaining photos are those of the window."""
    async with mirroring(tmp_path, COUNT) as run:
        run.limits = Limits(page_size=10, max_photos=15, timing=FAST)
        report = await run(image_only=True, **window(run))
        assert (report.images, report.stopped_by, report.complete) == (15, "max_photos", False)
        report = await run(image_only=True, **window(run))
        assert (report.images, report.stopped_by, report.complete) == (9, "", True)


@pytest.mark.parametrize("year", [1960, 2100])
async def test_a_window_without_photos_succeeds(tmp_path: Path, year: int) -> None:
    """Before Flickr existed, or in the future: there is nothing to do."""
    async with mirroring(tmp_path, 3) as run:
        report = await run(since=datetime(year, 1, 1, tzinfo=UTC), until=datetime(year, 2, 1, tzinfo=UTC))
        assert (report.known, report.images, report.complete) == (0, 0, True)
        assert run.flickr.calls["flickr.people.getPhotos"] == 0


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """Return a catalogue."""
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        yield catalogue


def test_a_walk_of_a_window_keeps_shortfalls_of_other_times(catalogue: Catalogue) -> None:
    """Shortfalls keep their count of runs while only other times are listed."""
    listing = catalogue.listings

    def walk(stretch: Interval, missing: int, within: Interval | None = None) -> list[Any]:
        listing.begin(10_000, fields=(), full=False)
        listing.add_page([], stretch, missing, settled_until=9_000, info_waits=False, comments=False)
        return listing.end(None, window=within).short

    doubtful = Interval(100, 200)
    assert walk(doubtful, 2) == [(doubtful, 2)]
    assert walk(Interval(500, 600), 0, Interval(500, 600)) == []
    assert walk(doubtful, 2) == [(doubtful, 2)]
    assert walk(Interval(500, 600), 1, Interval(500, 600)) == [(Interval(500, 600), 1)]
    assert walk(doubtful, 2) == []  # the third time the photos count as hidden
