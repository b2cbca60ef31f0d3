"""The results of pages and walks as values, and as sentences for the user."""

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
    """The ids of the new photos of a page, and of the changed ones with their changes."""

    new: list[str] = field(default_factory=list)
    updated: dict[str, Change] = field(default_factory=dict)


@dataclass(slots=True)
class WalkResult:
    """The result of a walk through the photostream.

    `short` are the open shortfalls: the stretch, and how many photos are missing in it (`None` if Flickr's answers
    cannot be true). `hidden` is how many photos are assumed to be hidden since this walk. `scanned` is whether a full
    scan ended, `resumed` whether an earlier run began it. `absent` is how many known photos it did not list, `lost`
    how many if these are too many to accept. `fewer` is how many photos Flickr counts fewer than are known, if
    that number is new. `logins` are the usernames of other logins that have listed the photostream, if they may see
    more; `is_visitor` is whether this walk had no login.
    """

    short: list[tuple[Interval, int | None]] = field(default_factory=list)
    hidden: int = 0
    scanned: bool = False
    resumed: bool = False
    lost: int = 0
    absent: int = 0
    fewer: int = 0
    logins: list[str] = field(default_factory=list)
    is_visitor: bool = True

    @property
    def unlisted(self) -> int:
        """How many photos are missing in open shortfalls, at least."""
        return unlisted(self.short)


def unlisted(short: Collection[tuple[Interval, int | None]]) -> int:
    """Return how many photos are missing in shortfalls, at least: 1 if the number is not known."""
    return sum(missing or 1 for _, missing in short)


def sentences(result: WalkResult) -> list[str]:
    """Return a sentence for each result that the user should know."""
    texts = [f"{shortfall_text(*short)} The next run asks again." for short in result.short]
    if result.hidden:
        texts.append(
            f"Flickr counts {_photos(result.hidden)} that it does not list, {RUNS_UNTIL_HIDDEN} runs in a row: "
            f"assumed to be hidden from {'visitors who are not logged in' if result.is_visitor else 'this login'}."
        )
    if result.lost:
        texts.append(
            f"The full scan does not find {_photos(result.lost)}, more than a tenth of the mirror, so nothing is "
            "marked as gone. If the owner did remove them, add --accept-loss."
        )
    if result.fewer:
        logins = names_text(result.logins)
        texts.append(
            f"Flickr shows {_photos(result.fewer)} fewer than are mirrored here. "
            + (
                f"The others are private or restricted now, or gone: --full-scan with the login of {logins} "
                "finds which are."
                if logins
                else "--full-scan finds which are gone."
            )
        )
    return texts


def shortfall_text(stretch: Interval, missing: int | None) -> str:
    """Return a sentence about a shortfall."""
    if stretch == UNLOCATED:
        return f"Flickr counts {_photos(missing or 0)} more than it lists, without an upload time where they are."
    when = f"uploaded between {moment_text(stretch.low)} and {moment_text(stretch.high)}"
    if missing is None:
        return f"Flickr's listing of the photos {when} cannot be true."
    return f"Flickr counts {_photos(missing)} more than it lists, {when}."


def names_text(names: Collection[str]) -> str:
    """Return usernames as text: `'anna' or 'ben'`; empty for none."""
    return " or ".join(map(repr, names))


def _photos(count: int) -> str:
    return f"{count} photo" if count == 1 else f"{count:,} photos"
