"""Walks of photostreams that change, send false answers, and upload five hundred photos in a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flickr_mirror.flickr.api import EXTRAS, AsyncFlickrApi
from flickr_mirror.flickr.photostream_walk import PhotostreamWalk
from flickr_mirror.models.intervals import Coverage, Interval
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.options import CachingStrategy
from flickr_mirror.models.photos import PhotoPage
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.flickr.walk_state import ListedPage

NOW = 1_600_000_000
UNTIL = NOW + 1000
BOTH = pytest.mark.parametrize("strategy", CachingStrategy)


class FakeApi:
    """Flickr's listing without the network; `before_call` gets the number of earlier calls."""

    def __init__(self, stream: SimulatedPhotostream) -> None:
        self.stream = stream
        self.flickr = SimulatedFlickr(stream)
        stream.base_url = "http://127.0.0.1"
        self.calls: list[tuple[int, int | None, int | None]] = []
        self.sizes: list[int] = []
        self.before_call: Callable[[int], object] = lambda _: None
        self.change: Callable[[int, PhotoPage], PhotoPage] = lambda _, page: page

    async def get_page(
        self,
        user_id: str,
        *,
        page: int,
        per_page: int,
        min_upload_date: int | None,
        max_upload_date: int | None,
    ) -> PhotoPage:
        """Answer a call."""
        number = len(self.calls)
        self.before_call(number)
        self.calls.append((page, min_upload_date, max_upload_date))
        self.sizes.append(per_page)
        bounds = {"min_upload_date": min_upload_date, "max_upload_date": max_upload_date}
        answer = self.flickr.call(
            method="flickr.people.getPhotos",
            user_id=user_id,
            page=str(page),
            per_page=str(per_page),
            extras=EXTRAS,
            **{name: str(bound) for name, bound in bounds.items() if bound is not None},
        )
        return self.change(number, PhotoPage.from_json(answer["photos"]))


async def walk(
    api: FakeApi,
    strategy: CachingStrategy,
    coverage: Coverage | None = None,
    page_size: int = 50,
    *,
    window: Interval | None = None,
    stop_after: int = 0,
    expected: int = 1,
) -> tuple[list[ListedPage], Coverage, PhotostreamWalk]:
    """Walk the gaps of a coverage; return the pages, the coverage after them, and the walk."""
    coverage = coverage or Coverage()
    stream = PhotostreamWalk(
        cast("AsyncFlickrApi", api),
        api.stream.nsid,
        coverage.gaps(UNTIL) if window is None else coverage.gaps(window.high, window.low),
        strategy,
        page_size=page_size,
        is_whole=window is None,
        expected=expected,
    )
    pages = []
    async for page in stream.pages():
        pages.append(page)
        if len(pages) == stop_after:
            stream.stop()
        if page.covered is not None and page.missing == 0:
            coverage = coverage.with_interval(page.covered)
    return pages, coverage, stream


def left_open(pages: list[ListedPage]) -> list[Interval]:
    """Return the stretches with missing photos."""
    return [page.covered for page in pages if page.covered and page.missing != 0]


def showing(page: PhotoPage, is_shown: Callable[[str], bool]) -> PhotoPage:
    """Return a page without some of its photos, as Flickr can omit them."""
    photos = [photo for photo in page.photos if is_shown(photo.id)]
    return PhotoPage(photos, page.page, page.pages, page.total)


def ids(pages: list[ListedPage]) -> set[str]:
    """Return the ids on all pages."""
    return {photo.id for page in pages for photo in page.photos}


@BOTH
@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 237])
async def test_every_photo_is_listed_and_all_time_is_covered(strategy: CachingStrategy, count: int) -> None:
    """For any length and order, no photo is missed, with little more than one call per page."""
    api = FakeApi(SimulatedPhotostream(count, newest=NOW))
    pages, coverage, stream = await walk(api, strategy)
    assert ids(pages) == set(api.stream.ids)
    assert coverage == Coverage((Interval(0, UNTIL),))
    assert left_open(pages) == []
    assert stream.total == count
    assert len(api.calls) <= count / 49 + 2
    assert pages[-1].frontier is None


