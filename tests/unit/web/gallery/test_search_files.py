"""The search index of the gallery, packed and read back."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

from flickr_mirror.web.gallery.data_file import script
from flickr_mirror.web.gallery.search_files import SIZE, merge, search_files
from flickr_mirror.web.gallery.words import plain_word, postings, spellings_of

PHOTOS = 200


def packed(texts: list[tuple[str, str, str, str]]) -> bytes:
    """Return the postings of a shard as in the state."""
    found = {word: places.decode("latin-1") for word, places in postings(texts).items()}
    return zlib.compress(json.dumps(found).encode())


def read(places: bytes) -> dict[int, int]:
    """Return the fields of a word by photo, as `search.js` reads them."""
    numbers: list[int] = []
    value = shift = 0
    for byte in places:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value = shift = 0
    found, shard, rest = {}, 0, iter(numbers)
    for step in rest:
        shard += step
        ordinal = shard * PHOTOS
        for _ in range(next(rest)):
            entry = next(rest)
            ordinal += entry >> 4
            found[ordinal] = entry & 15
    return found


def test_each_word_has_its_photos_and_fields() -> None:
    """Photos of all shards are found, with the fields that contain the word."""
    first = [("Huế", "", "", "")] + [("", "", "", "")] * 198 + [("", "hue Huế", "hue", "Huế!")]
    merged = merge([(0, packed(first)), (300, packed([("huế", "", "", "")]))])
    assert read(merged["huế"]) == {0: 1, 199: 2 | 8, 60_000: 1}
    assert read(merged["hue"]) == {199: 2 | 4}


def test_files_are_small_and_a_word_is_in_one_of_them() -> None:
    """All spellings of a word are in the file that the directory names, in the order of the browser."""
    texts = [(f"từ{number:05d} tu{number:05d} 😀 \uffee z", "", "", "") for number in range(199)]
    many = merge(
        [
            (shard, packed([(f"s{shard}x{n} {text[0]}", *text[1:]) for n, text in enumerate(texts)]))
            for shard in range(30)
        ]
    )
    *files, (name, directory) = search_files(many)
    assert name == "data/search.js"
    firsts = data(directory)
    contents = [data(content) for _, content in files]
    assert [next(iter(content)) for content in contents] == firsts
    assert firsts == sorted(firsts, key=lambda text: text.encode("utf-16-be"))
    assert len(files) > 1
    assert all(len(content) < 2 * SIZE for _, content in files)
    words = [word for content in contents for word in content]
    assert len(words) == len(set(words)) == len({plain_word(word) for word in many})
    assert set(next(content for content in contents if "tu00007" in content)["tu00007"]) == {
        "từ00007",
        "tu00007",
    }
    spelling = next(content for content in contents if "tu00007" in content)["tu00007"]["từ00007"]
    assert base64.b64decode(spelling) == many["từ00007"]


def data(content: bytes) -> Any:
    """Return the data of a script, without a JavaScript engine."""
    match = re.fullmatch(r"flickrMirror\.load\(\"[^\"]+\", '(.*)'\);\n", content.decode())
    assert match
    return json.loads(re.sub(r"\\(.)", r"\1", match[1]))


def test_a_script_can_contain_any_text() -> None:
    """Quotes, line separators, ends of scripts and lone surrogates stay within the string."""
    text = script("x", ["'); alert(1); ('", "</script>", "\u2028\u2029", "\\", "\ud800"]).decode()
    inside = text.removeprefix('flickrMirror.load("x", \'').removesuffix("');\n")
    assert not re.search(r"(?<!\\)(?:\\\\)*'", inside)
    assert "\n" not in inside
    assert "\u2028" not in inside


def test_words_are_separated_at_other_characters_than_letters_and_digits() -> None:
    """Marks belong to the letter before them, and each CJK character is a word."""
    assert spellings_of("Lê-Lợi's 1966/67 日本 हिन्दी a\u0301") == [
        "lê",
        "lợi",
        "s",
        "1966",
        "67",
        "日",
        "本",
        "हिन्दी",
        "á",
    ]
    assert [plain_word(word) for word in ("đường", "straße", "ø", "日")] == ["duong", "strasse", "o", "日"]
