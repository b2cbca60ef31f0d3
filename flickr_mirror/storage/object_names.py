"""Names of the objects of a mirror: their keys, and the paths that stand for them in events and messages."""

from __future__ import annotations

import re
from pathlib import Path, PosixPath

from flickr_mirror.models.identifiers import inventory_number

_PHOTO_FILE = re.compile(r"(?:[0-9a-f]/)*([0-9a-f]{32})\.([A-Za-z0-9]+)")


class ObjectPath(PosixPath):
    """The path of an object, which is written as its address: `s3://archive/flickr/manhhai/f/b/2/e/fb2e….jpg`.

    It is a name, and does not exist on any disk.
    """

    def __str__(self) -> str:
        text = super().__str__()
        scheme, colon, rest = text.partition(":/")
        return f"{scheme}://{rest}" if colon and scheme.isalnum() and not rest.startswith("/") else text


def object_path(place: str) -> Path:
    """Return the path that stands for an address such as `s3://archive/flickr`."""
    return ObjectPath(place)


def photo_key(photo_id: str, extension: str, depth: int) -> str:
    """Return the key of a photo's file. Raises `ValueError` for a bad extension."""
    # the extension may come from a manipulated catalogue
    if not (extension.isascii() and extension.isalnum()):
        raise ValueError(f"Invalid file extension {extension!r}.")
    number = inventory_number(photo_id)
    return "/".join([*number[:depth], f"{number}.{extension}"])


def number_and_extension(key: str, depth: int) -> tuple[str, str] | None:
    """Return the inventory number and the extension of a photo's file; `None` for another key."""
    found = _PHOTO_FILE.fullmatch(key)
    if found is None or key != "/".join([*found[1][:depth], f"{found[1]}.{found[2]}"]):
        return None
    return found[1], found[2]
