"""The parts that a program that embeds the package may replace, and its dependencies."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import httpx
import pytest

from flickr_mirror import ApiBudget, AsyncFlickrApi, Limits, MirrorOptions, PhotostreamMirror, TransportError
from tests.support import canary
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("writer_processes")


class Noting(httpx.AsyncHTTPTransport):
    """An embedder's own connections, which record the requested paths."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []
        self.closed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        assert request.url.params["api_key"] == canary.KEY
        return await super().handle_async_request(request)

    async def aclose(self) -> None:
        self.closed += 1
        await super().aclose()


@pytest.mark.usefixtures("canary")
@pytest.mark.slow
async def test_calls_go_through_connections_of_the_embedder(tmp_path: Path) -> None:
    """A program passes its own connections to the API; images use their own, and each run closes its connections."""
    async with mirroring(tmp_path) as run:
        noting = Noting()
        mirror = PhotostreamMirror(
            run.stream.username,
            canary.KEY,
            canary.SECRET,
            options=MirrorOptions(cache_path=tmp_path, api_url=run.flickr.api_url),
            budget=ApiBudget(),
            api_transport=noting,
        )
        report = await mirror.run()
        assert report.images == 12
        assert noting.paths == ["/services/rest/"] * report.api_calls
        run.stream.upload(2)
        assert (await mirror.run()).images == 2
        assert noting.closed == 2


async def test_single_calls_go_through_connections_of_the_embedder() -> None:
    """The API alone accepts them as well, and their failure is a transport error."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("No way out.", request=request)

    async with AsyncFlickrApi(
        canary.KEY, canary.SECRET, api_transport=httpx.MockTransport(lambda _: httpx.Response(200, json=USER))
    ) as api:
        assert (await api.find_user("manhhai")).id == "13476480@N07"
    async with AsyncFlickrApi(
        canary.KEY, canary.SECRET, api_transport=httpx.MockTransport(refuse), limits=Limits(attempts=1)
    ) as api:
        with pytest.raises(TransportError) as caught:
            await api.find_user("manhhai")
    assert canary.KEY not in repr(caught.value)


USER = {"user": {"nsid": "13476480@N07", "username": {"_content": "manhhai"}}, "stat": "ok"}


def test_the_simulator_needs_no_pytest() -> None:
    """Only the fixtures need pytest."""
    code = "import sys, flickr_mirror.simulator; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert not [entry for entry in entry_points(group="pytest11") if "flickr" in entry.value]
