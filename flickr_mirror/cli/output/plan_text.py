"""The plan of a run as text: its calls, its download, and whether it fits on the disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.text import size_text, time_left
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.models.events import RunPlanned


def echo_plan(plan: RunPlanned, folder: Path | None, *, min_free: int | None = None, before: int = 0) -> None:
    """Print how much a planned run downloads, and a warning if it does not fit on the disk of `folder`.

    `folder` is `None` if the images go to a bucket. `min_free` is the number of bytes to keep free, `before` the number
    that earlier runs of this command download.
    """
    if plan.bytes is None:
        echo(f"The size of the images to download is not known. {plan.basis}")
    elif plan.bytes:
        seconds = plan.image_seconds
        time = "" if seconds is None else f", which take about {time_left(seconds)}"
        echo(f"About {size_text(plan.bytes)} of images to download{time}. {plan.basis}")
    elif plan.basis:
        echo(plan.basis)
    if folder is None:
        return
    if plan.free is None:
        echo(f"The disk of {folder} does not report its free space.")
        return
    reserve = f"; {size_text(min_free)} must stay free (--min-free)" if min_free else ""
    echo(f"Free disk space for {folder}: {size_text(plan.free)}{reserve}.")
    lacking = before + (plan.bytes or 0) + (min_free or 0) - plan.free
    if plan.bytes and lacking > 0:
        what = "the images of this photostream and the ones before it" if before else "the images"
        echo(
            f"Warning: {what} will not fit: about {size_text(lacking)} more are needed for {folder}.",
            force=True,
        )


def plan_line(name: str, nsid: str, plan: RunPlanned) -> str:
    """Return the plan of a run as a line for people and scripts: `plan user="manhhai" ... calls=203 hours=0.06`.

    Bytes, free space and hours of downloads are left out if they are not known.
    """
    user = json.dumps(plain(name), ensure_ascii=False)
    line = (
        f"plan user={user} nsid={nsid} photos={plan.photos} mirrored={plan.mirrored} calls={plan.calls} "
        f"hours={_hours(plan.seconds)}"
    )
    more = {
        "bytes": plan.bytes,
        "free": plan.free,
        "image_hours": None if plan.image_seconds is None else _hours(plan.image_seconds),
    }
    return " ".join([line, *(f"{name}={value}" for name, value in more.items() if value is not None)])


def plan_sentence(plan: RunPlanned) -> str:
    """Return the plan of a run as a sentence."""
    left = plan.photos - plan.mirrored
    if not left:
        return f"All {plan.photos:,} photos are mirrored."
    time = f", which take {time_left(plan.seconds)} or more at Flickr's limits" if plan.seconds >= 1 else ""
    return f"{left:,} of {plan.photos:,} photos are left to mirror, with {plan.calls:,} API calls{time}."


def _hours(seconds: float) -> str:
    """Return seconds as hours, with enough digits that only 0 seconds are `0`.

    >>> _hours(7270), _hours(32), _hours(0.2), _hours(0)
    ('2.02', '0.0089', '0.0001', '0')
    """
    hours = seconds / 3600
    return f"{hours:.2f}" if hours >= 0.1 else f"{max(hours, 0.0001):.4f}" if seconds else "0"
