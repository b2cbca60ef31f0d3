"""A read-only view of a mirror: what `open_mirror` returns."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.errors import CacheError, CatalogueError
from flickr_mirror.models.licenses import License, license_of
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_lookup import get_mirror, only_mirror, owned_mirror
from flickr_mirror.storage.owner import STATE_FOLDER, read_owner
from flickr_mirror.storage.sidecar import stored_comments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flickr_mirror.catalogue.archive import ArchiveRow
    from flickr_mirror.models.languages import Label
    from flickr_mirror.models.metadata import PhotoMetadata
    from flickr_mirror.models.photos import FlickrComment
    from flickr_mirror.storage.mirror_folder import MirrorFolder


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file of a photo: its `kind` (`image`, `video` for a film, `info` for the sidecar), its path, size and hash.

    `sha256` is in hexadecimal, as the file was written.
    """

    kind: str
    path: Path
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ArchivedAlbum:
    """An album of a mirror: its texts, the id of its cover (or empty), and the ids of its photos in order.

    `created` and `updated` are in seconds since 1970 (UTC). `gone` is whether Flickr no longer has it. Photos that are
    not in the mirror, such as private ones, have their ids here too. `comment_count` is the number of comments that
    Flickr stated.
    """

    id: str
    title: str
    description: str
    cover: str
    created: int | None
    updated: int | None
    photo_ids: tuple[str, ...]
    gone: bool
    comment_count: int = 0


@dataclass(frozen=True, slots=True)
class ArchivedPhoto:
    """A photo of a mirror, with what Flickr stated about it and its files on disk.

    `uploaded` is in seconds since 1970 (UTC). `width` and `height` are those of the image in pixels, and `size_label`
    is Flickr's name of its size, such as `Original`; `None` if they are not known. `gone` is when it was found to be
    gone from Flickr, in seconds since 1970; `None` if it is still there. `description` is `None` if it was not
    mirrored. (It has more than ten attributes because it is the record of a photo.)
    """

    id: str
    title: str
    description: str | None
    uploaded: int
    facts: PhotoMetadata
    width: int | None
    height: int | None
    size_label: str | None
    gone: int | None
    files: tuple[ArchivedFile, ...]
    url: str

    def file(self, kind: str) -> ArchivedFile | None:
        """Return the file of a kind: `image`, `video` or `info`; `None` if there is none."""
        return next((file for file in self.files if file.kind == kind), None)

    @property
    def license(self) -> License:
        """The licence, with its name and address."""
        return license_of(self.facts.license)

    @property
    def tags(self) -> list[str]:
        """The tags, as Flickr normalizes them."""
        return self.facts.tags.split()

    @property
    def taken(self) -> str | None:
        """When the photo was taken by the camera's clock, as precise as is known: `1966-03-01 10:00:00`, `1966-03`,
        `1966`; `None` if that is not known."""
        facts = self.facts
        if facts.taken_unknown or not facts.taken or facts.taken.startswith("0000"):
            return None
        # 4 is exact to the month, 6 to the year, 8 is circa: https://www.flickr.com/services/api/misc.dates.html
        length = {4: 7, 6: 4, 8: 4}.get(facts.taken_granularity)
        return facts.taken[:length]


class PhotoOwner(NamedTuple):
    """The account that a photo belongs to; without a known name, `name` is the NSID."""

    nsid: str
    name: str


