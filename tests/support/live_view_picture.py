"""The picture of the live view in the README, made from a real run of the demo.

python -m tests.support.live_view_picture docs/images/live_view.svg
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from rich.console import Console

from flickr_mirror import ApiBudget, MirrorOptions, PhotostreamMirror
from flickr_mirror.cli.output.plan_text import plan_line, plan_sentence
from flickr_mirror.cli.output.progress_text import draw
from flickr_mirror.cli.run_view import RunView
from flickr_mirror.models.events import RunPlanned
from flickr_mirror.simulator import SimulatedFlickr, demo_photostream

if TYPE_CHECKING:
    from flickr_mirror import Event
    from flickr_mirror.engine.progress.run_stats import RunStats

WIDTH = 100
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
"""Fonts of the reader's machine, because a picture in a page cannot load others."""
DONE = 38
"""The number of mirrored photos when the picture is taken."""


async def take(path: Path) -> None:
    """Run the demo until then, and write the picture."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    stream = demo_photostream()
    with tempfile.TemporaryDirectory() as folder:
        async with SimulatedFlickr(stream, api_latency=0.05, image_latency=1.0) as flickr:
            options = MirrorOptions(cache_path=Path(folder), info_level=2, api_url=flickr.api_url)
            view = RunView(options)

            def observe(event: Event) -> None:
                if isinstance(event, RunPlanned) and not event.exact:
                    console.print(plan_line(stream.username, stream.nsid, event), highlight=False)
                    console.print(plan_sentence(event), highlight=False)
                view.stats(event)

            mirror = view.mirror = PhotostreamMirror(
                stream.username, "demo", "demo", options=options, observer=observe, budget=ApiBudget()
            )
            console.print(f"$ mirror_flickr --username '{stream.username}' --info-level 2", highlight=False)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(mirror.run)
                await _until_done(view.stats)
                console.print(draw(view.stats, WIDTH))
                mirror.stop(0)
    picture = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="mirror_flickr"), flags=re.DOTALL)
    path.write_text(
        re.sub(r"font-family: Fira Code[^;]*", f"font-family: {FONTS}", picture), encoding="utf-8"
    )


async def _until_done(stats: RunStats) -> None:
    while stats.done < DONE or not stats.infos_done:  # noqa: ASYNC110
        await anyio.sleep(0.01)


if __name__ == "__main__":
    anyio.run(take, Path(sys.argv[1]))
