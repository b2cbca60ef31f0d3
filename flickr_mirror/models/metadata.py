"""What a listing states about a photo beyond its id, title and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.models.payloads import text_of, to_float, to_int

if TYPE_CHECKING:
    from flickr_mirror.models.payloads import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoMetadata:
    """What a listing tells of a photo beyond its id, title and sizes.

    `uploaded` and `updated` are in seconds since 1970 (UTC); `taken` is the camera's clock as Flickr writes
    it. `comment_count` is `None` where the listing does not say. `rotation` is in degrees. `secret` is a part
    of the images' addresses: another image has another one.
    """

    secret: str = ""
    uploaded: int | None = None
    updated: int | None = None
    taken: str = ""
    taken_granularity: int = 0
    taken_unknown: bool = False
    tags: str = ""
    machine_tags: str = ""
    license: str = ""
    latitude: float | None = None
    longitude: float | None = None
    accuracy: int | None = None
    media: str = "photo"
    media_status: str = "ready"
    comment_count: int | None = None
    rotation: int = 0
    path_alias: str = ""

    @staticmethod
    def from_json(payload: Payload) -> PhotoMetadata:
        """Return the facts in an entry of `people.getPhotos`."""
        # latitude and accuracy are 0 without a place; a real one comes with geo_is_public
        located = "geo_is_public" in payload
        return PhotoMetadata(
            secret=text_of(payload.get("secret")),
            uploaded=to_int(payload.get("dateupload")),
            updated=to_int(payload.get("lastupdate")),
            taken=text_of(payload.get("datetaken")),
            taken_granularity=to_int(payload.get("datetakengranularity")) or 0,
            taken_unknown=bool(to_int(payload.get("datetakenunknown"))),
            tags=text_of(payload.get("tags")),
            machine_tags=text_of(payload.get("machine_tags")),
            license=text_of(payload.get("license")),
            latitude=to_float(payload.get("latitude")) if located else None,
            longitude=to_float(payload.get("longitude")) if located else None,
            accuracy=to_int(payload.get("accuracy")) if located else None,
            media=text_of(payload.get("media")) or "photo",
            media_status=text_of(payload.get("media_status")) or "ready",
            comment_count=to_int(payload.get("count_comments")),
            rotation=to_int(payload.get("rotation")) or 0,
            path_alias=text_of(payload.get("pathalias")),
        )
