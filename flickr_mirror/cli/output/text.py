"""Numbers, names and JSON as text."""

from __future__ import annotations

import json
import re
import sys

from flickr_mirror.text import plain


def json_text(value: object, indent: int | None = None) -> str:
    """Return a value as JSON for standard output, with the letters of all scripts unescaped for search.

    Characters that are not printable, or not in the encoding of the output, are escaped.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"

    def escaped(match: re.Match[str]) -> str:
        one = match[0]
        visible = one.isprintable() and one.encode(encoding, "ignore") != b""
        return one if visible else json.dumps(one)[1:-1]

    return text if text.isascii() and text.isprintable() else re.sub(r"[^ -~\n]", escaped, text)


def name_text(name: str) -> str:
    """Return a name for a line that scripts read: as JSON in quotes unless it is a single word.

    >>> name_text("manhhai"), name_text('done user="x" exit=0')
    ('manhhai', '"done user=\\\\"x\\\\" exit=0"')
    """
    return name if re.fullmatch(r"[\w.@-]+", name) else json.dumps(plain(name), ensure_ascii=False)


def size_text(count: float) -> str:
    """Return a number of bytes in a suitable unit.

    >>> size_text(84_100_000)
    '84.1 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def time_left(seconds: float) -> str:
    """Return a duration in at most two units.

    >>> time_left(187_200), time_left(3_900), time_left(252), time_left(8)
    ('2d 4h', '1h 5m', '4m 12s', '8s')
    """
    units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
    rest = round(seconds)
    for number, (unit, size) in enumerate(units):
        if rest >= size:
            first, rest = divmod(rest, size)
            parts = [f"{first}{unit}"]
            if number + 1 < len(units) and (second := rest // units[number + 1][1]):
                parts.append(f"{second}{units[number + 1][0]}")
            return " ".join(parts)
    return "0s"
