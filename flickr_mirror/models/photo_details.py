"""Who marked a photo as a favourite, and the data of its camera, in the shape of a sidecar file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.models.payloads import objects_of, text_of, to_int

if TYPE_CHECKING:
    from flickr_mirror.models.payloads import Payload


def faves_in(payload: Payload) -> list[dict[str, Any]]:
    """Return the people on a page of `photos.getFavorites`, newest first.

    {"person": [{"nsid": "13476480@N07", "username": "manhhai", "realname": "Manh Hai", "favedate": "1687522687"}],
     "page": 1, "pages": 7, "perpage": 50, "total": "67"}
    """
    return [
        {
            "nsid": text_of(person.get("nsid")),
            "username": text_of(person.get("username")),
            "name": text_of(person.get("realname")),
            "date": to_int(person.get("favedate")),
        }
        for person in objects_of(payload.get("person"))
    ]


def exif_in(payload: Payload) -> dict[str, Any]:
    """Return the answer of `photos.getExif`.

    {"camera": "Nikon D750", "exif": [{"tagspace": "ExifIFD", "tagspaceid": 0, "tag": "ExposureTime",
     "label": "Exposure", "raw": {"_content": "1/60"}, "clean": {"_content": "0.017 sec (1/60)"}}]}
    """
    return {
        "camera": text_of(payload.get("camera")),
        "tags": [_tag(entry) for entry in objects_of(payload.get("exif"))],
    }


def _tag(entry: Payload) -> dict[str, str]:
    tag = {
        "space": text_of(entry.get("tagspace")),
        "tag": text_of(entry.get("tag")),
        "label": text_of(entry.get("label")),
        "raw": text_of(entry.get("raw")),
    }
    return {**tag, "clean": text_of(entry["clean"])} if "clean" in entry else tag
