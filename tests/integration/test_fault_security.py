"""Section F of the catalogue of faults: hostile names, addresses, sizes and texts, and secrets."""

from __future__ import annotations

import ast
import asyncio
import gzip
import io
import json
import logging
import os
import re
import signal
import socket
import ssl
import stat
import struct
import sys
import threading
import time
import traceback
import unicodedata
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import anyio
import httpx
import pytest
import trustme
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ImageFile import ImageFile

import flickr_mirror
from flickr_mirror import (
    AccessToken,
    ApiBudget,
    AsyncFlickrApi,
    BadImageError,
    FlickrPhotoSize,
    FlickrUser,
    Limits,
    MirrorOptions,
    OAuthHandshake,
    PhotostreamMirror,
    TransportError,
)
from flickr_mirror.cli.keys.key_file import ApiKeys, save_keys
from flickr_mirror.cli.keys.token_file import SavedLogin, hash_of, write_logins
from flickr_mirror.cli.main import main
from flickr_mirror.cli.output.console import ConsoleHandler, TolerantConsole, echo
from flickr_mirror.errors import ImageGoneError
from flickr_mirror.flickr.concurrency import DownloadSlots
from flickr_mirror.flickr.downloader import LARGEST, ImageFetcher
from flickr_mirror.flickr.http_client import HttpClient
from flickr_mirror.flickr.image_servers import MAX_REDIRECTS
from flickr_mirror.flickr.responses import USER_AGENT
from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.models.photos import PhotoPage
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, run_in_thread
from flickr_mirror.simulator.oauth import IssuedToken
from flickr_mirror.storage import media_decoding, media_formats
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.owner import MAX_NAME, RESERVED, folder_name
from flickr_mirror.storage.partial_file import open_partial_file
from flickr_mirror.subprocesses import environment
from flickr_mirror.text import plain
from tests.support.command import infos
from tests.support.mirroring import jpeg, mirroring
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    Answer = Callable[[web.Request], web.StreamResponse]

KEY, SECRET = "canary-key-0123456789", "canary-secret-9876543210"
TOKEN = AccessToken("canary-token-7215760", "canary-token-secret-4321", "1@N01", "x")
PASSWORD = "canary-password"
FAR = "https://live.staticflickr.com/65535/1_0123456789_o.jpg"
MANHHAI = "13476480@N07"


# Names of files and folders


def assert_below(root: Path, path: Path) -> None:
    """Assert that a path is a valid file below `root` on any file system."""
    assert path != root
    assert Path(os.path.normpath(path)).is_relative_to(root)
    for part in path.relative_to(root).parts:
        assert part not in {"", ".", ".."}
        assert len(part.encode()) <= 200
        assert not any(character in part for character in '/\\:*?"<>|\0')


@given(username=st.text() | st.sampled_from(["../../etc", "/etc", ".", "", "\0", "con", "-rf", "x" * 300]))
def test_any_username_is_a_folder_below_the_cache(username: str) -> None:
    """Row 84: username ../../etc, /etc, ., empty, NUL, 300 bytes, con, RTL, -rf, or any other text."""
    root = Path("/cache")
    name = folder_name(FlickrUser(MANHHAI, username))
    assert_below(root, root / name)
    assert (root / name).parent == root
    assert len(name.encode()) <= MAX_NAME + len(f" ({MANHHAI})")
    assert name[0] not in ".-~"
    assert not name.endswith((".", " "))
    assert name.casefold() not in RESERVED
    assert plain(name) == name or any(unicodedata.category(letter) == "Zs" for letter in name)


@given(nsid=st.text() | st.sampled_from(["..", "", "/", "flickr_keys", "1@N0\n", "١@N01", "1@N01/.."]))
def test_any_nsid_is_a_folder_below_the_cache_or_refused(nsid: str) -> None:
    """Row 84: an account id that is not an NSID is refused."""
    try:
        user = FlickrUser.from_json({"nsid": nsid, "username": {"_content": ".."}})
    except ValueError:
        assert not is_nsid(nsid)
        with pytest.raises(ValueError, match="Invalid NSID"):
            folder_name(FlickrUser(nsid, ".."))
    else:
        assert re.fullmatch(r"[0-9]+@N[0-9][0-9]", folder_name(user))


@pytest.mark.parametrize("name", ["Photos.", "photos ", "phot\u200bos", "photos\u202e", "p\x9bhotos", "CON"])
def test_names_that_look_alike_do_not_share_a_folder(name: str) -> None:
    """Row 84: names that differ only in invisible or dropped characters have the NSID in their folders."""
    assert folder_name(FlickrUser(MANHHAI, name)).endswith(f" ({MANHHAI})")


def test_no_folder_has_the_name_of_a_file_of_the_tool() -> None:
    """Row 84: on a file system that ignores case, no user's folder has the name of the keys file."""
    for name in ("flickr_keys", "FLICKR_KEYS", "Flickr_Key", "API_calls"):
        assert folder_name(FlickrUser(MANHHAI, name)) == f"{name} ({MANHHAI})"


