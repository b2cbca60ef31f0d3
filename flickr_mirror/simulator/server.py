"""A simulated Flickr on the loopback interface: REST API, image and video servers, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import re
import time
from collections import Counter
from contextlib import contextmanager
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Protocol, Self

from aiohttp import web
from anyio.from_thread import start_blocking_portal

from flickr_mirror.models.rest_answers import encode
from flickr_mirror.simulator import media_files
from flickr_mirror.simulator.fault_plan import Asked
from flickr_mirror.simulator.oauth import OAUTH_PATH, Caller, OAuthProblem, OAuthServer
from flickr_mirror.simulator.rest_api import RestApi

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from ssl import SSLContext

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.simulator.data.photo import SimulatedPhoto
    from flickr_mirror.simulator.data.sizes import SimulatedSize
    from flickr_mirror.simulator.data.stream import SimulatedPhotostream
    from flickr_mirror.simulator.faults import Fault
    from flickr_mirror.simulator.oauth import IssuedToken

    Intercept = Callable[[web.Request], Awaitable[web.StreamResponse | None]]

API_PATH = "/services/rest/"
SIGNED_FOR = 180
"""For how many seconds the address of a video is valid: https://live.staticflickr.com/video/...?s=eyJp..."""

_PICTURE = re.compile(r"/\d+/(\d+)_[0-9a-f]{10}(?:_\w+)?\.(?:jpg|png|gif)")
_PLAYER = re.compile(r"/photos/[^/]+/(\d+)/play/(\w+)/([0-9a-f]{10})/?")
_VIDEO = re.compile(r"/video/(\d+)/([0-9a-f]{10})/(\w+)\.mp4")


class Faults(Protocol):
    """Chooses the faults: a `Script` or a `Disturbance`."""

    def choose(self, asked: Asked) -> Fault | None:
        """Return the fault for a request; `None` for a normal response."""
        ...


