"""The answers of Flickr's API about photos of a mirror, in the shapes that Flickr sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.sizes import LISTED_SIZES, ORIGINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from flickr_mirror.models.languages import Label
    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.models.photos import FlickrComment
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto, MirrorReader

SERVER = "65535"
"""The server number in addresses of images."""
FARM = 66
SECRET = "0000000000"  # noqa: S105 - where none is known
FLICKR = "https://www.flickr.com"
PRIVACY_BITS = {
    "public": (1, 0, 0),
    "friends": (0, 1, 0),
    "family": (0, 0, 1),
    "friends and family": (0, 1, 1),
    "private": (0, 0, 0),
}
_KEYS = {label: key for key, (label, _) in LISTED_SIZES.items()}


def image_path(photo: ArchivedPhoto, kind: str = "image") -> str:
    """Return the path of a photo's file in addresses: `/65535/123_0000000000_o.jpg`."""
    file = photo.file(kind)
    key = "video" if kind == "video" else size_key(photo)
    extension = file.path.suffix if file else ".jpg"
    return f"/{SERVER}/{photo.id}_{photo.facts.secret or SECRET}_{key}{extension}"


def size_key(photo: ArchivedPhoto) -> str:
    """Return the key of the size that is mirrored, such as `o` for the original."""
    return _KEYS.get(photo.size_label or ORIGINAL, "o")


_EXTRAS: dict[str, Callable[[ArchivedPhoto, MirrorReader], Payload]] = {
    "description": lambda photo, _: {"description": {"_content": photo.description or ""}},
    "license": lambda photo, _: {"license": photo.facts.license or "0"},
    "date_upload": lambda photo, _: {"dateupload": str(photo.uploaded)},
    "date_taken": lambda photo, _: {
        "datetaken": photo.facts.taken,
        "datetakengranularity": str(photo.facts.taken_granularity),
        "datetakenunknown": str(int(photo.facts.taken_unknown)),
    },
    "owner_name": lambda photo, reader: {"ownername": reader.owner_of(photo).name},
    "icon_server": lambda photo, _: {
        "iconserver": str(photo.facts.icon_server or 0),
        "iconfarm": photo.facts.icon_farm or 0,
    },
    "last_update": lambda photo, _: {"lastupdate": str(photo.facts.updated or photo.uploaded)},
    "geo": lambda photo, _: place(photo),
    "tags": lambda photo, _: {"tags": photo.facts.tags},
    "machine_tags": lambda photo, _: {"machine_tags": photo.facts.machine_tags},
    "o_dims": lambda photo, _: _original(photo),
    "views": lambda photo, _: {} if photo.facts.views is None else {"views": str(photo.facts.views)},
    "media": lambda photo, _: {"media": photo.facts.media, "media_status": "ready"},
    "path_alias": lambda photo, _: {"pathalias": photo.facts.path_alias or None},
    "count_comments": lambda photo, _: _count("count_comments", photo.facts.comment_count),
    "count_faves": lambda photo, _: _count("count_faves", photo.facts.faves),
    "safety_level": lambda photo, _: _count("safety_level", photo.facts.safety_level),
    "realname": lambda photo, _: {"realname": photo.facts.real_name},
    "rotation": lambda photo, _: {"rotation": photo.facts.rotation},
    "can_download": lambda photo, _: (
        {} if photo.facts.can_download is None else {"can_download": int(photo.facts.can_download)}
    ),
    "original_format": lambda photo, _: original_format(photo),
}
"""What each of the `extras` adds to an entry of a listing."""


def _count(name: str, value: int | None) -> Payload:
    return {} if value is None else {name: str(value)}


def place(photo: ArchivedPhoto) -> Payload:
    """Return the keys of an entry about the place of a photo."""
    facts = photo.facts
    if facts.latitude is None or facts.longitude is None:
        return {"latitude": 0, "longitude": 0, "accuracy": 0, "context": 0}
    return {
        "latitude": str(facts.latitude),
        "longitude": str(facts.longitude),
        "accuracy": str(facts.accuracy or 16),
        "context": 0,
        "geo_is_public": 1,
        "geo_is_contact": 0,
        "geo_is_friend": 0,
        "geo_is_family": 0,
    }