def test_unicode_forms_of_a_name_are_one_folder() -> None:
    """Row 84: NFC and NFD of a name share a folder, because some file systems do not distinguish them."""
    composed, apart = (unicodedata.normalize(form, "Huế") for form in ("NFC", "NFD"))
    assert folder_name(FlickrUser(MANHHAI, apart)) == folder_name(FlickrUser(MANHHAI, composed))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(photo_id=anything | st.sampled_from(["../x", "1;rm", "1/2", "٣", "1\n", "-1", "0", "1e5", "9" * 40]))
def test_any_photo_id_gives_a_path_inside_the_mirror_or_an_error(photo_id: object) -> None:
    """Row 85: an id from the API that does not consist of digits, as text or number, is refused."""
    page = PhotoPage.from_json({"photo": [{"id": photo_id, "title": "x"}]})
    cache = MirrorFolder(Path("/cache/manhhai"), 4)
    for photo in page.photos:
        assert photo.id == str(photo_id)
        assert re.fullmatch("[1-9][0-9]*", photo.id)
        assert_below(cache.folder, cache.path(photo.id, photo.extension))
    assert len(page.photos) + page.malformed == 1


@given(photo_id=st.text(), extension=st.text() | st.sampled_from(["jpg/../../x", "../x", "", "j\0g", "ｊpg"]))
def test_any_extension_gives_a_path_inside_the_mirror_or_an_error(photo_id: str, extension: str) -> None:
    """Row 85: an extension with anything but letters and digits is refused where a path is made."""
    cache = MirrorFolder(Path("/cache/manhhai"), 4)
    try:
        path = cache.path(photo_id.encode(errors="replace").decode(), extension)
    except ValueError:
        assert not re.fullmatch("[0-9A-Za-z]+", extension)
    else:
        assert_below(cache.folder, path)


def test_extensions_come_from_a_fixed_set() -> None:
    """Row 85: for any bytes, the extension is one of the fixed list."""
    known = {extension for _, kinds in media_formats._MAGIC for extension in kinds.values() if extension}
    assert known <= {*media_formats.PHOTO_EXTENSIONS, *media_formats.VIDEO_EXTENSIONS}
    assert all(
        extension.isalnum()
        for extension in (*media_formats.PHOTO_EXTENSIONS, *media_formats.VIDEO_EXTENSIONS)
    )


# Addresses


HOSTILE = [
    "file:///etc/passwd",
    "ftp://live.staticflickr.com/x.jpg",
    "data:image/png;base64,iVBORw0KGgo=",
    "http://live.staticflickr.com/x.jpg",
    "gopher://live.staticflickr.com/x",
    "https://127.0.0.1/x.jpg",
    "https://169.254.169.254/latest/meta-data/",
    "https://10.0.0.1/x.jpg",
    "https://[::1]/x.jpg",
    "https://[::ffff:127.0.0.1]/x.jpg",
    "https://2130706433/x.jpg",
    "https://0177.0.0.1/x.jpg",
    "https://0x7f000001/x.jpg",
    "https://127.1/x.jpg",
    "https://localhost/x.jpg",
    "https://flickr.com.evil.tld/x.jpg",
    "https://evilflickr.com/x.jpg",
    "https://evil-staticflickr.com/x.jpg",
    "https://live.staticflickr.com@evil.tld/x.jpg",
    "https://live.staticflickr.com:x@evil.tld/x.jpg",
    "https://user:word@live.staticflickr.com/x.jpg",
    "https://user:word@api.flickr.com/x.jpg",
    "https://evil.tld\\@live.staticflickr.com/x.jpg",
    "https://evil.tld#@live.staticflickr.com/x.jpg",
    "https://evil.tld?@live.staticflickr.com/x.jpg",
    "https://live.staticflickr.com:8443/x.jpg",
    "https://live.staticflickr.com:22/x.jpg",
    "https://live.staticflickr.com./x.jpg",
    "https://live.staticflickr.com%2eevil.tld/x.jpg",
    "https://live.staticflickr.com%00.evil.tld/x.jpg",
    "https://live.staticflickr.co\u043c/x.jpg",
    "https://live.statiсflickr.com/x.jpg",
    "//evil.tld/x.jpg",
    "https:/\\evil.tld/x.jpg",
    "https:///live.staticflickr.com/x.jpg",
    "",
]


@asynccontextmanager
async def images(
    handler: Callable[[httpx.Request], httpx.Response], **settings: Any
) -> AsyncIterator[HttpClient]:
    """Open a transport whose image servers answer by a function."""
    limits = Limits(attempts=3)
    mock = httpx.MockTransport(handler)
    budget = ApiBudget()
    async with HttpClient(KEY, budget=budget, limits=limits, image_transport=mock, **settings) as transport:
        yield transport


@pytest.mark.parametrize("address", HOSTILE)
@pytest.mark.parametrize("hops", [0, 1, 3])
async def test_only_image_servers_are_contacted(address: str, hops: int) -> None:
    """Rows 87 to 89: source or redirect with another scheme, host, port or user is refused before it is sent."""
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        last = len(asked) >= hops
        target = address if last else f"{FAR}?{len(asked)}"
        return httpx.Response(302, headers=[(b"Location", target.encode())])

    async with images(answer) as transport:
        with pytest.raises((ImageGoneError, TransportError)):
            async with transport.stream(FAR if hops else address):
                pass
    assert hops <= len(asked) <= MAX_REDIRECTS + 1
    assert hops or not asked
    assert {url.host for url in asked} <= {"live.staticflickr.com"}
    assert {url.scheme for url in asked} <= {"https"}


