"""The page producer with one false answer: a time counts as listed only if its photos were."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.models.intervals import Coverage, Interval
from flickr_mirror.models.options import CachingStrategy
from flickr_mirror.models.photos import PhotoPage
from flickr_mirror.simulator import SimulatedPhotostream
from tests.support.parameters import with_slow_rest
from tests.unit.flickr.test_photostream_walk import NOW, UNTIL, FakeApi, ids, walk

if TYPE_CHECKING:
    from collections.abc import Callable

PHOTOS = 120
"""Three pages of 50, the last of which is not full."""


def unusable(_: PhotoPage) -> PhotoPage:
    """Answer `{"photos": {}}`, as Flickr has done."""
    return PhotoPage.from_json({})


def empty(page: PhotoPage) -> PhotoPage:
    """Answer an empty list and a total of 0."""
    return PhotoPage(page=page.page)


def malformed(page: PhotoPage) -> PhotoPage:
    """Answer only entries that are not photos."""
    return replace(page, photos=[], malformed=len(page.photos))


def partly_malformed(page: PhotoPage) -> PhotoPage:
    """Answer three entries that are not photos, and a total without them."""
    return replace(page, photos=page.photos[3:], malformed=3, total=max(page.total - 3, 0))


def short(page: PhotoPage) -> PhotoPage:
    """Leave three photos out, and do not count them."""
    return replace(page, photos=page.photos[:-3], total=max(page.total - 3, 0))


CHANGES = (unusable, empty, malformed, partly_malformed, short)


async def walk_with_a_false_answer(
    change: Callable[[PhotoPage], PhotoPage],
    strategy: CachingStrategy,
    at: int,
    coverage: Coverage | None = None,
    expected: int = PHOTOS,
) -> tuple[FakeApi, set[str], Coverage]:
    """Walk a photostream whose answer to the call `at` is false; return the listed photos and the coverage."""
    api = FakeApi(SimulatedPhotostream(PHOTOS, newest=NOW))
    api.change = lambda number, page: change(page) if number == at else page
    pages, after, _ = await walk(api, strategy, coverage, expected=expected)
    return api, ids(pages), after


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
@pytest.mark.parametrize("at", range(7))
@pytest.mark.parametrize("change", CHANGES)
async def test_one_false_answer_covers_nothing_that_was_not_listed(
    change: Callable[[PhotoPage], PhotoPage], at: int, strategy: CachingStrategy
) -> None:
    """At any position of a first walk, a time whose photos are not listed is not covered."""
    api, listed, coverage = await walk_with_a_false_answer(change, strategy, at)
    for photo_id in set(api.stream.ids) - listed:
        uploaded = api.stream.photo(photo_id).uploaded
        assert coverage.with_interval(Interval(uploaded, uploaded)) != coverage, f"{photo_id} is covered"
    assert len(api.calls) <= 12


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("change", [unusable, empty])
async def test_one_false_answer_loses_no_photo(
    change: Callable[[PhotoPage], PhotoPage], at: int, strategy: CachingStrategy
) -> None:
    """An empty page is requested again, and the walk continues to its end."""
    api, listed, coverage = await walk_with_a_false_answer(change, strategy, at)
    assert listed == set(api.stream.ids)
    assert coverage == Coverage((Interval(0, UNTIL),))


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
@pytest.mark.parametrize("change", CHANGES)
async def test_a_later_walk_is_not_deceived(
    change: Callable[[PhotoPage], PhotoPage], strategy: CachingStrategy
) -> None:
    """An answer without the new photos does not cover the time since the last walk."""
    stream = SimulatedPhotostream(PHOTOS, newest=NOW)
    low = stream.photo(stream.ids[20]).uploaded
    api, listed, coverage = await walk_with_a_false_answer(change, strategy, 0, Coverage((Interval(0, low),)))
    for photo_id in set(api.stream.ids[:20]) - listed:
        uploaded = api.stream.photo(photo_id).uploaded
        assert coverage.with_interval(Interval(uploaded, uploaded)) != coverage


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
@pytest.mark.parametrize("change", [unusable, empty])
async def test_an_empty_answer_does_not_close_an_older_gap(
    change: Callable[[PhotoPage], PhotoPage], strategy: CachingStrategy
) -> None:
    """A gap from an interrupted run is requested twice before it counts as empty."""
    stream = SimulatedPhotostream(PHOTOS, newest=NOW)
    low = stream.photo(stream.ids[60]).uploaded
    for at in range(3):
        api, listed, coverage = await walk_with_a_false_answer(
            change, strategy, at, Coverage((Interval(low, NOW),))
        )
        assert set(api.stream.ids[61:]) <= listed
        assert coverage == Coverage((Interval(0, UNTIL),))


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
async def test_two_answers_prove_that_photos_were_removed(strategy: CachingStrategy) -> None:
    """If two answers agree on fewer photos, the time is covered."""
    api = FakeApi(SimulatedPhotostream(PHOTOS, newest=NOW))

    def delete(number: int) -> None:
        if number == 2:
            for photo_id in api.stream.ids[-5:]:
                api.stream.delete(photo_id)

    api.before_call = delete
    pages, coverage, _ = await walk(api, strategy, expected=PHOTOS)
    assert set(api.stream.ids) <= ids(pages)
    assert coverage == Coverage((Interval(0, UNTIL),))


@pytest.mark.parametrize("place", with_slow_rest(range(0, 170, 13), 0, 65, 130))
async def test_a_photo_hidden_between_the_pages_of_one_second(place: int) -> None:
    """A second that fills four pages: photos that move to a page read before are not missed."""
    api = FakeApi(SimulatedPhotostream(300, newest=NOW, same_second=170))
    (second,) = {
        time
        for photo_id in api.stream.ids
        if (time := api.stream.photo(photo_id).uploaded)
        and sum(api.stream.photo(other).uploaded == time for other in api.stream.ids[100:200]) > 50
    }
    inside = [photo_id for photo_id in api.stream.ids if api.stream.photo(photo_id).uploaded == second]
    hidden = False

    def hide(_: int) -> None:
        nonlocal hidden
        if not hidden and api.calls and api.calls[-1][0] == 2:
            api.stream.hide(inside[place])
            hidden = True

    api.before_call = hide
    pages, coverage, _ = await walk(api, CachingStrategy.LIFO)
    assert hidden
    for photo_id in set(api.stream.ids) - ids(pages):
        uploaded = api.stream.photo(photo_id).uploaded
        assert coverage.with_interval(Interval(uploaded, uploaded)) != coverage, f"{photo_id} is covered"
    assert set(api.stream.ids) <= ids(pages)