@BOTH
async def test_all_photos_up_to_the_frontier_are_listed(strategy: CachingStrategy) -> None:
    """No later page has a photo that precedes the frontier."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW))
    pages, _, _ = await walk(api, strategy)
    newest_first = strategy is CachingStrategy.LIFO
    for position, page in enumerate(pages[:-1]):
        assert page.frontier is not None
        seen = ids(pages[: position + 1])
        for photo in (photo for rest in pages[position + 1 :] for photo in rest.photos):
            uploaded = photo.facts.uploaded or 0
            let_through = uploaded > page.frontier if newest_first else uploaded < page.frontier
            assert photo.id in seen or not let_through


async def test_a_thousand_photos_in_one_second_are_all_listed() -> None:
    """More photos in a second than fit a page: page numbers are used within that second."""
    for strategy in CachingStrategy:
        api = FakeApi(SimulatedPhotostream(300, newest=NOW, same_second=170))
        pages, coverage, _ = await walk(api, strategy)
        assert ids(pages) == set(api.stream.ids)
        assert coverage == Coverage((Interval(0, UNTIL),))


@BOTH
async def test_an_unchanged_stream_takes_one_call(strategy: CachingStrategy) -> None:
    """A mirror that is up to date except for the settle margin takes one call."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW))
    await walk(api, strategy, Coverage((Interval(0, UNTIL - 3600),)))
    assert len(api.calls) == 1


@BOTH
async def test_a_covered_stretch_needs_no_call(strategy: CachingStrategy) -> None:
    """If a clock was set back, all time up to now is covered: no call and no error."""
    api = FakeApi(SimulatedPhotostream(5, newest=NOW))
    pages, _, stream = await walk(api, strategy, Coverage((Interval(0, UNTIL + 7200),)))
    assert pages == []
    assert stream.total is None
    assert api.calls == []


async def test_an_interrupted_walk_continues_where_it_stopped() -> None:
    """Newest first: after the call for new photos, exactly the missing page is requested."""
    api = FakeApi(SimulatedPhotostream(500, newest=NOW))
    low = api.stream.photo(api.stream.ids[250]).uploaded
    pages, coverage, _ = await walk(api, CachingStrategy.LIFO, Coverage((Interval(low + 1, NOW - 3600),)))
    assert coverage == Coverage((Interval(0, UNTIL),))
    assert api.calls[1] == (1, None, low)
    assert len(api.calls) <= 1 + 250 / 49 + 1
    assert set(api.stream.ids[250:]) <= ids(pages)


@BOTH
async def test_uploads_during_the_walk_lose_nothing(strategy: CachingStrategy) -> None:
    """With seven uploads between the calls, all earlier photos are listed."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW))
    before = set(api.stream.ids)
    api.before_call = lambda number: api.stream.upload(1, at=UNTIL + 1 + number)
    pages, _, _ = await walk(api, strategy)
    assert before <= ids(pages)


@BOTH
async def test_photos_published_late_during_the_walk_lose_nothing(strategy: CachingStrategy) -> None:
    """Photos that appear within the window during the walk make it miss no others."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW))
    before = set(api.stream.ids)
    api.before_call = lambda number: number < 6 and api.stream.upload(1, at=NOW - 5)
    pages, _, _ = await walk(api, strategy)
    assert before <= ids(pages)


@BOTH
async def test_deletions_during_the_walk_lose_nothing(strategy: CachingStrategy) -> None:
    """With seven deletions between the calls, all remaining photos are listed."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW))

    def delete(number: int) -> None:
        if number < 7:
            api.stream.delete(api.stream.ids[number * 20])

    api.before_call = delete
    pages, _, _ = await walk(api, strategy)
    assert set(api.stream.ids) <= ids(pages)


@BOTH
async def test_a_short_page_is_requested_again(strategy: CachingStrategy) -> None:
    """The second answer is complete."""

    def cut(page: PhotoPage) -> PhotoPage:
        return PhotoPage(page.photos[:20] + page.photos[25:], page.page, page.pages, page.total)

    api = FakeApi(SimulatedPhotostream(237, newest=NOW))
    api.change = lambda number, page: cut(page) if number == 2 else page
    pages, coverage, _ = await walk(api, strategy)
    assert ids(pages) == set(api.stream.ids)
    assert coverage == Coverage((Interval(0, UNTIL),))


@BOTH
@pytest.mark.parametrize("places", [[0], [236], [120], [3, 60, 61, 62, 199], [49, 50, 51]])
async def test_photos_that_are_counted_but_never_shown_are_located(
    strategy: CachingStrategy, places: list[int]
) -> None:
    """Only their stretch stays open, with their number."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW))
    hidden = {api.stream.ids[place] for place in places}
    api.change = lambda _, page: showing(page, lambda photo_id: photo_id not in hidden)
    pages, coverage, _ = await walk(api, strategy)
    assert ids(pages) == set(api.stream.ids) - hidden
    stretches = left_open(pages)
    assert sum(page.missing or 0 for page in pages if page.covered) == len(hidden)
    for photo_id in hidden:
        uploaded = api.stream.photo(photo_id).uploaded
        assert any(stretch.low <= uploaded <= stretch.high for stretch in stretches)
        assert coverage.with_interval(Interval(uploaded, uploaded)) != coverage
    assert len(coverage.gaps(UNTIL)) <= len(stretches) <= len(hidden)
    assert len(api.calls) <= 237 / 49 + 2 + 3 * len(hidden)