async def test_only_a_few_redirects_are_followed() -> None:
    """Row 89: at most three redirects are followed."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": f"/{len(asked)}"})

    async with images(answer) as transport:
        with pytest.raises(ImageGoneError, match="more than 3 times"):
            async with transport.stream(FAR):
                pass
    assert len(asked) == MAX_REDIRECTS + 1


async def test_image_servers_get_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Row 89: image servers get neither the key, nor the endpoint's password, nor .netrc, nor a cookie."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"default login me password {PASSWORD}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) == 1:
            return httpx.Response(302, headers={"Location": "https://farm1.static.flickr.com/1/2_3.jpg"})
        return httpx.Response(200)

    address = f"https://me:{PASSWORD}@api.flickr.com/services/rest/"
    async with images(answer, api_url=address) as transport, transport.stream(FAR):
        pass
    assert len(asked) == 2
    for request in asked:
        sent = f"{request.url} {request.headers.raw!r}"
        assert not {"authorization", "cookie"} & {*request.headers}
        assert KEY not in sent
        assert PASSWORD not in sent


async def test_a_redirect_of_the_api_is_not_followed() -> None:
    """Row 89: the key is never sent to another server."""
    async with (
        SimulatedFlickr(SimulatedPhotostream(1)) as evil,
        SimulatedFlickr(SimulatedPhotostream(1)) as flickr,
    ):
        seen: list[str] = []

        async def note(request: web.Request) -> None:
            seen.append(str(request.url))

        async def redirect(request: web.Request) -> web.StreamResponse:
            return web.Response(status=307, headers={"Location": f"{evil.url}{request.path_qs}"})

        evil.intercept, flickr.intercept = note, redirect
        async with AsyncFlickrApi(KEY, SECRET, api_url=flickr.api_url, limits=Limits(attempts=1)) as api:
            with pytest.raises(TransportError, match="307"):
                await api.find_user("x")
        assert seen == []


async def test_an_allowed_name_of_another_server_gets_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 90: DNS rebinding: a private server cannot prove to be Flickr's, so nothing is sent to it."""
    certificate = trustme.CA().issue_cert("live.staticflickr.com")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    async with SimulatedFlickr(SimulatedPhotostream(1), ssl=context) as private:
        seen: list[str] = []

        async def note(request: web.Request) -> None:
            seen.append(str(request.url))

        private.intercept = note
        resolve = socket.getaddrinfo
        resolved: list[object] = []

        def rebind(host: object, *arguments: Any, **named: Any) -> Any:
            if host != "live.staticflickr.com":
                return resolve(host, *arguments, **named)  # type: ignore[arg-type]
            resolved.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", private.port))]

        monkeypatch.setattr("socket.getaddrinfo", rebind)
        async with HttpClient(KEY, budget=ApiBudget()) as transport:
            with pytest.raises(TransportError, match="certificate"):
                async with transport.stream(FAR):
                    pass
        assert resolved
        assert seen == []


# Sizes


class Body(httpx.AsyncByteStream):
    """A body of many chunks that counts the bytes read."""

    def __init__(self, chunks: int) -> None:
        self.left = chunks
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.left:
            self.left -= 1
            self.sent += 65_536
            yield b"\xff\xd8\xff" + bytes(65_533)


@pytest.mark.parametrize(
    ("headers", "most"),
    [
        ({}, 400_000),
        ({"Transfer-Encoding": "chunked"}, 400_000),
        ({"Content-Length": "100"}, 400_000),
        ({"Content-Length": "nonsense"}, 400_000),
        ({"Content-Length": "10000000000"}, 0),
        ({"x-ttdb-l": "10000000000"}, 0),
    ],
    ids=["endless", "chunked", "wrong length", "no number", "10 GB announced", "10 GB hinted"],
)
async def test_a_size_bomb_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], most: int
) -> None:
    """Row 91: size bomb: endless body, 10 GB Content-Length: aborted during the transfer, and not retried."""
    monkeypatch.setitem(LARGEST, "photo", 300_000)
    bodies: list[Body] = []

    def answer(_: httpx.Request) -> httpx.Response:
        bodies.append(Body(1000))
        return httpx.Response(200, headers=headers, stream=bodies[-1])

    async with images(answer) as transport, open_partial_file(tmp_path) as part:
        with pytest.raises(ImageGoneError, match="larger than 300000 bytes"):
            await ImageFetcher(transport, DownloadSlots(1)).fetch(
                FlickrPhotoSize("Original", 9, 9, FAR), part
            )
    assert len(bodies) == 1
    assert bodies[0].sent <= most
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("packing", ["gzip", "gzip, gzip", "deflate", "br", "GZIP"])
async def test_a_packed_image_is_not_unpacked(packing: str) -> None:
    """Row 91: a compressed image, which was not requested, could be a bomb: it is refused."""
    body = gzip.compress(jpeg(640, 480))

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": packing}, stream=httpx.ByteStream(body))

    async with images(answer) as transport:
        with pytest.raises(TransportError, match="unexpected Content-Encoding"):
            async with transport.stream(FAR):
                pass


