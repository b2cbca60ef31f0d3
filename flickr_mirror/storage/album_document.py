"""The JSON documents of albums and of the tree of collections, which are written and read here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from flickr_mirror.models.albums import FlickrAlbum, FlickrCollection
from flickr_mirror.models.identifiers import is_photo_id
from flickr_mirror.models.languages import Label
from flickr_mirror.models.photos import FlickrComment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flickr_mirror.models.languages import Locale
    from flickr_mirror.models.users import FlickrUser

FORMAT = 1
"""The number of the format, in `flickr`. It changes only with a key that changes its meaning."""
TREE = "collections"
"""The name of the document of the tree."""
GROUP = "albums"
"""The group of the documents of albums."""


def name_of(album_id: str) -> str:
    """Return the name of the document of an album."""
    return f"{GROUP}/{album_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumFile:
    """The content of the document of an album besides the facts of the album.

    `comments` is `None` if they were not mirrored. `missing`, `caller` and `gone` are as in the catalogue.
    """

    album: FlickrAlbum
    photo_ids: Sequence[str]
    comments: Sequence[tuple[FlickrComment, Label]] | None
    missing: int = 0
    caller: str = ""
    gone: int | None = None


def album_document(file: AlbumFile, user: FlickrUser, title: Label, description: Label) -> dict[str, Any]:
    """Return the document of an album, in the shape of the sidecar file of a photo."""
    album = file.album
    document: dict[str, Any] = {
        "title": title.to_json(),
        "description": description.to_json(),
        "photos": list(file.photo_ids),
    }
    more: dict[str, Any] = {
        "format": FORMAT,
        "id": album.id,
        "owner": {"nsid": user.user_id, "username": user.username},
        "url": f"https://www.flickr.com/photos/{user.user_id}/albums/{album.id}",
        "cover": album.cover or None,
        "dates": {"created": album.created, "updated": album.updated},
        "counts": {"photos": album.photo_count, "videos": album.video_count, "comments": album.comment_count},
        "missing": file.missing,
        "caller": file.caller or None,
        "gone": file.gone,
    }
    if file.comments is not None:
        document["comments"] = [label.to_json() for _, label in file.comments]
        more["comments"] = [
            {key: value for key, value in asdict(comment).items() if key != "content"}
            for comment, _ in file.comments
        ]
    return {**document, "flickr": more}


def read_album(document: dict[str, Any] | None) -> AlbumFile | None:
    """Return the album that a document describes; `None` if it is not the document of an album."""
    try:
        more = document["flickr"]  # type: ignore[index]
        if document is None or more["format"] > FORMAT:
            return None
        counts, dates = more["counts"], more["dates"]
        album = FlickrAlbum.from_json(
            {
                "id": more["id"],
                "title": document["title"]["content"],
                "description": document["description"]["content"],
                "primary": more["cover"],
                "date_create": dates["created"],
                "date_update": dates["updated"],
                **{f"count_{name}": counts[name] for name in ("photos", "videos", "comments")},
            }
        )
        return AlbumFile(
            album=album,
            photo_ids=[photo_id for photo_id in document["photos"] if is_photo_id(photo_id)],
            comments=_comments(document),
            missing=int(more["missing"]),
            caller=str(more["caller"] or ""),
            gone=None if more["gone"] is None else int(more["gone"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _comments(document: dict[str, Any]) -> list[tuple[FlickrComment, Label]] | None:
    if "comments" not in document:
        return None
    facts = document["flickr"]["comments"]
    labels = map(Label.from_json, document["comments"])
    return [
        (FlickrComment(content=label.content, **fact), label)
        for fact, label in zip(facts, labels, strict=True)
    ]


def texts_of_tree(tree: Sequence[FlickrCollection]) -> list[str]:
    """Return the titles and descriptions of all collections."""
    return [
        text
        for root in tree
        for collection in root.walk()
        for text in (collection.title, collection.description)
    ]


def tree_document(
    tree: Sequence[FlickrCollection],
    album_ids: Sequence[str],
    user: FlickrUser,
    locales: Mapping[str, Locale],
) -> dict[str, Any]:
    """Return the document of the tree: the albums in the owner's order, and the collections.

    `locales` has those of all texts.
    """

    def branch(collection: FlickrCollection) -> dict[str, Any]:
        return {
            "title": Label(collection.title, locales[collection.title]).to_json(),
            "description": Label(collection.description, locales[collection.description]).to_json(),
            "albums": list(collection.album_ids),
            "collections": [branch(child) for child in collection.children],
            "flickr": {"id": collection.id},
        }

    return {
        "albums": list(album_ids),
        "collections": [branch(root) for root in tree],
        "flickr": {"format": FORMAT, "owner": {"nsid": user.user_id, "username": user.username}},
    }


def read_tree(document: dict[str, Any] | None) -> tuple[list[str], tuple[FlickrCollection, ...]] | None:
    """Return the order of the albums and the collections; `None` if the document cannot be read."""

    def branch(entry: dict[str, Any]) -> FlickrCollection:
        return FlickrCollection(
            str(entry["flickr"]["id"]),
            str(entry["title"]["content"]),
            str(entry["description"]["content"]),
            tuple(filter(is_photo_id, entry["albums"])),
            tuple(map(branch, entry["collections"])),
        )

    try:
        if document is None or document["flickr"]["format"] > FORMAT:
            return None
        return [*filter(is_photo_id, document["albums"])], tuple(map(branch, document["collections"]))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None
