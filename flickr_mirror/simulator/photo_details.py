"""The details of a photo that Flickr states only on request: notes, people, place names, faves, EXIF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.simulator.data.phrases import COMMENTERS, COMMENTS, LATITUDES_AND_LONGITUDES, PLACES

if TYPE_CHECKING:
    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.simulator.data.photo import SimulatedPhoto

_NOTED_EVERY, _PEOPLED_EVERY, _SECRET_EVERY = 3, 7, 5


def has_people(photo: SimulatedPhoto) -> bool:
    """Return whether people are marked in a photo."""
    return photo.index % _PEOPLED_EVERY == 0


def notes_of(photo: SimulatedPhoto) -> list[Payload]:
    """Return the notes on a photo, in pixels of a picture whose longest side is 500."""
    count = photo.index % _NOTED_EVERY
    return [
        {
            "id": f"7215762{photo.index:06}{number}",
            "photo_id": photo.id,
            "author": author,
            "authorname": name,
            "authorrealname": real_name,
            "authorispro": "0",
            "authorisdeleted": "0",
            **{key: str(10 + 20 * number) for key in "xy"},
            **dict.fromkeys("wh", "50"),
            "_content": COMMENTS[(photo.index + number) % len(COMMENTS)],
        }
        for number, (author, name, real_name) in enumerate(COMMENTERS[:count])
    ]


def people_of(photo: SimulatedPhoto) -> Payload:
    """Return the answer of `photos.people.getList` about a photo."""
    people = [
        {
            "nsid": author,
            "username": name,
            "iconserver": "1",
            "iconfarm": 1,
            "path_alias": None,
            "added_by": photo.owner,
            "is_deleted": 0,
            **({"realname": real_name} if real_name else {}),
            **dict.fromkeys("xywh", "40"),
        }
        for author, name, real_name in COMMENTERS[: 2 * has_people(photo)]
    ]
    return {"total": len(people), "photo_width": 500, "photo_height": 375, "person": people}


def faves_of(photo: SimulatedPhoto, page: int, per_page: int) -> Payload:
    """Return a page of `photos.getFavorites`, newest first."""
    total = photo.faves
    numbers = range(total - 1 - (page - 1) * per_page, max(total - 1 - page * per_page, -1), -1)
    people = []
    for number in numbers:
        _, name, real_name = COMMENTERS[number % len(COMMENTERS)]
        person = {"nsid": f"{60000000 + number}@N0{number % 8}", "username": f"{name}{number}"}
        people.append(
            person
            | {"realname": real_name, "favedate": str(photo.uploaded + 100 * number), "iconserver": "1"}
            | {"contact": 0, "friend": 0, "family": 0, "iconfarm": 1}
        )
    return {
        "person": people,
        "id": photo.id,
        "secret": photo.secret,
        "page": page,
        "pages": -(-total // per_page),
        "perpage": per_page,
        "total": str(total) if total % 2 else total,
    }


def exif_of(photo: SimulatedPhoto) -> Payload | None:
    """Return the answer of `photos.getExif` about a photo; `None` if the owner does not share it."""
    if photo.index % _SECRET_EVERY == 0:
        return None
    tags = (
        ("IFD0", "Make", "Make", "NIKON CORPORATION", None),
        ("ExifIFD", "ExposureTime", "Exposure", f"1/{photo.index + 10}", f"1/{photo.index + 10} sec"),
        ("ExifIFD", "DateTimeOriginal", "Date and Time (Original)", photo.taken.replace("-", ":"), None),
    )
    exif = [
        {"tagspace": space, "tagspaceid": 0, "tag": tag, "label": label, "raw": {"_content": raw}}
        | ({"clean": {"_content": clean}} if clean else {})
        for space, tag, label, raw, clean in tags
    ]
    return {"id": photo.id, "secret": photo.secret, "camera": "Nikon D750", "exif": exif}


def location_of(photo: SimulatedPhoto) -> Payload:
    """Return the keys of `photos.getInfo` about the place of a photo; none if it has no place."""
    if photo.caption.place is None:
        return {}
    latitude, longitude = photo.caption.place
    return {
        "location": {
            "latitude": f"{latitude:.6f}",
            "longitude": f"{longitude:.6f}",
            "accuracy": "16",
            "context": "0",
            "locality": {"_content": _nearest_place(latitude, longitude)},
            "country": {"_content": "Vietnam"},
        },
        "geoperms": {"ispublic": 1, "iscontact": 0, "isfriend": 0, "isfamily": 0},
    }


def _nearest_place(latitude: float, longitude: float) -> str:
    def distance(number: int) -> float:
        x, y = LATITUDES_AND_LONGITUDES[number]
        return abs(x - latitude) + abs(y - longitude)

    return PLACES["en"][min(range(len(LATITUDES_AND_LONGITUDES)), key=distance)]
