"""The differences between two listings of a photo, and the state of the photo that follows from them.

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
from flickr_mirror.models.sizes import ORIGINAL, SizeEvidence, best_picture, same_pixels

if TYPE_CHECKING:
    from flickr_mirror.catalogue.rows import StateRow, StoredPhoto
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sizes import FlickrPhotoSize


class Change(Flag):
    """The parts of a photo that differ from its last listing."""

    TEXT = 1
    COMMENTS = 2
    IMAGE = 4


@dataclass(frozen=True, slots=True)
class State:
    """The state of a photo: its upload time, the status of its files, those that are outdated, whether it is gone."""

    uploaded: int
    image_status: Status
    info_status: Status
    stale: Stale
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Refresh:
    """The new state of a photo that was listed again.

    `takes_size` is whether the best size in the listing replaces the known one, `is_update` whether something that is
    mirrored changed and must be fetched or written again. `has_more` is whether the listing states optional facts for
    the first time: the sidecar is written again, without a call, so that mirrors of earlier versions gain them.
    """

    state: State
    change: Change
    takes_size: bool
    is_update: bool
    has_more: bool


def refresh(
    old: StoredPhoto, state: State, new: FlickrPhoto, fresh: StateRow, *, comments: bool, scanning: bool
) -> Refresh:
    """Return the new state of a photo that was listed again.

    `fresh` is the row that it would get as a new photo. `comments` is whether comments are mirrored. A full scan
    (`scanning`) tries again what was out of reach.
    """
    change = changes(old, new)
    stale = old.stale
    if Change.COMMENTS in change:
        stale |= Stale.COMMENTS
    if Change.IMAGE in change:
        stale |= Stale.IMAGE
    again = {Status.GONE, Status.UNAVAILABLE} if scanning else {Status.GONE}
    has_comments = comments and old.info_level == COMMENTS_LEVEL
    is_update = bool(change & ~Change.COMMENTS) or (Change.COMMENTS in change and has_comments)
    # A size that was requested from Flickr is more reliable than a listing, and stays.
    is_open = state.image_status is Status.UNSETTLED and old.proof is SizeEvidence.NONE
    takes_size = Change.IMAGE in change or state.image_status is Status.NOT_READY or is_open
    image_status = fresh.image_status if takes_size else _image_status(old, state, fresh, again)
    # A sidecar that waits for a size (`UNSETTLED`) will be written anyway.
    info_status = state.info_status
    if Change.IMAGE in change:
        info_status = fresh.info_status
    elif info_status in again or ((is_update or state.is_gone) and info_status is not Status.UNSETTLED):
        info_status = Status.PENDING
    has_more = old.photo.facts.completed_from(new.facts) != old.photo.facts
    if has_more and info_status is Status.DONE:
        info_status = Status.PENDING
    return Refresh(
        State(fresh.uploaded, image_status, info_status, stale), change, takes_size, is_update, has_more
    )


def _image_status(old: StoredPhoto, state: State, fresh: StateRow, again: set[Status]) -> Status:
    """Return the status of an image whose known size stays; images with a status in `again` are tried again."""
    if state.image_status not in again:
        return state.image_status
    is_settled = old.proof is not SizeEvidence.NONE and not fresh.video
    return Status.PENDING if is_settled else Status.UNSETTLED


def changes(old: StoredPhoto, new: FlickrPhoto) -> Change:
    """Return the parts of a photo that differ between the stored listing and a new one.

    `last_update` also moves when a comment is added: https://www.flickr.com/services/api/flickr.photos.getInfo.html.
    Whether it moves when one is deleted is not documented, so the number of comments is compared too. A photo that has
    no comments, before and after, needs no call.
    """
    change = Change(0)
    before, after = old.photo.facts, new.facts
    if _has_other_texts(old.photo, new) or after.is_edit_of(before.completed_from(after)):
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
    """Return whether a number changed; `None` before means unknown, as in a catalogue that was rebuilt."""
    return before is not None and before != after


def _has_other_texts(old: FlickrPhoto, new: FlickrPhoto) -> bool:
    """Return whether the title or the description changed; a description that was not known did not."""
    is_described = old.raw_description is not None and new.raw_description != old.raw_description
    return new.raw_title != old.raw_title or is_described


def _has_other_image(old: StoredPhoto, new: FlickrPhoto) -> bool:
    """Return whether the image was replaced, or is now available in a better size; a worse one is ignored."""
    before, after = old.photo.facts.secret, new.facts.secret
    best = best_picture(new.sizes)
    if (
        best
        and old.size
        and old.size.url  # unknown for files that were restored or imported
        and old.proof is SizeEvidence.ASKED
        and _pixels(best, old.size) == _pixels(old.size, best)
    ):
        return False  # It was replaced before getSizes was asked, which had the new file already.
    if before and after and before != after:
        return True
    if best is None or old.size is None:
        return False
    if not old.size.url and best.label == old.size.label:
        # measured in the file of an account export, which can be rotated
        return not same_pixels((best.width, best.height), old.size)
    if new.facts.media == "video":  # The sizes are those of its posters; a new film has a new secret.
        return False
    if (best.area, best.label == ORIGINAL) > (old.size.area, old.size.label == ORIGINAL):
        return True
    return best.label == old.size.label and _pixels(best, old.size) != _pixels(old.size, best)


def _pixels(size: FlickrPhotoSize, other: FlickrPhotoSize) -> tuple[object, ...]:
    # The host and the folder of an address can change for the same image; the file name contains its secret.
    return size.width, size.height, size.url.rpartition("/")[2] if other.url else ""
