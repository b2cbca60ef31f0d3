"""Imports the media files of an account export that are larger than those of the mirror, and checks them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from anyio import to_thread

from flickr_mirror.catalogue.rows import StoredFile
from flickr_mirror.errors import BadImageError, NotAnImageError
from flickr_mirror.models.media import Picture
from flickr_mirror.models.sizes import PLAYABLE
from flickr_mirror.storage.media_decoding import decode
from flickr_mirror.storage.media_formats import EXTENSIONS, VIDEO_EXTENSIONS
from flickr_mirror.storage.media_inspection import inspect
from flickr_mirror.storage.store import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from flickr_mirror.storage.export_archive import ExportEntry
    from flickr_mirror.storage.store import NewFile, Store

PIECE = 1 << 20
"""Bytes that are read from an entry at once."""
IMPORTED, KEPT, SMALLER, MISSING = "imported", "kept", "smaller", "missing"
"""The outcome for the media of a photo: imported into the mirror; or left, because the mirror has the same file or, for
`SMALLER`, a larger one; `MISSING` is a photo without a file in the export and in the mirror."""
_KINDS = {"image": "photo", "video": "video"}


@dataclass(frozen=True, slots=True)
class MediaFile:
    """An image or a film; `fault` is what is wrong with its bytes."""

    stored: StoredFile
    picture: Picture
    fault: str = ""

    @property
    def extent(self) -> int:
        """The number of pixels of an image, of bytes of a film: how large it is beside another one."""
        return self.stored.size if self.stored.kind == "video" else self.picture.width * self.picture.height


@dataclass(slots=True)
class Media:
    """The media of a photo: the `files` of the mirror by kind, and those that an import `brought` of them.

    `word` is the outcome for the media. `failures` are files of the export that cannot be read, with the reasons.
    """

    files: dict[str, MediaFile]
    brought: dict[str, MediaFile] = field(default_factory=dict)
    word: str = MISSING
    failures: list[tuple[str, str]] = field(default_factory=list)


class ExportMedia:
    """Imports media files into a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def bring(
        self, photo_id: str, entries: Sequence[ExportEntry], recorded: Sequence[StoredFile]
    ) -> Media:
        """Import the files of a photo that are larger than those of the mirror.

        `recorded` are the files that the catalogue knows. Raises `CacheError`.
        """
        media = Media(await to_thread.run_sync(self._files_of, photo_id, recorded))
        known = {file.sha256: file.size for file in recorded}
        for entry in entries:
            try:
                if entry.size in known.values() and await to_thread.run_sync(_sha256, entry) in known:
                    media.word = KEPT if media.word == MISSING else media.word
                else:
                    await self._bring(photo_id, entry, media)
            except BadImageError as error:
                media.failures.append((str(entry), str(error)))
        if media.files and media.word == MISSING:
            media.word = KEPT
        return media

    async def _bring(self, photo_id: str, entry: ExportEntry, media: Media) -> None:
        async with self._store.new_file() as part:
            await _copy(entry, part)
            new = await _examined(part, entry)
            kind = new.stored.kind
            old = media.files.get(kind)
            # the same bytes can be there if an import was killed before it recorded them
            is_there = old is not None and old.stored.sha256 == new.stored.sha256
            if old and not is_there and (new.fault or (not old.fault and new.extent <= old.extent)):
                if media.word != IMPORTED:
                    media.word = SMALLER if new.extent < old.extent else KEPT
                return
            if not is_there:
                path = self._store.path(photo_id, new.stored.extension)
                await part.commit(path, partial(self._store.check_name, photo_id))
        if old and old.stored.extension != new.stored.extension:
            await to_thread.run_sync(self._store.remove, self._store.path(photo_id, old.stored.extension))
        media.files[kind] = media.brought[kind] = new
        media.word = IMPORTED

    def _files_of(self, photo_id: str, recorded: Sequence[StoredFile]) -> dict[str, MediaFile]:
        """Return the image and the film that are in the mirror, also if the catalogue does not know them."""
        found = {}
        rows = {(file.kind, file.extension, file.size): file for file in recorded}
        for kind, media in _KINDS.items():
            path = self._store.find(photo_id, EXTENSIONS[media])
            if path is not None and (file := self._measured(kind, path, rows)):
                found[kind] = file
        return found

    def _measured(
        self, kind: str, path: Path, rows: Mapping[tuple[str, str, int], StoredFile]
    ) -> MediaFile | None:
        extension = path.suffix[1:]
        try:
            size = self._store.size(path)
            row = rows.get((kind, extension, size))
            with self._store.open_file(path) as content:
                stored = row or StoredFile(kind, extension, size, sha256_of(content))
                try:
                    picture = inspect(content)
                    if row is None and not picture.ends:
                        decode(content)
                except BadImageError as error:
                    return MediaFile(stored, _unknown(kind, extension), str(error))
        except OSError:
            return None
        if row is None:
            self._store.make_durable([path])  # the run that wrote it can have been killed before that
        return MediaFile(stored, picture, row.note if row and row.is_damaged else "")


def _sha256(entry: ExportEntry) -> bytes:
    with entry.content() as file:
        digest = hashlib.sha256()
        while piece := file.read(PIECE):
            digest.update(piece)
        return digest.digest()


async def _copy(entry: ExportEntry, part: NewFile) -> None:
    with entry.content() as file:
        while piece := await to_thread.run_sync(file.read, PIECE):
            await part.write(piece)


async def _examined(part: NewFile, entry: ExportEntry) -> MediaFile:
    """Check a file as a download is checked. Raises `NotAnImageError` for a page, a text or an empty file."""
    fault = ""
    try:
        picture = await part.inspect()
        if not picture.ends:
            try:
                await part.decode()
            except BadImageError as error:
                fault = str(error)
    except NotAnImageError:
        raise
    except BadImageError as error:  # the CRC-32 proves that Flickr's bytes are like this
        fault = str(error)
        media = "video" if PurePath(entry.name).suffix[1:].lower() in VIDEO_EXTENSIONS else "photo"
        picture = _unknown(media, await part.extension(media))
    kind = "video" if picture.media == "video" else "image"
    note = fault or (PLAYABLE[0] if kind == "video" else "")
    return MediaFile(
        StoredFile(kind, picture.extension, part.size, await part.sha256(), note), picture, fault
    )


def _unknown(kind: str, extension: str) -> Picture:
    return Picture(extension, "video" if kind == "video" else "photo", 0, 0, ends=False)
