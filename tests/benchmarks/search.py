# ruff: noqa: T201
"""Search of a large mirror: building the index, single queries, and an update after one changed photo.

    python tests/benchmarks/search.py 100000

The peer is a scan of all sidecar files with `grep -rl` for the same word, measured in the same run.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flickr_mirror import PhotoFilter, SearchIndex, open_mirror
from tests.support.large_mirror import build

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


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=int)
    count = parser.parse_args().photos
    with tempfile.TemporaryDirectory() as folder:
        mirror = build(Path(folder), count)
        with open_mirror(mirror.folder) as reader, SearchIndex(reader) as index:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            begun = time.perf_counter()
            index.update()
            print(f"index built in {time.perf_counter() - begun:.1f} s, {size(mirror.state):.1f} MB on disk")
            print(
                f"peak memory +{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.0f} MB"
            )
            seconds = []
            for number in range(100):
                begun = time.perf_counter()
                index.search(QUERIES[number % len(QUERIES)], PhotoFilter(), limit=50)
                seconds.append(time.perf_counter() - begun)
            print(
                f"100 queries: median {statistics.median(seconds) * 1000:.1f} ms, most {max(seconds) * 1000:.1f} ms"
            )
        line = [
            sys.executable,
            "-m",
            "flickr_mirror",
            "search",
            "duong",
            "--limit",
            "50",
            "--cache-path",
            folder,
        ]
        subprocess.run(line, check=True, capture_output=True)
        begun = time.perf_counter()
        subprocess.run(line, check=True, capture_output=True)
        command = time.perf_counter() - begun
        begun = time.perf_counter()
        subprocess.run(
            [shutil.which("grep") or "grep", "-rliE", "duong|đường", str(mirror.folder)],
            check=False,
            capture_output=True,
        )
        peer = time.perf_counter() - begun
        print(
            f"whole command {command * 1000:.0f} ms, grep {peer * 1000:.0f} ms: {peer / command:.1f} times as fast"
        )


def size(state: Path) -> float:
    """Return the size of the index in megabytes."""
    return sum(path.stat().st_size for path in state.glob("search.sqlite*")) / 1e6


if __name__ == "__main__":
    main()
