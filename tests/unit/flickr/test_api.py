"""Single calls to Flickr: their arguments, their errors, and no output of secrets."""

from __future__ import annotations

import logging
import time
import traceback
from math import inf
from typing import Any

import httpx
import pytest
import respx

from flickr_mirror import (
    AsyncFlickrApi,
    FlickrApiError,
    InvalidCallError,
    InvalidKeyError,
    Limits,
    PermissionDeniedError,
    PhotoNotFoundError,
    TransportError,
    UserNotFoundError,
)
from flickr_mirror.flickr.http_client import HttpClient
from flickr_mirror.flickr.rate_limiter import ApiBudget
from flickr_mirror.flickr.retry import retry_after
from flickr_mirror.models.options import FLICKR_API_URL

KEY = "canary-0123456789abcdef"


class Naps:
    """A sleep that returns at once, and records its seconds."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Note a nap."""
        self.seconds.append(seconds)


def open_api(naps: Naps | None = None) -> AsyncFlickrApi:
    """Return an API that does not wait."""
    naps = naps or Naps()
    budget = ApiBudget(sleep=naps, clock=iter(range(10_000)).__next__)
    transport = HttpClient(KEY, budget=budget, limits=Limits(attempts=4), sleep=naps)
    return AsyncFlickrApi(KEY, "secret", http_client=transport)


def fail(code: object, message: str | None = "no") -> httpx.Response:
    """Return a refusal of Flickr."""
    return httpx.Response(200, json={"stat": "fail", "code": code, "message": message})


OK = httpx.Response(200, json={"stat": "ok", "user": {"id": "1@N01", "username": {"_content": "x"}}})


@respx.mock
async def test_the_key_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The key is in the request, but in no log line, error or traceback."""
    caplog.set_level(0)
    logging.getLogger().setLevel(0)
    route = respx.get(FLICKR_API_URL).mock(side_effect=[httpx.ConnectError("refused")] * 4)
    async with open_api() as api:
        with pytest.raises(TransportError) as caught:
            await api.find_user("x")
    assert route.calls.last.request.url.params["api_key"] == KEY
    assert KEY not in caplog.text
    assert KEY not in "".join(traceback.format_exception(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in repr(getattr(error, "request", ""))
        assert KEY not in str(getattr(getattr(error, "request", None), "url", ""))
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    ("method", "code", "kind"),
    [
        ("find_user", 1, UserNotFoundError),
        ("lookup_user", 1, UserNotFoundError),
        ("get_profile", 5, UserNotFoundError),
        ("get_photos", 2, UserNotFoundError),
        ("get_photo_sizes", 1, PhotoNotFoundError),
        ("get_photo_sizes", 2, PermissionDeniedError),
        ("get_photo_sizes", "1", PhotoNotFoundError),
        ("get_photo_comments", 1, PhotoNotFoundError),
        ("get_photo_description", 1, PhotoNotFoundError),
        ("find_user", 100, InvalidKeyError),
        ("get_photo_sizes", 97, InvalidKeyError),
        ("find_user", 112, InvalidCallError),
        ("find_user", 7777, FlickrApiError),
        ("find_user", None, FlickrApiError),
    ],
)
@respx.mock
async def test_a_refusal_is_the_error_of_its_method(
    method: str, code: object, kind: type[FlickrApiError]
) -> None:
    """The meaning of a code depends on the method; the text is Flickr's own, and the call is not retried."""
    route = respx.get(FLICKR_API_URL).mock(return_value=fail(code, "an error occurred"))
    async with open_api() as api:
        with pytest.raises(kind) as caught:
            await getattr(api, method)("1")
    assert type(caught.value) is kind
    assert str(caught.value) == "an error occurred"
    assert route.call_count == 1