def _original(photo: ArchivedPhoto) -> Payload:
    facts = photo.facts
    if facts.original_width and facts.original_height:
        return {"o_width": str(facts.original_width), "o_height": str(facts.original_height)}
    return {}


def original_format(photo: ArchivedPhoto) -> Payload:
    """Return the keys of an entry about the file of the original, if it is mirrored."""
    image = photo.file("image")
    if image is None or size_key(photo) != "o":
        return {}
    return {"originalsecret": photo.facts.secret or SECRET, "originalformat": image.path.suffix[1:]}


def listed_photo(photo: ArchivedPhoto, reader: MirrorReader, extras: Collection[str], base: str) -> Payload:
    """Return an entry of `people.getPhotos`. `base` is the address of the image server."""
    entry: Payload = {
        "id": photo.id,
        "owner": reader.owner_of(photo).nsid,
        "secret": photo.facts.secret or SECRET,
        "server": SERVER,
        "farm": FARM,
        "title": photo.title,
        **visibility(photo),
    }
    for extra, build in _EXTRAS.items():
        if extra in extras:
            entry |= build(photo, reader)
    key = size_key(photo)
    if photo.file("image") and photo.width and photo.height and f"url_{key}" in extras:
        entry[f"url_{key}"] = base + image_path(photo)
        entry[f"height_{key}"], entry[f"width_{key}"] = photo.height, photo.width
    return entry


def visibility(photo: ArchivedPhoto) -> Payload:
    """Return the bits that state who may see a photo."""
    bits = PRIVACY_BITS.get(photo.facts.privacy or "public", (1, 0, 0))
    return dict(zip(("ispublic", "isfriend", "isfamily"), bits, strict=True))


def sizes_of(photo: ArchivedPhoto, base: str, film: Payload) -> Payload:
    """Return the answer of `photos.getSizes`: the image that is mirrored, and the film of a video.

    `film` is the size of the film in the sidecar, which has one if Flickr refused the best film.
    """
    sizes = []
    if photo.file("image"):
        sizes.append(
            {
                "label": photo.size_label or ORIGINAL,
                "width": photo.width or 0,
                "height": photo.height or 0,
                "source": base + image_path(photo),
                "url": photo.url,
                "media": "photo",
            }
        )
    if photo.file("video"):
        sizes.append(
            {
                "label": film.get("label", "Video Original"),
                "width": film.get("width", ""),
                "height": film.get("height", ""),
                "source": base + image_path(photo, "video"),
                "url": photo.url,
                "media": "video",
            }
        )
    return {"canblog": 0, "canprint": 0, "candownload": 1, "size": sizes}


def owner(reader: MirrorReader, photo: ArchivedPhoto) -> Payload:
    """Return the owner of a photo."""
    facts = photo.facts
    account = reader.owner_of(photo)
    return {
        "nsid": account.nsid,
        "username": account.name,
        "realname": facts.real_name,
        "location": "",
        "iconserver": str(facts.icon_server or 0),
        "iconfarm": facts.icon_farm or 0,
        "path_alias": facts.path_alias or None,
    }


def comments_of(photo_id: str, comments: list[tuple[FlickrComment, Label]]) -> Payload:
    """Return the answer of `photos.comments.getList`; without comments it has no key `comment`."""
    entries = [
        {
            "id": comment.id,
            "author": comment.author,
            "author_is_deleted": 0,
            "authorname": comment.author_name,
            "iconserver": "0",
            "iconfarm": 0,
            "datecreate": "" if comment.date is None else str(comment.date),
            "permalink": comment.permalink,
            "path_alias": comment.path_alias or None,
            "realname": comment.real_name,
            "_content": label.content,
        }
        for comment, label in comments
    ]
    return {"photo_id": photo_id, **({"comment": entries} if entries else {})}
