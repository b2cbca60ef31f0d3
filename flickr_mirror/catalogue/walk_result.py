"""What pages and walks of a photostream show, as values, and in the words in which a user is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.coverage import RUNS_UNTIL_HIDDEN, UNLOCATED
from flickr_mirror.models.listing_window import moment_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from flickr_mirror.catalogue.changes import Change
    from flickr_mirror.models.intervals import Interval


@dataclass(frozen=True, slots=True)
class PageChanges:
    """What a page showed: the ids of new photos, and of those that changed with what is to be refreshed."""

    new: list[str] = field(default_factory=list)
    updated: dict[str, Change] = field(default_factory=dict)


@dataclass(slots=True)
class WalkResult:
    """What a walk of the photostream came to.

    `short` are the stretches left open: the seconds, and how many photos are missing there (`None`: Flickr's
    answer could not be true); `hidden` how many photos Flickr counted in vain for the third time in this run.
    `scanned` is whether a full scan came to its end, `resumed` whether an earlier run began it; `absent` how many
    photos it did not list, `lost` how many where that is not believed. `fewer` is how many photos Flickr counts
    fewer than are known, where that is news.
    """

    short: list[tuple[Interval, int | None]] = field(default_factory=list)
    hidden: int = 0
    scanned: bool = False
    resumed: bool = False
    lost: int = 0
    absent: int = 0
    fewer: int = 0

    @property
    def unlisted(self) -> int:
        """How many photos are not listed at least, because stretches are left open."""
        return unlisted(self.short)


def unlisted(short: Collection[tuple[Interval, int | None]]) -> int:
    """Return how many photos are missing at least in stretches that are left open."""
    return sum(missing or 1 for _, missing in short)


def sentences(result: WalkResult) -> list[str]:
    """Return what a user should know of a walk."""
    texts = [f"{shortfall_text(*short)} The next run asks again." for short in result.short]
    if result.hidden:
        texts.append(
            f"Flickr counts {_photos(result.hidden)} that it does not list, {RUNS_UNTIL_HIDDEN} runs in a row: "
            "taken to be hidden from visitors who are not logged in."
        )
    if result.lost:
        texts.append(
            f"The full scan does not find {_photos(result.lost)}, more than a tenth of the mirror: that is not "
            "believed, and nothing is marked as gone. If the owner did remove them, add --accept-loss."
        )
    if result.fewer:
        texts.append(
            f"Flickr shows {_photos(result.fewer)} fewer than are mirrored here. --full-scan finds which are "
            "gone."
        )
    return texts


def shortfall_text(stretch: Interval, missing: int | None) -> str:
    """Return the sentence about a stretch in which Flickr counts more photos than it lists."""
    if stretch == UNLOCATED:
        return f"Flickr counts {_photos(missing or 0)} more than it lists, without an upload time where they are."
    when = f"uploaded between {moment_text(stretch.low)} and {moment_text(stretch.high)}"
    if missing is None:
        return f"What Flickr lists cannot be true for what was {when}."
    return f"Flickr counts {_photos(missing)} more than it lists, {when}."


def _photos(count: int) -> str:
    return f"{count} photo" if count == 1 else f"{count:,} photos"
