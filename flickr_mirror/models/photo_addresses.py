"""Addresses of single photos: their pages, and Flickr's short links to them."""

from __future__ import annotations

import re
from functools import reduce

from flickr_mirror.models.identifiers import is_photo_id

_PAGE = re.compile(
    r"(?:https?://)?(?:(?:www|m|secure)\.)?flickr\.com/photos/[^/?#\s]+/([0-9]+)(?:[/?#]\S*)?", re.IGNORECASE
)
# Without a flag for the path, because the case of its letters matters.
_SHORT = re.compile(r"(?:(?i:https?)://)?(?i:(?:www\.)?flic\.kr)/p/(\w+)/?(?:[?#]\S*)?")
_DIGITS = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
"""The digits of the ids in short links, from 0 to 57: no 0, I, O and l, which look alike.

https://www.flickr.com/groups/api/discuss/72157616713786392/, and `flickrapi.shorturl`.
"""


def photo_id_at(text: str) -> str | None:
    """Return the id of the photo that `text` means: the id itself, or the address of its page or a short link.

    Returns `None` for anything else. Short links are decoded without a request.
    """
    text = text.strip()
    if page := _PAGE.fullmatch(text):
        text = page[1]
    elif short := _SHORT.fullmatch(text):
        text = _decoded(short[1])
    return text if is_photo_id(text) else None


def _decoded(code: str) -> str:
    if not set(code) <= set(_DIGITS):
        return ""
    return str(reduce(lambda number, digit: number * len(_DIGITS) + _DIGITS.index(digit), code, 0))
