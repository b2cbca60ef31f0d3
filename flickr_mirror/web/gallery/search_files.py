"""The search index of the pages: files of about 64 kB, each with the words between two others in order."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING

from flickr_mirror.web.gallery.data_file import script
from flickr_mirror.web.gallery.words import plain_word, varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SIZE = 64_000
"""The bytes of a file, unless one word has more."""


def merge(shards: Iterable[tuple[int, bytes]]) -> dict[str, bytes]:
    """Return the postings of each spelling in all shards.

    They are a sequence of blocks: a varint of the distance from the shard before, and what `words.postings` packed.
    """
    merged: dict[str, list[str]] = {}
    last: dict[str, int] = {}
    steps = [varint(number).decode("latin-1") for number in range(4096)]
    for number, packed in shards:
        for word, places in json.loads(zlib.decompress(packed)).items():
            step = number - last.get(word, 0)
            last[word] = number
            head = steps[step] if step < len(steps) else varint(step).decode("latin-1")
            merged.setdefault(word, []).append(head + places)
    return {word: "".join(parts).encode("latin-1") for word, parts in merged.items()}


def search_files(merged: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file: at last the directory, the first word of each of the others."""
    groups: dict[str, dict[str, str]] = {}
    for spelling, places in merged.items():
        groups.setdefault(plain_word(spelling) or spelling, {})[spelling] = base64.b64encode(places).decode()
    firsts: list[str] = []
    part: dict[str, dict[str, str]] = {}
    size = 0
    # in UTF-16 order, as a browser compares strings
    for word in sorted(groups, key=lambda text: text.encode("utf-16-be", "surrogatepass")):
        more = sum(len(spelling) + len(places) + 8 for spelling, places in groups[word].items())
        if part and size + more > SIZE:
            yield _file(len(firsts), part)
            firsts.append(next(iter(part)))
            part, size = {}, 0
        part[word] = groups[word]
        size += more
    if part:
        yield _file(len(firsts), part)
        firsts.append(next(iter(part)))
    yield "data/search.js", script("search", firsts)


def _file(number: int, words: dict[str, dict[str, str]]) -> tuple[str, bytes]:
    return f"data/search/{number}.js", script(f"search/{number}", words)
