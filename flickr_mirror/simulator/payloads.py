"""The JSON of photos, sizes, comments and people as Flickr writes it, numbers such as `75` and `"150"` mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.simulator.data.photo import PRIVACY_BITS, SERVER_NUMBER
from flickr_mirror.simulator.data.sizes import UNDOCUMENTED_KEYS, Kind
from flickr_mirror.simulator.photo_details import has_people, location_of, notes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.simulator.data.photo import SimulatedPhoto
    from flickr_mirror.simulator.data.sizes import SimulatedSize
    from flickr_mirror.simulator.data.stream import SimulatedPhotostream
    from flickr_mirror.simulator.data.texts import SimulatedComment

FLICKR = "https://www.flickr.com"
FARM = 66
_NO_LOCATION = {"latitude": 0, "longitude": 0, "accuracy": 0, "context": 0}
UNDOCUMENTED_EXTRAS = frozenset(
    {"count_comments", "count_faves", "safety_level", "realname", "rotation", "can_download"}
    | {f"url_{key}" for key in UNDOCUMENTED_KEYS}
)


def _has_original(photo: SimulatedPhoto) -> bool:
    return photo.pictures[-1].key == "o"


def _format(photo: SimulatedPhoto, _: SimulatedPhotostream) -> Payload:
    if not _has_original(photo):
        return {}
    return {"originalsecret": photo.original_secret, "originalformat": photo.original_format}


def _original_dims(photo: SimulatedPhoto, _: SimulatedPhotostream) -> Payload:
    if photo.kind is Kind.NOT_READY:
        return {}
    width, height = photo.original_dims
    return {"o_width": str(width), "o_height": str(height)}


def _place(photo: SimulatedPhoto, _: SimulatedPhotostream) -> Payload:
    if photo.caption.place is None:
        return _NO_LOCATION
    latitude, longitude = photo.caption.place
    return {
        "latitude": f"{latitude:.6f}",
        "longitude": f"{longitude:.6f}",
        "accuracy": "16",
        "context": 0,
        "place_id": "",
        "woeid": "1252431",
        "geo_is_public": 1,
        "geo_is_contact": 0,
        "geo_is_friend": 0,
        "geo_is_family": 0,
    }


def _views(photo: SimulatedPhoto, stream: SimulatedPhotostream) -> int:
    return photo.index * 7 % 5000 + stream.visits


def _taken(photo: SimulatedPhoto, _: SimulatedPhotostream) -> Payload:
    return {"datetaken": photo.taken, "datetakengranularity": "6", "datetakenunknown": "0"}


# What each of the `extras` adds to an entry of a listing; some keys differ from the name of the extra.
EXTRAS: dict[str, Callable[[SimulatedPhoto, SimulatedPhotostream], Payload]] = {
    "description": lambda photo, _: {"description": {"_content": photo.description}},
    "license": lambda photo, _: {"license": str(photo.index % 11)},
    "date_upload": lambda photo, _: {"dateupload": str(photo.uploaded)},
    "date_taken": _taken,
    "owner_name": lambda _, stream: {"ownername": stream.username},
    "icon_server": lambda _, __: {"iconserver": SERVER_NUMBER, "iconfarm": FARM},
    "original_format": _format,
    "last_update": lambda photo, _: {"lastupdate": str(photo.updated)},
    "geo": _place,
    "tags": lambda photo, _: {"tags": photo.tags},
    "machine_tags": lambda photo, _: {"machine_tags": ""},
    "o_dims": _original_dims,
    "views": lambda photo, stream: {"views": str(_views(photo, stream))},
    "media": lambda photo, _: {"media": photo.media, "media_status": media_status(photo)},
    "path_alias": lambda _, stream: {"pathalias": stream.path_alias},
    "count_comments": lambda photo, _: {"count_comments": str(len(photo.comments))},
    "count_faves": lambda photo, stream: {"count_faves": str(photo.faves + stream.visits // 10)},
    "safety_level": lambda photo, _: {"safety_level": str(photo.safety_level)},
    "realname": lambda _, stream: {"realname": stream.real_name},
    "rotation": lambda photo, _: {"rotation": photo.rotation},
    "can_download": lambda photo, _: {"can_download": int(_has_original(photo))},
}


def _visibility(photo: SimulatedPhoto) -> Payload:
    return dict(zip(("ispublic", "isfriend", "isfamily"), PRIVACY_BITS[photo.privacy], strict=True))


def media_status(photo: SimulatedPhoto) -> str:
    """Return the state of a video's conversion: `ready` or `pending`."""
    return "pending" if photo.kind is Kind.NOT_READY else "ready"


