"""The account export of a simulated photostream: zips of JSON files and of media, named as Flickr names them."""

from __future__ import annotations

import html
import json
import re
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from flickr_mirror.simulator import media_files
from flickr_mirror.simulator.data.sizes import SimulatedSize, shape_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from flickr_mirror.simulator.data.lists import SimulatedGallery
    from flickr_mirror.simulator.data.photo import SimulatedPhoto
    from flickr_mirror.simulator.data.stream import SimulatedPhotostream
    from flickr_mirror.simulator.data.texts import SimulatedComment

METADATA = "72157600000000000_0123456789ab_part1.zip"
_WEB = "https://www.flickr.com"
_DIGITS = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
"""The digits of the ids in short links: https://www.flickr.com/groups/api/discuss/72157616713786392/."""
_T = TypeVar("_T")
_PER_PART = 50
"""The entries in each file of a list. How many Flickr writes is not known."""
_EVERY = 50
"""Every fiftieth photo has a name of each odd kind."""


def write_export(
    stream: SimulatedPhotostream,
    folder: Path,
    *,
    parts: int = 4,
    without: Collection[str] = (),
    private: Collection[str] = (),
    strays: Collection[str] = (),
) -> list[Path]:
    """Write the export of a photostream as one zip of JSON files and `parts` zips of media; return their paths.

    `without` are ids whose media is missing, as users report it, `private` those that only the owner sees, and `strays`
    the names of media files without an id. Original files are there even if the server refuses them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    photos = sorted((*stream.ids, *(one for one in private if one not in stream)), key=int)
    paths = [folder / METADATA, *(folder / f"data-download-{number + 1}.zip" for number in range(parts))]
    with zipfile.ZipFile(paths[0], "w", zipfile.ZIP_DEFLATED) as metadata:
        for name, document in _documents(stream, photos, private):
            metadata.writestr(name, json.dumps(document, ensure_ascii=False))
    there = [photo_id for photo_id in photos if photo_id not in without]
    for number, path in enumerate(paths[1:]):
        with zipfile.ZipFile(path, "w") as media:
            for photo_id in there[number::parts]:
                photo = stream.photo(photo_id)
                media.writestr(media_name(photo), original_of(stream, photo))
            for name in strays if number == 0 else ():
                media.writestr(
                    name, media_files.picture(stream.photo(there[0]), _size(stream.photo(there[0])))
                )
    return paths


def media_name(photo: SimulatedPhoto) -> str:
    """Return the name of a photo's file: the slug of its title, or a part of the secret, and the id."""
    slug = "-".join(re.findall(r"\w+", photo.title.lower()))[:60]
    if photo.media == "video":
        return f"{slug}_{photo.id}.mp4" if slug else f"video_{photo.id}.mp4"
    oddity, extension = photo.index % _EVERY, photo.original_format
    if oddity == 1:  # a title such as "IMG 20190714 3312.NEF"
        return f"img-20190714-3312.nef-{photo.index}_{photo.id}_o.{extension}"
    if oddity == 2:
        return f"{slug}_{photo.id}_o.{extension.upper()}"
    if oddity == 3:
        return f"{slug}_{photo.id}_o"
    if oddity == 4:  # a secret of digits only
        return f"{photo.id}_{int(photo.original_secret, 16) % 10**10:010}_o.{extension}"
    return f"{slug}_{photo.id}_o.{extension}" if slug else f"{photo.id}_{photo.original_secret}_o.{extension}"


def original_of(stream: SimulatedPhotostream, photo: SimulatedPhoto) -> bytes:
    """Return the file that the owner uploaded: the one that the server has, or a larger one that it refuses."""
    size = _size(photo)
    if size.media == "video":
        return media_files.video(photo, size)
    if stream.original_file is not None:
        return media_files.reduced_picture(photo, size, stream.original_file(photo))
    return media_files.picture(photo, size, noise=stream.noise)


def _size(photo: SimulatedPhoto) -> SimulatedSize:
    width, height, _ = shape_of(photo.kind, photo.index, photo.original_shapes)
    if photo.media == "video":
        return SimulatedSize("Video Original", "original", width, height, f"/original/{photo.id}", "video")
    path = f"/65535/{photo.id}_{photo.original_secret}_o.{photo.original_format}"
    return SimulatedSize("Original", "o", width, height, path)