async def test_an_answer_packed_twice_is_not_unpacked() -> None:
    """Row 91: compressed twice, 64 kB can be 64 GB: the API's answers are unpacked once at most."""
    async with SimulatedFlickr(SimulatedPhotostream(1)) as flickr:
        layers = 1

        async def pack(request: web.Request) -> web.StreamResponse:
            body = json.dumps(flickr.call(**request.query)).encode()
            for _ in range(layers):
                body = gzip.compress(body)
            return web.Response(body=body, headers={"Content-Encoding": ", ".join(["gzip"] * layers)})

        flickr.intercept = pack
        async with AsyncFlickrApi(KEY, SECRET, api_url=flickr.api_url, limits=Limits(attempts=1)) as api:
            user = await api.find_user(flickr.streams[0].username)
            assert user.id == flickr.streams[0].nsid
            layers = 2
            with pytest.raises(TransportError, match="unexpected Content-Encoding"):
                await api.find_user(flickr.streams[0].username)


# Pixels


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_a_jpeg_of_endless_scans_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 92: pixel bomb: scans of a few bytes that each cost a pass over all pixels: hours in 1 MB."""
    file = io.BytesIO()
    Image.new("L", (640, 480), 200).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    *_, before, last = (match.start() for match in re.finditer(b"\xff\xda", data))
    bomb = tmp_path / "bomb"
    bomb.write_bytes(data[:last] + data[before:last] * 60 + data[last:])
    loads: list[object] = []
    load = ImageFile.load

    def counting(image: ImageFile) -> Any:
        loads.append(image)
        return load(image)

    monkeypatch.setattr(ImageFile, "load", counting)
    media_decoding.decode(bomb)
    assert loads == []
    bomb.write_bytes(bomb.read_bytes()[:-2])
    with pytest.raises(BadImageError, match="end marker"):
        media_decoding.decode(bomb)
    bomb.write_bytes(data)
    media_decoding.decode(bomb)
    assert len(loads) == 1


def test_a_png_is_not_unpacked_beyond_its_claimed_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 92: pixel bomb: gigabytes of zeros behind a header of a few pixels are not unpacked."""
    unpacked: list[int] = []
    make = zlib.decompressobj

    class Counting:
        def __init__(self) -> None:
            self._inner = make()

        def decompress(self, data: bytes, most: int) -> bytes:
            found = self._inner.decompress(data, most)
            unpacked.append(len(found))
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    monkeypatch.setattr("flickr_mirror.storage.media_decoding.zlib.decompressobj", Counting)
    header = struct.pack(">IIBBBBB", 100, 100, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(20_000_000), 1)
    path = tmp_path / "bomb"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
    media_decoding.decode(path)
    assert 30_100 < sum(unpacked) < 300_000


def test_large_pictures_are_decoded_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 92: sixteen bombs at once take the memory of one; small pictures are decoded concurrently."""
    running = most = 0
    lock = threading.Lock()

    def decode(*_: object) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return True

    monkeypatch.setattr(media_decoding, "_decode_frames", decode)
    path = tmp_path / "picture"
    for size, expected in ((100, range(2, 5)), (4000, range(1, 2))):
        most = 0
        file = io.BytesIO()
        Image.new("L", (size, size)).save(file, "GIF")
        path.write_bytes(file.getvalue())
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(media_decoding.decode, [path] * 4))
        assert most in expected


# Texts


EVIL = (
    "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m\x9d0;x\x9c\r\b\x7f\u202e\u2066\u200b\u2028"
    "\n2026-01-01 00:00:00,000 [CRITICAL] forged\r\n[red]x[/red]"
)


@pytest.mark.parametrize(
    "code",
    [
        *(
            0,
            7,
            8,
            0xA,
            0xD,
            0x1B,
            0x7F,
            0x85,
            0x9B,
            0x9C,
            0x9D,
            *range(0x202A, 0x202F),
            *range(0x2066, 0x206A),
        ),
        *(0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x2060, 0x61C, 0xFEFF, 0xE0041, 0xD800, 0xAD, 0xFFF9),
    ],
)
def test_control_characters_are_replaced(code: int) -> None:
    """Row 93: ESC, BEL, CR, BS, C1, bidi controls, line ends, characters without width."""
    assert plain(f"a{chr(code)}b") == "a\ufffdb"


def test_ordinary_text_is_shown_unchanged() -> None:
    """Row 93: scripts, accents and emoji stay; a wide or unbreakable space is a space."""
    assert (
        plain("Huế 写真 שלום السلام नमस्ते 🙂❤\ufe0f e\u0301") == "Huế 写真 שלום السلام नमस्ते 🙂❤\ufe0f e\u0301"
    )
    assert plain("写真\u3000館\u00a0x") == "写真 館 x"


def test_any_message_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Row 93: the command's own messages, with paths and names."""
    echo(EVIL)
    assert capsys.readouterr().err == plain(EVIL) + "\n"


