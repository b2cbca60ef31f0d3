"""`mirror_flickr demo`: what a newcomer runs first, on a Flickr that is simulated on the same machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.console import say
from flickr_mirror.limiter import ApiBudget
from flickr_mirror.mirror import PhotostreamMirror
from flickr_mirror.models import inventory_number
from flickr_mirror.options import MirrorOptions
from flickr_mirror.session import run_mirror
from flickr_mirror.streams import confirm
from flickr_mirror.view import View

if TYPE_CHECKING:
    from pathlib import Path


async def demonstrate(cache_path: Path) -> int:
    """Mirror the demonstration's photostream, say where its photos are, and return the exit code."""
    from flickr_mirror.simulator import SimulatedFlickr, demo_photostream

    stream = demo_photostream()
    async with SimulatedFlickr(stream, api_latency=0.05, image_latency=0.05) as flickr:
        options = MirrorOptions(cache_path=cache_path, info_level=2, api_url=flickr.api_url)
        view = View(options)
        mirror = PhotostreamMirror(
            stream.username, "demo", "demo", options=options, observer=view, budget=ApiBudget()
        )
        say(
            f"Mirroring {len(stream)} photos of {stream.username} from a simulated Flickr, with their comments."
        )
        code = await run_mirror(mirror, view)
    if code == 0:
        example = stream.photo(next(iter(stream.ids)))
        folder = cache_path / stream.username
        confirm(
            f"The photos are in {folder.absolute()}. A photo's file is named by a hash of its id: the image of photo "
            f"{example.id} is {inventory_number(example.id)}.jpg, and what Flickr tells of it is beside it, in a .json "
            "file. Run the demo again to see that nothing is fetched twice.\n"
        )
    return code
