"""A monitor that records its pings, on a real socket."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

SECRET = "ping-canary-5f1c"


class Monitor:
    """A simulated monitor that answers each ping with `answer`; `words` are the paths after the address, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.words: list[str] = []
        self.requests: list[web.Request] = []
        self.answer: Callable[[str], Awaitable[web.StreamResponse]] = _ok
        self._news = anyio.Event()

    async def wait_for(self, *words: str) -> None:
        """Wait until it has received exactly these pings."""
        with anyio.fail_after(30):
            while self.words != [*words]:
                await self._news.wait()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        word = request.path.removeprefix(f"/{SECRET}/")
        self.requests.append(request)
        self.words.append(word)
        self._news.set()
        self._news = anyio.Event()
        return await self.answer(word)


async def _ok(_: str) -> web.StreamResponse:
    return web.Response(text="OK")


@asynccontextmanager
async def monitoring() -> AsyncIterator[Monitor]:
    """Open a monitor on this machine."""
    monitor = Monitor()
    app = web.Application()
    app.router.add_get("/{path:.*}", monitor._take)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _, port = runner.addresses[0][:2]
    monitor.url = f"http://127.0.0.1:{port}/{SECRET}"
    try:
        yield monitor
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()


async def never(_: str) -> web.StreamResponse:
    """Do not answer."""
    await anyio.sleep_forever()
    raise AssertionError