def test_a_traceback_forges_no_record() -> None:
    """Row 93: newline in an error's message: its lines are indented, so that none resembles a record."""
    file = io.StringIO()
    handler = ConsoleHandler(TolerantConsole(file=file, width=10))
    try:
        raise RuntimeError(EVIL)
    except RuntimeError:
        record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (EVIL,), sys.exc_info())
    handler.emit(record)
    first, *lines = file.getvalue().splitlines()
    assert first.endswith(plain(EVIL))
    assert any("[CRITICAL] forged" in line for line in lines)
    assert all(line.startswith("  ") and line == plain(line) for line in lines)


Command = tuple[int, str]


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Command]]:
    """Return a function that runs the real command in this process; it returns the exit code and the output."""
    logger = logging.getLogger("flickr_mirror")
    before = logger.handlers, logger.level, logger.propagate
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    handlers = {number: signal.getsignal(number) for number in numbers}
    monkeypatch.setattr("flickr_mirror.cli.mirror_app.Limits", partial(Limits, max_wait=0.5))

    def run(*arguments: str) -> Command:
        monkeypatch.setattr("sys.argv", ["mirror_flickr", *arguments])
        with pytest.raises(SystemExit) as ended:
            main(FAST)
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0  # no timer ends this process later
        written = capsys.readouterr()
        return int(ended.value.code or 0), written.out + written.err

    yield run
    logger.handlers, logger.level, logger.propagate = before
    for number, handler in handlers.items():
        signal.signal(number, handler)


def poison(flickr: SimulatedFlickr) -> None:
    """Let a simulated Flickr send hostile text in every field."""
    first = flickr.streams[0].ids[0]

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        method = request.query.get("method", "")
        if method.endswith("comments.getList"):
            return web.json_response({"stat": "fail", "code": 1, "message": EVIL})
        if method:
            answer = flickr.call(**request.query)
            for photo in answer.get("photos", {}).get("photo", ()):
                photo |= {
                    "title": EVIL,
                    "tags": EVIL,
                    "pathalias": EVIL,
                    "license": EVIL,
                    "count_comments": 1,
                }
            return web.json_response(answer)
        if first in request.path:
            return web.Response(status=302, headers={"Location": "https://ev\u202eil\u009b.tld/"})
        return web.Response(status=500, reason="\x1b]0;x\x07 \x9b31m")

    flickr.intercept = intercept


@pytest.mark.usefixtures("one_language")
@pytest.mark.parametrize("terminal", [False, True], ids=["log", "terminal"])
def test_a_hostile_photostream_cannot_control_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Command], terminal: bool
) -> None:
    """Row 93: terminal escapes in title, username, tag, message, reason phrase, redirect; forged log lines."""
    if terminal:
        console = TolerantConsole(stderr=True, force_terminal=True, highlight=False, soft_wrap=True)
        for module in ("output.console", "graceful_shutdown", "runner", "run_view"):
            monkeypatch.setattr(f"flickr_mirror.cli.{module}.console", console)
        monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FLICKR_CONSUMER_KEY", KEY)
    monkeypatch.setenv("FLICKR_CONSUMER_SECRET", SECRET)
    stream = SimulatedPhotostream(2, username=EVIL)
    with run_in_thread(SimulatedFlickr(stream)) as flickr:
        poison(flickr)
        code, text = command(
            *("--username", stream.nsid, "--api-url", flickr.api_url, "--cache-path", str(tmp_path)),
            *("--info-level", "2", "--debug", "4"),
        )
    assert code == 3, text
    assert "forged" in text  # it was printed, and is harmless
    if terminal:  # the live view itself moves the cursor, hides it, and colours its bars
        text = re.sub(r"\x1b\[(?:\d+(?:;\d+)*m|\?25[hl]|1A|2K)|\r", "", text)
    else:  # the console breaks long lines of a terminal anywhere
        assert not [line for line in text.splitlines() if line.startswith(("2026-01-01", "[red]"))]
    assert [letter for letter in text if letter != "\n" and not letter.isprintable()] == []
    titles = {info["title"]["content"] for info in infos(tmp_path).values()}
    assert titles == {EVIL}
    (folder,) = tmp_path.iterdir()
    assert plain(folder.name) == folder.name


# Secrets


def reset(request: web.Request) -> web.StreamResponse:
    """Reset the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def interrupt(_: web.Request) -> web.StreamResponse:
    """Send Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)
    return web.Response(status=500)


FAULTS: dict[str, Answer | None] = {
    "none": None,
    "wrong key": lambda _: web.json_response({"stat": "fail", "code": 100, "message": "Invalid API Key"}),
    "429": lambda _: web.Response(status=429, headers={"Retry-After": "0.01"}),
    "reset": reset,
    "html": lambda request: web.Response(text=f"<html>{request.url}</html>", content_type="text/html"),
    "redirect": lambda request: web.Response(status=302, headers={"Location": str(request.url)}),
    "500": lambda _: web.Response(status=500),
    "no such user": lambda _: web.json_response({"stat": "fail", "code": 1, "message": "User not found"}),
    "ctrl-c": interrupt,
}


def assert_no_canary(text: str, *folders: Path) -> None:
    """Assert that neither a text nor a file below the folders contains a secret, except files of keys and logins."""
    assert "canary" not in text
    for folder in folders:
        for path in folder.rglob("*"):
            assert "canary" not in path.name
            if path.is_file() and path.name not in ("flickr_keys", "flickr_tokens"):
                assert b"canary" not in path.read_bytes(), path


