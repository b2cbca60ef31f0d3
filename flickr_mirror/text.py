"""Text that is safe to print on a terminal or in a log."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """Return `text` as one printable line, which cannot control a terminal or forge a line of a log.

    Spaces of any width become spaces. Every other character that is not printable becomes U+FFFD: control
    characters, escapes, line ends, direction marks, characters without width.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if unicodedata.category(character) == "Zs" else "\ufffd"
