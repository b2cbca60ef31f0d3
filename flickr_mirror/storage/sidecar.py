"""The sidecar file of a photo: a JSON document of its texts and metadata, which is written and read here.

The keys that follow from the metadata are in the table of `models.metadata`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import PlaceTakenError
from flickr_mirror.models.identifiers import is_photo_id
from flickr_mirror.models.job_kinds import DETAIL_KEYS, JobKind
from flickr_mirror.models.languages import Label, Locale
from flickr_mirror.models.metadata import PhotoMetadata, without_volatile
from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto
from flickr_mirror.models.sizes import FlickrPhotoSize, Reduced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from flickr_mirror.models.users import FlickrUser

EXPORT = "export"
"""The key in `flickr` of what an import of an account export added."""
PARTS = (*DETAIL_KEYS.values(), EXPORT)
"""The keys at the end of `flickr` that come from calls for each photo, or from an account export, not from the listing
and the comments."""
_ENTRIES = {JobKind.NOTES: "notes", JobKind.FAVES: "people", JobKind.EXIF: "tags"}
FORMAT = 1
"""The number of the format, in `flickr`. Files without it, written before it was introduced, have the same format.

A new key does not change it; a key that changes its meaning does, and older versions then do not read the file.
"""
_COMMENT_KEYS = ("id", "author", "date")
_LATER_COMMENT_KEYS = ("author_name", "real_name", "path_alias", "permalink")
"""Keys of comments that files of earlier versions lack."""


def info_document(
    photo: FlickrPhoto,
    user: FlickrUser,
    size: FlickrPhotoSize | None,
    *,
    title: Label,
    description: Label | None,
    comments: list[tuple[FlickrComment, Label]] | None,
    reduced: Mapping[str, Reduced] | None = None,
    more_parts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the document of a photo in the specification's shape; all additions are under `flickr`.

    `user` owns the photo unless its facts state an owner. `size` is the best size of the image. `reduced` has the sizes
    that were mirrored because Flickr refuses the best file, by the kind of file. Parts that are `None` are left out:
    the parts that are there are the information level. `more_parts` come from calls of their own,
    such as `details`.
    """
    reduced = reduced or {}
    facts = photo.facts.to_sidecar()
    nsid, name = (photo.facts.owner, "") if photo.facts.owner else (user.user_id, user.username)
    owner = {**facts.pop("owner"), "username": photo.facts.owner_name or name}
    document: dict[str, Any] = {"title": _label(title)}
    if description is not None:
        document["description"] = _label(description)
    more: dict[str, Any] = {
        "format": FORMAT,
        "id": photo.id,
        "owner": {"nsid": nsid, **owner},
        "url": f"https://www.flickr.com/photos/{nsid}/{photo.id}/",
        **facts,
        "size": _reduced(reduced["image"]) if "image" in reduced else size and _size(size),
    }
    if "video" in reduced:
        more["film"] = _reduced(reduced["video"])
    if comments is not None:
        document["comments"] = [_label(label) for _, label in comments]
        more["comments"] = [
            {name: getattr(comment, name) for name in (*_COMMENT_KEYS, *_LATER_COMMENT_KEYS)}
            for comment, _ in comments
        ]
    return {**document, "flickr": {**more, **(more_parts or {})}}


def with_parts_of(document: dict[str, Any], stored: object) -> dict[str, Any]:
    """Return a document with the `PARTS` that only a stored document of the same photo has."""
    new, old = document.get("flickr"), stored.get("flickr") if isinstance(stored, dict) else None
    if not isinstance(new, dict) or not isinstance(old, dict) or new.get("id") != old.get("id"):
        return document
    parts = {key: (new if key in new else old)[key] for key in PARTS if key in new or key in old}
    return {**document, "flickr": {key: new[key] for key in new if key not in PARTS} | parts}


def parts_of(data: bytes) -> set[str]:
    """Return which of `PARTS` the bytes of a sidecar file have."""
    keys = json.loads(data)["flickr"]
    return {key for key in PARTS if key in keys}


def stored_details(info: dict[str, Any]) -> list[tuple[JobKind, int, int | None]]:
    """Return the `PARTS` of a document: their kind, their number of entries, and their version if they state it."""
    found: list[tuple[JobKind, int, int | None]] = []
    for kind, key in DETAIL_KEYS.items():
        part = info["flickr"].get(key, "")
        if part is None or isinstance(part, dict):
            entries = (part or {}).get(_ENTRIES[kind])
            count = len(entries) if isinstance(entries, list) else 0
            versions = {JobKind.NOTES: to_int((part or {}).get("updated")), JobKind.FAVES: count}
            found.append((kind, count, versions.get(kind)))
    return found


def encoded(document: dict[str, Any]) -> bytes:
    """Return the bytes of the file of a document."""
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def with_export(document: dict[str, Any], details: dict[str, Any]) -> dict[str, Any]:
    """Return a document with the additional values of an account export."""
    return {**document, "flickr": {**document["flickr"], EXPORT: details}}


