"""What a mirror can include beside the photos, their titles, descriptions and comments."""

from __future__ import annotations

from enum import StrEnum


class Include(StrEnum):
    """Something to mirror in addition to the photos; the values are the names that `--include` takes."""

    ALBUMS = "albums"
    """The albums with the order of their photos, the collections of albums, and with information level 2 the comments
    of the albums."""
    FAVORITES = "favorites"
    """The photos of others that the account has marked as favourites, as a list."""
    GALLERIES = "galleries"
    """The galleries that the account curates, as lists."""
    GROUPS = "groups"
    """The groups that the account is a member of, and which of its photos are in their pools."""
    CONTACTS = "contacts"
    """The accounts that the account follows."""
    TAGS = "tags"
    """All tags of the account, with their number of photos."""
    PROFILE = "profile"
    """The profile of the account."""
    NOTES = "notes"
    """Per photo: notes, people, tags as typed, names of the place, and rights."""
    FAVES = "faves"
    """Per photo: who marked it as a favourite."""
    EXIF = "exif"
    """Per photo: the camera's data, where the original file is not mirrored."""


PER_PHOTO = frozenset({Include.NOTES, Include.FAVES, Include.EXIF})
"""The ones that need an API call for each photo."""
LISTS = frozenset(Include) - PER_PHOTO
"""The ones that need few API calls for the whole account."""
ALL = "all"
"""The name that stands for all of `LISTS`."""


def parse_includes(text: str) -> frozenset[Include]:
    """Return what names separated by commas stand for.

    Raises `ValueError` for a name that does not exist.

    >>> sorted(parse_includes("albums, notes"))
    [<Include.ALBUMS: 'albums'>, <Include.NOTES: 'notes'>]
    """
    found: set[Include] = set()
    for name in filter(None, (part.strip().lower() for part in text.split(","))):
        if name == ALL:
            found |= LISTS
        elif name in set(Include):
            found.add(Include(name))
        else:
            raise ValueError(f"invalid name {name!r}: use {', '.join(Include)}, or {ALL} for all lists.")
    if not found:
        raise ValueError(f"no name given: use {', '.join(Include)}, or {ALL} for all lists.")
    return frozenset(found)
