"""An HTTP server on mirrors: Flickr's REST API, the images and films with ranges, and the gallery."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from aiohttp import web

from flickr_mirror.errors import ServerError
from flickr_mirror.models.rest_answers import encode
from flickr_mirror.reader.search_index import SearchIndex
from flickr_mirror.web.answers import image_path
from flickr_mirror.web.gallery_files import GalleryFiles
from flickr_mirror.web.methods import MirrorApi
from flickr_mirror.web.pages import front_page, not_found_page
from flickr_mirror.web.photo_index import PhotoIndex
from flickr_mirror.web.proxy import HOSTS, listen_problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from flickr_mirror.reader.mirror_reader import MirrorReader

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

API_PATH = "/services/rest/"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_BYTES = 1 << 20
"""The longest body of a request."""
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'"
_IMAGE = re.compile(r"/\d{1,6}/(\d{1,18})_[0-9a-f]{1,20}_(\w{1,5})\.(\w{2,4})")
USER = "mirror"
"""The username of HTTP Basic authentication."""


class MirrorServer:
    """Serves mirrors at `url`; an async context manager.

    Requests for another host than `host` (and, on the loopback interface, its names) are refused, so that a web page
    cannot read the mirror through a name that it controls. Photos that are not public are shown only with a
    `password`, which every request then needs. `answers_for_flickr` is whether the names of Flickr's hosts are its own,
    for a proxy on this machine. Raises `ServerError` if the port cannot be used.
    """

    def __init__(
        self,
        readers: Sequence[MirrorReader],
        *,
        host: str,
        port: int,
        password: str | None = None,
        answers_for_flickr: bool = False,
    ) -> None:
        self.host = host
        self.port = port
        self._password = password
        self._is_behind_proxy = answers_for_flickr
        self._indexes = [PhotoIndex(reader, shows_private=password is not None) for reader in readers]
        self._galleries = [
            GalleryFiles(index, "" if len(readers) == 1 else f"/{_prefix(index.reader)}")
            for index in self._indexes
        ]
        self._stack = ExitStack()
        self._searches: dict[int, SearchIndex] = {}
        self._api = MirrorApi(self._indexes, self._search)
        self._lock = asyncio.Lock()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._guard], client_max_size=MOST_BYTES)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.host, self.port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise ServerError(
                f"Cannot listen on {self.host}:{self.port}: {listen_problem(error)}. Choose another address with "
                "--listen, such as 127.0.0.1:8081."
            ) from error
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self._stack.close()

    @property
    def has_gallery(self) -> bool:
        """Whether one of the mirrors has a gallery that is shown."""
        return any(gallery.is_there() for gallery in self._galleries)

    @property
    def url(self) -> str:
        """The address of the server."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def _search(self, index: PhotoIndex) -> SearchIndex:
        """Return the up-to-date search index of a mirror."""
        index.refresh()
        key = id(index)
        if key not in self._searches:
            self._searches[key] = self._stack.enter_context(SearchIndex(index.reader))
        self._searches[key].update()
        return self._searches[key]

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._is_own_name(request.host):
            return web.Response(status=421, text="This server is not known by that name.\n")
        if request.method not in ("GET", "HEAD", "POST"):
            return web.Response(
                status=405, text="This server only reads.\n", headers={"Allow": "GET, HEAD, POST"}
            )
        if self._password is not None and not self._is_authorized(request):
            return web.Response(
                status=401,
                text="A password is needed.\n",
                headers={"WWW-Authenticate": 'Basic realm="mirror", charset="UTF-8"'},
            )
        response = await handler(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def _is_own_name(self, host: str) -> bool:
        name = re.sub(r":\d+$", "", host).strip("[]").lower()
        if self._is_behind_proxy and name in HOSTS:
            return True
        if self.host in LOOPBACK:
            return name in LOOPBACK
        return name == self.host or (self.host in ("0.0.0.0", "::") and _is_address(name))  # noqa: S104

    def _is_authorized(self, request: web.Request) -> bool:
        kind, _, sent = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(sent, validate=True) if kind.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, f"{USER}:{self._password}".encode())

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path.rstrip("/") == API_PATH.rstrip("/"):
            return await self._answer_call(request)
        if match := _IMAGE.fullmatch(path):
            return await asyncio.to_thread(self._file, path, match[1])
        if path == "/" or (self._is_behind_proxy and path.startswith("/photos/")):
            return await asyncio.to_thread(self._front_page)
        for gallery in self._galleries:
            if f"{path}/" == gallery.address:
                raise web.HTTPFound(gallery.address)
            if file := await asyncio.to_thread(gallery.find, path):
                return web.FileResponse(file, headers={"Cache-Control": "no-cache"})
        return web.Response(status=404, text=not_found_page(), content_type="text/html")

    def _front_page(self) -> web.Response:
        """Return the front page; a redirection to the gallery of the only mirror, except for clients of a proxy."""
        found = [gallery.address if gallery.is_there() else "" for gallery in self._galleries]
        if found[0] and len(found) == 1 and not self._is_behind_proxy:
            return web.Response(status=302, headers={"Location": found[0]})
        return web.Response(text=front_page(self._indexes, self.url, found), content_type="text/html")

    async def _answer_call(self, request: web.Request) -> web.Response:
        form = await request.post() if request.method == "POST" else {}
        arguments = {
            **request.query,
            **{name: value for name, value in form.items() if isinstance(value, str)},
        }
        is_flickr = self._is_behind_proxy and request.host in HOSTS
        base = f"https://{HOSTS[-1]}" if is_flickr else f"{request.scheme}://{request.host}"
        async with self._lock:  # one call at a time: SQLite and the index belong to one thread at a time
            answer = await asyncio.to_thread(self._api.answer, arguments, base)
        text, content_type = await asyncio.to_thread(encode, answer, arguments)
        return web.Response(text=text, content_type=content_type)

    def _file(self, path: str, photo_id: str) -> web.StreamResponse:
        """Return a file; the path must be the one that the API states for it."""
        found = self._api.find(photo_id)
        for kind in ("image", "video"):
            if found and image_path(found[1], kind) == path and (file := found[1].file(kind)):
                if file.path.is_symlink() or not file.path.is_file():
                    break
                return web.FileResponse(
                    file.path, headers={"Cache-Control": "private, max-age=86400", "ETag": f'"{file.sha256}"'}
                )
        return web.Response(status=404, text=not_found_page(), content_type="text/html")


def _prefix(reader: MirrorReader) -> str:
    """Return the beginning of the addresses of one of several mirrors: `13476480@N07`, `favorites-13476480@N07`."""
    return f"{reader.source['kind']}-{reader.source['id']}" if reader.source else reader.nsid


def _is_address(name: str) -> bool:
    """Return whether a name is an IP address, which no web page can point to another server."""
    from ipaddress import ip_address

    try:
        ip_address(name)
    except ValueError:
        return False
    return True
