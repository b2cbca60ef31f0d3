"""The favourites and contacts in Flickr's account export, read leniently.

The shapes are those that readers of real exports report (yaniv-golan/flickr-data, yaniv-golan/offlickr): an export
states less of them than the API, neither dates and owners of favourites nor NSIDs of contacts.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from flickr_mirror.models.identifiers import is_photo_id
from flickr_mirror.models.payloads import text_of
from flickr_mirror.models.photo_addresses import photo_id_at

FAVORITES_FILE = re.compile(r"faves(?:_part[0-9]+)?\.json", re.ASCII)
CONTACTS_FILE = re.compile(r"contacts(?:_part[0-9]+)?\.json", re.ASCII)
_PERSON = re.compile(r"https?://(?:www\.)?flickr\.com/(?:people|photos)/[^/\s]+/?", re.ASCII)


class ExportList(NamedTuple):
    """The entries of a list in the form of the documents of a mirror, by their identifiers.

    `unusable` counts the entries of the file that identify nothing.
    """

    entries: dict[str, dict[str, Any]]
    unusable: int


def favorites_in(document: object) -> ExportList:
    """Return the favourites in `faves_part001.json` by the ids of the photos. Raises `ValueError` for another file.

    {"faves": [{"photo_id": "20216912073", "photo_url": "http://flic.kr/p/ABCDE"}]}
    """
    found = _under(document, "faves", "favorites")
    if not isinstance(found, list):
        raise ValueError("it has no list of favorites")  # noqa: TRY004 - the content is wrong
    ids = [_favorite(entry) for entry in found]
    listed = {photo_id: {"id": photo_id, "added": None} for photo_id in ids if photo_id}
    return ExportList(listed, ids.count(""))


def contacts_in(document: object) -> ExportList:
    """Return the contacts in `contacts_part001.json` by their addresses. Raises `ValueError` for another file.

    Whether the name is the username or the real name is not known.

    {"contacts": {"someone": "https://www.flickr.com/people/someone/"}}
    """
    found = _under(document, "contacts")
    if found == []:  # how PHP writes an object without entries
        found = {}
    if not isinstance(found, dict):
        raise ValueError("it has no names and addresses of contacts")  # noqa: TRY004 - the content is wrong
    addresses = {text_of(name): text_of(value) for name, value in found.items()}
    usable = {name: address for name, address in addresses.items() if name and _PERSON.fullmatch(address)}
    listed = {address: {"name": name, "address": address} for name, address in usable.items()}
    return ExportList(listed, len(found) - len(usable))


def _under(document: object, *keys: str) -> object:
    """Return the value of the first key that a document has, or the document itself."""
    if isinstance(document, dict):
        return next((document[key] for key in keys if key in document), document)
    return document


def _favorite(entry: object) -> str:
    """Return the id of a favourite, which its short address has too; empty if it has none."""
    if not isinstance(entry, dict):
        return ""
    photo_id = text_of(entry.get("photo_id"))
    return photo_id if is_photo_id(photo_id) else photo_id_at(text_of(entry.get("photo_url"))) or ""
