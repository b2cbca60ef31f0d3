"""The simulator's faults: the bytes that each one sends."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from flickr_mirror.simulator import (
    Asked,
    Disturbance,
    Rule,
    Script,
    SimulatedFlickr,
    SimulatedPhotostream,
    faults,
)
from flickr_mirror.simulator.__main__ import build_flickr, build_parser
from flickr_mirror.simulator.fault_plan import MIXES

if TYPE_CHECKING:
    from flickr_mirror.simulator.faults import Fault


def tiny(count: int = 1) -> SimulatedPhotostream:
    """Return a stream of pictures of a few hundred bytes each."""
    return SimulatedPhotostream(count, image_dims=(40, 30))


def path_of(flickr: SimulatedFlickr) -> str:
    """Return the path of an image."""
    return flickr.streams[0].photo(flickr.streams[0].ids[0]).best.path


class Received:
    """The data received on a connection: the head, the body, and its end."""

    def __init__(self) -> None:
        self.head = ""
        self.body = b""
        self.end = "open"

    def header(self, name: str) -> str | None:
        """Return the value of a header."""
        match = re.search(rf"^{name}: (.*?)\r?$", self.head, re.IGNORECASE | re.MULTILINE)
        return match[1] if match else None

    @property
    def status(self) -> int:
        """The status of the answer."""
        return int(self.head.split()[1])


async def receive(
    flickr: SimulatedFlickr,
    path: str,
    *,
    context: ssl.SSLContext | None = None,
    expected: bytes | None = None,
) -> Received:
    """Send a request on a socket, and read until the other side closes it or is silent after the `expected` end."""
    reader, writer = await asyncio.open_connection(flickr.host, flickr.port, ssl=context)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    received, data = Received(), b""
    try:
        # a busy machine may take seconds to answer, so only the silence after the expected end is short
        while part := await asyncio.wait_for(
            reader.read(1 << 16), 0.05 if expected is not None and data.endswith(expected) else 10
        ):
            data += part
        received.end = "close"
    except TimeoutError:
        pass
    except ConnectionResetError:
        received.end = "reset"
    writer.close()
    head, _, received.body = data.partition(b"\r\n\r\n")
    received.head = head.decode()
    return received


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return an unknown certificate authority."""
    return trustme.CA()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("framing", ["length", "none", "hint", "chunked", "bad chunk"])
@pytest.mark.parametrize("after", [0, 1, 0.5, -1])
@pytest.mark.parametrize("by", ["reset", "close"])
async def test_a_body_is_cut_at_the_offset(
    authority: trustme.CA, by: str, after: float, framing: str, tls: bool
) -> None:
    """The requested number of bytes arrives, then RST or FIN, with the requested length in the header."""
    server, client = None, None
    if tls:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(server)
        client = ssl.create_default_context()
        authority.configure_trust(client)
    async with SimulatedFlickr(tiny(), ssl=server) as flickr:
        whole = flickr.file(flickr.streams[0].ids[0])
        after = len(whole) + after if after < 0 else after
        flickr.faults = Script(Rule(faults.Broken(after, by, framing)))
        received = await receive(flickr, path_of(flickr), context=client)
        place = len(whole) // 2 if after == 0.5 else int(after)
        body = received.body
        if framing in ("chunked", "bad chunk"):
            assert body.endswith(b"xyz\r\n") is (framing == "bad chunk")
            body = body.removesuffix(b"xyz\r\n").removesuffix(b"\r\n").partition(b"\r\n")[2]
        assert abs(len(body) - place) <= 1
        assert body == whole[: len(body)]
        # a TLS connection that is reset may seem closed to asyncio
        assert received.end == by or (tls and by == "reset")
        assert received.header("Content-Length") == (str(len(whole)) if framing == "length" else None)
        assert received.header("x-ttdb-l") == (str(len(whole)) if framing == "hint" else None)
        assert received.header("Transfer-Encoding") == ("chunked" if "chunk" in framing else None)