async def test_hidden_photos_outside_of_the_gap_leave_no_stretch_open() -> None:
    """A hidden photo outside of the requested time takes one more call, and opens no stretch."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW))
    hidden = api.stream.ids[20]
    api.change = lambda _, page: showing(page, lambda photo_id: photo_id != hidden)
    low = api.stream.photo(api.stream.ids[10]).uploaded
    for strategy in CachingStrategy:
        api.calls.clear()
        pages, coverage, stream = await walk(api, strategy, Coverage((Interval(0, low),)))
        assert coverage == Coverage((Interval(0, UNTIL),))
        assert set(api.stream.ids[:10]) <= ids(pages)
        assert len(api.calls) == 2
        assert stream.total == 237


@BOTH
@pytest.mark.parametrize("change", ["another page", "wrong times", "no times"])
async def test_an_impossible_page_covers_nothing(strategy: CachingStrategy, change: str) -> None:
    """Another page than requested, times outside of the window, and missing times are ignored."""

    def twist(_: int, page: PhotoPage) -> PhotoPage:
        if change == "another page":
            return PhotoPage(page.photos, page.page + 7, page.pages, page.total)
        if change == "no times":
            for photo in page.photos:
                photo.facts = PhotoMetadata()
            return page
        return PhotoPage(page.photos[::-1], page.page, page.pages, page.total)

    api = FakeApi(SimulatedPhotostream(120, newest=NOW))
    api.change = twist
    pages, coverage, _ = await walk(api, strategy)
    assert None in {page.missing for page in pages}
    assert coverage == Coverage()
    assert len(api.calls) < 40


@BOTH
@pytest.mark.parametrize("total", [0, 3, 49, 50, 10_000])
async def test_a_wrong_total_hides_no_photo(strategy: CachingStrategy, total: int) -> None:
    """A constant or missing `total` ends no walk early."""
    api = FakeApi(SimulatedPhotostream(120, newest=NOW))
    api.change = lambda _, page: PhotoPage(page.photos, page.page, page.pages, total)
    pages, _, _ = await walk(api, strategy)
    assert ids(pages) == set(api.stream.ids)
    assert len(api.calls) < 450


@BOTH
async def test_a_repeated_last_page_ends_the_walk(strategy: CachingStrategy) -> None:
    """Flickr sometimes answers with the last page for every larger number; the walk ends."""
    api = FakeApi(SimulatedPhotostream(120, newest=NOW, same_second=70))
    last: dict[tuple[int | None, int | None], PhotoPage] = {}

    def repeat(_: int, page: PhotoPage) -> PhotoPage:
        window = api.calls[-1][1:]
        if page.photos:
            last[window] = page
        return last.get(window, page)

    api.change = repeat
    pages, coverage, _ = await walk(api, strategy)
    assert ids(pages) == set(api.stream.ids)
    assert coverage == Coverage((Interval(0, UNTIL),))


async def test_photos_removed_and_published_at_once_oldest_first() -> None:
    """Oldest first: a removal among the photos read does not hide one that appears before them."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW))
    before = set(api.stream.ids)
    old, young = api.stream.ids[-1], api.stream.ids[60]
    api.stream.hide(young)

    def swap(number: int) -> None:
        if number == 2:
            api.stream.delete(old)
            api.stream.publish(young)

    api.before_call = swap
    pages, _, _ = await walk(api, CachingStrategy.FIFO)
    assert before - {old, young} <= ids(pages)


