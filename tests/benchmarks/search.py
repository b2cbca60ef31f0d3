# ruff: noqa: T201
"""Search of a large mirror: building the index, single queries, the command, and the cost of an index for each run.

    python tests/benchmarks/search.py 100000
    python tests/benchmarks/search.py 100000 --mirror FOLDER   # the cache path of a mirror of `large_mirror`
    python tests/benchmarks/search.py 100000 --runs 5   # also runs that add 1,000 photos, without and with index

The budgets at 100,000 photos: index built in 30 s and 100 MB at most, a query in 50 ms (median), the command in 300 ms,
a run with an index at most 5 % longer than one without.

The runs take 100 ms for each call and 50 ms for each image, as over an internet connection, and take turns.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flickr_mirror import PhotoFilter, SearchIndex, open_mirror
from flickr_mirror.reader.index_file import FILE_NAME, remove_index
from tests.benchmarks.measuring import Cost, measure, product
from tests.support.large_mirror import build

if TYPE_CHECKING:
    from collections.abc import Iterator

USERNAME = "saigon_archive"
QUERIES = (
    "duong",
    "đường",
    "hue",
    "cho*",
    '"le loi"',
    "street -hue",
    "title:1908",
    "rue ville",
    "舊街",
    "старая",
)
ADDED = 1000
"""The number of new photos in each run."""
_SERVER = """
import asyncio, sys
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream

async def main():
    stream = SimulatedPhotostream(int(sys.argv[1]), commented=0)
    async with SimulatedFlickr(stream, api_latency=0.1, image_latency=0.05) as flickr:
        print(flickr.api_url, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            stream.upload(int(sys.argv[2]))
            print(flush=True)

asyncio.run(main())
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=int)
    parser.add_argument("--mirror", type=Path)
    parser.add_argument("--runs", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.mirror or Path(folder)
        if not arguments.mirror:
            build(root, arguments.photos)
        build_index(root)
        search(root)
        run_command(root)
        if arguments.runs:
            run_mirrors(root, arguments.photos, arguments.runs)


def build_index(root: Path) -> None:
    """Build the index, and print the time, the size and the memory."""
    state = root / USERNAME / ".flickr_mirror"
    remove_index(state)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, cpu = time.perf_counter(), time.process_time()
    with open_mirror(root) as reader, SearchIndex(reader) as index:
        index.update()
    print(f"index built in {time.perf_counter() - begun:.1f} s, {time.process_time() - cpu:.1f} s CPU")
    size = sum(path.stat().st_size for path in state.glob("search.sqlite*")) / 1e6
    print(
        f"{size:.1f} MB on disk, memory +{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.0f} MB"
    )


def search(root: Path) -> None:
    """Run 100 queries, and print their times."""
    seconds, cpu = [], []
    with open_mirror(root) as reader, SearchIndex(reader) as index:
        for number in range(100):
            begun, cpu_begun = time.perf_counter(), time.process_time()
            index.search(QUERIES[number % len(QUERIES)], PhotoFilter(), limit=50)
            seconds.append(time.perf_counter() - begun)
            cpu.append(time.process_time() - cpu_begun)
    print(
        f"100 queries: median {statistics.median(seconds) * 1000:.1f} ms, most {max(seconds) * 1000:.1f} ms,"
        f" CPU {statistics.median(cpu) * 1000:.1f} ms"
    )


def run_command(root: Path) -> None:
    """Run the command several times, and print its time beside that of a search with grep."""
    line = [sys.executable, "-m", "flickr_mirror", "search", "title:1908", "--limit", "50"]
    costs = [measure([*line, "--cache-path", str(root)], root) for _ in range(10)][1:]
    seconds = statistics.median(cost.seconds for cost in costs)
    cpu = statistics.median(cost.cpu for cost in costs)
    print(
        f"whole command: median {seconds * 1000:.0f} ms, least {min(cost.seconds for cost in costs) * 1000:.0f} ms,"
        f" CPU {cpu * 1000:.0f} ms"
    )
    begun = time.perf_counter()
    subprocess.run(["grep", "-rl", "1908", "--include=*.json", root], check=False, capture_output=True)  # noqa: S607
    print(f"grep: {(time.perf_counter() - begun) * 1000:.0f} ms")


@contextmanager
def growing(photos: int) -> Iterator[subprocess.Popen[str]]:
    """Run a simulated Flickr, which prints its address, and for each input line adds photos to the photostream."""
    line = [sys.executable, "-c", _SERVER, str(photos), str(ADDED)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            server.kill()


def run_mirrors(root: Path, photos: int, rounds: int) -> None:
    """Mirror new photos by turns without and with an index, and print the median times."""
    state = root / USERNAME / ".flickr_mirror"
    costs: dict[str, list[Cost]] = {"without index": [], "with index": []}
    with growing(photos) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        api_url = server.stdout.readline().strip()
        options = ("--info-level", "1", "--no-description")
        line, environment = product(api_url, USERNAME, root, *options)
        measure(line, root, **environment)  # first, compare the photos of this benchmark with Flickr's
        for _ in range(rounds):
            for title, found in costs.items():
                with open_mirror(root) as reader, SearchIndex(reader) as index:
                    index.update()
                if title == "without index":
                    (state / FILE_NAME).rename(root / FILE_NAME)
                server.stdin.write("\n")
                server.stdin.flush()
                server.stdout.readline()
                cost = measure(line, root, **environment)
                found.append(cost)
                if title == "without index":
                    (root / FILE_NAME).rename(state / FILE_NAME)
                print(f"run, {title}: {cost.seconds:.2f} s, {cost.cpu:.2f} s CPU")
    for name in ("seconds", "cpu"):
        without, with_index = (
            statistics.median(getattr(cost, name) for cost in found) for found in costs.values()
        )
        print(f"{name} of a run with an index: {with_index / without - 1:+.1%}")


if __name__ == "__main__":
    main()