def listed_photo(photo: SimulatedPhoto, stream: SimulatedPhotostream, extras: Collection[str]) -> Payload:
    """Return an entry of `people.getPhotos`."""
    entry: Payload = {
        "id": photo.id,
        "owner": photo.owner,
        "secret": photo.secret,
        "server": SERVER_NUMBER,
        "farm": FARM,
        "title": photo.title,
        **_visibility(photo),
    }
    for extra, build in EXTRAS.items():
        if extra in extras:
            entry |= build(photo, stream)
    if photo.kind is not Kind.NOT_READY:
        for size in photo.pictures:
            if f"url_{size.key}" in extras:
                entry[f"url_{size.key}"] = photo.base_url + size.path
                entry[f"height_{size.key}"] = _number(size.height, photo.index)
                entry[f"width_{size.key}"] = _number(size.width, photo.index + 1)
    return entry


def _number(number: int, dice: int) -> int | str:
    """Return a number as Flickr writes it, as text or not: `"height_m": "336", "height_n": 215` in one entry."""
    return str(number) if (number + dice) % 3 else number


def sizes_of(photo: SimulatedPhoto) -> Payload:
    """Return the answer of `photos.getSizes` about a photo."""
    page = f"{FLICKR}/photos/{photo.owner}/{photo.id}/"
    sizes = [_size(photo, size, f"{page}sizes/{size.key}/") for size in photo.pictures]
    if photo.media == "video":
        player = f"{FLICKR}/apps/video/stewart.swf?v=1&photo_id={photo.id}&photo_secret={photo.secret}"
        sizes.append(
            {"label": "Video Player", "width": "640", "height": "360", "source": player, "url": page}
            | {"media": "video"}
        )
        sizes += [_size(photo, video, page) for video in photo.videos]
    allowed = int(_has_original(photo))
    return {"canblog": 0, "canprint": 0, "candownload": allowed, "size": sizes}


def _size(photo: SimulatedPhoto, size: SimulatedSize, page: str) -> Payload:
    return {
        "label": size.label,
        "width": _number(size.width, photo.index) if size.width else "",
        "height": _number(size.height, photo.index + 1) if size.height else "",
        "source": photo.base_url + size.path,
        "url": page,
        "media": size.media,
    }


def photo_info(photo: SimulatedPhoto, stream: SimulatedPhotostream) -> Payload:
    """Return the answer of `photos.getInfo` about a photo."""
    page = f"{FLICKR}/photos/{stream.path_alias or stream.nsid}/{photo.id}/"
    info: Payload = {
        "id": photo.id,
        "secret": photo.secret,
        "server": SERVER_NUMBER,
        "farm": FARM,
        "dateuploaded": str(photo.uploaded),
        "isfavorite": 0,
        "license": str(photo.index % 11),
        "safety_level": str(photo.safety_level),
        "rotation": photo.rotation,
        "owner": _owner(stream),
        "title": {"_content": photo.title},
        "description": {"_content": photo.description},
        "visibility": _visibility(photo),
        "dates": {
            "posted": str(photo.uploaded),
            "taken": photo.taken,
            "takengranularity": 6,
            "takenunknown": "0",
            "lastupdate": str(photo.updated),
        },
        "views": str(_views(photo, stream)),
        "editability": {"cancomment": 0, "canaddmeta": 0},
        "usage": {"candownload": int(_has_original(photo)), "canblog": 0, "canprint": 0, "canshare": 1},
        "comments": {"_content": len(photo.comments)},
        "notes": {"note": notes_of(photo)},
        "people": {"haspeople": int(has_people(photo))},
        "tags": {"tag": [_tag(photo, tag) for tag in photo.tags.split()]},
        "urls": {"url": [{"type": "photopage", "_content": page}]},
        "media": photo.media,
    }
    if photo.media == "video":
        pending = int(photo.kind is Kind.NOT_READY)
        info["video"] = {"ready": 1 - pending, "failed": 0, "pending": pending, "duration": "12"}
    return info | location_of(photo) | _format(photo, stream)


