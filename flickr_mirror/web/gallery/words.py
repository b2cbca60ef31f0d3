"""The words of texts as the search of the gallery compares them; `search.js` does the same in the browser."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from flickr_mirror.reader.folding import BASE_LETTERS, normalize

TITLE, DESCRIPTION, TAGS, COMMENTS = 1, 2, 4, 8
"""The fields of a word, as bits. Notes count as comments."""


class _Separators(dict[int, int | str]):
    """Turns each character that is not part of a word into a space, and caches the result."""

    def __missing__(self, code: int) -> int | str:
        category = unicodedata.category(chr(code))
        is_part = category[0] in "LN" or category in {"Co", "Mn", "Mc"}
        self[code] = code if is_part else " "
        return self[code]


_SEPARATORS = _Separators()


def spellings_of(text: str) -> list[str]:
    """Return the words of a text in lower case, with their marks.

    >>> spellings_of("Đường Lê-Lợi, 順化")
    ['đường', 'lê', 'lợi', '順', '化']
    """
    return normalize(text).lower().translate(_SEPARATORS).split()


@lru_cache(maxsize=300_000)
def plain_word(spelling: str) -> str:
    """Return a spelling without marks; unlike `folding.fold`, by rules that a browser has too.

    >>> plain_word("đường")
    'duong'
    """
    kept = "".join(
        char for char in unicodedata.normalize("NFD", spelling) if unicodedata.category(char) != "Mn"
    )
    return unicodedata.normalize("NFC", kept.translate(BASE_LETTERS))


def varint(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_VARINTS = [varint(number) for number in range(4096)]


def postings(texts: list[tuple[str, str, str, str]]) -> dict[str, bytes]:
    """Return the occurrences of each word of some photos.

    `texts` has the title, description, tags and comments of each photo. The bytes are the number of photos with the
    word, and for each one a varint of its distance from the one before, shifted by four bits, and the bits of fields.
    """
    found: dict[str, dict[int, int]] = {}
    for number, photo in enumerate(texts):
        for field, text in zip((TITLE, DESCRIPTION, TAGS, COMMENTS), photo, strict=True):
            for word in set(spellings_of(text)) if text else ():
                places = found.setdefault(word, {})
                places[number] = places.get(number, 0) | field
    return {word: _packed(places) for word, places in found.items()}


def _packed(places: dict[int, int]) -> bytes:
    out, before = [varint(len(places))], 0
    for number, fields in places.items():
        entry = (number - before) << 4 | fields
        out.append(_VARINTS[entry] if entry < len(_VARINTS) else varint(entry))
        before = number
    return b"".join(out)
