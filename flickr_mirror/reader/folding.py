"""Normalizes texts for search: one form for equal texts, single CJK characters, and words without marks."""

from __future__ import annotations

import re
import unicodedata

BASE_LETTERS = str.maketrans(
    {
        "đ": "d",
        "ð": "d",
        "ø": "o",
        "ł": "l",
        "ħ": "h",
        "ŧ": "t",
        "ı": "i",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
"""Letters that have a mark but no decomposition, so that NFD does not separate it."""
# Han, Hiragana, Katakana: written without spaces, so SQLite would take a whole sentence for one word
_CJK = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])")


def normalize(text: str) -> str:
    """Return the text in NFC, with each CJK character as a word of its own; control characters become spaces.

    >>> normalize("Hue\u0302\u0301 順化")
    'Huế  順  化 '
    """
    # split and join instead of sub, which is slow where it refers to a group
    spaced = " ".join(_CJK.split(unicodedata.normalize("NFC", text)))
    return _CONTROLS.sub(" ", spaced)


_CONTROLS = re.compile("[\x00-\x1f\x7f]")


def fold(word: str) -> str:
    """Return a word without marks and in lower case.

    >>> fold("Đường"), fold("Ångström")
    ('duong', 'angstrom')
    """
    separated = unicodedata.normalize("NFD", word.casefold())
    kept = "".join(char for char in separated if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", kept.translate(BASE_LETTERS))


def is_plain(word: str) -> bool:
    """Return whether a word is written without marks, so that it stands for all spellings that fold to it."""
    return fold(word) == unicodedata.normalize("NFC", word).casefold()
