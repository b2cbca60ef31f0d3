"""600 albums with 40,000 photos: the calls that Flickr's pages require, and little memory."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest
from anyio import to_thread

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, fill_albums
from tests.benchmarks.measuring import measure
from tests.support.albums import check_albums, visible
from tests.support.mirroring import Run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

ALBUMS, MEMBERSHIPS, LARGEST = 600, 40_000, 3000
MORE_MEMORY = 4
"""By how many megabytes the peak may be higher than with twelve albums."""
_RUN = """
import asyncio, sys
from pathlib import Path
from flickr_mirror import ApiBudget, Include, MirrorOptions, PhotostreamMirror
from flickr_mirror.engine.language_detector import LanguageDetector
from flickr_mirror.models.languages import ENGLISH
async def in_english(detector, texts):
    return [ENGLISH for _ in texts]
LanguageDetector.detect = in_english
options = MirrorOptions(
    cache_path=Path(sys.argv[3]), api_url=sys.argv[1], info_only=True, include=frozenset({Include.ALBUMS})
)
budget = ApiBudget(calls_per_second=10_000)
mirror = PhotostreamMirror(sys.argv[2], "key", "secret", options=options, budget=budget)
asyncio.run(mirror.run())
"""


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
async def test_many_albums(tmp_path: Path) -> None:
    """The first run lists the photos of each album once, the second one makes 2 calls for all of them."""
    stream = SimulatedPhotostream(3000, image_dims=(48, 36), commented=0)
    async with SimulatedFlickr(stream) as flickr:

        async def run(folder: str) -> float:
            flickr.reset_counters()
            line = [sys.executable, "-c", _RUN, flickr.api_url, stream.username, str(tmp_path / folder)]
            return (await to_thread.run_sync(partial(measure, line, tmp_path))).memory

        def calls() -> dict[str, int]:
            return {name: count for name, count in flickr.calls.items() if "people" not in name}

        fill_albums(stream, 12)
        few = await run("few")
        fill_albums(stream, ALBUMS, MEMBERSHIPS)
        sizes = [len(album.photo_ids) for album in stream.albums]
        assert (len(sizes), sum(sizes), max(sizes)) == (ALBUMS, MEMBERSHIPS, LARGEST)
        many = await run("many")
        pages = sum(-(-len(album.photo_ids) // 500) for album in visible(stream))
        assert calls() == {
            "flickr.photosets.getList": 2,
            "flickr.photosets.getPhotos": pages,
            "flickr.collections.getTree": 1,
        }
        check_albums(Run(flickr, tmp_path / "many"))
        await run("many")
        assert calls() == {"flickr.photosets.getList": 2}
    assert many - few < MORE_MEMORY, (few, many)
