"""A `Store` in a bucket of an object store. The catalogue, the lock and partial files stay in a local folder."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import PlaceTakenError
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.base_store import BaseStore
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.documents import ACCOUNT_FOLDER, document_name, parse
from flickr_mirror.storage.object_index import ObjectIndex
from flickr_mirror.storage.object_names import number_and_extension, object_path, photo_key
from flickr_mirror.storage.object_upload import Uploader
from flickr_mirror.storage.partial_file import open_partial_file
from flickr_mirror.storage.sidecar import compare, encoded
from flickr_mirror.storage.store import MISSING, StoreProperties

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from flickr_mirror.storage.bucket import Bucket
    from flickr_mirror.storage.partial_file import PartialFile
    from flickr_mirror.storage.store import QuickCheck

STATE = ".flickr_mirror"
"""The folder of everything in the bucket that is not a file of a photo or a document."""
FEW_LOOKUPS = 100
"""How many photos are looked up one by one; for more, all objects are listed once."""


class ObjectStore(BaseStore):
    """The files of one user's photos in a bucket, under the same names as in a folder.

    Implements `flickr_mirror.storage.store.Store`, which documents the methods. `bucket` has the objects of this
    mirror alone. Partial files and files that are read are in the local folder `parts`; `base` is the folder above it
    that may not be left by links.
    """

    def __init__(self, bucket: Bucket, depth: int, parts: Path, base: Path) -> None:
        self.bucket = bucket
        self.depth = depth
        self.properties = StoreProperties(
            has_atomic_create=bucket.has_conditions, has_atomic_replace=True, has_links=False
        )
        self._root = object_path(bucket.place)
        self._parts = parts
        self._base = base
        self._uploader = Uploader(bucket, self._key)
        self._lookups = 0
        self._index: ObjectIndex | None = None
        self._indexing = threading.Lock()

    def path(self, photo_id: str, extension: str) -> Path:
        """See `Store.path`."""
        return self._root / photo_key(photo_id, extension, self.depth)

    def _key(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    # Reading

    def find(self, photo_id: str, extensions: Sequence[str]) -> Path | None:
        """See `Store.find`. After some lookups all objects are listed once, and later ones need no request."""
        number = inventory_number(photo_id)
        with self._indexing:
            self._lookups += 1
            if self._index is None and self._lookups > FEW_LOOKUPS:
                self._index = self.list_index()
        if self._index is None or self._index.extensions(number) & {*extensions}:
            there = {found.rpartition(".")[2] for found, _ in self._list_photo(number)}
        else:
            there = set()
        return next((self.path(photo_id, one) for one in extensions if one in there), None)

    def list_index(self) -> ObjectIndex:
        """Return an index of all objects of photos, from one listing."""
        return ObjectIndex(self.bucket.objects(), self.depth)

    def _list_photo(self, number: str, *folders: str) -> Iterator[tuple[str, int]]:
        """Yield the keys and sizes of the objects of a photo, also those with a number between name and extension."""
        yield from self._list_name(number, *folders, *number[: self.depth])

    def _list_name(self, name: str, *folders: str) -> Iterator[tuple[str, int]]:
        start = "/".join([*folders, name])
        for found in self.bucket.objects("/".join(folders), after=start):
            if not found.key.startswith(start):
                return
            yield found.key, found.size

    def size(self, path: Path) -> int:
        """See `Store.size`."""
        found = self.bucket.stat(self._key(path))
        if found is None:
            raise FileNotFoundError(2, "No such object", str(path))
        return found.size

    def find_link(self, path: Path) -> Path | None:
        """See `Store.find_link`."""
        return None

    def open_file(self, path: Path) -> io.RawIOBase:
        """See `Store.open_file`. The object is copied to a temporary file without a name."""
        with disk_errors(self._parts):
            self._parts.mkdir(parents=True, exist_ok=True)
            file = tempfile.TemporaryFile(buffering=0, dir=self._parts)  # noqa: SIM115 - the caller closes it
        try:
            self.bucket.save(self._key(path), file)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    def read_sidecar(self, photo_id: str) -> dict[str, Any] | None:
        """See `Store.read_sidecar`."""
        return self._read_json(self._key(self.path(photo_id, "json")))

    def _read_json(self, key: str) -> dict[str, Any] | None:
        found = self.bucket.read(key)
        return parse(found[0]) if found else None

    def list_files(self) -> Iterator[dict[str, Path]]:
        """See `Store.list_files`."""
        names = (
            (*name, found.key)
            for found in self.bucket.objects()
            if (name := number_and_extension(found.key, self.depth))
        )
        for _, group in groupby(names, key=lambda name: name[0]):
            yield {extension: self._root / key for _, extension, key in group}

    def quick_check(self) -> QuickCheck:
        """See `Store.quick_check`."""
        index = self.list_index()

        def fault_of(photo_id: str, extension: str, size: int, e_tag: str) -> str:
            number = inventory_number(photo_id)
            found = index.size(number, extension)
            if found is None:
                return MISSING
            if found != size:
                return f"It has {found:,} bytes, and had {size:,} when it was written."
            if e_tag and not index.has_e_tag(number, extension, e_tag):
                return "It is another version than was written."
            return ""

        return fault_of

    def read_document(self, name: str) -> dict[str, Any] | None:
        """See `Store.read_document`."""
        return self._read_json(_document(name))

    def list_documents(self, group: str) -> list[str]:
        """See `Store.list_documents`."""
        prefix = f"{group}/" if group else ""
        folder = _document(f"{prefix}_").rpartition("/")[0]
        keys = (found.key.removeprefix(f"{folder}/") for found in self.bucket.objects(folder))
        return sorted(
            f"{prefix}{key.removesuffix('.json')}" for key in keys if key.endswith(".json") and "/" not in key
        )

    def document_path(self, name: str) -> Path:
        """See `Store.document_path`."""
        return self._root / _document(name)

    def find_copies(self, photo_ids: Iterable[str]) -> dict[str, dict[Path, int]]:
        """See `Store.find_copies`."""
        found: dict[str, dict[Path, int]] = {}
        for photo_id in photo_ids:
            self.check_name(photo_id)
            number = inventory_number(photo_id)
            places = chain(
                self._list_photo(number),
                self._list_photo(number, STATE, "trash"),
                self._list_name(number, STATE, "broken"),
            )
            found[photo_id] = {self._root / key: size for key, size in places}
        return found

    # Writing

    def new_file(self) -> AbstractAsyncContextManager[PartialFile]:
        """See `Store.new_file`. A file of less than a megabyte is never on the local disk."""
        return open_partial_file(self._parts, self._uploader, self._base)

    def _compare(
        self, path: Path, content: dict[str, Any], data: bytes
    ) -> tuple[bytes | None, dict[str, Any]]:
        found = self.bucket.read(self._key(path))
        is_same, content = compare(found[0] if found else None, content, data)
        if found and is_same:
            self._uploader.e_tags[self._key(path)] = found[1].e_tag
        return found[0] if found and is_same else None, content

    def write_document(self, name: str, content: dict[str, Any]) -> bool:
        """See `Store.write_document`."""
        key, data = _document(name), encoded(content)
        found = self.bucket.read(key)
        if found and found[0] == data:
            return False
        self._uploader.upload(key, data, hashlib.sha256(data).digest())
        self._uploader.e_tags.pop(key)
        return True

    def make_durable(self, paths: Sequence[Path]) -> None:
        """See `Store.make_durable`. An object is durable once it can be read."""

    def keep_private(self) -> bool:
        """See `Store.keep_private`. The policy of the bucket is its owner's; the local folder is kept private."""
        filesystem.keep_private(self._base)
        return True

    def e_tag(self, path: Path) -> str:
        """See `Store.e_tag`."""
        return self._uploader.e_tags.pop(self._key(path), "")

    def was_there(self, path: Path) -> bool:
        """Return once whether a file that was just written was in the bucket already, with the same bytes."""
        key = self._key(path)
        is_found = key in self._uploader.found
        self._uploader.found.discard(key)
        return is_found

    def remove(self, path: Path) -> None:
        """See `Store.remove`."""
        self.bucket.delete(self._key(path))

    def trash(self, photo_id: str) -> int:
        """See `Store.trash`."""
        try:
            self.check_name(photo_id)
        except PlaceTakenError:
            return 0
        keys = [key for key, _ in self._list_photo(inventory_number(photo_id))]
        return sum(self.bucket.move(key, self._unused(f"{STATE}/trash/{key}")) for key in keys)

    def quarantine(self, path: Path) -> None:
        """See `Store.quarantine`."""
        self.bucket.move(self._key(path), self._unused(f"{STATE}/broken/{path.name}"))

    def _unused(self, key: str) -> str:
        """Return `key`, or a numbered key beside it if it is in use."""
        stem, _, extension = key.rpartition(".")
        unused, number = key, 0
        while self.bucket.stat(unused):
            number += 1
            unused = f"{stem}.{number}.{extension}"
        return unused


def _document(name: str) -> str:
    return f"{ACCOUNT_FOLDER}/{document_name(name)}.json"
