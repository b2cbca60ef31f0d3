"""The values in Flickr's answers, read leniently.

Flickr mixes `75` and `"150"` in one answer and leaves keys out. Only the classes of this folder read an answer
(`Payload`); all other code works with their attributes.
"""

from __future__ import annotations

import math
import re
from typing import Any

Payload = dict[str, Any]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def to_int(value: object) -> int | None:
    """Return the whole number that Flickr wrote as `75` or `"75"`; `None` for `""`, a missing value or other text.

    A number beyond 63 bits, which neither the catalogue nor a file system can hold, is `None` too.
    """
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 1 << 63 else None


def to_float(value: object) -> float | None:
    """Return the finite number that Flickr wrote as `10.5` or `"10.5"`; `None` for anything else."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def pixels_of(value: object) -> int:
    """Return the length of a side in pixels, 0 if it is not known."""
    # Two negative sides would make a positive area.
    return max(to_int(value) or 0, 0)


def text_of(value: object) -> str:
    """Return the text that Flickr wrote as `"Huế"` or `{"_content": "Huế"}`; `""` for a missing value.

    A lone surrogate, which JSON can hold but UTF-8 cannot, becomes U+FFFD.
    """
    if isinstance(value, dict):
        value = value.get("_content")
    if not isinstance(value, str):
        return "" if value is None else str(value)
    return _LONE_SURROGATE.sub("\ufffd", value)


def objects_of(value: object) -> list[Payload]:
    """Return the objects in a list of an answer; `[]` if it is missing or not a list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
