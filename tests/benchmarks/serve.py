# ruff: noqa: T201
"""The server on a large mirror: pages of 500 photos, single photos, memory, and hostile requests.

    python tests/benchmarks/serve.py 100000
    python tests/benchmarks/serve.py 100000 --mirror FOLDER   # the cache path of a mirror of `large_mirror`

The budget at 100,000 photos: a page of 500 in 60 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flickr_mirror import open_mirror
from flickr_mirror.flickr.api import EXTRAS
from tests.support.hostile_requests import Target, attack
from tests.support.large_mirror import build

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 8719


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=int)
    parser.add_argument("--mirror", type=Path)
    parser.add_argument("--hostile", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.mirror or Path(folder)
        if not arguments.mirror:
            build(root, arguments.photos)
        with open_mirror(root) as reader:
            nsid, ids = reader.nsid, [str(photo_id) for photo_id in reader.photo_ids]
        with serving(root) as server:
            read(nsid, ids, server.pid)
            status = Path(f"/proc/{server.pid}/status").read_text()
            print(next(line for line in status.splitlines() if line.startswith("VmHWM")))
            target = Target(f"http://127.0.0.1:{PORT}", ["/"], nsid, ids[:100], [b"SQLite format 3"])
            begun = time.perf_counter()
            statuses = asyncio.run(attack(target, arguments.hostile))
            print(
                f"hostile requests: {dict(sorted(statuses.items()))} in {time.perf_counter() - begun:.0f} s"
            )


@contextmanager
def serving(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Serve a mirror with the command, and print the time to its first answer."""
    line = [sys.executable, "-m", "flickr_mirror", "serve", "--listen", f"127.0.0.1:{PORT}"]
    begun = time.perf_counter()
    with subprocess.Popen([*line, "--cache-path", root], stderr=subprocess.DEVNULL) as server:
        try:
            while True:
                try:
                    call(connect(), "test.echo")
                except OSError:
                    time.sleep(0.05)
                else:
                    break
            print(f"ready after {time.perf_counter() - begun:.2f} s")
            yield server
        finally:
            server.terminate()


def connect() -> http.client.HTTPConnection:
    """Return a connection to the server."""
    return http.client.HTTPConnection("127.0.0.1", PORT)


def call(connection: http.client.HTTPConnection, method: str, **arguments: object) -> float:
    """Make a call of the API, and return its seconds."""
    query = urlencode({"method": f"flickr.{method}", "nojsoncallback": 1, "format": "json", **arguments})
    begun = time.perf_counter()
    connection.request("GET", f"/services/rest/?{query}")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    return time.perf_counter() - begun


def cpu_of(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def read(nsid: str, ids: list[str], pid: int) -> None:
    """Read pages and single photos, and print their times."""
    dice, connection = Random(1), connect()
    for style in ("json", "rest"):
        cpu = cpu_of(pid)
        pages = [
            call(
                connection,
                "people.getPhotos",
                user_id=nsid,
                per_page=500,
                extras=EXTRAS,
                format=style,
                page=dice.randint(1, max(1, len(ids) // 500)),
            )
            for _ in range(101)
        ][1:]
        print(
            f"page of 500 photos, {style}: median {statistics.median(pages) * 1000:.0f} ms, "
            f"most {max(pages) * 1000:.0f} ms, CPU {(cpu_of(pid) - cpu) / 101 * 1000:.0f} ms"
        )
    begun = time.perf_counter()
    for photo_id in dice.sample(ids, min(2000, len(ids))):
        call(connection, "photos.getInfo", photo_id=photo_id)
    print(f"getInfo: {min(2000, len(ids)) / (time.perf_counter() - begun):.0f} per second")


if __name__ == "__main__":
    main()
