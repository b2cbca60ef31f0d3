"""`mirror_flickr demo`: what a newcomer runs first, on a Flickr that is simulated on the same machine."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from textwrap import fill

from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.standard_streams import confirm
from flickr_mirror.cli.run_view import RunView
from flickr_mirror.cli.runner import run_mirror
from flickr_mirror.engine.mirror import PhotostreamMirror
from flickr_mirror.flickr.rate_limiter import ApiBudget
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.models.options import MirrorOptions

KEYS_PAGE = "https://www.flickr.com/services/apps/create/"


async def demonstrate(cache_path: Path) -> int:
    """Mirror the demonstration's photostream, say where its photos are, and return the exit code."""
    from flickr_mirror.simulator import SimulatedFlickr, demo_photostream

    stream = demo_photostream()
    async with SimulatedFlickr(stream, api_latency=0.05, image_latency=0.05) as flickr:
        options = MirrorOptions(cache_path=cache_path, info_level=2, api_url=flickr.api_url)
        view = RunView(options)
        mirror = PhotostreamMirror(
            stream.username, "demo", "demo", options=options, observer=view, budget=ApiBudget()
        )
        echo(
            f"Mirroring {len(stream)} photos of {stream.username} from a simulated Flickr, with their comments."
        )
        code = await run_mirror(mirror, view)
    if code == 0:
        example = stream.photo(next(iter(stream.ids)))
        folder = cache_path / stream.username
        words = (
            f"The photos are in {folder.absolute()}. A photo's file is named by a hash of its id: the image of photo "
            f"{example.id} is {inventory_number(example.id)}.jpg, with its information beside it in a .json file."
        )
        if sys.stdout.isatty():  # else a terminal breaks lines within words
            words = fill(words, shutil.get_terminal_size().columns - 1, break_on_hyphens=False)
        confirm(f"{words}\n{_next_commands(cache_path)}")
    return code


def _next_commands(cache_path: Path) -> str:
    """Return what to try next, as commands that work where the demonstration was started."""
    command = program()
    place = f"--cache-path {shlex.quote(str(cache_path))}"
    commands = (
        (f"{command} status {place}", "how the mirror is"),
        (f"{command} list {place}", "which photo is in which file"),
        (f"{command} keys set", f"save an API key, from {KEYS_PAGE}"),
    )
    width = max(len(line) for line, _ in commands)
    return "Next:\n" + "".join(f"  {line:{width}}  {meaning}\n" for line, meaning in commands)


def program() -> str:
    """Return the words that start this program once more: its bare name where the shell finds it by that."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m flickr_mirror"
    found = shutil.which(started.name)
    is_found = found is not None and Path(found).resolve() == started.resolve()
    return started.name if is_found else shlex.quote(str(started))
