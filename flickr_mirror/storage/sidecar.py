"""The information file of a photo: its shape, what it tells, and a photo as it is told there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flickr_mirror.models.identifiers import is_photo_id
from flickr_mirror.models.languages import Label, Locale
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto
from flickr_mirror.models.sizes import FlickrPhotoSize, Reduced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flickr_mirror.models.users import FlickrUser


def info_document(
    photo: FlickrPhoto,
    user: FlickrUser,
    size: FlickrPhotoSize | None,
    *,
    title: Label,
    description: Label | None,
    comments: list[tuple[FlickrComment, Label]] | None,
    reduced: Mapping[str, Reduced] | None = None,
) -> dict[str, Any]:
    """Return a photo's information in the specification's shape; what goes beyond it is under `flickr`.

    `size` is the best one of the image, and `reduced` what is mirrored where the best file is refused.

    Parts that are `None` are left out: which are there tells the information level. Nothing in it changes
    by itself, so equal photos have equal files.
    """
    facts = photo.facts
    reduced = reduced or {}
    document: dict[str, Any] = {"title": _label(title)}
    if description is not None:
        document["description"] = _label(description)
    more: dict[str, Any] = {
        "id": photo.id,
        "owner": {"nsid": user.user_id, "username": user.username},
        "url": f"https://www.flickr.com/photos/{user.user_id}/{photo.id}/",
        "license": facts.license,
        "tags": facts.tags.split(),
        "machine_tags": facts.machine_tags.split(),
        "dates": {
            "uploaded": facts.uploaded,
            "taken": None if facts.taken_unknown else facts.taken,
            "taken_granularity": facts.taken_granularity,
        },
        "geo": None
        if facts.latitude is None
        else {"latitude": facts.latitude, "longitude": facts.longitude, "accuracy": facts.accuracy},
        "media": facts.media,
        "rotation": facts.rotation,
        "size": _reduced(reduced["image"]) if "image" in reduced else size and _size(size),
    }
    if "video" in reduced:
        more["film"] = _reduced(reduced["video"])
    if comments is not None:
        document["comments"] = [_label(label) for _, label in comments]
        more["comments"] = [
            {"id": comment.id, "author": comment.author, "date": comment.date} for comment, _ in comments
        ]
    return {**document, "flickr": more}


def info_level_of(info: dict[str, Any] | None) -> int:
    """Return the level of an information file, which its parts tell: 0 to 2, or -1 where there is none."""
    return -1 if info is None else 2 if "comments" in info else 1 if "description" in info else 0


def stored_comments(info: dict[str, Any] | None) -> list[tuple[FlickrComment, Label]] | None:
    """Return the comments in an information file, as far as they are there and well-formed."""
    try:
        texts, facts = info["comments"], info["flickr"]["comments"]  # type: ignore[index]
        return [
            (
                FlickrComment(fact["id"], fact["author"], fact["date"], text["content"]),
                Label(text["content"], Locale.from_string(text["locale"])),
            )
            for text, fact in zip(texts, facts, strict=True)
        ]
    except (KeyError, TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class SidecarPhoto:
    """What an information file tells: a photo, the best size of its image where that is settled, and what is mirrored
    in place of its best files."""

    photo: FlickrPhoto
    size: FlickrPhotoSize | None
    reduced: dict[str, Reduced]


def photo_from_sidecar(info: dict[str, Any]) -> SidecarPhoto | None:
    """Return the photo that an information file tells of.

    What the file does not tell (the address of the image, when it was changed last) is not known. `None` where
    this is no file of this kind.
    """
    try:
        more = info["flickr"]
        dates, geo, size = more["dates"], more["geo"] or {}, more["size"]
        facts = PhotoMetadata(
            uploaded=dates["uploaded"] and int(dates["uploaded"]),
            taken=dates["taken"] or "",
            taken_granularity=int(dates["taken_granularity"]),
            taken_unknown=dates["taken"] is None,
            tags=" ".join(more["tags"]),
            machine_tags=" ".join(more["machine_tags"]),
            license=str(more["license"]),
            latitude=geo.get("latitude"),
            longitude=geo.get("longitude"),
            accuracy=geo.get("accuracy"),
            media=str(more["media"]),
            rotation=int(more["rotation"]),
            comment_count=len(info["comments"]) if "comments" in info else None,
        )
        description = str(info["description"]["content"]) if "description" in info else None
        photo = FlickrPhoto(more["id"], str(info["title"]["content"]), description=description, facts=facts)
        told = {"image": size, "video": more.get("film")}
        reduced = {
            kind: Reduced(_size_of(one), _size_of(one["best"]))
            for kind, one in told.items()
            if one and one.get("reduced")
        }
        best = reduced["image"].best if "image" in reduced else size and _size_of(size)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return SidecarPhoto(photo, best, reduced) if is_photo_id(photo.id) else None


def _size_of(size: dict[str, Any]) -> FlickrPhotoSize:
    return FlickrPhotoSize(str(size["label"]), int(size["width"]), int(size["height"]), "")


def _size(size: FlickrPhotoSize) -> dict[str, Any]:
    return {"label": size.label, "width": size.width, "height": size.height}


def _reduced(reduced: Reduced) -> dict[str, Any]:
    return {**_size(reduced.size), "reduced": True, "best": _size(reduced.best)}


def _label(label: Label) -> dict[str, str]:
    return {"content": label.content, "locale": str(label.locale)}
