"""A whole job with realistic latencies, compared with gallery-dl: images and their information.

    python tests/benchmarks/job.py --gallery-dl PROGRAM [--photos 1000] [--rounds 3]

A call of the API takes 100 ms, an image 50 ms before its first byte. PROGRAM is the python of an environment in
which gallery-dl is installed; it writes metadata, and pauses nowhere between requests. Prints the medians.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

sys.path.insert(0, str(Path(__file__).parents[2]))

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.benchmarks.measuring import Cost, measure, product

_GALLERY_DL = """
import sys, gallery_dl
from gallery_dl.extractor import flickr
flickr.FlickrAPI.API_URL = sys.argv.pop(1)
flickr.FlickrAPI.API_KEY = "key"
flickr.FlickrExtractor.request_interval_min = 0
sys.exit(gallery_dl.main())
"""


def gallery_dl(program: str, flickr: SimulatedFlickr, out: Path) -> list[str]:
    """Return gallery-dl on the simulated photostream; its server can be changed only inside the process."""
    settings = {"sleep-request": "0", "sleep": "0"}
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    return [
        *(program, "-c", _GALLERY_DL, flickr.api_url, "--quiet", "--config-ignore", "--write-metadata"),
        *(*options, "-d", str(out), f"https://www.flickr.com/photos/{flickr.streams[0].path_alias}/"),
    ]


async def compare(arguments: argparse.Namespace) -> None:
    """Run the job with both in turn, and print the cost."""
    stream = SimulatedPhotostream(arguments.photos)
    costs: dict[str, list[Cost]] = {}
    calls: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as name:
        async with SimulatedFlickr(stream, api_latency=0.1, image_latency=0.05) as flickr:
            for turn in range(arguments.rounds):
                for title in ("flickr_mirror, level 1", "gallery-dl, metadata"):
                    out = Path(name, f"{turn} {title}")
                    out.mkdir()
                    flickr.reset_counters()
                    if title.startswith("gallery"):
                        run = partial(measure, gallery_dl(arguments.gallery_dl, flickr, out), out)
                    else:
                        line, more = product(flickr.api_url, stream.username, out, "--info-level", "1")
                        run = partial(measure, line, out, **more)
                    cost = await to_thread.run_sync(run)
                    assert len(list(out.rglob("*.jpg"))) == arguments.photos, title
                    costs.setdefault(title, []).append(cost)
                    calls[title] = sum(flickr.calls.values())
    for title, rounds in costs.items():
        seconds = statistics.median(cost.seconds for cost in rounds)
        cpu = statistics.median(cost.cpu for cost in rounds)
        memory = statistics.median(cost.memory for cost in rounds)
        sys.stdout.write(
            f"{title:24} {seconds:7.1f} s  {calls[title]:4} calls  {cpu:6.1f} s CPU  {memory:5.0f} MB\n"
        )
    first, last = (statistics.median(cost.seconds for cost in rounds) for rounds in costs.values())
    sys.stdout.write(f"{last / first:.1f} times as fast\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gallery-dl", required=True, metavar="PROGRAM")
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    anyio.run(compare, parser.parse_args())
