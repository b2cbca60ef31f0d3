"""Reads the documents about an account that a mirror has, for the methods that answer from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.models.payloads import objects_of, text_of, to_int
from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.web.answers import FARM, SECRET, SERVER
from flickr_mirror.web.refusals import is_private, not_mirrored

if TYPE_CHECKING:
    from collections.abc import Collection

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.web.photo_index import PhotoIndex


def document_of(index: PhotoIndex, name: str, include: str) -> dict[str, Any]:
    """Return a document that a run with `--include` writes.

    Raises `FlickrRefusal` if there is none, or if it has what the public does not see.
    """
    document = index.reader.account_document(name)
    if (
        document is None or document.get("listed_as") == "export"
    ):  # an export has too little of them for an answer
        raise not_mirrored(f"{include} of {index.reader.username}", include)
    if document.get("listed_as") == "owner" and not index.shows_private:
        raise is_private(f"{include} of {index.reader.username}")
    return document


def listed_in(document: dict[str, Any], key: str) -> list[Payload]:
    """Return the entries of a document, without those that Flickr does not list any more."""
    return [entry for entry in objects_of(document.get(key)) if "not_listed_since" not in entry]


def favorites_of(index: PhotoIndex) -> list[Payload]:
    """Return the favourites of an account, the latest first. Raises `FlickrRefusal`."""
    document_of(index, "favorites", "favorites")
    names = index.reader.account_documents("favorites")
    months = [index.reader.account_document(name) or {} for name in names]
    found = [entry for month in months for entry in listed_in(month, "favorites")]
    return sorted(found, key=lambda entry: (entry.get("added") or 0, text_of(entry.get("id"))), reverse=True)


def pools_with(index: PhotoIndex, photo_id: str) -> list[Payload]:
    """Return the groups of an account whose pools have a photo; none if the account does not show its groups."""
    try:
        groups = listed_in(document_of(index, "groups", "groups"), "groups")
    except FlickrRefusal:
        return []
    return [
        group
        for group in groups
        if group.get("photos") and _has_photo(index, f"groups/{text_of(group.get('nsid'))}", photo_id)
    ]


def galleries_with(index: PhotoIndex, photo_id: str) -> list[Payload]:
    """Return the galleries of an account that have a photo."""
    document = index.reader.account_document("galleries") or {}
    galleries = listed_in(document, "galleries")
    return [
        gallery
        for gallery in galleries
        if _has_photo(index, f"galleries/{text_of(gallery.get('id'))}", photo_id)
    ]


def _has_photo(index: PhotoIndex, name: str, photo_id: str) -> bool:
    document = index.reader.account_document(name) or {}
    return any(entry.get("id") == photo_id for entry in objects_of(document.get("photos")))


def entry_of(photo: Payload, extras: Collection[str], mirrored: Payload | None) -> Payload:
    """Return the entry of a listing for a photo of a document; `mirrored` is its own if a mirror has the photo."""
    entry: Payload = {
        "id": text_of(photo.get("id")),
        "owner": text_of(photo.get("owner")),
        "secret": SECRET,
        "server": SERVER,
        "farm": FARM,
        "title": text_of(photo.get("title")),
        "ispublic": 1,
        "isfriend": 0,
        "isfamily": 0,
    }
    more: dict[str, Payload] = {
        "license": {"license": text_of(photo.get("license"))},
        "date_upload": {"dateupload": text_of(photo.get("uploaded"))},
        "owner_name": {"ownername": text_of(photo.get("owner_name"))},
        "path_alias": {"pathalias": text_of(photo.get("path_alias")) or None},
        "media": {"media": text_of(photo.get("media")), "media_status": "ready"},
    }
    for extra, facts in more.items():
        if extra in extras:
            entry |= facts
    return {**entry, **(mirrored or {})}


def gallery_of(gallery: Payload, username: str) -> Payload:
    """Return the entry of a gallery in `galleries.getList`."""
    photos, videos = (to_int(gallery.get(f"{kind}_count")) or 0 for kind in ("photo", "video"))
    number = text_of(gallery.get("id"))
    return {
        "id": text_of(gallery.get("key")) or number,
        "gallery_id": number,
        "url": text_of(gallery.get("url")),
        "owner": text_of(gallery.get("owner")),
        "username": username,
        "primary_photo_id": text_of(gallery.get("cover")),
        "date_create": text_of(gallery.get("created")),
        "date_update": text_of(gallery.get("updated")),
        "count_photos": photos,
        "count_videos": videos,
        "count_total": photos + videos,
        "title": {"_content": text_of(gallery.get("title"))},
        "description": {"_content": text_of(gallery.get("description"))},
        "sort_group": None,
    }
