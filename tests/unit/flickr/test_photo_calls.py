"""The calls about one photo: their pages, and the refusals that are answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx

from flickr_mirror import PermissionDeniedError, PhotoNotFoundError, TransportError
from flickr_mirror.flickr.photo_calls import get_exif, get_faves, get_photo
from flickr_mirror.models.options import FLICKR_API_URL
from tests.unit.flickr.test_api import open_api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = dict[str, Any]
GONE = {"stat": "fail", "code": 1, "message": "Photo not found"}
DENIED = {"stat": "fail", "code": 2, "message": "Permission denied"}


@pytest.fixture
def answering() -> Iterator[Callable[..., respx.Route]]:
    """Return a function that sets the answers to the calls, in their order."""
    with respx.mock(assert_all_called=False) as router:

        def answer(*answers: Answer) -> respx.Route:
            responses = [httpx.Response(200, json={"stat": "ok", **one}) for one in answers]
            return router.route(url__startswith=FLICKR_API_URL).mock(side_effect=responses)

        yield answer


def faves(first: int, last: int, pages: object) -> Answer:
    """Return a page of faves by the people with these numbers."""
    people = [{"nsid": f"{number}@N01", "favedate": str(number)} for number in range(first, last)]
    return {"photo": {"person": people, "pages": pages}}


async def test_faves_are_listed_page_by_page_and_once_each(answering: Callable[..., respx.Route]) -> None:
    """A new favourite moves the last person of a page to the next page."""
    route = answering(faves(0, 50, "3"), faves(49, 99, 3), faves(99, 103, "3"))
    async with open_api() as api:
        people = await get_faves(api.http_client, "5")
    assert [person["nsid"] for person in people] == [f"{number}@N01" for number in range(103)]
    assert [call.request.url.params["page"] for call in route.calls] == ["1", "2", "3"]
    assert {call.request.url.params["per_page"] for call in route.calls} == {"50"}


@pytest.mark.parametrize("pages", [0, "", None, "1", 2])
async def test_an_empty_page_is_the_last(answering: Callable[..., respx.Route], pages: object) -> None:
    """For any number of pages that Flickr states. Without favourites there is no list."""
    answering({"photo": {"pages": pages}}, *[faves(0, 0, pages)] * 3)
    async with open_api() as api:
        assert await get_faves(api.http_client, "5") == []


async def test_exif_that_the_owner_does_not_share_is_a_result(
    answering: Callable[..., respx.Route],
) -> None:
    """Code 2 is a result; a missing photo is an error."""
    answering(
        DENIED, GONE, {"photo": {"camera": "X", "exif": [{"tag": "Make", "raw": {"_content": "Y"}}, 5]}}
    )
    async with open_api() as api:
        assert await get_exif(api.http_client, "5") is None
        with pytest.raises(PhotoNotFoundError):
            await get_exif(api.http_client, "5")
        assert await get_exif(api.http_client, "5") == {
            "camera": "X",
            "tags": [{"space": "", "tag": "Make", "label": "", "raw": "Y"}],
        }


async def test_people_are_requested_if_there_are_some(answering: Callable[..., respx.Route]) -> None:
    """One call for a photo without people, two for the others."""
    owner = {"nsid": "1@N01", "username": "a"}
    alone = {"photo": {"id": "5", "owner": owner, "people": {"haspeople": 0}}}
    seen = {"photo": {"id": "5", "owner": owner, "people": {"haspeople": "1"}}}
    route = answering(alone, seen, {"people": {"person": [{"nsid": "2@N02"}]}})
    async with open_api() as api:
        assert (await get_photo(api.http_client, "5")).details["people"] == []
        assert len(route.calls) == 1
        (person,) = (await get_photo(api.http_client, "5")).details["people"]
    assert (person["nsid"], len(route.calls)) == ("2@N02", 3)


async def test_refusals_and_invalid_answers_are_errors(answering: Callable[..., respx.Route]) -> None:
    """An invalid photo id is an unusable answer."""
    answering(DENIED, {"photo": {"id": "../x", "owner": {"nsid": "1@N01"}}})
    async with open_api() as api:
        with pytest.raises(PermissionDeniedError):
            await get_photo(api.http_client, "5")
        with pytest.raises(TransportError):
            await get_photo(api.http_client, "5")
