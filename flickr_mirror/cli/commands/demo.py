"""`mirror_flickr demo`: mirror a small photostream from a Flickr that is simulated on this machine."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.standard_streams import write_result
from flickr_mirror.cli.run_view import RunView
from flickr_mirror.cli.runner import run_mirror
from flickr_mirror.engine.mirror import PhotostreamMirror
from flickr_mirror.flickr.rate_limiter import ApiBudget
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.models.options import Limits, MirrorOptions

if TYPE_CHECKING:
    from flickr_mirror.models.timing import Timing

KEYS_PAGE = "https://www.flickr.com/services/apps/create/"
_CALLS_PER_SECOND = 50
"""The pace of the demo's API calls, which Flickr's limits do not bind: at 10, they would take 4 of its 5 seconds."""


async def demonstrate(cache_path: Path, timing: Timing) -> int:
    """Mirror the photostream of the demo, print what to do next, and return the exit code."""
    from flickr_mirror.simulator import SimulatedFlickr, demo_photostream

    stream = demo_photostream()
    async with SimulatedFlickr(stream, api_latency=0.05, image_latency=0.05) as flickr:
        options = MirrorOptions(cache_path=cache_path, info_level=2, api_url=flickr.api_url)
        view = RunView(options, timing=timing)
        mirror = PhotostreamMirror(
            stream.username,
            "demo",
            "demo",
            options=options,
            limits=Limits(timing=timing),
            observer=view,
            budget=ApiBudget(calls_per_second=_CALLS_PER_SECOND, timing=timing),
        )
        echo(
            f"Mirroring {len(stream)} photos of {stream.username} from a simulated Flickr, with their comments."
        )
        code = await run_mirror(mirror, view)
    if code == 0:
        example = stream.photo(next(iter(stream.ids)))
        folder = cache_path / stream.username
        words = (
            f"The photos are in {folder.absolute()}. A file is named by a hash of the photo's id: the image of photo "
            f"{example.id} is {inventory_number(example.id)}.jpg, and its title, description and comments are in the "
            ".json file beside it."
        )
        if sys.stdout.isatty():  # without this, a terminal breaks lines within words
            words = fill(words, shutil.get_terminal_size().columns - 1, break_on_hyphens=False)
        write_result(f"{words}\n{_next_commands(cache_path)}")
    return code


def _next_commands(cache_path: Path) -> str:
    """Return the commands to run next, which work in the folder where the demo was started."""
    command = program()
    place = f"--cache-path {shlex.quote(str(cache_path))}"
    commands = (
        (f"{command} gallery {place} --open", "look at the photos in a browser"),
        (f"{command} list {place}", "list their titles and files"),
        (f"{command} check {place}", "check that every file is whole"),
        (
            f"{command} keys set",
            f"mirror your own: save an API key from {KEYS_PAGE}, then run {command} --username NAME",
        ),
    )
    width = max(len(line) for line, _ in commands)
    return "Next:\n" + "".join(f"  {line:{width}}  {purpose}\n" for line, purpose in commands)


def program() -> str:
    """Return the command that starts this program again: its bare name if the shell finds it by that name."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m flickr_mirror"
    found = shutil.which(started.name)
    is_found = found is not None and Path(found).resolve() == started.resolve()
    return started.name if is_found else shlex.quote(str(started))
