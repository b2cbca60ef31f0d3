"""What pages and walks of a photostream show, as values, and in the words in which a user is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flickr_mirror.changes import Change
    from flickr_mirror.coverage import Interval

PATIENCE = 3
"""A stretch that Flickr lists short in so many runs is taken for listed: the rest is hidden from strangers."""


@dataclass(frozen=True, slots=True)
class PageChanges:
    """What a page showed: the ids of new photos, and of those that changed with what is to be refreshed."""

    new: list[str] = field(default_factory=list)
    updated: dict[str, Change] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WalkResult:
    """What a walk of the photostream came to.

    `short` are the stretches left open: the seconds, and how many photos are missing there (`None`: Flickr's
    answer could not be true); `hidden` how many photos Flickr counted in vain for the third time in this run.
    `gone` are the ids that a full scan did not find any more. `scanned` is whether a full scan came to its
    end; `lost` how many photos it did not find where that is not believed, and `surplus` how many more it
    counts than it lists where that is why; `resumed` whether an earlier run began it. `difference` is how many
    photos Flickr counts more than are known (less, where it is negative), where that is news.
    """

    short: list[tuple[Interval, int | None]]
    hidden: int = 0
    gone: list[str] = field(default_factory=list)
    scanned: bool = False
    resumed: bool = False
    lost: int = 0
    surplus: int = 0
    difference: int = 0


def sentences(result: WalkResult) -> list[str]:
    """Return what a user should know of a walk."""
    texts = []
    for stretch, missing in result.short:
        when = f"uploaded between {_day(stretch.low)} and {_day(stretch.high)}"
        if missing is None:
            texts.append(f"What Flickr lists cannot be true for what was {when}. The next run asks again.")
        else:
            texts.append(
                f"Flickr counts {_photos(missing)} more than it lists, {when}. The next run asks again."
            )
    if result.hidden:
        texts.append(
            f"Flickr counts {_photos(result.hidden)} that it does not list, {PATIENCE} runs in a row: taken for "
            "hidden from visitors who are not logged in."
        )
    if result.surplus:
        texts.append(
            f"The full scan does not find {_photos(result.lost)}, but Flickr counts {result.surplus} more than it "
            "lists: nothing is marked as gone. A further full scan that says the same is believed."
        )
    elif result.lost:
        texts.append(
            f"The full scan does not find {_photos(result.lost)}, more than a tenth of the mirror: that is not "
            "believed, and nothing is marked as gone. If the owner did remove them, add --accept-loss."
        )
    if result.difference < 0:
        texts.append(
            f"Flickr shows {_photos(-result.difference)} fewer than are mirrored here. --full-scan tells what is "
            "gone."
        )
    elif result.difference:
        texts.append(
            f"Flickr counts {_photos(result.difference)} more than it has listed so far: published late, perhaps. "
            "--full-scan looks for them."
        )
    return texts


def _photos(count: int) -> str:
    return f"{count} photo" if count == 1 else f"{count:,} photos"


def _day(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")