@settings(max_examples=60, deadline=None)
@given(
    strategy=st.sampled_from(CachingStrategy),
    covered=st.lists(st.tuples(st.integers(0, 236), st.integers(0, 60)), max_size=4),
    same_second=st.sampled_from([0, 30, 80]),
)
async def test_any_gaps_are_filled(
    strategy: CachingStrategy, covered: list[tuple[int, int]], same_second: int
) -> None:
    """For any earlier coverage, the walk lists all photos of the gaps, and covers all time."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW, same_second=same_second))
    times = [api.stream.photo(photo_id).uploaded for photo_id in api.stream.ids]
    coverage = Coverage.of(
        Interval(times[min(index + length, 236)], times[index]) for index, length in covered
    )
    pages, after, _ = await walk(api, strategy, coverage)
    missing = {
        photo_id
        for photo_id, uploaded in zip(api.stream.ids, times, strict=True)
        if not any(interval.low <= uploaded <= interval.high for interval in coverage.intervals)
    }
    assert missing <= ids(pages)
    assert after == Coverage((Interval(0, UNTIL),))


async def test_a_stopped_walk_lists_no_page_again() -> None:
    """Newest first: a call that only counts verifies the last page, so that the next walk begins after it."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW))
    pages, coverage, _ = await walk(api, CachingStrategy.LIFO, stop_after=3)
    assert [page.number for page in pages if page.number] == [1, 2]
    asked = [call for call, size in zip(api.calls, api.sizes, strict=True) if size > 1]
    assert len(api.calls) == len(asked) + 1 == 3
    (gap,) = coverage.gaps(UNTIL)
    api.calls.clear()
    rest, after, _ = await walk(api, CachingStrategy.LIFO, coverage)
    assert api.calls[0] == (1, None, gap.high)
    assert not set(api.calls) & set(asked)
    assert ids(pages) | ids(rest) == set(api.stream.ids)
    assert after == Coverage((Interval(0, UNTIL),))


async def test_a_page_that_the_count_contradicts_is_listed_again() -> None:
    """A stopped walk whose last page lacks a photo that Flickr counts leaves it to the next one."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW))
    late = api.stream.ids[20]
    api.stream.hide(late)

    def publish(number: int) -> None:
        if number == 1:
            api.stream.publish(late)

    api.before_call = publish
    pages, coverage, _ = await walk(api, CachingStrategy.LIFO, stop_after=1)
    assert late not in ids(pages)
    assert len(api.calls) == 2
    assert coverage == Coverage()


@BOTH
@pytest.mark.parametrize("stop_after", range(1, 9))
async def test_stopped_walks_are_completed_by_later_ones(strategy: CachingStrategy, stop_after: int) -> None:
    """Walks that are stopped at any point list all photos in the end, and cover no unlisted second."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW, same_second=60))
    coverage, listed = Coverage(), set[str]()
    for _ in range(40):
        pages, coverage, _ = await walk(api, strategy, coverage, stop_after=stop_after)
        listed |= ids(pages)
        for photo_id in set(api.stream.ids) - listed:
            uploaded = api.stream.photo(photo_id).uploaded
            assert coverage.with_interval(Interval(uploaded, uploaded)) != coverage
        if coverage == Coverage((Interval(0, UNTIL),)):
            break
    assert listed == set(api.stream.ids)
    assert coverage == Coverage((Interval(0, UNTIL),))


@settings(max_examples=40, deadline=None)
@given(
    strategy=st.sampled_from(CachingStrategy),
    windows=st.lists(st.tuples(st.integers(0, 236), st.integers(0, 236)), min_size=1, max_size=4),
    same_second=st.sampled_from([0, 30, 80]),
)
async def test_any_windows_are_listed_and_no_more(
    strategy: CachingStrategy, windows: list[tuple[int, int]], same_second: int
) -> None:
    """Each walk of a window lists exactly its photos; afterwards a walk for all requests only the rest."""
    api = FakeApi(SimulatedPhotostream(237, newest=NOW, same_second=same_second))
    times = [api.stream.photo(photo_id).uploaded for photo_id in api.stream.ids]
    coverage = Coverage()
    for ends in windows:
        window = Interval(*sorted(times[end] for end in ends))
        inside = {
            photo_id
            for photo_id, uploaded in zip(api.stream.ids, times, strict=True)
            if window.low <= uploaded <= window.high
        }
        pages, coverage, stream = await walk(api, strategy, coverage, window=window)
        assert ids(pages) <= inside
        assert coverage.gaps(window.high, window.low) == []
        assert stream.total is None
    left = coverage.gaps(UNTIL)
    missing = {
        photo_id
        for photo_id, uploaded in zip(api.stream.ids, times, strict=True)
        if any(gap.low <= uploaded <= gap.high for gap in left)
    }
    pages, coverage, _ = await walk(api, strategy, coverage)
    assert missing <= ids(pages)
    assert coverage == Coverage((Interval(0, UNTIL),))
