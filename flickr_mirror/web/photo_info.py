"""The answers of Flickr's API about one photo, with the details that the sidecar file of a photo can have.

A mirror has details only if it was made with them (`--include notes,faves,exif`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.models.job_kinds import DETAIL_KEYS
from flickr_mirror.models.payloads import objects_of, text_of
from flickr_mirror.models.photo_info import NOTE_BASIS
from flickr_mirror.web.answers import FARM, SECRET, SERVER, original_format, owner, place, visibility

if TYPE_CHECKING:
    from flickr_mirror.models.job_kinds import JobKind
    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto, MirrorReader
    from flickr_mirror.web.paging import Page
    from flickr_mirror.web.photo_index import PhotoIndex

_USES = ("download", "blog", "print", "share")
_ICON: Payload = {"iconserver": "0", "iconfarm": 0}


def details_of(photo: ArchivedPhoto, index: PhotoIndex, kind: JobKind) -> dict[str, Any] | None:
    """Return the details of a kind in the sidecar of a photo: empty if Flickr refused them, `None` if it has none."""
    more = metadata_of(photo, index.reader) if index.may_have_details(photo, kind) else {}
    if DETAIL_KEYS[kind] not in more:
        return None
    found = more[DETAIL_KEYS[kind]]
    return found if isinstance(found, dict) else {}


def metadata_of(photo: ArchivedPhoto, reader: MirrorReader) -> dict[str, Any]:
    """Return the object `flickr` in the sidecar of a photo; empty if there is none."""
    document = reader.document(photo.id) if photo.file("info") else None
    found = document.get("flickr") if document else None
    return found if isinstance(found, dict) else {}


def photo_info(photo: ArchivedPhoto, reader: MirrorReader, details: dict[str, Any] | None) -> Payload:
    """Return the answer of `photos.getInfo`, with the notes, people, tags and rights of `details`.

    Without details, it is Flickr's answer about a photo that has none, to a caller without a login.
    """
    facts, details = photo.facts, details or {}
    nothing = {"cancomment": 0, "canaddmeta": 0}
    info: Payload = {
        "id": photo.id,
        "secret": facts.secret or SECRET,
        "server": SERVER,
        "farm": FARM,
        "dateuploaded": str(photo.uploaded),
        "isfavorite": 0,
        "license": facts.license or "0",
        "safety_level": str(facts.safety_level or 0),
        "rotation": facts.rotation,
        **original_format(photo),
        "owner": owner(reader, photo),
        "title": {"_content": photo.title},
        "description": {"_content": photo.description or ""},
        "visibility": visibility(photo),
        "dates": {
            "posted": str(photo.uploaded),
            "taken": facts.taken,
            "takengranularity": facts.taken_granularity,
            "takenunknown": str(int(facts.taken_unknown)),
            "lastupdate": str(facts.updated or photo.uploaded),
        },
        "views": str(facts.views or 0),
        "editability": nothing,
        "publiceditability": nothing,
        "usage": _usage(photo, details.get("usage")),
        "comments": {"_content": str(facts.comment_count or 0)},
        "notes": {"note": [_note(photo, note) for note in objects_of(details.get("notes"))]},
        "people": {"haspeople": int(bool(objects_of(details.get("people"))))},
        "tags": {"tag": _tags(photo, reader, details)},
        "urls": {"url": [{"type": "photopage", "_content": photo.url}]},
        "media": facts.media,
    }
    if facts.media == "video":
        is_ready = facts.media_status == "ready"
        info["video"] = {"ready": int(is_ready), "failed": 0, "pending": int(not is_ready)}
    return info | _location(photo, details.get("place"))


def _usage(photo: ArchivedPhoto, stored: object) -> Payload:
    usage = {"candownload": int(photo.facts.can_download is not False), "canblog": 0, "canprint": 0}
    known = stored if isinstance(stored, dict) else {}
    return usage | {"canshare": 1} | {f"can{use}": int(bool(known[use])) for use in _USES if use in known}


def _note(photo: ArchivedPhoto, note: Payload) -> Payload:
    return {
        "id": text_of(note.get("id")),
        "photo_id": photo.id,
        "author": text_of(note.get("author")),
        "authorname": text_of(note.get("author_name")),
        "authorrealname": "",
        "authorispro": "0",
        "authorisdeleted": "0",
        **_box(note),
        "_content": text_of(note.get("text")),
    }


def _box(entry: Payload) -> Payload:
    return {key: str(entry[key]) for key in ("x", "y", "w", "h") if isinstance(entry.get(key), int)}


def _tags(photo: ArchivedPhoto, reader: MirrorReader, details: dict[str, Any]) -> list[Payload]:
    account = reader.owner_of(photo)
    stored = objects_of(details.get("tags"))
    if not stored:
        stored = [{"tag": tag, "raw": tag, "author": account.nsid} for tag in photo.tags]
    machine_tags = photo.facts.machine_tags.split()
    return [
        {
            "id": f"{photo.id}-{number}",
            "author": (author := text_of(entry.get("author"))),
            "authorname": account.name if author == account.nsid else "",
            "raw": text_of(entry.get("raw")),
            "_content": (tag := text_of(entry.get("tag"))),
            "machine_tag": int(tag in machine_tags),
        }
        for number, entry in enumerate(stored, 1)
    ]


def _location(photo: ArchivedPhoto, names: object) -> Payload:
    """Return the place of a photo, and who may see it: everyone, because other places are not mirrored."""
    if photo.facts.latitude is None:
        return {}
    location = {key: str(value) for key, value in place(photo).items() if not key.startswith("geo_")}
    known = names.items() if isinstance(names, dict) else ()
    location |= {name: {"_content": text_of(text)} for name, text in known}
    return {
        "location": location,
        "geoperms": {"ispublic": 1, "iscontact": 0, "isfriend": 0, "isfamily": 0},
    }


def people_in(photo: ArchivedPhoto, details: dict[str, Any]) -> Payload:
    """Return the answer of `photos.people.getList`."""
    people = [
        {
            "nsid": text_of(person.get("nsid")),
            "username": text_of(person.get("username")),
            **_ICON,
            "path_alias": None,
            "added_by": text_of(person.get("added_by")),
            "is_deleted": 0,
            **_real_name(person),
            **_box(person),
        }
        for person in objects_of(details.get("people"))
    ]
    answer: Payload = {"total": len(people)}
    if photo.width and photo.height:  # the places of people refer to the size Medium
        longest = max(photo.width, photo.height)
        answer["photo_width"] = round(photo.width * NOTE_BASIS / longest)
        answer["photo_height"] = round(photo.height * NOTE_BASIS / longest)
    return {**answer, "person": people}


def _real_name(person: Payload) -> Payload:
    name = text_of(person.get("name"))
    return {"realname": name} if name else {}  # absent when hidden, as recorded


def faves_of(photo: ArchivedPhoto, people: list[Payload], page: Page) -> Payload:
    """Return a page of the answer of `photos.getFavorites`; `people` are those of the sidecar."""
    return {
        "person": [
            {
                "nsid": text_of(person.get("nsid")),
                "username": text_of(person.get("username")),
                **_real_name(person),
                "favedate": text_of(person.get("date")),
                **_ICON,
                **dict.fromkeys(("contact", "friend", "family"), 0),
            }
            for person in page.of(people)
        ],
        **_identity(photo),
        **page.numbers,
    }


def exif_of(photo: ArchivedPhoto, exif: dict[str, Any]) -> Payload:
    """Return the answer of `photos.getExif`."""
    return {
        **_identity(photo),
        "camera": text_of(exif.get("camera")),
        "exif": [
            {
                "tagspace": text_of(entry.get("space")),
                "tagspaceid": 0,
                "tag": text_of(entry.get("tag")),
                "label": text_of(entry.get("label")),
                **{key: {"_content": text_of(entry[key])} for key in ("raw", "clean") if key in entry},
            }
            for entry in objects_of(exif.get("tags"))
        ],
    }


def _identity(photo: ArchivedPhoto) -> Payload:
    return {"id": photo.id, "secret": photo.facts.secret or SECRET, "server": SERVER, "farm": FARM}
