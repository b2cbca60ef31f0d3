"""The result of mirroring a list of an account."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListResult:
    """The number of entries of a list, and of those that were new or had changed."""

    entries: int
    changed: int
