"""The methods of Flickr's API about one photo that `serve` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.job_kinds import JobKind
from flickr_mirror.models.payloads import objects_of
from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.web.answers import comments_of, image_path, original_format, sizes_of
from flickr_mirror.web.paging import page_of
from flickr_mirror.web.photo_info import details_of, exif_of, faves_of, metadata_of, people_in, photo_info
from flickr_mirror.web.refusals import not_mirrored

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto
    from flickr_mirror.web.paging import Arguments, Method
    from flickr_mirror.web.photo_index import PhotoIndex

MOST_FAVES = 50
"""On a page: https://www.flickr.com/services/api/flickr.photos.getFavorites.html."""


class PhotoMethods:
    """Answers calls about one photo. `photo` returns the photo that a call is about, and its mirror."""

    def __init__(self, photo: Callable[[Arguments], tuple[PhotoIndex, ArchivedPhoto]]) -> None:
        self._photo = photo
        self.methods: dict[str, Method] = {
            "flickr.photos.comments.getList": self._get_comments,
            "flickr.photos.getExif": self._get_exif,
            "flickr.photos.getFavorites": self._get_faves,
            "flickr.photos.getInfo": self._get_info,
            "flickr.photos.getSizes": self._get_sizes,
            "flickr.photos.people.getList": self._get_people,
            "flickr.video.getStreamInfo": self._get_streams,
        }

    def _get_info(self, arguments: Arguments, _: str) -> Payload:
        index, photo = self._photo(arguments)
        return {"photo": photo_info(photo, index.reader, details_of(photo, index, JobKind.NOTES))}

    def _get_sizes(self, arguments: Arguments, base: str) -> Payload:
        index, photo = self._photo(arguments)
        film = metadata_of(photo, index.reader).get("film") if photo.file("video") else None
        return {"sizes": sizes_of(photo, base, film if isinstance(film, dict) else {})}

    def _get_streams(self, arguments: Arguments, base: str) -> Payload:
        """Return the addresses of a film: an undocumented method, which gallery-dl calls."""
        photo = self._photo(arguments)[1]
        if photo.file("video") is None:
            raise FlickrRefusal(1, "Photo not found")
        return {"streams": {"stream": [{"type": "orig", "_content": base + image_path(photo, "video")}]}}

    def _get_comments(self, arguments: Arguments, _: str) -> Payload:
        index, photo = self._photo(arguments)
        return {"comments": comments_of(photo.id, index.reader.comments(photo.id))}

    def _get_people(self, arguments: Arguments, _: str) -> Payload:
        index, photo = self._photo(arguments)
        details = details_of(photo, index, JobKind.NOTES)
        if details is None:
            raise not_mirrored("people in this photo", "notes")
        return {"people": people_in(photo, details)}

    def _get_faves(self, arguments: Arguments, _: str) -> Payload:
        index, photo = self._photo(arguments)
        faves = details_of(photo, index, JobKind.FAVES)
        if faves is None and photo.facts.faves != 0:
            raise not_mirrored("faves of this photo", "faves")
        people = objects_of((faves or {}).get("people"))
        page = page_of(arguments, len(people), usual=10, most=MOST_FAVES)
        return {"photo": faves_of(photo, people, page)}

    def _get_exif(self, arguments: Arguments, _: str) -> Payload:
        index, photo = self._photo(arguments)
        exif = details_of(photo, index, JobKind.EXIF)
        if exif:
            return {"photo": exif_of(photo, exif)}
        if original_format(photo):
            raise FlickrRefusal(
                2, "Permission denied: the EXIF of this photo is in its original, which is mirrored."
            )
        if exif is None and photo.facts.media != "video":
            raise not_mirrored("EXIF of this photo", "exif")
        raise FlickrRefusal(2, "Permission denied")  # the owner does not share it
