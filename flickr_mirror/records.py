"""What the catalogue keeps of a photo: its rows, and how far it is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import Flag, IntEnum, IntFlag
from typing import Any

from flickr_mirror.models import ORIGINAL, FlickrPhoto, FlickrPhotoSize, PhotoFacts
from flickr_mirror.sizes import Proof, best_picture, listing_proves


class Status(IntEnum):
    """How far a photo's image, or its information, is."""

    UNSETTLED = 0
    """The best size is not known yet; information that names it waits."""
    PENDING = 1
    DONE = 2
    RETRY = 3
    """Failed in this run, and is tried again at its end."""
    FAILED = 4
    """Failed for now; a later run tries again when it is due."""
    UNAVAILABLE = 5
    """Out of reach until something changes at Flickr."""
    NOT_READY = 6
    """Flickr is still processing it; the next run looks again."""
    GONE = 7
    """Not mirrored before it vanished from the photostream."""


class Stale(IntFlag):
    """What on disk is older than what Flickr has."""

    COMMENTS = 1
    IMAGE = 2


NOT_STALE = Stale(0)


class Change(Flag):
    """What of a photo is other than it was listed before."""

    TEXT = 1
    COMMENTS = 2
    IMAGE = 4


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A row: the photo with its best known size, whether that is proved, and the level of its information.

    `revision` rises with each change that a listing shows; `stale` is what on disk is older than that.
    """

    photo: FlickrPhoto
    size: FlickrPhotoSize | None
    proof: Proof
    info_level: int
    revision: int = 0
    stale: Stale = NOT_STALE

    @property
    def stored(self) -> StoredPhoto:
        """The row itself: what is worked off is a row, or a job that holds one."""
        return self


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a photo on disk: `kind` is `image` or `video`; `note` says what is odd about it."""

    kind: str
    extension: str
    size: int
    sha256: bytes
    note: str = ""

    @property
    def note_is_odd(self) -> bool:
        """Whether Flickr itself has this file damaged, or in another size than it lists."""
        return self.kind == "image" and bool(self.note)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many photos the mirror knows, and how many of them are in which state."""

    known: int
    images: int
    infos: int
    to_ask: int
    unavailable: int


def state_row(photo: FlickrPhoto, answered: set[str], *, info_waits: bool) -> tuple[object, ...]:
    """Return the row of the table `photos` for a photo that a listing shows for the first time.

    `answered` are the labels of sizes that listings have shown; `info_waits` is whether information is to
    wait for a size that is not proved.
    """
    facts = photo.facts
    video = facts.media == "video"
    size = best_picture(photo.sizes)
    original_listed = any(size.label == ORIGINAL for size in photo.sizes)
    proved = not video and listing_proves(size, original_listed=original_listed, answered=answered)
    image_status = (
        Status.NOT_READY if facts.media_status != "ready" else Status.PENDING if proved else Status.UNSETTLED
    )
    return (
        int(photo.id),
        facts.uploaded or 0,
        video,
        *((size.label, size.width, size.height, size.url) if size else (None, None, None, None)),
        Proof.LISTING if proved else Proof.NONE,
        image_status,
        Status.UNSETTLED if info_waits and image_status is Status.UNSETTLED else Status.PENDING,
    )


_DEFAULTS = asdict(PhotoFacts())


def text_row(photo: FlickrPhoto) -> tuple[object, ...]:
    """Return the row of the table `listed` for a photo: its texts, and what the listing tells beyond them."""
    facts = {name: value for name, value in asdict(photo.facts).items() if value != _DEFAULTS[name]}
    return int(photo.id), photo.raw_title, photo.raw_description, json.dumps(facts, ensure_ascii=False)


STORED = "id, title, description, facts, size_label, width, height, url, proof, info_level, revision, stale"


def stored_photo(row: tuple[Any, ...]) -> StoredPhoto:
    """Return the photo in a row of both tables, whose columns are `STORED`."""
    photo_id, title, description, facts, label, width, height, url, proof, info_level, revision, stale = row
    photo = FlickrPhoto(str(photo_id), title, description=description, facts=PhotoFacts(**json.loads(facts)))
    size = FlickrPhotoSize(label, width, height, url) if label else None
    return StoredPhoto(photo, size, Proof(proof), info_level, revision, Stale(stale))


def changes(old: StoredPhoto, new: FlickrPhoto) -> Change:
    """Return what a listing shows otherwise than it did before.

    `last_update` moves with comments too: https://www.flickr.com/services/api/flickr.photos.getInfo.html.
    Whether it moves when one is deleted is not documented, so their number is compared as well.
    """
    change = Change(0)
    before, after = old.photo.facts, new.facts
    if _texts(old.photo) != _texts(new):
        change |= Change.TEXT
    had_comments = before.comment_count != 0 or after.comment_count != 0
    if had_comments and (before.updated, before.comment_count) != (after.updated, after.comment_count):
        change |= Change.COMMENTS
    if _has_other_image(old, new):
        change |= Change.IMAGE
    return change


def _texts(photo: FlickrPhoto) -> tuple[object, ...]:
    """Return what the information file tells of a photo without its comments and sizes."""
    facts = replace(photo.facts, secret="", updated=None, comment_count=None, media_status="", path_alias="")
    return photo.raw_title, photo.raw_description, facts


def _has_other_image(old: StoredPhoto, new: FlickrPhoto) -> bool:
    """Return whether the image was replaced, or is there in a better size; a worse one is no reason to fetch."""
    before, after = old.photo.facts.secret, new.facts.secret
    best = best_picture(new.sizes)
    if best and old.size and old.proof is Proof.ASKED and _pixels(best) == _pixels(old.size):
        return False  # Flickr was asked after it had been replaced, and told what the listing shows only now
    if before and after and before != after:
        return True
    if best is None or old.size is None:
        return False
    if new.facts.media == "video":  # these are its posters, and the secret tells of the film
        return False
    if (best.area, best.label == ORIGINAL) > (old.size.area, old.size.label == ORIGINAL):
        return True
    return best.label == old.size.label and _pixels(best) != _pixels(old.size)


def _pixels(size: FlickrPhotoSize) -> tuple[object, ...]:
    # The host and the folder of an address change without the image; its file is named by its secret.
    return size.width, size.height, size.url.rpartition("/")[2]