def _tag(photo: SimulatedPhoto, tag: str) -> Payload:
    return {
        "id": f"153473870-{photo.id}-{tag}",
        "author": photo.owner,
        "raw": tag.capitalize(),
        "_content": tag,
        "machine_tag": 0,
    }


def _owner(stream: SimulatedPhotostream) -> Payload:
    return {
        "nsid": stream.nsid,
        "username": stream.username,
        "realname": stream.real_name,
        "location": "",
        "iconserver": SERVER_NUMBER,
        "iconfarm": FARM,
        "path_alias": stream.path_alias,
    }


def comments_of(photo: SimulatedPhoto, stream: SimulatedPhotostream) -> Payload:
    """Return the answer of `photos.comments.getList` about a photo; without comments it has no key `comment`."""
    if not photo.comments:
        return {"photo_id": photo.id}
    page = f"{FLICKR}/photos/{stream.path_alias or stream.nsid}/{photo.id}/"
    comments = [_comment(photo, comment, number, page) for number, comment in enumerate(photo.comments)]
    return {"photo_id": photo.id, "comment": comments}


def _comment(photo: SimulatedPhoto, comment: SimulatedComment, number: int, page: str) -> Payload:
    serial = 72157720277929503 + number * 8613
    return {
        "id": f"153473870-{photo.id}-{serial}",
        "author": comment.author,
        "author_is_deleted": 0,
        "authorname": comment.author_name,
        "iconserver": SERVER_NUMBER,
        "iconfarm": FARM,
        "datecreate": str(comment.date),
        "permalink": f"{page}#comment{serial}",
        "path_alias": comment.path_alias or None,
        "realname": comment.real_name,
        "_content": comment.text,
    }


def user(stream: SimulatedPhotostream) -> Payload:
    """Return the answer of `people.findByUsername` about an account."""
    return {"id": stream.nsid, "nsid": stream.nsid, "username": {"_content": stream.username}}


def person(stream: SimulatedPhotostream, count: int) -> Payload:
    """Return the answer of `people.getInfo` about an account, of which the caller sees `count` photos."""
    name = stream.path_alias or stream.nsid
    described: dict[str, Any] = {
        "id": stream.nsid,
        "nsid": stream.nsid,
        "ispro": int(stream.is_pro),
        "is_deleted": 0,
        "iconserver": SERVER_NUMBER,
        "iconfarm": FARM,
        "path_alias": stream.path_alias,
        "has_stats": 0,
        "username": {"_content": stream.username},
        "description": {"_content": ""},
        "photosurl": {"_content": f"{FLICKR}/photos/{name}/"},
        "profileurl": {"_content": f"{FLICKR}/people/{name}/"},
        "photos": {"count": {"_content": count}},
    }
    if stream.real_name:
        described["realname"] = {"_content": stream.real_name}
    if stream.first_upload is not None:
        described["photos"]["firstdate"] = {"_content": str(stream.first_upload)}
        described["photos"]["firstdatetaken"] = {"_content": "1865-01-01 00:00:00"}
    return described
