"""The texts of a photo as the search index stores them: normalized, one for each column, and packed."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from flickr_mirror.reader.folding import fold, normalize
from flickr_mirror.reader.search_query import words_of

if TYPE_CHECKING:
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto

COLUMNS = ("title", "description", "comments", "tags", "notes", "albums")
"""The columns of the index."""
_SEPARATOR = "\x1f"


def pack(texts: tuple[str, ...]) -> bytes:
    """Return texts compressed: FTS5 needs them to remove words, and keeps none itself."""
    return zlib.compress(_SEPARATOR.join(texts).encode())


def version_of(sha256: bytes | None, albums: str) -> bytes:
    """Return a version that identifies the texts of a photo: of its sidecar file and of its albums."""
    return (sha256 or b"")[:16] + zlib.crc32(albums.encode()).to_bytes(4, "big")


def texts_of(photo: ArchivedPhoto, document: dict[str, Any] | None, albums: str) -> tuple[str, ...]:
    """Return the text of each column."""
    document = document or {}
    parts = (
        photo.title,
        photo.description or "",
        "\n".join(_content(comment) for comment in _list(document.get("comments"))),
        " ".join(photo.tags),
        "\n".join(notes_of(document)),
        albums,
    )
    return tuple(normalize(part) for part in parts)


def _content(label: object) -> str:
    return str(label.get("content", "")) if isinstance(label, dict) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def notes_of(document: dict[str, Any]) -> list[str]:
    """Return the texts of the notes in a sidecar document."""
    metadata = document.get("flickr")
    found = []
    # those that Flickr was asked for, and those of an account export
    for part, key in (("details", "text"), ("export", "note")):
        details = metadata.get(part) if isinstance(metadata, dict) else None
        notes = details.get("notes") if isinstance(details, dict) else None
        found += [str(note.get(key, "")) for note in _list(notes) if isinstance(note, dict)]
    return found


def unpack(packed: bytes) -> list[str]:
    """Return the texts that `pack` packed."""
    return zlib.decompress(packed).decode().split(_SEPARATOR)


def has_phrase(packed: bytes, column: str, phrase: str) -> bool:
    """Return whether the texts of a photo have a phrase, both without marks."""
    texts = unpack(packed)
    chosen = texts if not column else [texts[COLUMNS.index(column)]]
    return any(f" {phrase} " in f" {' '.join(map(fold, words_of(text)))} " for text in chosen)
