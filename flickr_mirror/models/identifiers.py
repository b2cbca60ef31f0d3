"""The ids of photos and accounts, and the names of files that follow from them."""

from __future__ import annotations

import hashlib
import re

_NSID = re.compile(r"[0-9]{1,20}@N[0-9]{2}")


def inventory_number(photo_id: str) -> str:
    """Return the base name of a photo's files: 32 hexadecimal digits.

    >>> inventory_number("49674775373")
    'fb2e16023f14649810da65b5fcbea02e'
    """
    return hashlib.md5(f"flickr.{photo_id}".encode(), usedforsecurity=False).hexdigest()


def is_nsid(text: str) -> bool:
    """Return whether `text` is the id of an account (NSID), such as `13476480@N07`."""
    return _NSID.fullmatch(text) is not None


def photo_id_of(value: object) -> str:
    """Return the id of a photo, which Flickr writes as `"4941540830"` and could write as a number.

    Raises `ValueError` for any other value, because file names are derived from ids.
    """
    text = str(value) if isinstance(value, int) else value
    if not is_photo_id(text):
        raise ValueError(f"Flickr sent {value!r} as the id of a photo.")
    return str(text)


def is_photo_id(text: object) -> bool:
    """Return whether `text` can be the id of a photo: a decimal number that fits 63 bits."""
    return (
        isinstance(text, str)
        and text.isascii()
        and text.isdigit()
        and not text.startswith("0")
        and len(text) <= 18
    )
