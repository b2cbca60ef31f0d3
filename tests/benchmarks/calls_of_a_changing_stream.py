"""Counts the API calls that a changing photostream of 100,000 photos costs, with the real command.

    python tests/benchmarks/calls_of_a_changing_stream.py [PHOTOS]

Prints the calls of each run by method, and asserts the promises of `docs/explanation/changing_streams.md`.
Takes about ten minutes with 100,000 photos, nearly all of them for the languages of the titles.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[2]))

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.command import command

LISTING = "flickr.people.getPhotos"


async def run(flickr: SimulatedFlickr, cache: Path, name: str, *arguments: str, kill_after: int = 0) -> int:
    """Run the command, print the calls and the images that it cost, and return the calls for the listing."""
    flickr.reset_counters()
    begun = time.monotonic()
    line = command(flickr, cache, "--info-only", "--debug", "2", *arguments)
    process = await anyio.open_process(
        line, env=os.environ.copy(), stdin=subprocess.DEVNULL, stdout=None, stderr=None
    )
    async with process:
        while process.returncode is None:
            await anyio.sleep(0.05)
            if kill_after and flickr.calls[LISTING] >= kill_after:
                process.kill()
                await process.wait()
    calls = dict(flickr.calls)
    sys.stdout.write(
        f"{name}: {sum(calls.values())} calls {calls}, {flickr.requests.total()} images, "
        f"{time.monotonic() - begun:.1f} s\n"
    )
    sys.stdout.flush()
    return calls.get(LISTING, 0)


async def measure(count: int) -> None:
    """Measure a first run that is killed, its continuation, and the calls of later runs."""
    stream = SimulatedPhotostream(count, newest=int(time.time()) - 86_400)
    pages = math.ceil(count / 500)
    killed_after = pages * 3 // 8
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        cache = Path(folder) / "cache"
        async with SimulatedFlickr(stream) as flickr:
            first = await run(flickr, cache, "first run, killed", kill_after=killed_after)
            rest = await run(flickr, cache, "the same again")
            # the call for the newest photos, the page at the border, and the rest
            assert first + rest <= pages + 4, (first, rest)
            assert await run(flickr, cache, "nothing new") == 1
            assert await run(flickr, cache, "full scan, no changes", "--full-scan") <= pages + 4
            stream.upload(1234, at=int(time.time()) - 10)
            assert await run(flickr, cache, "1,234 new") <= 4
            stream.edit(stream.ids[count // 2], title="Another title")
            stream.delete(stream.ids[count // 3])
            assert await run(flickr, cache, "full scan, an edit, a loss", "--full-scan") <= pages + 8
            assert not flickr.requests


if __name__ == "__main__":
    anyio.run(measure, int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
