"""Photos, their comments, and the pages of a photostream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flickr_mirror.models.identifiers import inventory_number, photo_id_of
from flickr_mirror.models.languages import Label, detect_locale
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.payloads import text_of, to_int
from flickr_mirror.models.sizes import CROPPED, listed_sizes

if TYPE_CHECKING:
    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.models.sizes import FlickrPhotoSize


@dataclass(frozen=True, slots=True)
class FlickrComment:
    """A comment on a photo; `date` is in seconds since 1970 (UTC), `author` the NSID of its author.

    The author's names and the address of the comment are empty if Flickr does not state them, and in comments that
    were stored by an earlier version.
    """

    id: str
    author: str
    date: int | None
    content: str
    author_name: str = ""
    real_name: str = ""
    path_alias: str = ""
    permalink: str = ""

    @staticmethod
    def from_json(payload: Payload) -> FlickrComment:
        """Return the comment that an entry of `photos.comments.getList` describes.

        {"id": "153473870-52990598628-721577", "author": "195953201@N08", "authorname": "light traveller",
         "realname": "", "path_alias": null, "datecreate": "1687322647", "_content": "Great shot!",
         "permalink": "https://www.flickr.com/photos/manhhai/52990598628/#comment721577"}
        """
        return FlickrComment(
            text_of(payload.get("id")),
            text_of(payload.get("author")),
            to_int(payload.get("datecreate")),
            text_of(payload),
            text_of(payload.get("authorname")),
            text_of(payload.get("realname")),
            text_of(payload.get("path_alias")),
            text_of(payload.get("permalink")),
        )


class FlickrPhoto:
    """A photo published on Flickr.

    `title` is a `Label`, or a `str` whose language is detected when `title` is first read.
    """

    __slots__ = ("_comments", "_description", "_id", "_sizes", "_title", "extension", "facts")

    def __init__(
        self,
        photo_id: str,
        title: str | Label,
        *,
        facts: PhotoMetadata | None = None,
        description: str | None = None,
        sizes: list[FlickrPhotoSize] | None = None,
    ) -> None:
        self._id = photo_id
        self._title = title
        self._description: str | Label | None = description
        self._comments: list[str | Label] | None = None
        self._sizes = sizes or []
        self.facts = facts or PhotoMetadata()
        self.extension = "jpg"
        """The extension of the image file, without the dot. It depends on the bytes of the file."""

    @property
    def id(self) -> str:
        """The id of the photo, a decimal number."""
        return self._id

    @property
    def raw_title(self) -> str:
        """The title without its language, which is not detected."""
        return self._title if isinstance(self._title, str) else self._title.content

    @property
    def raw_description(self) -> str | None:
        """The description without its language; `None` if it is not known."""
        return self._description.content if isinstance(self._description, Label) else self._description

    @property
    def title(self) -> Label:
        """The title with its language."""
        if isinstance(self._title, str):
            self._title = _label(self._title)
        return self._title

    @property
    def description(self) -> Label | None:
        """The description with its language; `None` if it is not known. Set it with a `str`."""
        if isinstance(self._description, str):
            self._description = _label(self._description)
        return self._description

    @description.setter
    def description(self, description: str) -> None:
        self._description = description

    @property
    def comments(self) -> list[Label]:
        """The comments with their languages, oldest first. Set them with a list of `str`."""
        labels = [_label(text) if isinstance(text, str) else text for text in self._comments or []]
        self._comments = [*labels]
        return labels

    @comments.setter
    def comments(self, comments: list[str]) -> None:
        self._comments = [*comments]

    @property
    def sizes(self) -> list[FlickrPhotoSize]:
        """The known sizes."""
        return self._sizes

    @sizes.setter
    def sizes(self, sizes: list[FlickrPhotoSize]) -> None:
        self._sizes = sizes

    @property
    def best_size(self) -> FlickrPhotoSize | None:
        """The size with the highest resolution, the first of several; `None` if none is known."""
        pictures = [size for size in self._sizes if size.media == "photo" and size.area and size.url]
        whole = [size for size in pictures if size.label not in CROPPED]
        return max(whole or pictures, key=lambda size: size.area, default=None)

    @property
    def inventory_number(self) -> str:
        """The base name of the photo's files: 32 hexadecimal digits."""
        return inventory_number(self._id)

    @property
    def image_filename(self) -> str:
        """The name of the image file, such as `fb2e16023f14649810da65b5fcbea02e.jpg`."""
        return f"{self.inventory_number}.{self.extension}"

    @staticmethod
    def from_json(payload: Payload) -> FlickrPhoto:
        """Return the photo that an entry of `people.getPhotos` describes.

        Raises `ValueError` if the id is invalid, because file names are derived from ids.

        {"id": "4941540830", "title": "Sit", "dateupload": "1283169092", "lastupdate": "1703001234",
         "media": "photo", "count_comments": "0", "description": {"_content": ""},
         "url_o": "https://live.staticflickr.com/4141/4941540830_0d1a994712_o.jpg",
         "height_o": "2048", "width_o": 1536}
        """
        return FlickrPhoto(
            photo_id_of(payload.get("id")),
            text_of(payload.get("title")),
            facts=PhotoMetadata.from_json(payload),
            description=text_of(payload["description"]) if "description" in payload else None,
            sizes=listed_sizes(payload),
        )


def _label(text: str) -> Label:
    return Label(text, detect_locale(text))


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """One answer of `people.getPhotos`: page `page` of `pages`, of `total` photos by Flickr's count.

    `malformed` counts the entries that are not photos. `is_usable` is whether the answer has a list and a total: Flickr
    has answered `{"photos": {}}` with `stat: ok`, which states nothing about the photostream.
    """

    photos: list[FlickrPhoto] = field(default_factory=list)
    page: int = 1
    pages: int = 0
    total: int = 0
    malformed: int = 0
    is_usable: bool = True

    @staticmethod
    def from_json(payload: Payload) -> PhotoPage:
        """Return the page that an answer describes; an empty count is 0.

        {"page": 1, "pages": 203, "perpage": 500, "total": "101311", "photo": [...]}
        """
        photos: list[FlickrPhoto] = []
        listed = payload.get("photo")
        entries = listed if isinstance(listed, list) else []
        for entry in entries:
            try:
                photos.append(FlickrPhoto.from_json(entry))
            except (
                ValueError,
                AttributeError,
            ):  # They are counted, so that the page does not count as complete.
                continue
        return PhotoPage(
            photos,
            to_int(payload.get("page")) or 1,
            to_int(payload.get("pages")) or 0,
            to_int(payload.get("total")) or 0,
            len(entries) - len(photos),
            isinstance(listed, list) and "total" in payload,
        )