async def test_faults_of_lengths() -> None:
    """More bytes than announced, endless, far fewer than announced, slow, none."""
    async with SimulatedFlickr(tiny()) as flickr:
        whole = flickr.file(flickr.streams[0].ids[0])

        async def get(fault: Fault, expected: bytes | None = None) -> Received:
            flickr.faults = Script(Rule(fault))
            return await receive(flickr, path_of(flickr), expected=expected)

        received = await get(faults.Excess(b"more"), b"more")
        assert (received.body, received.end) == (whole + b"more", "open")
        assert received.header("Content-Length") == str(len(whole))
        received = await get(faults.Drip(pace=7, pause=0.001, after=0.5))
        assert (received.body, received.end) == (whole, "close")
        received = await get(faults.Drip(pause=60), b"\r\n\r\n")
        assert received.body == b""
        received = await get(faults.Silence(), b"")
        assert (received.head, received.end) == ("", "open")
        received = await get(faults.Silence(after=10), whole[:10])
        assert (received.body, received.end) == (whole[:10], "open")
        received = await get(faults.HangUp())
        assert (received.head, received.end) == ("", "close")
        received = await get(faults.HangUp(after_answer=True))
        assert (received.body, received.end) == (whole, "close")
        assert received.header("Connection") is None


@pytest.mark.parametrize("announced", [None, 10 << 30])
async def test_an_endless_body_has_no_end(announced: int | None) -> None:
    """The server sends until the client stops reading."""
    async with SimulatedFlickr(tiny(), faults=Script(Rule(faults.Endless(announced)))) as flickr:
        reader, writer = await asyncio.open_connection(flickr.host, flickr.port)
        writer.write(f"GET {path_of(flickr)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert (b"Content-Length: 10737418240" in head) is (announced is not None)
        assert len(await reader.readexactly(5 << 20)) == 5 << 20
        writer.close()


API = "/services/rest/?api_key=k&format=json&nojsoncallback=1&method=flickr.people.findByUsername&username="


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        (faults.throttling(), 429, None),
        (faults.throttling(7), 429, "7"),
        (faults.throttling(-1), 429, "-1"),
        (faults.throttling(10**9), 429, "1000000000"),
        (faults.throttling(faults.retry_at(0)), 429, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (faults.failing(503), 503, None),
        (faults.failing(410), 410, None),
        (faults.page(), 200, None),
        (faults.redirect("file:///etc/passwd"), 302, None),
    ],
)
async def test_other_answers(fault: Fault, status: int, retry_after: str | None) -> None:
    """Each response has the requested status, header and page."""
    async with SimulatedFlickr(tiny(), faults=Script(Rule(fault, times=None))) as flickr:
        for path in (path_of(flickr), API + "x"):
            received = await receive(flickr, path)
            assert (received.status, received.header("Retry-After")) == (status, retry_after)
            if status == 429:
                assert len(received.body) == 117
            if status == 302:
                assert received.header("Location") == "file:///etc/passwd"


@pytest.mark.parametrize("content_type", ["text/html", "image/jpeg"])
async def test_a_page_under_any_name(content_type: str) -> None:
    """A captive portal's page, possibly with an image's content type; a placeholder is a complete picture."""
    async with SimulatedFlickr(tiny(), faults=Script(Rule(faults.page(content_type)))) as flickr:
        received = await receive(flickr, path_of(flickr))
        assert received.header("Content-Type") == content_type
        assert received.body.startswith(b"<!DOCTYPE html>")
        flickr.faults = Script(Rule(faults.placeholder()))
        assert (await receive(flickr, path_of(flickr))).body.startswith(b"\x89PNG")


async def test_wrong_json() -> None:
    """Refusals with any code, invalid and altered answers, and bombs."""
    async with SimulatedFlickr(stream := tiny()) as flickr:

        async def get(fault: Fault) -> bytes:
            flickr.faults = Script(Rule(fault, kind="api"))
            return (await receive(flickr, API + stream.username)).body

        for name, text in faults.WRONG_JSON.items():
            assert await get(faults.wrong_json(text)) == text, name
        refusal: dict[str, Any] = {"stat": "fail", "code": "1", "message": "no"}
        assert json.loads(await get(faults.refusal("1", "no"))) == refusal
        assert json.loads(await get(faults.refusal(None, None))) == {"stat": "fail"}
        altered = await get(faults.Rewritten(lambda answer: answer["user"].update(id=5)))
        assert json.loads(altered)["user"]["id"] == 5
        assert json.loads(await get(faults.Rewritten(lambda _: [1]))) == [1]
        assert len(await get(faults.Bomb(10 << 20))) < 100_000