def exported_details(document: object) -> dict[str, Any] | None:
    """Return the additional values of an account export in a document; `None` if the photo is not from one."""
    more = document.get("flickr") if isinstance(document, dict) else None
    details = more.get(EXPORT) if isinstance(more, dict) else None
    return details if isinstance(details, dict) else None


def compare(stored: bytes | None, document: dict[str, Any], data: bytes) -> tuple[bool, dict[str, Any]]:
    """Return whether the stored bytes of a file are up to date, and the document to write if they are not.

    `data` are the bytes of `document`. The document to write has the `PARTS` that only the stored one has.
    """
    with suppress(ValueError, RecursionError):
        if stored is not None and stored != data:
            old = json.loads(stored)
            document = with_parts_of(document, old)
            return is_up_to_date(old, document), document
    return stored == data, document


def check_photo(document: dict[str, Any] | None, photo_id: str, path: Path) -> None:
    """Raise `PlaceTakenError` if the document in the file at `path` belongs to another photo."""
    metadata = document.get("flickr") if document else None
    owner = metadata.get("id") if isinstance(metadata, dict) else None
    if owner not in (None, photo_id):
        raise PlaceTakenError(f"{path} is of photo {owner}, whose files have the same name.", path)


def is_up_to_date(stored: object, document: dict[str, Any]) -> bool:
    """Return whether a stored document need not be replaced by `document`.

    The number of the format and volatile values do not count: no file is rewritten only because of them.
    """
    return _essentials(stored) == _essentials(document)


def _essentials(document: object) -> object:
    if not isinstance(document, dict) or not isinstance(document.get("flickr"), dict):
        return document
    more = without_volatile(document["flickr"])
    more.pop("format", None)
    return {**document, "flickr": more}


def info_level_of(info: dict[str, Any] | None) -> int:
    """Return the information level of a document, by its parts: 0 to 2, or -1 if there is none."""
    return -1 if info is None else 2 if "comments" in info else 1 if "description" in info else 0


def stored_comments(info: dict[str, Any] | None) -> list[tuple[FlickrComment, Label]] | None:
    """Return the comments in a document with their languages; `None` if they are missing or malformed."""
    try:
        texts, facts = info["comments"], info["flickr"]["comments"]  # type: ignore[index]
        return [
            (
                FlickrComment(
                    **{key: fact[key] for key in _COMMENT_KEYS},
                    **{key: fact.get(key, "") for key in _LATER_COMMENT_KEYS},
                    content=text["content"],
                ),
                Label(text["content"], Locale.from_string(text["locale"])),
            )
            for text, fact in zip(texts, facts, strict=True)
        ]
    except (KeyError, TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class SidecarPhoto:
    """A photo as its sidecar file describes it.

    `size` is the best size of its image, `None` if that was not known. `reduced` has the sizes that were mirrored in
    place of its best files, by the kind of file.
    """

    photo: FlickrPhoto
    size: FlickrPhotoSize | None
    reduced: dict[str, Reduced]


def photo_from_sidecar(info: dict[str, Any], *, has_owner: bool = False) -> SidecarPhoto | None:
    """Return the photo that a document describes; `None` if it is not the document of a photo.

    The addresses of the image and the time of the last change, which the document does not have, are unknown. A key
    that a file of an earlier version lacks has its default. `has_owner` is whether the document is in a mirror of
    photos of several accounts.
    """
    try:
        more = info["flickr"]
        if more.get("format", FORMAT) > FORMAT:
            return None
        facts = replace(
            PhotoMetadata.from_sidecar(more),
            comment_count=len(info["comments"]) if "comments" in info else None,
            owner=str(more["owner"]["nsid"]) if has_owner else "",
        )
        description = str(info["description"]["content"]) if "description" in info else None
        photo = FlickrPhoto(more["id"], str(info["title"]["content"]), description=description, facts=facts)
        size = more["size"]
        reduced = {
            kind: Reduced(_size_of(stored), _size_of(stored["best"]))
            for kind, stored in {"image": size, "video": more.get("film")}.items()
            if stored and stored.get("reduced")
        }
        best = reduced["image"].best if "image" in reduced else size and _size_of(size)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return SidecarPhoto(photo, best, reduced) if is_photo_id(photo.id) else None


def _size_of(size: dict[str, Any]) -> FlickrPhotoSize:
    return FlickrPhotoSize(str(size["label"]), int(size["width"]), int(size["height"]), "")


def _size(size: FlickrPhotoSize) -> dict[str, Any]:
    return {"label": size.label, "width": size.width, "height": size.height}


def _reduced(reduced: Reduced) -> dict[str, Any]:
    return {**_size(reduced.size), "reduced": True, "best": _size(reduced.best)}


def _label(label: Label) -> dict[str, str]:
    return {"content": label.content, "locale": str(label.locale)}