@respx.mock
async def test_a_key_is_checked_with_one_call(caplog: pytest.LogCaptureFixture) -> None:
    """Flickr's answer repeats the key, but no log line does; a refused key has its own error class."""
    caplog.set_level(0)
    echo = {name: {"_content": value} for name, value in (("method", "flickr.test.echo"), ("api_key", KEY))}
    route = respx.get(FLICKR_API_URL).mock(
        side_effect=[httpx.Response(200, json={**echo, "stat": "ok"}), fail(100)]
    )
    async with open_api() as api:
        await api.check_key()
        with pytest.raises(InvalidKeyError):
            await api.check_key()
    assert route.call_count == 2
    assert route.calls.last.request.url.params["method"] == "flickr.test.echo"
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        fail(105),
        fail(106),
        fail(0, "Sorry, the Flickr API service is not currently available."),
        fail("201", "Sorry, the Flickr API service is not currently available."),
        httpx.Response(500),
        httpx.Response(503, text="<html>"),
        httpx.Response(429),
        httpx.Response(200, text="<html>Welcome to our hotel</html>"),
        httpx.Response(200, text=""),
        httpx.Response(200, text="[]"),
        httpx.Response(200, text='{"stat": "ok", "user": "?"}'),
        httpx.Response(200, text='jsonFlickrApi({"stat":"ok"})'),
        httpx.Response(200, content=b'{"stat":"ok","user":{"id":"1@N01"'),
    ],
)
@respx.mock
async def test_a_temporary_failure_is_retried(answer: httpx.Response) -> None:
    """An outage, a 429, a captive portal, an incomplete answer: retried after growing random waits."""
    route = respx.get(FLICKR_API_URL).mock(side_effect=[answer, answer, OK])
    naps = Naps()
    async with open_api(naps) as api:
        assert (await api.find_user("x")).id == "1@N01"
        assert api.calls == {"flickr.people.findByUsername": 3}
    assert route.call_count == 3
    assert any(naps.seconds)


@respx.mock
async def test_an_outage_is_an_error_after_some_attempts() -> None:
    """A permanent outage is an error, not a hang."""
    route = respx.get(FLICKR_API_URL).mock(return_value=httpx.Response(502))
    async with open_api() as api:
        with pytest.raises(TransportError, match="HTTP 502"):
            await api.find_user("x")
    assert route.call_count == 4


@respx.mock
async def test_an_endless_answer_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless answer does not fill the memory."""
    monkeypatch.setattr("flickr_mirror.flickr.api_endpoint.MAX_RESPONSE", 1000)
    respx.get(FLICKR_API_URL).mock(return_value=httpx.Response(200, text="[" * 2000))
    async with open_api() as api:
        with pytest.raises(TransportError, match="longer than 1000 bytes"):
            await api.find_user("x")


@respx.mock
async def test_a_listing_requests_everything_at_once() -> None:
    """One call lists titles, descriptions, dates, counts and sizes of 500 photos of a period."""
    page = {"page": "1", "pages": 1, "total": "1", "photo": [{"id": "12", "title": "Huế"}, {"id": "../x"}]}
    route = respx.get(FLICKR_API_URL).mock(
        return_value=httpx.Response(200, json={"stat": "ok", "photos": page}, headers={"Date": "nonsense"})
    )
    async with open_api() as api:
        listed = await api.get_page("1@N01", min_upload_date=5, max_upload_date=9)
        assert api.server_time is None
    parameters = route.calls.last.request.url.params
    assert parameters["per_page"] == "500"
    assert (parameters["min_upload_date"], parameters["max_upload_date"]) == ("5", "9")
    assert {"description", "count_comments", "url_o", "url_6k"} <= set(parameters["extras"].split(","))
    assert [photo.id for photo in listed.photos] == ["12"]
    assert (listed.total, listed.malformed) == (1, 1)


async def test_a_page_has_at_most_500_photos() -> None:
    """A larger page is a `ValueError`."""
    async with open_api() as api:
        with pytest.raises(ValueError, match="per_page is 1 to 500"):
            await api.get_photos("1@N01", per_page=501)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("7", 7), ("-3", None), ("1000000000", 1e9), ("soon", None), ("inf", inf), ("nan", None)],
)
def test_retry_after_is_a_number_of_seconds(header: str | None, seconds: float | None) -> None:
    """The header is read without a limit; `Backoff` limits the pause."""
    assert retry_after(header) == seconds


def test_retry_after_may_be_a_date() -> None:
    """A future date is a pause until then, a past one is none."""
    assert retry_after("Fri, 31 Dec 2100 23:59:59 GMT") == pytest.approx(4133980799 - time.time(), abs=5)
    assert retry_after("Fri, 31 Dec 1999 23:59:59") is None


async def test_unusable_sizes_are_left_out() -> None:
    """Sizes without a file or without pixels are ignored; a film may lack its pixels."""
    sizes: list[dict[str, Any]] = [
        {"label": "Large", "width": "1024", "height": 683, "source": "https://a/l.jpg", "media": "photo"},
        {"label": "Original", "width": None, "height": "", "source": "https://a/o.jpg", "media": "photo"},
        {"label": "Medium", "width": 5, "height": 5, "media": "photo"},
        {"label": "720p", "width": "", "height": "", "source": "https://a/v", "media": "video"},
    ]
    with respx.mock:
        respx.get(FLICKR_API_URL).mock(
            return_value=httpx.Response(200, json={"stat": "ok", "sizes": {"size": sizes}})
        )
        async with open_api() as api:
            assert [size.label for size in await api.get_photo_sizes("1")] == ["Large", "720p"]
