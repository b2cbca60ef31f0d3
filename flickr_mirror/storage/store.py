"""The protocol of a store: the operations that the engine needs for the files of a mirror's photos.

`MirrorFolder` implements it for a folder on a local disk, `ObjectStore` for a bucket. The catalogue, the lock and the
other files of `.flickr_mirror` are not in the store; they stay on a local disk.
`tests/unit/storage/store_contract.py` is the test suite that every implementation must pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from flickr_mirror.models.media import Picture

MISSING = "It is missing."
"""The problem of a file that is missing."""


@dataclass(frozen=True, slots=True)
class StoreProperties:
    """The guarantees and limits of an implementation, beyond the contract."""

    has_atomic_create: bool
    """Whether only one of several concurrent commits finds a name free; the others call their `check`."""
    has_atomic_replace: bool
    """Whether a reader of a file that is being replaced gets the old or the new bytes, never a mix."""
    has_links: bool
    """Whether symbolic links can be in the place of files and folders."""


QuickCheck = Callable[[str, str, int, str], str]
"""Returns the problem of a file, given its photo, its extension, and its size and version mark when it was written;
"" if nothing is."""


class NewFile(Protocol):
    """A file that is being written, and has no name in the store until `commit` gives it one.

    Every method that writes raises `CacheError`.
    """

    path: Path
    """The temporary name."""
    size: int
    """The number of bytes written so far."""
    is_closed: bool

    async def write(self, data: bytes) -> None:
        """Append `data`."""
        ...

    async def restart(self) -> None:
        """Discard everything written so far."""
        ...

    async def inspect(self, listed: tuple[int, int] | None = None) -> Picture:
        """Return what the header and the end of the file show, like `media_inspection.inspect`."""
        ...

    async def extension(self, media: str) -> str:
        """Return the extension for a file that `inspect` rejects, like `media_inspection.extension_of`."""
        ...

    async def decode(self) -> None:
        """Decode the whole file, like `media_decoding.decode`."""
        ...

    async def sha256(self) -> bytes:
        """Return the SHA-256 of everything written so far."""
        ...

    async def commit(self, final: Path, check: Callable[[], object] | None = None) -> bytes:
        """Give the file its final name; return the SHA-256 of its bytes, which are durable before the name.

        If another file has the name, `check` is called in a thread; that file is replaced unless `check` raises.
        Raises `PlaceTakenError` if something other than a file has the name.
        """
        ...


class Store(Protocol):
    """The files of a mirror's photos, by photo and extension.

    A `Path` identifies a file in the store and appears in events and messages. Only the store may open it. All
    methods that are not coroutines block; call them in a thread. Unless stated otherwise, methods that change the
    store return when the change is durable, and raise `CacheError`.
    """

    @property
    def properties(self) -> StoreProperties:
        """The guarantees of this implementation."""
        ...

    def path(self, photo_id: str, extension: str) -> Path:
        """Return the path of a photo's file, which need not exist. Raises `ValueError` for a bad extension."""
        ...

    # Reading

    def check_name(self, photo_id: str) -> None:
        """Raise `PlaceTakenError` if the sidecar file with the photo's name belongs to another photo."""
        ...

    def find(self, photo_id: str, extensions: Sequence[str]) -> Path | None:
        """Return the path of the photo's file with the first of these extensions that exists.

        Links do not count.
        """
        ...

    def size(self, path: Path) -> int:
        """Return the size of a file in bytes. Raises `OSError`, also for a link."""
        ...

    def find_link(self, path: Path) -> Path | None:
        """Return the first link on the way to `path`, or `path` if it is a link; `None` if there is none."""
        ...

    def open_file(self, path: Path) -> io.RawIOBase:
        """Open a file for reading and seeking, for `media_inspection`, `media_decoding` and `sha256_of`.

        Raises `OSError`, also for a link.
        """
        ...

    def read_sidecar(self, photo_id: str) -> dict[str, Any] | None:
        """Return the content of the photo's sidecar file; `None` if it is missing, a link or unreadable."""
        ...

    def list_files(self) -> Iterator[Mapping[str, Path]]:
        """Yield the paths of each photo's files by extension. Links and unreadable folders are skipped."""
        ...

    def quick_check(self) -> QuickCheck | None:
        """Return a function that checks files by one listing, without reading them; `None` if reading is as cheap."""
        ...

    def read_document(self, name: str) -> dict[str, Any] | None:
        """Return the content of a document; `None` if it is missing, a link or unreadable."""
        ...

    def list_documents(self, group: str) -> list[str]:
        """Return the names of the documents of a group, such as `albums/72157`, in order; "" for those in no group."""
        ...

    def document_path(self, name: str) -> Path:
        """Return the path that a document has, whether it exists or not. Raises `ValueError` for another name."""
        ...

    def find_copies(self, photo_ids: Iterable[str]) -> dict[str, dict[Path, int]]:
        """Return the paths and sizes of every file of each photo, including trash and quarantine.

        Links count as files here. Raises `CacheError` if a folder is a link or cannot be read, and
        `PlaceTakenError` if the files belong to another photo.
        """
        ...

    # Writing

    def new_file(self) -> AbstractAsyncContextManager[NewFile]:
        """Begin a file. Its bytes are discarded at the end of the context unless it was committed."""
        ...

    async def write_sidecar(
        self, photo_id: str, content: dict[str, Any], *, may_exist: bool = True
    ) -> tuple[Path, bytes]:
        """Write the photo's sidecar file; return its path and bytes.

        Parts of an existing file from calls for each photo or an import (`sidecar.PARTS`) are kept, unless `content`
        has them. A file that is up to date (`sidecar.is_up_to_date`) is left unchanged, and its bytes are returned.
        `may_exist=False` skips both. Raises `PlaceTakenError` like `check_name`.
        """
        ...

    def write_document(self, name: str, content: dict[str, Any]) -> bool:
        """Write a document about the account as JSON; return whether its content is new.

        `name` is one name or a group and a name, such as `profile` or `albums/72157`: letters, digits and `_-@`.
        A document that has this content already is left unchanged. Raises `ValueError` for another name.
        """
        ...

    def keep_private(self) -> bool:
        """Let no other user read the store, before photos that are not public are stored in it.

        Return whether that is so; some disks have no permissions. Raises `CacheError`.
        """
        ...

    def make_durable(self, paths: Sequence[Path]) -> None:
        """Make existing files of one photo durable before the catalogue records them.

        The run that wrote them may have been killed before it did. Raises `PlaceTakenError` for a link.
        """
        ...

    def e_tag(self, path: Path) -> str:
        """Return the version mark that an object store gave a file that was just written; "" if there is none.

        It is returned once, so that a run of many files does not collect marks.
        """
        ...

    def remove(self, path: Path) -> None:
        """Delete a file. A missing file is not an error."""
        ...

    def trash(self, photo_id: str) -> int:
        """Move all files of a photo to the trash; return their number.

        Files of another photo with the same name stay.
        """
        ...

    def quarantine(self, path: Path) -> None:
        """Move a broken file out of the mirror, so that it can be examined."""
        ...


def sha256_of(file: io.RawIOBase) -> bytes:
    """Return the SHA-256 of an open file, from its first byte on. Raises `OSError`."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").digest()