class SimulatedFlickr:
    """Serves some photostreams at `api_url`; an async context manager.

    `api_key` is the only valid key; `None` accepts any. `api_secret` is its secret, which signs the calls of a login;
    `oauth` has the logins of the accounts. `undocumented_extras` and `count_comments` switch the parts
    of a listing on that Flickr serves but does not document. Pictures are sent in chunks without a
    `Content-Length`, as Flickr does, unless `content_length` is set. Latencies are in seconds. `ssl` makes the
    addresses HTTPS.

    `intercept` is called with every request first: a response that it returns is sent; after `None` the request
    continues. Then `faults`, a `Script` or a `Disturbance`, chooses a fault. Both can be set at any time.

    `calls` counts the API calls by method, `requests` the pictures and videos served by photo id, and
    `bytes_sent` their bytes, including those of faulty responses. (It has more than ten attributes because each
    setting and counter is one that tests read or set.)
    """

    def __init__(
        self,
        *streams: SimulatedPhotostream,
        host: str = "127.0.0.1",
        port: int = 0,
        api_latency: float = 0.0,
        image_latency: float = 0.0,
        undocumented_extras: bool = True,
        count_comments: bool = True,
        content_length: bool = False,
        api_key: str | None = None,
        api_secret: str = "secret",  # noqa: S107
        clock: Callable[[], float] = time.time,
        ssl: SSLContext | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.streams = streams
        self.host = host
        self.port = port
        self.api_latency = api_latency
        self.image_latency = image_latency
        self.intercept: Intercept | None = None
        self.faults = faults
        self.calls: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.bytes_sent = 0
        self._content_length = content_length
        self._clock = clock
        self._ssl = ssl
        self._api = RestApi(
            streams, undocumented_extras=undocumented_extras, count_comments=count_comments, api_key=api_key
        )
        self.oauth = OAuthServer(streams, clock, api_key, api_secret)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.host, self.port, ssl_context=self._ssl).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        self.port = self._runner.addresses[0][1]
        for stream in self.streams:
            stream.base_url = self.url
            stream.clock = self._clock
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """The address of the server, without a trailing slash."""
        return f"{'https' if self._ssl else 'http'}://{self.host}:{self.port}"

    @property
    def api_url(self) -> str:
        """The address of the REST API."""
        return f"{self.url}{API_PATH}"

    def reset_counters(self) -> None:
        """Set all counters to 0."""
        self.calls.clear()
        self.requests.clear()
        self.bytes_sent = 0

    def call(self, token: IssuedToken | None = None, /, **arguments: str) -> Payload:
        """Return the API's answer to a call, signed with a `token` if given, without HTTP and without counting it."""
        caller = Caller("any", token, sent_token=True) if token else None
        return self._api.answer({"api_key": "any", "format": "json", **arguments}, caller)

    def file(self, photo_id: str, size: SimulatedSize | None = None) -> bytes:
        """Return the file of a size of a public photo (the best one by default), without counting it."""
        found = self._api.find_photo(photo_id)
        if found is None:
            raise KeyError(photo_id)
        return self._bytes(*found, size or found[1].best)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Return the normal response to a request."""
        if request.path.rstrip("/") == API_PATH.rstrip("/"):
            return await self._answer_call(request)
        if request.path.startswith(OAUTH_PATH):
            return self._dated(await self.oauth.answer(request))
        if match := _PICTURE.fullmatch(request.path):
            return await self._answer_picture(request, match[1])
        if match := _PLAYER.fullmatch(request.path):
            return self._answer_player(*match.groups())
        if match := _VIDEO.fullmatch(request.path):
            return await self._answer_video(request, *match.groups())
        return web.Response(status=404, content_type="text/html")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.rstrip("/") == API_PATH.rstrip("/"):
            asked = Asked.call(await arguments_of(request))
            self.calls[asked.method] += 1
        elif request.path.startswith(OAUTH_PATH):
            asked = Asked("oauth", request.path)
        else:
            asked = Asked.file(request.path)
        intercepted = await self.intercept(request) if self.intercept else None
        if intercepted is not None:
            return intercepted
        fault = self.faults.choose(asked) if self.faults else None
        return await (fault.answer(request, partial(self.answer, request)) if fault else self.answer(request))

    async def _answer_call(self, request: web.Request) -> web.Response:
        if self.api_latency:
            await asyncio.sleep(self.api_latency)
        arguments = await arguments_of(request)
        try:
            caller = await self.oauth.caller(request)
        except OAuthProblem as problem:
            return self._dated(problem.response())
        text, content_type = encode(self._api.answer(arguments, caller), {**arguments, "format": "json"})
        return self._dated(web.Response(text=text, content_type=content_type))

    def _dated(self, response: web.Response) -> web.Response:
        response.headers["Date"] = formatdate(self._clock(), usegmt=True)
        return response

    async def _answer_picture(self, request: web.Request, photo_id: str) -> web.Response:
        found = self._api.find_photo(photo_id)
        sizes = found[1].pictures if found else ()
        size = next((size for size in sizes if size.path == request.path), None)
        if found is None or size is None:
            return web.Response(status=404, content_type="text/html")
        body = await self._fetch(*found, size)
        mark = hashlib.blake2b(request.path.encode(), digest_size=16).hexdigest()
        response = web.Response(
            body=body,
            content_type=media_files.CONTENT_TYPES[size.path.rpartition(".")[2]],
            headers={
                "ETag": f'"{mark}.1"',  # as recorded: it looks like an MD5, but is not one of the file
                "Last-Modified": formatdate(found[1].uploaded, usegmt=True),
                "Cache-Control": "public, max-age=31536000",
                "x-ttdb-l": str(len(body)),
                "imagewidth": str(size.width),
                "imageheight": str(size.height),
            },
        )
        if not self._content_length:
            response.enable_chunked_encoding()
        return response

    def _answer_player(self, photo_id: str, key: str, secret: str) -> web.Response:
        size = self._video(photo_id, key, secret)
        if size is None or size.refusal == 404:
            return web.Response(status=404, content_type="text/html")
        path = f"/video/{photo_id}/{secret}/{key}.mp4"
        token = _token(path, int(self._clock()) + SIGNED_FOR)
        return web.Response(status=302, headers={"Location": f"{self.url}{path}?s={token}"})

    async def _answer_video(self, request: web.Request, photo_id: str, secret: str, key: str) -> web.Response:
        size = self._video(photo_id, key, secret)
        found = self._api.find_photo(photo_id)
        if size is None or found is None:
            return web.Response(status=404, content_type="text/html")
        if size.refusal or not _is_valid(request.query.get("s", ""), request.path, self._clock()):
            return web.Response(status=403, content_type="text/html")
        body = await self._fetch(*found, size)
        digest = hashlib.md5(body, usedforsecurity=False)
        headers = {
            "Accept-Ranges": "bytes",
            "Content-MD5": base64.b64encode(digest.digest()).decode(),
            "ETag": f'"{digest.hexdigest()}"',
        }
        return web.Response(body=body, content_type="video/mp4", headers=headers)

    def _video(self, photo_id: str, key: str, secret: str) -> SimulatedSize | None:
        found = self._api.find_photo(photo_id)
        videos = found[1].videos if found else ()
        return next((size for size in videos if size.path.endswith(f"/{key}/{secret}/")), None)

    async def _fetch(self, stream: SimulatedPhotostream, photo: SimulatedPhoto, size: SimulatedSize) -> bytes:
        if self.image_latency:
            await asyncio.sleep(self.image_latency)
        body = self._bytes(stream, photo, size)
        self.requests[photo.id] += 1
        self.bytes_sent += len(body)
        return body

    def _bytes(self, stream: SimulatedPhotostream, photo: SimulatedPhoto, size: SimulatedSize) -> bytes:
        if size.media == "video":
            return media_files.video(photo, size)
        if stream.original_file is not None:
            return media_files.reduced_picture(photo, size, stream.original_file(photo))
        return media_files.picture(photo, size, noise=stream.noise)


async def arguments_of(request: web.Request) -> dict[str, str]:
    """Return the arguments of an API call, from its address and its body."""
    form = await request.post() if request.method == "POST" else {}
    return {**request.query, **{name: value for name, value in form.items() if isinstance(value, str)}}


@contextmanager
def run_in_thread(flickr: SimulatedFlickr) -> Iterator[SimulatedFlickr]:
    """Serve from another thread, for blocking callers."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(flickr) as running:
        yield running


def _token(path: str, expires: int) -> str:
    """Return the signature of an address: the base64 of `{"i": ..., "e": 1733150400, "s": ..., "v": 1}`."""
    signature = hashlib.sha1(f"{path} {expires}".encode(), usedforsecurity=False).hexdigest()
    text = json.dumps({"i": path.split("/")[2], "e": expires, "s": signature, "v": 1})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _is_valid(token: str, path: str, now: float) -> bool:
    try:
        expires = int(json.loads(base64.urlsafe_b64decode(token + "==="))["e"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return False
    return now <= expires and token == _token(path, expires)
