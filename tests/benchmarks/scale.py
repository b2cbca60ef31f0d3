"""The cost of photostreams of different lengths: calls, photos per second, peak memory; also of a second run.

    python tests/benchmarks/scale.py 10000 100000 1000000 --info-only
    python tests/benchmarks/scale.py 10000 100000 --image-only

The simulated Flickr answers from another process, on the same machine. Images have about 2 kB.
The times are those of the whole command.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.measuring import measure, product

if TYPE_CHECKING:
    from collections.abc import Iterator

USERNAME = "saigon_archive"
_SERVER = """
import asyncio, sys
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream

async def main():
    stream = SimulatedPhotostream(int(sys.argv[1]), image_dims=(288, 216), commented=0)
    async with SimulatedFlickr(stream) as flickr:
        print(flickr.api_url, flush=True)
        while True:
            await asyncio.to_thread(sys.stdin.readline)
            print(sum(flickr.calls.values()), flush=True)
            flickr.reset_counters()

asyncio.run(main())
"""


@contextmanager
def simulated(photos: int) -> Iterator[subprocess.Popen[str]]:
    """Run a simulated Flickr, which prints its address, and for each input line the calls since the previous one."""
    line = [sys.executable, "-c", _SERVER, str(photos)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            server.kill()


def next_line(server: subprocess.Popen[str], *, ask: bool = True) -> str:
    """Return the next line that a server prints."""
    assert server.stdin is not None
    assert server.stdout is not None
    if ask:
        server.stdin.write("\n")
        server.stdin.flush()
    return server.stdout.readline().strip()


def first_image(folder: Path, begun: float) -> str:
    """Return the time of the first image as text."""
    times = [path.stat().st_ctime for path in folder.rglob("*.jpg")]
    return f", first image after {min(times) - begun:.2f} s" if times else ""


def measure_one(photos: int, what: list[str], folder: Path) -> None:
    """Mirror one photostream twice, and print the cost."""
    with simulated(photos) as server:
        api_url = next_line(server, ask=False)
        line, environment = product(api_url, USERNAME, folder, *what)
        for title in ("first", "again"):
            begun = time.time()
            cost = measure(line, folder, **environment)
            rate = f"{photos / cost.seconds:8.0f} photos/s " if title == "first" else " " * 18
            more = first_image(folder, begun) if title == "first" and photos <= 100_000 else ""
            sys.stdout.write(
                f"{photos:9,} photos, {title}: {cost.seconds:8.2f} s {rate} {next_line(server):>5} calls "
                f"{cost.cpu:8.1f} s CPU {cost.memory:6.0f} MB{more}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=int, nargs="+")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--info-only", action="store_const", dest="what", const=["--info-only", "--info-level", "1"]
    )
    kind.add_argument("--image-only", action="store_const", dest="what", const=["--image-only"])
    parser.set_defaults(what=["--info-level", "1"])
    arguments = parser.parse_args()
    for count in arguments.photos:
        with tempfile.TemporaryDirectory() as name:
            measure_one(count, arguments.what, Path(name))