class MirrorReader:
    """A mirror that is open for reading. A run may be in progress; nothing is written.

    Every method raises `CatalogueError` if the catalogue cannot be read, and `CacheError` for another file.
    """

    def __init__(self, store: MirrorFolder, owner: dict[str, Any]) -> None:
        if not store.catalogue.exists():
            raise CatalogueError(
                f"{store.folder} has no catalogue. Rebuild it from the files: `mirror_flickr check --rebuild "
                f"--cache-path {store.folder.parent}`.",
                store.catalogue,
            )
        self.store = store
        self.folder = store.folder
        """The folder of the mirror."""
        self.username: str = owner["username"]
        """The account's username."""
        self.nsid: str = owner["nsid"]
        """The account's id, such as `13476480@N07`."""
        self.source = store.source
        """The list of photos that is mirrored: its `kind`, `id` and `url`; `None` for a photostream."""
        self.url = store.source["url"] if store.source else f"https://www.flickr.com/photos/{self.nsid}/"
        """The address of what is mirrored: the photostream, or a list of photos of several owners."""
        self.key = f"{store.source['kind']} {store.source['id']}" if store.source else self.nsid
        """What is mirrored: the account's id, or the kind and the id of the list. It stays when names change."""
        self._stack = ExitStack()
        self.catalogue = self._stack.enter_context(Catalogue(store.catalogue, for_reading=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the catalogue."""
        self._stack.close()

    def follow(self) -> None:
        """Read the changes since the catalogue was opened.

        Reads in other threads continue, because a catalogue that was opened before stays open.
        """
        if self.catalogue.is_snapshot:
            self.catalogue = self._stack.enter_context(Catalogue(self.store.catalogue, for_reading=True))

    @cached_property
    def photo_ids(self) -> Sequence[int]:
        """The ids of all photos with files, newest upload first, as of the first use."""
        return self.catalogue.archive.photo_ids()

    def public_ids(self) -> set[int]:
        """Return the ids of the photos that everyone may see at Flickr."""
        return {photo_id for photo_id, _ in self.catalogue.archive.uploads(public_only=True)}

    def __len__(self) -> int:
        return len(self.photo_ids)

    def photos(self, photo_ids: Sequence[int | str] | None = None) -> Iterator[ArchivedPhoto]:
        """Yield photos in the order of `photo_ids`, by default all of them, newest upload first."""
        wanted = self.photo_ids if photo_ids is None else [int(photo_id) for photo_id in photo_ids]
        for row in self.catalogue.archive.photos(wanted):
            yield self._photo(row)

    def photo(self, photo_id: str | int) -> ArchivedPhoto | None:
        """Return one photo; `None` if the mirror has no file of it."""
        return next(self.photos([photo_id]), None) if str(photo_id).isdecimal() else None

    def _photo(self, row: ArchiveRow) -> ArchivedPhoto:
        path = self.store.path
        files = tuple(
            ArchivedFile(
                file.kind,
                path(row.photo_id, "json" if file.kind == "info" else file.extension),
                file.bytes,
                file.sha256,
            )
            for file in row.files
        )
        return ArchivedPhoto(
            id=row.photo_id,
            title=row.title,
            description=row.description,
            uploaded=row.uploaded,
            facts=row.facts,
            width=row.width,
            height=row.height,
            size_label=row.size_label,
            gone=row.gone,
            files=files,
            url=f"https://www.flickr.com/photos/{row.facts.owner or self.nsid}/{row.photo_id}/",
        )

    def owner_of(self, photo: ArchivedPhoto) -> PhotoOwner:
        """Return the owner of a photo: the account of the photostream, or in the mirror of a list another one."""
        nsid = photo.facts.owner or self.nsid
        return PhotoOwner(nsid, photo.facts.owner_name or (nsid if self.source else self.username))

    def albums(self) -> list[ArchivedAlbum]:
        """Return the albums that were mirrored, in the order of the owner."""
        table = self.catalogue.albums
        return [
            ArchivedAlbum(
                id=stored.album.id,
                title=stored.album.title,
                description=stored.album.description,
                cover=stored.album.cover,
                created=stored.album.created,
                updated=stored.album.updated,
                photo_ids=tuple(table.members(stored.album.id)),
                gone=stored.state.gone is not None,
                comment_count=stored.album.comment_count,
            )
            for stored in table.all()
        ]

    def find_album(self, name: str) -> ArchivedAlbum | None:
        """Return the album with this id or title (in any case), the first of several; `None` if there is none."""
        wanted = name.strip().casefold()
        return next((album for album in self.albums() if wanted in (album.id, album.title.casefold())), None)

    def document(self, photo_id: str) -> dict[str, Any] | None:
        """Return the content of a photo's sidecar file; `None` if it is missing or unreadable."""
        return self.store.read_sidecar(photo_id)

    def account_document(self, name: str) -> dict[str, Any] | None:
        """Return a document about the account, such as `galleries`; `None` if it is missing or unreadable.

        Raises `ValueError` if no document can have this name.
        """
        return self.store.read_document(name)

    def account_documents(self, group: str) -> list[str]:
        """Return the names of the documents of a group, such as `favorites/2024-05` of `favorites`."""
        return self.store.list_documents(group)

    def comments(self, photo_id: str) -> list[tuple[FlickrComment, Label]]:
        """Return the comments on a photo with their languages, oldest first; none if they were not mirrored."""
        return stored_comments(self.document(photo_id)) or []


def require_files(store: MirrorFolder) -> None:
    """Raise `CacheError` if the photos of a mirror are in a bucket, for what reads files on a disk."""
    if store.address:
        raise CacheError(
            f"The photos of {store.folder} are in {store.place}, and this reads files on a disk. Copy the bucket to a "
            "folder, and use that with --cache-path.",
            store.folder,
        )


def open_mirror(path: Path | str, name: str | None = None) -> MirrorReader:
    """Open a mirror for reading: the folder of a mirror, or a cache path and the `name` of a mirror in it.

    A cache path with one mirror needs no name. Raises `PhotostreamError` if there is no such mirror, `CatalogueError`
    if its catalogue is missing or cannot be read, and `CacheError` if its photos are in a bucket.
    """
    root = filesystem.home(Path(path)).absolute()
    if name is None and (root / STATE_FOLDER).exists() and (owner := read_owner(root)):
        return _opened(owned_mirror(root, owner), owner)
    return _opened(*get_mirror(root, only_mirror(root) if name is None else name))


def _opened(store: MirrorFolder, owner: dict[str, Any]) -> MirrorReader:
    require_files(store)
    return MirrorReader(store, owner)