def test_a_request_is_shown_without_the_key() -> None:
    """The record of a request has the method and the photo, and no key."""
    asked = Asked.call({"api_key": "canary", "method": "flickr.photos.getSizes", "photo_id": "12"})
    assert asked == Asked("api", "method=flickr.photos.getSizes photo_id=12", "flickr.photos.getSizes", "12")
    assert Asked.file("/65535/4967_0123456789_o.jpg") == Asked(
        "image", "/65535/4967_0123456789_o.jpg", photo_id="4967"
    )
    for path in ("/photos/7@N01/4967/play/720p/0123456789/", "/video/4967/0123456789/720p.mp4"):
        assert Asked.file(path) == Asked("video", path, photo_id="4967")


def test_a_script_selects_the_requests_of_a_fault() -> None:
    """By kind, method and photo, from the nth request on, for each address or for all; others are normal."""
    reset, cut, page = faults.Broken(by="reset"), faults.Broken(), faults.page()
    script = Script(
        Rule(reset, photo_id="1", start=2),
        Rule(cut, kind="image", each=True),
        Rule(page, method="flickr.photos.getSizes", times=2),
    )
    first, second = Asked.file("/1/1_0123456789.jpg"), Asked.file("/1/2_0123456789.jpg")
    sizes = Asked.call({"method": "flickr.photos.getSizes", "photo_id": "9"})
    assert [script.choose(asked) for asked in (first, first, first, second, second)] == [
        cut,
        reset,
        None,
        cut,
        None,
    ]
    assert [script.choose(sizes) for _ in range(3)] == [page, page, None]
    assert script.choose(Asked.call({"method": "flickr.people.getInfo"})) is None
    assert len(script.asked) == 9
    assert script.done == [(first, cut), (first, reset), (second, cut), (sizes, page), (sizes, page)]


def test_a_disturbance_is_random_and_reproducible() -> None:
    """About the share of all requests gets a fault, of every kind; the same requests in any order."""
    requests = [Asked.file(f"/1/{number}_0123456789.jpg") for number in range(1000)] * 2
    one, two = Disturbance(0.3, seed=5), Disturbance(0.3, seed=5)
    done = {(asked, n): one.choose(asked) for n, asked in enumerate(requests)}
    again = [two.choose(asked) for asked in reversed(requests[:1000])]
    assert again[::-1] == [done[asked, n] for n, asked in enumerate(requests[:1000])]
    assert 500 < sum(one.counts.values()) < 700
    assert one.requests == 2000
    assert set(one.counts) == set(MIXES)
    other = Disturbance(0.3, seed=6)
    assert [other.choose(asked) for asked in requests] != list(done.values())


def test_a_repeated_request_succeeds() -> None:
    """With any share, a request that is repeated often enough gets an answer."""
    disturbance = Disturbance(1.0, in_a_row=2)
    asked = Asked.file("/1/1_0123456789.jpg")
    assert [disturbance.choose(asked) is None for _ in range(6)] == [False, False, True] * 2


async def test_the_simulators_command_has_faults() -> None:
    """`--disturb` is the share, `--disturb-with` the kinds."""
    flickr = build_flickr(build_parser().parse_args(["--disturb", "1", "--disturb-with", "5xx", "page"]))
    assert isinstance(flickr.faults, Disturbance)
    async with flickr:
        for _ in range(20):
            await receive(flickr, API + flickr.streams[0].username)
    assert set(flickr.faults.counts) == {"5xx", "page"}
    assert sum(flickr.faults.counts.values()) == 16  # never five times in a row
    assert build_flickr(build_parser().parse_args([])).faults.choose(Asked("api", "")) is None  # type: ignore[union-attr]
