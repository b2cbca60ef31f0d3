"""What a listing shows of a photo otherwise than it did before, and what is to be done about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.rows import Stale, Status
from flickr_mirror.models.options import COMMENTS_LEVEL
from flickr_mirror.models.sizes import ORIGINAL, SizeEvidence, best_picture

if TYPE_CHECKING:
    from flickr_mirror.catalogue.rows import StateRow, StoredPhoto
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sizes import FlickrPhotoSize


class Change(Flag):
    """What of a photo is other than it was listed before."""

    TEXT = 1
    COMMENTS = 2
    IMAGE = 4


@dataclass(frozen=True, slots=True)
class State:
    """How far a photo is: when it was uploaded, whether it is gone, and what on disk is outdated."""

    uploaded: int
    image_status: Status
    info_status: Status
    stale: Stale
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Refresh:
    """The state that a photo is to have now that it was listed again.

    `takes_size` is whether the best size that the listing shows counts from now on, `is_update` whether
    anything that is mirrored is to be fetched or written again.
    """

    state: State
    change: Change
    takes_size: bool
    is_update: bool


def refresh(
    old: StoredPhoto, state: State, new: FlickrPhoto, fresh: StateRow, *, comments: bool, scanning: bool
) -> Refresh:
    """Return what follows from listing a photo again.

    `fresh` is the row that it would get as a new photo. `comments` is whether comments are mirrored. A full
    scan (`scanning`) tries again what was out of reach.
    """
    change = changes(old, new)
    stale = old.stale
    if Change.COMMENTS in change:
        stale |= Stale.COMMENTS
    if Change.IMAGE in change:
        stale |= Stale.IMAGE
    again = {Status.GONE, Status.UNAVAILABLE} if scanning else {Status.GONE}
    image_status = state.image_status
    is_open = image_status is Status.UNSETTLED and old.proof is SizeEvidence.NONE
    takes_size = Change.IMAGE in change or image_status is Status.NOT_READY or is_open
    if takes_size:
        image_status = fresh.image_status
    elif image_status in again:
        is_settled = old.proof is not SizeEvidence.NONE and not fresh.video
        image_status = Status.PENDING if is_settled else Status.UNSETTLED
    has_comments = comments and old.info_level == COMMENTS_LEVEL
    is_update = bool(change & ~Change.COMMENTS) or (Change.COMMENTS in change and has_comments)
    info_status = state.info_status
    if Change.IMAGE in change:
        info_status = fresh.info_status
    elif info_status in again or ((is_update or state.is_gone) and info_status is not Status.UNSETTLED):
        info_status = Status.PENDING
    return Refresh(State(fresh.uploaded, image_status, info_status, stale), change, takes_size, is_update)


def changes(old: StoredPhoto, new: FlickrPhoto) -> Change:
    """Return what a listing shows otherwise than it did before.

    `last_update` moves with comments too: https://www.flickr.com/services/api/flickr.photos.getInfo.html.
    Whether it moves when one is deleted is not documented, so their number is compared as well.
    """
    change = Change(0)
    before, after = old.photo.facts, new.facts
    if _texts(old.photo, old.photo) != _texts(new, old.photo):
        change |= Change.TEXT
    had_comments = before.comment_count != 0 or after.comment_count != 0
    if had_comments and (
        _differ(before.updated, after.updated) or _differ(before.comment_count, after.comment_count)
    ):
        change |= Change.COMMENTS
    if _has_other_image(old, new):
        change |= Change.IMAGE
    return change


def _differ(before: int | None, after: int | None) -> bool:
    """Return whether something is other than it was; a catalogue that was rebuilt does not know what it was."""
    return before is not None and before != after


def _texts(photo: FlickrPhoto, old: FlickrPhoto) -> tuple[object, ...]:
    """Return what a sidecar file states of a photo, without comments, sizes and volatile values.

    The description is left out if it is not known of `old`.
    """
    description = photo.raw_description if old.raw_description is not None else None
    return photo.raw_title, description, photo.facts.to_sidecar(volatile=False)


def _has_other_image(old: StoredPhoto, new: FlickrPhoto) -> bool:
    """Return whether the image was replaced, or is there in a better size; a worse one is no reason to fetch."""
    before, after = old.photo.facts.secret, new.facts.secret
    best = best_picture(new.sizes)
    if (
        best
        and old.size
        and old.proof is SizeEvidence.ASKED
        and _pixels(best, old.size) == _pixels(old.size, best)
    ):
        return False  # Flickr was asked after it had been replaced, and told what the listing shows only now
    if before and after and before != after:
        return True
    if best is None or old.size is None:
        return False
    if new.facts.media == "video":  # these are its posters, and the secret tells of the film
        return False
    if (best.area, best.label == ORIGINAL) > (old.size.area, old.size.label == ORIGINAL):
        return True
    return best.label == old.size.label and _pixels(best, old.size) != _pixels(old.size, best)


def _pixels(size: FlickrPhotoSize, other: FlickrPhotoSize) -> tuple[object, ...]:
    # The host and the folder of an address change without the image; its file is named by its secret.
    return size.width, size.height, size.url.rpartition("/")[2] if other.url else ""