def _documents(
    stream: SimulatedPhotostream, photos: list[str], private: Collection[str]
) -> Iterator[tuple[str, Any]]:
    name = stream.path_alias or stream.nsid
    yield (
        "account_profile.json",
        {
            "real_name": stream.real_name,
            "join_date": "2005-08-31 03:47:36",
            "profile_url": f"{_WEB}/people/{name}/",
            "nsid": stream.nsid,
            "path_alias": stream.path_alias,
            "screen_name": stream.username,
            "pro_user": "yes" if stream.is_pro else "no",
        },
    )
    yield "albums.json", {"albums": [_album(name, photos)] if photos else []}
    lists = stream.lists
    favorites = [
        {"photo_id": photo_id, "photo_url": f"http://flic.kr/p/{_short(int(photo_id))}"}
        for photo_id in lists.favorites
    ]
    contacts = [(contact.username, f"{_WEB}/people/{contact.nsid}/") for contact in lists.contacts]
    for number, part in _parts(favorites):
        yield f"faves_part{number:03}.json", {"faves": part}
    for number, people in _parts(contacts):
        yield f"contacts_part{number:03}.json", {"contacts": dict(people)}
    yield "galleries.json", {"galleries": [_gallery(gallery) for gallery in lists.galleries]}
    for photo_id in photos:
        yield f"photo_{photo_id}.json", _photo(stream.photo(photo_id), name, is_private=photo_id in private)


def _parts(entries: list[_T]) -> Iterator[tuple[int, list[_T]]]:
    """Yield the entries of each file of a list with its number, at least one file."""
    for number, start in enumerate(range(0, len(entries) or 1, _PER_PART), start=1):
        yield number, entries[start : start + _PER_PART]


def _short(photo_id: int) -> str:
    """Return the code of a photo in Flickr's short links."""
    rest, digit = divmod(photo_id, len(_DIGITS))
    return (_short(rest) if rest else "") + _DIGITS[digit]


def _gallery(gallery: SimulatedGallery) -> dict[str, Any]:
    return {
        "id": gallery.id,
        "title": gallery.title,
        "description": gallery.description,
        "photo_count": str(len(gallery.photos)),
        "view_count": "0",
        "photos": gallery.photos,
    }


def _album(name: str, photos: list[str]) -> dict[str, Any]:
    members = [*photos[:3], "0"]
    return {
        "photo_count": str(len(members)),
        "id": "72157629992811650",
        "url": f"{_WEB}/photos/{name}/albums/72157629992811650",
        "title": "The first ones &amp; one that is gone",
        "description": "",
        "view_count": "1",
        "created": "1517485941",
        "last_updated": "1518767690",
        "cover_photo": f"{_WEB}/photos/{name}/{photos[0]}",
        "photos": members,
    }


def _photo(photo: SimulatedPhoto, name: str, *, is_private: bool) -> dict[str, Any]:
    page = f"{_WEB}/photos/{name}/{photo.id}/"
    place = photo.caption.place
    return {
        "id": photo.id,
        "name": html.escape(photo.title),
        "description": html.escape(photo.description),
        "count_views": str(photo.index * 7 % 5000),
        "count_faves": str(photo.index % 9),
        "count_comments": str(len(photo.comments)),
        "date_taken": photo.taken,
        "count_tags": str(len(photo.tags.split())),
        "count_notes": "1",
        "rotation": photo.rotation,
        "date_imported": _time(photo.uploaded),
        "photopage": page,
        "original": f"https://live.staticflickr.com{_size(photo).path}",
        "license": ("All Rights Reserved", "Attribution License")[photo.index % 2],
        "geo": [
            {
                "latitude": str(round(place[0] * 1e6)),
                "longitude": str(round(place[1] * 1e6)),
                "accuracy": "16",
            }
        ]
        if place
        else [],
        "groups": [],
        "albums": [],
        "tags": [
            {"tag": tag.capitalize(), "user": f"{_WEB}/photos/{name}/", "date_create": _time(photo.uploaded)}
            for tag in photo.tags.split()
        ],
        "people": [],
        "notes": [
            {"id": f"72157{photo.index}", "x": 7, "y": 279, "w": 50, "h": 50}
            | {"note": f"Note on {photo.id}", "author": photo.owner}
        ],
        "privacy": "private" if is_private else "public",
        "comment_permissions": "any flickr member",
        "tagging_permissions": "people you follow",
        "safety": "safe",
        "comments": [_comment(comment, number, page) for number, comment in enumerate(photo.comments)],
    }


def _comment(comment: SimulatedComment, number: int, page: str) -> dict[str, Any]:
    serial = 72157720277929503 + number * 8613
    return {
        "id": str(serial),
        "date": _time(comment.date),
        "user": comment.author,
        "comment": comment.text,
        "url": f"{page}/#comment{serial}",
    }


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
