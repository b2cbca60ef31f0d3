"""Encodes photos as rows of the catalogue, and decodes them."""

from __future__ import annotations

import json
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from flickr_mirror.catalogue.rows import Stale, StateRow, Status, StoredPhoto
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.sizes import (
    ORIGINAL,
    FlickrPhotoSize,
    Reduced,
    SizeEvidence,
    best_picture,
    listing_proves,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROCESSING = 7 * 86_400
"""Seconds after the upload of a photo or a video until the mirror stops waiting for Flickr to process it."""


def state_row(photo: FlickrPhoto, answered: set[str], *, info_waits: bool, now: int) -> StateRow:
    """Return the row of the table `photos` for a photo that a listing shows for the first time.

    `answered` are the labels of sizes that listings have shown; `info_waits` is whether a sidecar waits while the size
    is not proved, `now` the time in seconds since 1970 (UTC).
    """
    facts = photo.facts
    video = facts.media == "video"
    size = best_picture(photo.sizes)
    original_listed = any(size.label == ORIGINAL for size in photo.sizes)
    proved = not video and listing_proves(size, original_listed=original_listed, answered=answered)
    is_processed = facts.media_status == "ready" or now - (facts.uploaded or 0) >= PROCESSING
    image_status = Status.NOT_READY if not is_processed else Status.PENDING if proved else Status.UNSETTLED
    return StateRow(
        int(photo.id),
        facts.uploaded or 0,
        video,
        size.label if size else None,
        size.width if size else None,
        size.height if size else None,
        size.url if size else None,
        SizeEvidence.LISTING if proved else SizeEvidence.NONE,
        image_status,
        Status.UNSETTLED if info_waits and image_status is Status.UNSETTLED else Status.PENDING,
    )


_DEFAULTS = {field.name: getattr(PhotoMetadata(), field.name) for field in fields(PhotoMetadata)}
_TYPES = {
    (name, kind)
    for name, hint in get_type_hints(PhotoMetadata).items()
    for kind in (get_args(hint) or (hint,))
    for kind in ({float, int} if kind is float else {kind})
}
"""The names of the facts, each with the types that its value can have."""


def text_row(photo: FlickrPhoto) -> tuple[object, ...]:
    """Return the row of the table `listed` for a photo: its texts, and its other facts that differ from the default."""
    values = {name: getattr(photo.facts, name) for name in _DEFAULTS}
    facts = {name: value for name, value in values.items() if value != _DEFAULTS[name]}
    return int(photo.id), photo.raw_title, photo.raw_description, json.dumps(facts, ensure_ascii=False)


def reduced_text(reduced: Mapping[str, Reduced]) -> str | None:
    """Return the value of the column `reduced`: `{"image": [["Large", 1024, ...], ["Original", 4000, ...]]}`."""
    if not reduced:
        return None
    return json.dumps({kind: [astuple(one.size), astuple(one.best)] for kind, one in sorted(reduced.items())})


def read_facts(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the facts in rows of the table `listed`, by name. Raises `ValueError` if some cannot be decoded."""
    try:
        found = json.loads(f"[{','.join(texts)}]")  # parsing many at once takes a third of the time
        are_known = all(
            _TYPES.issuperset(zip(facts, map(type, facts.values()), strict=True)) for facts in found
        )
    except (AttributeError, TypeError, RecursionError) as error:
        raise ValueError("Facts are a JSON object.") from error
    if not are_known or len(found) != len(texts):
        raise ValueError("Facts are a JSON object of known names with values of their types.")
    return list(found)


def read_reduced(text: str | None) -> dict[str, Reduced]:
    """Return the value of the column `reduced`. Raises `ValueError` if it cannot be decoded."""
    try:
        return {
            kind: Reduced(FlickrPhotoSize(*served), FlickrPhotoSize(*best))
            for kind, (served, best) in json.loads(text or "{}").items()
        }
    except (AttributeError, TypeError, RecursionError) as error:
        raise ValueError("Reduced files are a JSON object of pairs of sizes.") from error


STORED = (
    "id, title, description, facts, size_label, width, height, url, proof, info_level, revision, stale, reduced,"
    " damaged"
)


def stored_photo(row: tuple[Any, ...]) -> StoredPhoto:
    """Return the photo in a row of both tables, whose columns are `STORED`. Raises `ValueError` for a bad value."""
    photo_id, title, description, facts, label, width, height, url, proof, info_level, *more = row
    revision, stale, reduced, damaged = more
    photo = FlickrPhoto(
        str(photo_id), title, description=description, facts=PhotoMetadata(**read_facts([facts])[0])
    )
    size = FlickrPhotoSize(label, width, height, url) if label else None
    return StoredPhoto(
        photo,
        size,
        SizeEvidence(proof),
        info_level,
        revision,
        Stale(stale),
        read_reduced(reduced),
        bool(damaged),
    )
