"""Merges what Flickr lists now with what it listed before. Entries that it does not list any more are marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Entry = dict[str, Any]

NOT_LISTED = "not_listed_since"
"""The key of an entry that Flickr does not list any more: when that was seen, in seconds since 1970 (UTC)."""
FEW = 10
"""As many entries may be missing from a short list without doubt."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The entries of a list, and how many of them are new, how many changed, and how many are not listed any more."""

    entries: list[Entry]
    new: int = 0
    changed: int = 0
    missed: int = 0

    @property
    def listed(self) -> int:
        """The number of entries that Flickr listed when they were last seen."""
        return sum(NOT_LISTED not in entry for entry in self.entries)


def merge(
    stored: Sequence[Entry], listed: Mapping[str, Entry], key: str, *, volatile: Collection[str] = ()
) -> Merged:
    """Return the `listed` entries in their order, then the other `stored` ones; `key` identifies an entry.

    Values of `volatile` keys are replaced, but are not a change. `missed` counts the stored entries without a mark that
    are not listed.
    """
    known = {entry[key]: entry for entry in stored}
    new = [name for name in listed if name not in known]
    changed = [
        name
        for name, entry in listed.items()
        if name in known and _without(known[name], volatile) != _without(entry, volatile)
    ]
    kept = [entry for name, entry in known.items() if name not in listed]
    missed = sum(NOT_LISTED not in entry for entry in kept)
    return Merged([*listed.values(), *kept], len(new), len(changed), missed)


def is_doubtful(missed: int, known: int) -> bool:
    """Return whether more entries are missing than are accepted without `accept_loss`: more than a tenth."""
    return missed > max(FEW, known // 10)


def mark(
    entries: Sequence[Entry], listed: Collection[str], key: str, now: int, *, prune: bool
) -> list[Entry]:
    """Return the entries with a mark at those that are not listed; with `prune`, without them."""
    if prune:
        return [entry for entry in entries if entry[key] in listed]
    return [entry if entry[key] in listed else {NOT_LISTED: now, **entry} for entry in entries]


def _without(entry: Entry, keys: Collection[str]) -> Entry:
    return {key: value for key, value in entry.items() if key not in keys} if keys else entry
