"""The texts of the photos: files of 200 photos each, and the words and authors for the search index and the people."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from flickr_mirror.reader.index_texts import notes_of
from flickr_mirror.web.gallery.data_file import script
from flickr_mirror.web.gallery.html_nodes import nodes_of, text_of_nodes
from flickr_mirror.web.gallery.words import postings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flickr_mirror.catalogue.archive import ArchiveRow
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto, MirrorReader

PHOTOS = 200
"""How many photos share a file."""


class Shard(NamedTuple):
    """The file of some photos, their packed postings, and their commenters as JSON."""

    data: bytes
    postings: bytes
    people: str


def version_of(photo: ArchiveRow) -> bytes:
    """Return a stamp that changes with each text and file of a photo."""
    facts = photo.facts
    parts: list[object] = [photo.photo_id, photo.title, photo.description, photo.gone]
    parts += [facts.tags, facts.taken, facts.license, facts.privacy]
    for file in photo.files:
        parts += [file.kind, file.sha256]
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).digest()


def make_shard(reader: MirrorReader, number: int, photos: Sequence[ArchivedPhoto]) -> Shard:
    """Return the texts of some photos."""
    entries, texts = [], []
    people: Counter[tuple[str, str]] = Counter()
    for photo in photos:
        document = reader.document(photo.id) or {}
        description = nodes_of(photo.description or "")
        comments = [*_comments(document)]
        notes = notes_of(document)
        people.update((author, name) for author, name, _, _ in comments)
        entries.append(_entry(photo, description, comments, notes))
        discussion = "\n".join([*(text_of_nodes(nodes) for *_, nodes in comments), *notes])
        texts.append((photo.title, text_of_nodes(description), photo.facts.tags, discussion))
    found = {word: places.decode("latin-1") for word, places in postings(texts).items()}
    packed = zlib.compress(json.dumps(found, ensure_ascii=False).encode(), 1)
    listed = [[author, name, count] for (author, name), count in people.items()]
    return Shard(script(f"text/{number}", entries), packed, json.dumps(listed))


def _entry(
    photo: ArchivedPhoto,
    description: object,
    comments: list[tuple[str, str, int | None, Any]],
    notes: list[str],
) -> dict[str, Any]:
    """Return the values on the page of a photo besides the columns; keys without a value are left out."""
    entry = {
        "description": description,
        "tags": photo.tags,
        "comments": comments,
        "notes": notes,
        "filmBytes": film.bytes if (film := photo.file("video")) else 0,
        "gone": photo.gone,
        "owner": [photo.facts.owner, photo.facts.owner_name] if photo.facts.owner else None,
    }
    return {name: value for name, value in entry.items() if value}


def _comments(document: dict[str, Any]) -> Iterator[tuple[str, str, int | None, Any]]:
    """Yield the author, the author's name, the time and the nodes of each comment."""
    more = document.get("flickr")
    facts = more.get("comments") if isinstance(more, dict) else None
    texts = document.get("comments")
    if not isinstance(facts, list) or not isinstance(texts, list):
        return
    for text, fact in zip(texts, facts, strict=False):
        if isinstance(text, dict) and isinstance(fact, dict):
            date = fact.get("date")
            name = str(fact.get("author_name") or fact.get("real_name") or "")
            yield (
                str(fact.get("author", "")),
                name,
                date if isinstance(date, int) else None,
                nodes_of(str(text.get("content", ""))),
            )
