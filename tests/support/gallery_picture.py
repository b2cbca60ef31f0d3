"""The picture of the gallery in the README, made from the mirror of the demo.

python -m tests.support.gallery_picture docs/images/gallery.jpg
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import anyio

from flickr_mirror import ApiBudget, MirrorOptions, PhotostreamMirror, open_mirror
from flickr_mirror.simulator import SimulatedFlickr, demo_photostream
from flickr_mirror.web.gallery.builder import GalleryBuilder
from flickr_mirror.web.gallery.options import GalleryOptions
from tests.support.browser import Pages, open_browser

WINDOW = {"width": 1100, "height": 620}


async def mirror(root: Path) -> None:
    """Mirror the photostream of the demo."""
    stream = demo_photostream()
    async with SimulatedFlickr(stream) as flickr:
        options = MirrorOptions(cache_path=root, info_level=2, api_url=flickr.api_url)
        budget = ApiBudget(calls_per_second=1000)
        await PhotostreamMirror(stream.username, "demo", "demo", options=options, budget=budget).run()


def take(path: Path) -> None:
    """Build the gallery, and write the picture of its first page."""
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(mirror, Path(folder))
        with open_mirror(folder) as reader:
            report = GalleryBuilder(reader, GalleryOptions()).build()
        with open_browser() as browser:
            pages = Pages(browser, Path(report.folder), viewport=WINDOW)
            page = pages.open()
            pages.until("[...document.querySelectorAll('.grid img')].every((image) => image.complete)")
            page.screenshot(path=path, type="jpeg", quality=80)


if __name__ == "__main__":
    take(Path(sys.argv[1]))
