"""The direction in which most titles are written."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_right_to_left(texts: Iterable[str]) -> bool:
    """Return whether more texts are written from right to left than from left to right.

    >>> is_right_to_left(["نهر", "River", "ضوء"])
    True
    """
    balance = 0
    for text in texts:
        strong = next((kind for kind in map(unicodedata.bidirectional, text) if kind in {"L", "R", "AL"}), "")
        balance += (strong in {"R", "AL"}) - (strong == "L")
    return balance > 0
