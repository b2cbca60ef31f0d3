"""Compares a photo in a listing with its row, and decides what must be fetched or written again. Pure.

A page of a listing shows 500 photos with their texts, their secrets and their sizes. That is enough to find edits
without one call for each photo, but the fields need care:

- `lastupdate` moves with any edit and with comments
  (https://www.flickr.com/services/api/flickr.photos.getInfo.html), so it does not show that texts changed.
- An owner can replace the image of a photo, whose id stays. Another `secret` shows that, or other pixels or another
  file name of the best size. A better size can also appear later: `url_o` is missing while the owner forbids
  downloads (https://www.flickr.com/services/api/misc.urls.html).
- The host and the folder of an address change without any edit. They are not compared.
"""

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
    """What changed since a photo was last listed."""

    TEXT = 1
    COMMENTS = 2
    IMAGE = 4


@dataclass(frozen=True, slots=True)
class State:
    """The state of a row: its upload time, its statuses, what of it on disk is outdated, and whether it is gone."""

    uploaded: int
    image_status: Status
    info_status: Status
    stale: Stale
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Refresh:
    """The new state of a photo that was listed again.

    `takes_size` is whether the best size in the listing replaces the known one, `is_update` whether anything mirrored
    must be fetched or written again.
    """

    state: State
    change: Change
    takes_size: bool
    is_update: bool


def refresh(
    old: StoredPhoto, state: State, new: FlickrPhoto, fresh: StateRow, *, comments: bool, scanning: bool
) -> Refresh:
    """Return the new state of a photo that is listed again.

    `fresh` is the row that it would get if it were new. `comments` is whether comments are mirrored. A full scan
    (`scanning`) also tries again what was unavailable.
    """
    change = changes(old, new)
    stale = old.stale
    if Change.COMMENTS in change:
        stale |= Stale.COMMENTS
    if Change.IMAGE in change:
        stale |= Stale.IMAGE
    again = {Status.GONE, Status.UNAVAILABLE} if scanning else {Status.GONE}
    image_status = state.image_status
    # A size that Flickr was asked for is better known than a listing can show it, and stays.
    is_open = image_status is Status.UNSETTLED and old.proof is SizeEvidence.NONE
    takes_size = Change.IMAGE in change or image_status is Status.NOT_READY or is_open
    if takes_size:
        image_status = fresh.image_status
    elif image_status in again:
        is_settled = old.proof is not SizeEvidence.NONE and not fresh.video
        image_status = Status.PENDING if is_settled else Status.UNSETTLED
    has_comments = comments and old.info_level == COMMENTS_LEVEL
    is_update = bool(change & ~Change.COMMENTS) or (Change.COMMENTS in change and has_comments)
    # A sidecar that waits for a size (`UNSETTLED`) will be written anyway.
    info_status = state.info_status
    if Change.IMAGE in change:
        info_status = fresh.info_status
    elif info_status in again or ((is_update or state.is_gone) and info_status is not Status.UNSETTLED):
        info_status = Status.PENDING
    return Refresh(State(fresh.uploaded, image_status, info_status, stale), change, takes_size, is_update)


def changes(old: StoredPhoto, new: FlickrPhoto) -> Change:
    """Return what changed since a photo was last listed.

    Comments count as changed when `lastupdate` moves, even if it was for another edit: one call then finds out. It is
    not documented whether `lastupdate` moves when a comment is deleted, so their number is compared as well. A photo
    that has no comments, before and after, needs no call.
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
    """Return whether a value changed. A rebuilt catalogue does not know the value before: that is no change."""
    return before is not None and before != after


def _texts(photo: FlickrPhoto, old: FlickrPhoto) -> tuple[object, ...]:
    """Return what a sidecar file states of a photo, without comments, sizes and volatile values.

    The description is left out if it is not known of `old`.
    """
    description = photo.raw_description if old.raw_description is not None else None
    return photo.raw_title, description, photo.facts.to_sidecar(volatile=False)


def _has_other_image(old: StoredPhoto, new: FlickrPhoto) -> bool:
    """Return whether the image was replaced, or is available in a better size.

    A smaller size is not a change: what is mirrored is better than what Flickr offers now.
    """
    before, after = old.photo.facts.secret, new.facts.secret
    best = best_picture(new.sizes)
    if (
        best
        and old.size
        and old.proof is SizeEvidence.ASKED
        and _pixels(best, old.size) == _pixels(old.size, best)
    ):
        # Listings lag behind: Flickr was asked after the replacement, and the listing shows it only now.
        return False
    if before and after and before != after:
        return True
    if best is None or old.size is None:
        return False
    if new.facts.media == "video":  # the listed sizes are posters; only the secret shows a replaced film
        return False
    if (best.area, best.label == ORIGINAL) > (old.size.area, old.size.label == ORIGINAL):
        return True
    return best.label == old.size.label and _pixels(best, old.size) != _pixels(old.size, best)


def _pixels(size: FlickrPhotoSize, other: FlickrPhotoSize) -> tuple[object, ...]:
    # Host and folder of an address change without the image. The file name contains the secret of the size.
    return size.width, size.height, size.url.rpartition("/")[2] if other.url else ""
