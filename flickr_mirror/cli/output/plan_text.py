"""What a run would download, and whether it fits on the disk, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.text import size_text, time_left

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.models.events import RunPlanned


def say_plan(plan: RunPlanned, folder: Path, *, min_free: int | None = None, before: int = 0) -> None:
    """Tell the user of the images of a run that is planned, and warn where they do not fit into `folder`.

    `min_free` is how many bytes are to stay free there, `before` how many the runs before this one are to download.
    """
    if plan.bytes is None:
        echo(f"How many bytes of images there are to download is not known. {plan.basis}")
    elif plan.bytes:
        seconds = plan.image_seconds
        time = "" if seconds is None else f", which take about {time_left(seconds)}"
        echo(f"About {size_text(plan.bytes)} of images to download{time}. {plan.basis}")
    if plan.free is None:
        echo(f"The disk of {folder} does not report its free space.")
        return
    reserve = f", and {size_text(min_free)} are to stay free (--min-free)" if min_free else ""
    echo(f"{size_text(plan.free)} are free for {folder}{reserve}.")
    lacking = before + (plan.bytes or 0) + (min_free or 0) - plan.free
    if plan.bytes and lacking > 0:
        what = "the images of this photostream and those before it" if before else "the images"
        echo(
            f"Warning: {what} will not fit: about {size_text(lacking)} are lacking for {folder}.", force=True
        )