@pytest.mark.usefixtures("one_language")
@pytest.mark.parametrize("fault", FAULTS)
def test_secrets_are_shown_in_no_failure(
    tmp_path: Path,
    home: Path,
    command: Callable[..., Command],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """Row 94: API key and secret in logs, tracebacks, --debug 4, state, ledger: nowhere, after any failure."""
    monkeypatch.setattr("flickr_mirror.cli.mirror_app.Limits", partial(Limits, max_wait=0.05))
    stream = SimulatedPhotostream(2)
    with run_in_thread(SimulatedFlickr(stream)) as flickr:
        answer = FAULTS[fault]
        seen: list[str] = []

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            seen.append(request.query.get("api_key", "") + request.headers.get("Authorization", ""))
            return answer(request) if answer and request.query else None

        flickr.intercept = intercept
        code, text = command(
            *("--username", "x" if answer else stream.nsid, "--cache-path", str(tmp_path), "--debug", "4"),
            *("--api-url", flickr.api_url.replace("://", f"://me:{PASSWORD}@"), "--save-api-keys"),
            *("--consumer-key", KEY, "--consumer-secret", SECRET),
        )
    assert seen[0].startswith(f"{KEY}Basic ")
    assert (code == 0) == (answer is None), text
    assert (tmp_path / "flickr_keys").exists() == (answer is None)
    assert "Traceback" in text or answer is None or fault == "ctrl-c"
    assert_no_canary(text, tmp_path, home)


def echo_refusal(problem: str) -> Answer:
    """Refuse a signed request with a text that repeats it, as Flickr does."""

    def refuse(request: web.Request) -> web.StreamResponse:
        seen = f"{request.url}&{request.headers.get('Authorization', '')}"
        return web.Response(status=401, text=f"oauth_problem={problem}&debug_sbs={quote(seen)}{seen}")

    return refuse


def refuse_token(code: int) -> Answer:
    """Refuse a call with an error code, and a message that repeats the token."""

    def refuse(request: web.Request) -> web.StreamResponse:
        message = f"Refused {TOKEN.token} {TOKEN.secret} {request.headers['Authorization']}"
        return web.json_response({"stat": "fail", "code": code, "message": message})

    return refuse


LOGIN_FAULTS: dict[str, Answer | None] = FAULTS | {
    **{
        f"oauth {name}": echo_refusal(name) for name in ("signature_invalid", "token_rejected", "new_problem")
    },
    **{f"code {code}": refuse_token(code) for code in (98, 99, 1)},
    "401": lambda request: web.Response(status=401, text=request.headers["Authorization"]),
}


@pytest.mark.usefixtures("one_language")
@pytest.mark.parametrize("place", ["file", "environment"])
@pytest.mark.parametrize("fault", LOGIN_FAULTS)
def test_secrets_of_a_login_are_shown_in_no_failure(
    tmp_path: Path,
    home: Path,
    command: Callable[..., Command],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    place: str,
) -> None:
    """Row 94 with a login: token, its secret and each signature, in each failure, at --debug 4."""
    monkeypatch.setattr("flickr_mirror.cli.mirror_app.Limits", partial(Limits, max_wait=0.05))
    stream = SimulatedPhotostream(2)
    token = replace(TOKEN, nsid=stream.nsid, username=stream.username)
    save_keys(home / ".flickr", ApiKeys(KEY, SECRET))
    if place == "file":
        write_logins(home / ".flickr", [SavedLogin(token, hash_of(KEY))])
    else:
        monkeypatch.setenv("FLICKR_OAUTH_TOKEN", token.token)
        monkeypatch.setenv("FLICKR_OAUTH_TOKEN_SECRET", token.secret)
    with run_in_thread(SimulatedFlickr(stream, api_key=KEY, api_secret=SECRET)) as flickr:
        flickr.oauth.tokens[token.token] = IssuedToken(token.token, token.secret, token.nsid, KEY)
        answer = LOGIN_FAULTS[fault]
        signatures: list[str] = []

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            signatures.extend(
                re.findall('oauth_signature="([^"]+)"', request.headers.get("Authorization", ""))
            )
            return answer(request) if answer and request.query else None

        flickr.intercept = intercept
        code, text = command(
            *("--username", stream.username, "--cache-path", str(tmp_path), "--debug", "4"),
            *("--api-url", flickr.api_url),
        )
    assert signatures
    assert (code == 0) == (answer is None), text
    assert code == 5 or not fault.startswith(("oauth", "code 9")), text
    for signature in {*signatures, *map(unquote, signatures)}:
        assert signature not in text
    assert_no_canary(text, tmp_path, home)


@pytest.mark.parametrize("fault", ["tls", "dns", "proxy", "bad proxy", "port", "bad address"])
def test_secrets_are_shown_in_no_failure_to_connect(
    tmp_path: Path,
    home: Path,
    command: Callable[..., Command],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """Row 94: no key and no password of a proxy or an endpoint, if no connection is made."""
    context = None
    if fault == "tls":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with run_in_thread(SimulatedFlickr(SimulatedPhotostream(1), ssl=context)) as flickr:
        place = {
            "tls": f"https://me:{PASSWORD}@127.0.0.1:{flickr.port}/",
            "dns": f"https://me:{PASSWORD}@nowhere.invalid/",
            "port": f"https://me:{PASSWORD}@nowhere.invalid:port/",
            "bad address": f"ftp://me:{PASSWORD}@nowhere.invalid/",
        }.get(fault, f"https://me:{PASSWORD}@flickr.invalid/")
        if "proxy" in fault:
            bad = "#" if fault == "bad proxy" else ""
            monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}{bad}@127.0.0.1:{flickr.port}")
        code, text = command(
            *("--username", "x", "--cache-path", str(tmp_path), "--debug", "4", "--api-url", place),
            *("--consumer-key", KEY, "--consumer-secret", SECRET),
        )
    assert code == (2 if fault in {"port", "bad address"} else 75), text
    assert_no_canary(text, tmp_path, home)


async def test_the_password_of_a_proxy_for_images_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 94: a proxy that refuses an image is named without its password, also in the traceback."""
    requests: list[bytes] = []

    async def refuse(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            requests.append(await stream.receive())
            await stream.send(b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n")

    server = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with server, anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, refuse)
        port = server.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{port}")
        async with HttpClient(KEY, budget=ApiBudget()) as transport:
            with pytest.raises(TransportError) as caught:
                async with transport.stream(FAR):
                    pass
        tasks.cancel_scope.cancel()
    assert requests[0].startswith(b"CONNECT live.staticflickr.com:443")
    assert b"proxy-authorization: basic " in requests[0].lower()
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.usefixtures("one_language")
@pytest.mark.parametrize(
    "place",
    ["flickr_mirror.engine.workers.info_fetcher.InfoFetcher.fetch", "flickr_mirror.cli.run_view.log_events"],
)
def test_secrets_are_shown_in_no_unexpected_error(
    tmp_path: Path,
    home: Path,
    command: Callable[..., Command],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    """Row 94: an unexpected exception in a worker or an observer, with the key in a local variable."""

    def fail(*_: object) -> None:
        key, secret = "".join(KEY), "".join(SECRET)
        raise RuntimeError(f"a defect of {len(key + secret)} letters")

    monkeypatch.setattr(place, fail)
    with run_in_thread(SimulatedFlickr(SimulatedPhotostream(2))) as flickr:
        code, text = command(
            *("--username", flickr.streams[0].nsid, "--cache-path", str(tmp_path), "--debug", "4"),
            *("--api-url", flickr.api_url, "--consumer-key", KEY, "--consumer-secret", SECRET),
        )
    assert code == (1 if "workers" in place else 0), text
    assert "RuntimeError" in text
    assert_no_canary(text, tmp_path, home)


@pytest.mark.usefixtures("one_language")
async def test_an_embedder_that_logs_everything_logs_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 94: the root logger at level DEBUG, with the messages of httpx, httpcore, aiohttp and asyncio."""
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with SimulatedFlickr(SimulatedPhotostream(2)) as flickr:
        faults = iter([reset, FAULTS["500"]])

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            answer = next(faults, None)
            return answer(request) if answer else None

        flickr.intercept = intercept
        mirror = PhotostreamMirror(
            flickr.streams[0].username,
            KEY,
            SECRET,
            options=MirrorOptions(
                cache_path=tmp_path, api_url=flickr.api_url.replace("://", f"://me:{PASSWORD}@")
            ),
        )
        report = await mirror.run()
    asyncio.get_running_loop().set_debug(False)
    assert report.images == 2
    assert {"httpx", "httpcore.connection", "flickr_mirror"} <= {record.name for record in caplog.records}
    assert "canary" not in caplog.text
    assert all("canary" not in str(record.args) for record in caplog.records)


def test_no_public_object_shows_a_secret() -> None:
    """Row 94: an embedder may print any object of the package."""
    address = f"https://me:{PASSWORD}@flickr.invalid/"
    options = MirrorOptions(api_url=address)
    shown: list[object] = [
        options,
        PhotostreamMirror("x", KEY, SECRET, options=options),
        PhotostreamMirror("x", KEY, SECRET, token=TOKEN),
        AsyncFlickrApi(KEY, SECRET, token=TOKEN),
        OAuthHandshake(KEY, SECRET),
        SavedLogin(TOKEN, hash_of(KEY)),
        flickr_mirror.FlickrApi(KEY, SECRET),
        flickr_mirror.FlickrUserPhotostreamMirroringAgent("x", KEY, SECRET),
        ApiKeys(KEY, SECRET),
        AsyncFlickrApi(KEY, SECRET, api_url=address),
        HttpClient(KEY, budget=ApiBudget(), api_url=address),
    ]
    assert "canary" not in repr(shown) + str(shown)


def test_the_language_process_gets_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 94: keys and passwords of proxies are not in the environment of the worker process."""
    monkeypatch.setenv("FLICKR_CONSUMER_KEY", KEY)
    monkeypatch.setenv("FLICKR_CONSUMER_SECRET", SECRET)
    for name in ("FLICKR_OAUTH_TOKEN", "MIRROR_FLICKR_OAUTH_TOKEN", "MIRROR_FLICKR_OAUTH_TOKEN_SECRET"):
        monkeypatch.setenv(name, TOKEN.token)
    monkeypatch.setenv("FLICKR_OAUTH_TOKEN_SECRET", TOKEN.secret)
    monkeypatch.setenv("FLICKR_API_URL", f"https://me:{PASSWORD}@flickr.invalid/")
    for name in ("HTTPS_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://me:{PASSWORD}@proxy.invalid")
    given = environment()
    assert "PATH" in given
    assert "canary" not in str(given)


@pytest.mark.usefixtures("one_language")
def test_a_key_on_the_command_line_causes_one_warning(
    tmp_path: Path, command: Callable[..., Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 95: key on argv works with one warning that names better ways; one from the environment has none."""
    with run_in_thread(SimulatedFlickr(SimulatedPhotostream(1))) as flickr:
        line = (
            *("--username", flickr.streams[0].nsid, "--api-url", flickr.api_url),
            *("--cache-path", str(tmp_path)),
        )
        code, text = command(*line, "--consumer-key", KEY, "--consumer-secret", SECRET)
        assert code == 0, text
        assert text.count("list of processes") == 1
        for way in ("FLICKR_CONSUMER_KEY", "FLICKR_CONSUMER_SECRET", "keys set"):
            assert way in text
        monkeypatch.setenv("FLICKR_CONSUMER_KEY", KEY)
        code, text = command(*line, "--consumer-secret", SECRET)
        assert text.count("list of processes") == 1
        monkeypatch.setenv("FLICKR_CONSUMER_SECRET", SECRET)
        code, text = command(*line)
        assert code == 0, text
        assert "list of processes" not in text
        code, text = command("--help")
        assert "canary" not in text


# Other rows


@pytest.mark.parametrize("option", ["--consumer-s", "--user", "--cache", "--image", "--full"])
def test_options_are_not_abbreviated(command: Callable[..., Command], option: str) -> None:
    """Row 101: abbreviations such as --consumer-s are refused, so that a new option changes no command line."""
    code, text = command("--username", "x", option, SECRET)
    assert code == 2
    assert option in text
    assert SECRET not in text


FORBIDDEN = {
    *("pickle", "marshal", "shelve", "dill", "yaml", "telnetlib", "ftplib"),
    *("eval", "exec", "compile", "__import__", "mktemp", "system", "popen"),
}


def test_no_input_is_executed() -> None:
    """Row 102: no pickle, eval, yaml.load, shell or predictable temporary name in the package."""
    found = []
    files = list(Path(flickr_mirror.__file__).parent.rglob("*.py"))
    for path in files:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {node.module or ""}
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                names = {node.func.id}
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                is_regex = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
                names = set() if is_regex else {node.func.attr}
            elif (
                isinstance(node, ast.keyword)
                and node.arg == "shell"
                and path.name != "completion.py"  # which contains the name of a shell
            ):
                names = {"system"}
            else:
                continue
            found += [f"{path.name}: {name}" for name in names & FORBIDDEN]
    assert len(files) > 30
    assert found == []


@pytest.mark.usefixtures("one_language")
async def test_requests_to_flickr_are_limited(tmp_path: Path) -> None:
    """Row 103: politeness: at most ten calls per second, few parallel downloads, a User-Agent with its name."""
    limits = Limits()
    async with mirroring(tmp_path, 14) as run:
        calls: list[float] = []
        agents: set[str] = set()
        running = most = 0

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            nonlocal running, most
            agents.add(request.headers["User-Agent"])
            if request.query:
                calls.append(time.monotonic())
                answer = run.flickr.call(**request.query)
                for photo in answer.get("photos", {}).get("photo", ()):
                    photo["count_comments"] = 1
                return web.json_response(answer)
            running += 1
            most = max(most, running)
            await anyio.sleep(0.03)
            running -= 1
            return None

        run.flickr.intercept = intercept
        mirror = PhotostreamMirror(
            run.stream.nsid,
            KEY,
            SECRET,
            options=MirrorOptions(cache_path=tmp_path, api_url=run.flickr.api_url, info_level=2),
        )
        report = await mirror.run()
    assert report.complete
    assert report.images == 14
    assert agents == {USER_AGENT}
    assert re.fullmatch(r"flickr_mirror/\d+\.\d+\S*", USER_AGENT)
    assert len(calls) == 16
    for first, eleventh in zip(calls, calls[11:], strict=False):
        assert eleventh - first > 0.9
    assert 1 < most <= limits.image_workers
    with pytest.raises(ValueError, match="image_workers must be 1 to 16"):
        Limits(image_workers=17)


@pytest.mark.usefixtures("one_language")
async def test_no_file_is_executable(tmp_path: Path) -> None:
    """Files are never executable under any umask, and only their owner can write to the saved keys."""
    before = os.umask(0)
    try:
        async with mirroring(tmp_path, 3) as run:
            await run(info_level=2)
        save_keys(tmp_path, ApiKeys(KEY, SECRET))
    finally:
        os.umask(before)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 3 + 3 + 3
    assert [path for path in files if path.stat().st_mode & 0o111] == []
    assert stat.S_IMODE((tmp_path / "flickr_keys").stat().st_mode) == 0o600
