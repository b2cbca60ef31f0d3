"""The proxy of `serve`: it answers for Flickr's hosts only, with certificates of its own CA."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from flickr_mirror import open_mirror
from flickr_mirror.errors import ServerError
from flickr_mirror.web.proxy import HOSTS, MirrorProxy
from flickr_mirror.web.server import MirrorServer
from tests.support.mirroring import Run, mirroring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")
QUERY = {"format": "json", "nojsoncallback": "1"}


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror 6 photos."""
    async with mirroring(tmp_path / "cache", 6) as run:
        await run(info_level=1)
        yield run


@pytest.fixture
async def proxy(run: Run, tmp_path: Path) -> AsyncIterator[MirrorProxy]:
    """Serve the mirror, also by a proxy."""
    with open_mirror(run.root) as reader:
        async with (
            MirrorServer([reader], host="127.0.0.1", port=0, answers_for_flickr=True) as server,
            MirrorProxy("127.0.0.1", 0, server.port, tmp_path / "ca" / "ca.pem") as proxy,
        ):
            yield proxy


def client(proxy: MirrorProxy) -> httpx.AsyncClient:
    """Return a client that knows only the proxy and the certificate of its CA."""
    context = ssl.create_default_context(cafile=proxy.certificate)
    return httpx.AsyncClient(proxy=proxy.url, verify=context)


async def test_flickrs_hosts_are_answered_from_the_mirror(run: Run, proxy: MirrorProxy) -> None:
    async with client(proxy) as http:
        arguments = {
            "method": "flickr.people.getPhotos",
            "user_id": run.stream.nsid,
            "extras": "url_o,url_k,url_l",
        }
        answer = await http.get("https://api.flickr.com/services/rest/", params={**QUERY, **arguments})
        photos = answer.json()["photos"]["photo"]
        assert [photo["id"] for photo in photos] == list(run.stream.ids)
        address = next(value for name, value in photos[0].items() if name.startswith("url_"))
        assert address.startswith("https://live.staticflickr.com/")
        assert (await http.get(address)).content == run.path(run.stream.ids[0]).read_bytes()
        page = await http.get(f"https://www.flickr.com/photos/{run.stream.path_alias}/")
        assert "site_key = " in page.text


async def test_several_requests_share_a_connection(run: Run, proxy: MirrorProxy) -> None:
    async with client(proxy) as http:
        for _ in range(5):
            answer = await http.get(
                "https://api.flickr.com/services/rest/", params={**QUERY, "method": "flickr.test.echo"}
            )
            assert answer.json()["stat"] == "ok"


@pytest.mark.parametrize(
    "address", ["https://example.org/", "https://api.flickr.com:444/", "https://127.0.0.1/"]
)
async def test_every_other_host_is_refused(proxy: MirrorProxy, address: str) -> None:
    async with client(proxy) as http:
        with pytest.raises(httpx.ProxyError, match="403"):
            await http.get(address)


async def test_a_request_without_a_tunnel_is_refused(proxy: MirrorProxy) -> None:
    async with client(proxy) as http:
        assert (await http.get("http://api.flickr.com/")).status_code == 403


async def test_the_key_of_the_ca_is_not_written(proxy: MirrorProxy) -> None:
    text = proxy.certificate.read_text()
    assert "BEGIN CERTIFICATE" in text
    assert "PRIVATE KEY" not in text
    assert [path.name for path in proxy.certificate.parent.iterdir()] == ["ca.pem"]


async def test_without_a_proxy_flickrs_hosts_are_refused(run: Run) -> None:
    with open_mirror(run.root) as reader:
        async with MirrorServer([reader], host="127.0.0.1", port=0) as server, httpx.AsyncClient() as http:
            for host in HOSTS:
                assert (await http.get(server.url, headers={"Host": host})).status_code == 421


async def test_a_port_in_use_is_reported(proxy: MirrorProxy, tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="Choose another address with --proxy"):
        async with MirrorProxy("127.0.0.1", proxy.port, 1, tmp_path / "ca.pem"):
            pass
