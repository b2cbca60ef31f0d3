"""The description of one photo by `photos.getInfo`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flickr_mirror.models.payloads import objects_of, text_of, to_int
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.users import FlickrUser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flickr_mirror.models.payloads import Payload

NOTE_BASIS = 500
"""The longest side, in pixels, of the picture that the places of notes and people refer to: size Medium."""
_PLACES = ("neighbourhood", "locality", "county", "region", "country")
_USES = ("download", "blog", "print", "share")


@dataclass(frozen=True, slots=True)
class PhotoInfo:
    """A photo as `photos.getInfo` describes it, its owner, and its details that no listing states.

    `details` has that part in the shape of a sidecar file: notes, raw tags, names of the place, and rights. The people
    themselves, if it `has_people`, come with another call.
    """

    photo: FlickrPhoto
    owner: FlickrUser
    details: dict[str, Any]
    has_people: bool

    @staticmethod
    def from_json(payload: Payload) -> PhotoInfo:
        """Return the photo that an answer describes. Raises `ValueError` if its id or that of its owner is invalid.

        {"id": "4941540830", "owner": {"nsid": "13476480@N07", "username": "manhhai"}, "title": {"_content": "Sit"},
         "dates": {"posted": "1283169092", "taken": "2010-08-28 13:08:01", "lastupdate": "1703001234"},
         "comments": {"_content": "0"}, "notes": {"note": []}, "people": {"haspeople": 0},
         "tags": {"tag": [{"raw": "Bến Nghé", "_content": "bếnnghé", "machine_tag": false}]}, "media": "photo"}
        """
        return PhotoInfo(
            FlickrPhoto.from_json(_as_listed(payload)),
            FlickrUser.from_json(_object(payload, "owner")),
            _details(payload),
            bool(to_int(_object(payload, "people").get("haspeople"))),
        )


def _as_listed(info: Payload) -> Payload:
    """Return the entry that a listing would have for a photo, except for its sizes and the number of its faves."""
    owner, dates = _object(info, "owner"), _object(info, "dates")
    tags = objects_of(_object(info, "tags").get("tag"))
    entry = {
        **{key: info.get(key) for key in ("id", "title", "secret", "license", "rotation", "views", "media")},
        "description": info.get("description") or "",
        "dateupload": dates.get("posted") or info.get("dateuploaded"),
        "lastupdate": dates.get("lastupdate"),
        "datetaken": dates.get("taken"),
        "datetakengranularity": dates.get("takengranularity"),
        "datetakenunknown": dates.get("takenunknown"),
        "tags": " ".join(text_of(tag) for tag in tags),
        "machine_tags": " ".join(text_of(tag) for tag in tags if to_int(tag.get("machine_tag"))),
        "count_comments": text_of(info.get("comments")),
        "pathalias": owner.get("path_alias"),
        "ownername": owner.get("username"),
        "realname": owner.get("realname"),
        "iconserver": owner.get("iconserver"),
        "iconfarm": owner.get("iconfarm"),
        "safety_level": info.get("safety_level"),
        "can_download": _object(info, "usage").get("candownload"),
        **_object(info, "visibility"),
    }
    if place := _object(info, "location"):
        entry |= {key: place.get(key) for key in ("latitude", "longitude", "accuracy", "context")}
        entry |= {f"geo_is_{key.removeprefix('is')}": value for key, value in _geoperms(info).items()}
    if _object(info, "video"):
        entry["media_status"] = "ready" if to_int(_object(info, "video").get("ready")) else "pending"
    return entry


def _geoperms(info: Payload) -> Payload:
    return _object(info, "geoperms") or {"ispublic": 1}


def _details(info: Payload) -> dict[str, Any]:
    usage, place, dates = (_object(info, key) for key in ("usage", "location", "dates"))
    names = {name: text_of(place.get(name)) for name in _PLACES}
    return {
        "updated": to_int(dates.get("lastupdate")),
        "note_basis": NOTE_BASIS,
        "notes": [_note(note) for note in objects_of(_object(info, "notes").get("note"))],
        "people": [],
        "tags": [_tag(tag) for tag in objects_of(_object(info, "tags").get("tag"))],
        "place": {name: text for name, text in names.items() if text} or None,
        "usage": {use: bool(to_int(usage[f"can{use}"])) for use in _USES if f"can{use}" in usage},
    }


def _note(note: Payload) -> dict[str, Any]:
    return {
        "id": text_of(note.get("id")),
        "author": text_of(note.get("author")),
        "author_name": text_of(note.get("authorname")),
        **box_of(note),
        "text": text_of(note),
    }


def _tag(tag: Payload) -> dict[str, Any]:
    return {"tag": text_of(tag), "raw": text_of(tag.get("raw")), "author": text_of(tag.get("author"))}


def people_in(payload: Payload) -> list[dict[str, Any]]:
    """Return the people in a photo, from the answer of `photos.people.getList`, in the shape of a sidecar file.

    {"total": 1, "person": [{"nsid": "13476480@N07", "username": "manhhai", "realname": "Manh Hai",
     "added_by": "13476480@N07", "x": "461", "y": "155", "w": "39", "h": "164"}]}
    """
    return [
        {
            "nsid": text_of(person.get("nsid")),
            "username": text_of(person.get("username")),
            "name": text_of(person.get("realname")),
            "added_by": text_of(person.get("added_by")),
            **box_of(person),
        }
        for person in objects_of(payload.get("person"))
    ]


def box_of(entry: Payload) -> dict[str, int | None]:
    """Return the place of a note or a person in the picture, in pixels of the size Medium."""
    return {key: to_int(entry.get(key)) for key in ("x", "y", "w", "h")}


def _object(payload: Mapping[str, Any], key: str) -> Payload:
    found = payload.get(key)
    return found if isinstance(found, dict) else {}
