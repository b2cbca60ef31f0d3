"""The form of a data file: a classic script with one call, the data as JSON in a string."""

from __future__ import annotations

import base64
import json
import sys
from array import array


def script(name: str, data: object) -> bytes:
    """Return the script that passes `data` to the pages under a name.

    JSON in a string is parsed many times faster than an object literal (rust-lang/rust#71250).

    >>> script("x", {"title": "it's"})
    b'flickrMirror.load("x", \\'{"title":"it\\\\\\'s"}\\');\\n'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    quoted = (
        text.replace("\\", "\\\\")
        .replace("'", "\\'")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
    return f"flickrMirror.load(\"{name}\", '{quoted}');\n".encode("utf-8", "replace")


def packed(kind: str, values: list[int] | bytearray) -> str:
    """Return numbers as base64 of little-endian bytes; `kind` is the type code of `array`."""
    numbers = array(kind, values)
    if sys.byteorder == "big":  # pragma: no cover - no such machine in the tests
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
