"""The folder of one mirror: a `Store` on a local disk, and the paths of the catalogue and the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import PlaceTakenError
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.models.options import DEFAULT_CACHE_DIRECTORY_DEPTH
from flickr_mirror.models.store_address import parse_store_address
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.base_store import BaseStore
from flickr_mirror.storage.directories import link_error
from flickr_mirror.storage.documents import ACCOUNT_FOLDER, document_name, read_json
from flickr_mirror.storage.folder_scan import find_depth, list_entries, list_files, unused_path
from flickr_mirror.storage.group_committer import GroupCommitter
from flickr_mirror.storage.object_names import object_path
from flickr_mirror.storage.owner import (
    STATE_FOLDER,
    depth_error,
    find_folder,
    folder_name,
    owner_error,
    read_owner,
    write_owner,
)
from flickr_mirror.storage.sidecar import compare, encoded
from flickr_mirror.storage.store import StoreProperties

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.partial_file import PartialFile
    from flickr_mirror.storage.store import Store

LAST_RUN = "last-run.json"
"""The summary of the last run, in the state folder."""


class MirrorFolder(BaseStore):
    """The folder of one user's photostream: `<root>/<username>/<h0>/<h1>/<h2>/<h3>/<h>.<ext>`.

    h is the photo's inventory number. Implements `flickr_mirror.storage.store.Store`, which documents the methods.

    It has more than 10 attributes because it is also the folder of the state of a mirror whose photos are in a bucket:
    then `files` is another store, and the folder has no files of photos.
    """

    # two groups of files may be committed at the same time, and both find a name free
    properties = StoreProperties(has_atomic_create=False, has_atomic_replace=True, has_links=True)

    def __init__(
        self,
        folder: Path,
        depth: int,
        *,
        is_new: bool = False,
        source: dict[str, str] | None = None,
        address: str = "",
    ) -> None:
        self.files: Store = self
        """The store of the photos' files; another one once a mirror in a bucket is connected."""
        self.address = address
        """The address of the bucket that has the photos; "" if this folder has them."""
        self.folder = folder
        self.source = source
        """The list that is mirrored, as in the owner file; `None` for a photostream."""
        self.depth = depth
        self.is_new = is_new
        """Whether no photostream has been mirrored to this folder yet."""
        self.is_empty = not (folder.is_dir() and any(folder.iterdir()))
        """Whether the folder had no files."""
        self.state = folder / STATE_FOLDER
        self.parts = self.state / "parts"
        """The folder of partial files."""
        self.lock = self.state / "lock"
        self.catalogue = self.state / "catalogue.sqlite"
        self.committer = GroupCommitter()

    @staticmethod
    def of(root: Path, user: FlickrUser, depth: int | None) -> MirrorFolder:
        """Return the mirror of `user` below `root`, also if the user has been renamed. Writes nothing.

        `depth` is for a new mirror; `None` uses the depth of the existing mirror, or else 4. Raises
        `CacheOwnerError` if the folder belongs to another account, `CacheError` if the mirror has another depth.
        """
        folder = find_folder(root, user.user_id) or root / folder_name(user)
        _refuse_links(folder)
        owner = read_owner(folder)
        if owner is None:
            if depth is None:
                found = find_depth(folder) if folder.is_dir() else None
                depth = DEFAULT_CACHE_DIRECTORY_DEPTH if found is None else found
            return MirrorFolder(folder, depth, is_new=True)
        if owner["nsid"] != user.user_id:
            raise owner_error(folder, owner["nsid"], user)
        if depth is not None and depth != owner["depth"]:
            raise depth_error(folder, owner["depth"], depth)
        return MirrorFolder(folder, owner["depth"], address=owner.get("store", ""))

    def prepare(self, user: FlickrUser, asked_for: str) -> None:
        """Create the state folder, delete partial files of a killed run and write the owner. Requires the lock.

        `asked_for` is the name that the user was requested by. Raises `CacheError`.
        """
        _refuse_links(self.folder)  # again, because time has passed since `of`
        filesystem.check_writable(self.parts, self.folder)
        self.remove_partial_files()
        write_owner(
            self.folder,
            user,
            asked_for=asked_for,
            depth=self.depth,
            partial_files=self.parts,
            source=self.source,
            store=self.address,
        )

    def keep_private(self) -> bool:
        """See `Store.keep_private`. Files and folders that are created later are private, too."""
        for path in (self.folder, self.state, *self.state.glob("*")):
            filesystem.keep_private(path)
        return filesystem.is_private_folder(self.folder)

    def remove_partial_files(self) -> None:
        """Delete the partial files of a killed run. Requires the lock. Raises `CacheError`."""
        if self.parts.is_dir():
            filesystem.sweep(self.parts, self.folder)
        filesystem.sweep(self.state, self.folder)

    @property
    def place(self) -> Path:
        """Where the photos are: the folder, or the path that stands for a bucket."""
        return object_path(parse_store_address(self.address).place) if self.address else self.folder

    def path(self, photo_id: str, extension: str) -> Path:
        """See `Store.path`."""
        return self.place / self.name(photo_id, extension)

    def name(self, photo_id: str, extension: str) -> str:
        """Return the path of a file of a photo below the folder, with slashes. Raises `ValueError`."""
        # the extension may come from a manipulated catalogue
        if not (extension.isascii() and extension.isalnum()):
            raise ValueError(f"Invalid file extension {extension!r}.")
        number = inventory_number(photo_id)
        return "/".join((*number[: self.depth], f"{number}.{extension}"))

    # Reading

    def find(self, photo_id: str, extensions: Sequence[str]) -> Path | None:
        """See `Store.find`."""
        for extension in extensions:
            path = self.path(photo_id, extension)
            if path.is_file() and not path.is_symlink():
                return path
        return None

    def size(self, path: Path) -> int:
        """See `Store.size`."""
        return filesystem.size(path)

    def find_link(self, path: Path) -> Path | None:
        """See `Store.find_link`."""
        way = [path, *path.parents[: self.depth]]
        return next((place for place in reversed(way) if place.is_symlink()), None)

    def open_file(self, path: Path) -> io.RawIOBase:
        """See `Store.open_file`."""
        return filesystem.open_file(path)

    def read_sidecar(self, photo_id: str) -> dict[str, Any] | None:
        """See `Store.read_sidecar`."""
        return read_json(self.path(photo_id, "json"))

    def list_files(self) -> Iterator[dict[str, Path]]:
        """See `Store.list_files`."""
        yield from list_files(self.folder, self.depth)

    def quick_check(self) -> None:
        """See `Store.quick_check`. A folder is read."""

    def read_document(self, name: str) -> dict[str, Any] | None:
        """See `Store.read_document`."""
        return read_json(self.document_path(name))

    def list_documents(self, group: str) -> list[str]:
        """See `Store.list_documents`."""
        prefix = f"{group}/" if group else ""
        entries = list_entries(self.document_path(f"{prefix}_").parent, self.folder)
        return [
            f"{prefix}{path.stem}" for path, _ in entries if path.suffix == ".json" and not path.is_symlink()
        ]

    def find_copies(self, photo_ids: Iterable[str]) -> dict[str, dict[Path, int]]:
        """See `Store.find_copies`."""
        numbers = {inventory_number(photo_id): photo_id for photo_id in photo_ids}
        found: dict[str, dict[Path, int]] = {photo_id: {} for photo_id in numbers.values()}
        places = [self.path(photo_id, "json").parent.relative_to(self.folder) for photo_id in found]
        folders = [
            *(self.folder / place for place in places),
            *(self.state / "trash" / place for place in places),
            self.state / "broken",
        ]
        for photo_id in found:
            self.check_name(photo_id)
        for folder in dict.fromkeys(folders):
            for path, size in list_entries(folder, self.folder):
                if owner := numbers.get(path.name.partition(".")[0]):
                    found[owner][path] = size
        return found

    # Writing

    def new_file(self) -> AbstractAsyncContextManager[PartialFile]:
        """See `Store.new_file`. Files are committed in groups."""
        from flickr_mirror.storage.partial_file import open_partial_file  # here, because it loads asyncio

        return open_partial_file(self.parts, self.committer, self.folder)

    def write_document(self, name: str, content: dict[str, Any]) -> bool:
        """See `Store.write_document`."""
        path, data = self.document_path(name), encoded(content)
        if filesystem.content(path) == data:
            return False
        filesystem.write_file(path, data, folder=self.parts, base=self.folder)
        return True

    def document_path(self, name: str) -> Path:
        """See `Store.document_path`."""
        return self.folder / ACCOUNT_FOLDER / f"{document_name(name)}.json"

    def _compare(
        self, path: Path, content: dict[str, Any], data: bytes
    ) -> tuple[bytes | None, dict[str, Any]]:
        stored = filesystem.content(path)
        is_same, content = compare(stored, content, data)
        if is_same:
            self.make_durable([path])
        return stored if is_same else None, content

    def make_durable(self, paths: Sequence[Path]) -> None:
        """See `Store.make_durable`."""
        filesystem.make_durable(paths[0].parent, [path.name for path in paths], self.folder)

    def e_tag(self, path: Path) -> str:
        """See `Store.e_tag`."""
        return ""

    def remove(self, path: Path) -> None:
        """See `Store.remove`."""
        filesystem.remove(path, self.folder)

    def trash(self, photo_id: str) -> int:
        """See `Store.trash`."""
        try:
            self.check_name(photo_id)
        except PlaceTakenError:
            return 0
        moved = 0
        path = self.path(photo_id, "json")
        for files in list_files(path.parent, 0):
            for file in files.values():
                if file.stem == path.stem:
                    moved += filesystem.move(
                        file, unused_path(self.state / "trash" / file.relative_to(self.folder))
                    )
        return moved

    def quarantine(self, path: Path) -> None:
        """See `Store.quarantine`."""
        filesystem.move(path, unused_path(self.state / "broken" / path.name))


def _refuse_links(folder: Path) -> None:
    state = folder / STATE_FOLDER
    for path in (state, state / "parts", state / "catalogue.sqlite"):
        if path.is_symlink():
            raise link_error(path)
