"""A Flickr for benchmarks: the API is simulated, and nginx, a server written in C, sends the images."""

from __future__ import annotations

import socket
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import trustme
from anyio import to_thread

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SHAPES = {20: (376, 280), 200: (1200, 940), 2000: (3800, 2960)}
"""The pixels of images by their size in kilobytes: noise, as large as a camera's photos, without padding."""

_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; keepalive_timeout 60s;
  types {{ image/jpeg jpg; }}
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} {tls}; root {folder}/images;
    location /services/ {{ proxy_pass {api}; }}
  }}
}}
"""


@dataclass(frozen=True)
class Server:
    """The address of the photostream, and those of its images."""

    stream: SimulatedPhotostream
    flickr: SimulatedFlickr
    api_url: str
    urls: list[str]
    authority: Path
    total_bytes: int


@asynccontextmanager
async def serving(folder: Path, *, count: int, kilobytes: int, tls: bool) -> AsyncIterator[Server]:
    """Serve a photostream of `count` images of about this many kilobytes each."""
    stream = SimulatedPhotostream(count, image_dims=SHAPES[kilobytes], noise=True, commented=0)
    port = _free_port()
    authority = folder / "authority.pem"
    certificates = trustme.CA()
    certificates.cert_pem.write_to_path(authority)
    certificates.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    async with SimulatedFlickr(stream) as flickr:
        paths, total = await to_thread.run_sync(_write_images, folder / "images", flickr)
        base = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        stream.base_url = base
        secure = f"ssl; ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem"
        text = _CONFIGURATION.format(folder=folder, port=port, tls=secure if tls else "", api=flickr.url)
        (folder / "nginx.conf").write_text(text)
        line = ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]
        nginx = await anyio.open_process(line, stdin=None, stdout=None, stderr=None)
        try:
            await _until_it_listens(port)
            yield Server(
                stream,
                flickr,
                f"{base}/services/rest/",
                [f"{base}{path}" for path in paths],
                authority,
                total,
            )
        finally:
            nginx.terminate()
            with anyio.CancelScope(shield=True):
                await nginx.wait()


def _write_images(folder: Path, flickr: SimulatedFlickr) -> tuple[list[str], int]:
    paths, total = [], 0
    stream = flickr.streams[0]
    for photo_id in stream.ids:
        size = stream.photo(photo_id).best
        target = folder / size.path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        total += target.write_bytes(flickr.file(photo_id, size))
        paths.append(size.path)
    return paths, total


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def _until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            stream = await anyio.connect_tcp("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await anyio.sleep(0.05)
        else:
            await stream.aclose()
            return
