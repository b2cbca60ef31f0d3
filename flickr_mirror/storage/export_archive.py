"""The files of Flickr's account export, in zips and folders, as one flat set.

Nothing is unpacked to disk: an entry is read as a stream. Names in zips are never used as paths.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import threading
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from flickr_mirror.errors import BadImageError, ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_JSON = 64 << 20
"""The longest accepted JSON file, in bytes. A photo with 100,000 comments has about 30 MB."""
MAX_MEDIA = 8 << 30
"""The longest accepted media file, in bytes. Flickr accepts videos up to 1 GB."""
MAX_RATIO = 200
"""How many times its compressed size an entry may have. Media files hardly shrink, and JSON shrinks to a twentieth."""
_HARMLESS = 10 << 20  # bytes; an entry of this size is accepted with any ratio
_PHOTO = re.compile(r"photo_([0-9]+)\.json", re.ASCII)
_OF_THE_SYSTEM = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")
_DIRECTORY_FAULTS = (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError)
"""The errors of reading the directory of a damaged zip."""
_ENTRY_FAULTS = (*_DIRECTORY_FAULTS, OSError, zlib.error, RuntimeError)
"""The errors of reading an entry that is damaged, encrypted or compressed by an unknown method."""


@dataclass(frozen=True, slots=True, eq=False)
class ExportEntry:
    """A file of an export. `name` has no folder. `mark` differs for other bytes: it has the CRC-32, or the time."""

    name: str
    size: int
    mark: str
    place: _Zip | Path
    key: zipfile.ZipInfo | None = None

    @contextmanager
    def content(self) -> Iterator[IO[bytes]]:
        """Open the file as a stream. Raises `BadImageError` if it cannot be read, also while it is open."""
        try:
            with self.place.open("rb") if isinstance(self.place, Path) else self.place.open(self.key) as file:
                yield file
        except _ENTRY_FAULTS as error:
            raise BadImageError(f"{self} cannot be read ({_reason(error)}).") from error

    def read_json(self) -> Any:  # noqa: ANN401
        """Return the content of a JSON file. Raises `BadImageError` if it is damaged."""
        with self.content() as file:
            data = file.read(MAX_JSON + 1)
        try:
            if len(data) > MAX_JSON:
                raise ValueError("it is too long")
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BadImageError(f"{self} is not a JSON file ({_reason(error)}).") from error

    def __str__(self) -> str:
        return str(self.place) if isinstance(self.place, Path) else f"{self.name} in {self.place.path}"


class _Zip:
    """An open zip, from which several threads read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._size = path.stat().st_size
            self._file = zipfile.ZipFile(path)
        except OSError as error:
            if error.errno == errno.EMFILE:
                raise ExportError(
                    "There are more zips than files that may be open: run `ulimit -n 4096`, then the same command."
                ) from error
            raise ExportError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from error
        except _DIRECTORY_FAULTS as error:
            raise ExportError(
                f"{path} is cut or damaged ({_reason(error)}): download it from Flickr again, then run the same "
                "command. Nothing was imported."
            ) from error
        self._lock = threading.Lock()  # for the counter of open entries in `ZipFile`

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def open(self, key: zipfile.ZipInfo | None) -> Iterator[IO[bytes]]:
        """Open an entry, which never has more bytes than its directory states."""
        if key is None:
            raise ValueError("A zip has no entry without a name.")
        with self._lock:
            file = self._file.open(key)
        try:
            yield file
        finally:
            with self._lock:
                file.close()

    def entries(self) -> Iterator[ExportEntry]:
        """Yield the files. Raises `ExportError` for a name with `..` or an absolute one, and for a zip bomb."""
        infos = self._file.infolist()
        if sum(info.compress_size for info in infos) > self._size:
            raise self._refused("has entries that overlap, as a zip bomb has")
        for info in infos:
            parts = info.filename.replace("\\", "/").split("/")
            if ".." in parts or parts[0] == "" or ":" in parts[0]:
                raise self._refused(f"has the entry {info.filename!r}, which leads out of a folder")
            if info.is_dir() or stat.S_ISLNK(info.external_attr >> 16):
                continue
            if info.file_size > max(_HARMLESS, MAX_RATIO * info.compress_size):
                raise self._refused(f"has the entry {info.filename!r}, which is a zip bomb")
            if info.file_size > (MAX_JSON if info.filename.endswith(".json") else MAX_MEDIA):
                raise self._refused(f"has the entry {info.filename!r}, which is too large")
            if parts[0].lower() not in _OF_THE_SYSTEM:
                yield ExportEntry(parts[-1], info.file_size, f"{info.CRC:08x}", self, info)

    def _refused(self, why: str) -> ExportError:
        return ExportError(
            f"{self.path} {why}: it is not an export of Flickr. Leave it out. Nothing was imported."
        )


@dataclass(slots=True)
class ExportArchive:
    """The files of an export.

    `photos` are the JSON files of photos by id, `others` the other JSON files by name, `media` all other files.
    `places` has one JSON file of a photo for each zip or folder that has some. `ignored` are zips inside of zips,
    `zips` those that are open.
    """

    photos: dict[str, ExportEntry] = field(default_factory=dict)
    others: dict[str, list[ExportEntry]] = field(default_factory=dict)
    media: list[ExportEntry] = field(default_factory=list)
    places: dict[str, ExportEntry] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    zips: list[_Zip] = field(default_factory=list, repr=False)

    def close(self) -> None:
        """Close the zips."""
        for opened in self.zips:
            opened.close()

    def add(self, entry: ExportEntry) -> None:
        """Add a file to those of its kind. The later one of two with the same name counts, if it describes a photo."""
        name = entry.name.lower()
        if name in _OF_THE_SYSTEM or name.startswith("._"):
            return
        if match := _PHOTO.fullmatch(name):
            self.photos[match[1]] = entry
            place = entry.place.parent if isinstance(entry.place, Path) else entry.place.path
            self.places.setdefault(str(place), entry)
        elif name.endswith(".json"):
            self.others.setdefault(name, []).append(entry)
        elif name.endswith(".zip"):
            self.ignored.append(str(entry))
        else:
            self.media.append(entry)


def open_export(paths: Sequence[Path]) -> ExportArchive:
    """Open zips, and folders with zips or with what was in them, as one export.

    Raises `ExportError` if one of them cannot be read, is not a zip, or is not safe to read.
    """
    archive = ExportArchive()
    try:
        for path in dict.fromkeys(file for given in paths for file in _files(given)):
            _add_file(archive, path, is_zip=path.suffix.lower() == ".zip" or path in paths)
        if not archive.photos:
            names = ", ".join(map(str, paths))
            raise ExportError(
                f"There is no photo_*.json in {names}: give all parts of the export, also the zips with the JSON files."
            )
    except BaseException:
        archive.close()
        raise
    return archive


def _add_file(archive: ExportArchive, path: Path, *, is_zip: bool) -> None:
    if is_zip:
        opened = _Zip(path)
        archive.zips.append(opened)
        for entry in opened.entries():
            archive.add(entry)
    elif path.is_file() and not path.is_symlink():
        state = path.stat()
        archive.add(ExportEntry(path.name, state.st_size, str(state.st_mtime_ns), path))


def _files(path: Path) -> Iterator[Path]:
    """Yield the path of a file, or those of all files in a folder. Links to folders are not followed."""
    if not path.is_dir():
        if not path.exists():
            raise ExportError(f"{path} does not exist: give the zips of the export, or their folder.")
        yield path
        return

    def fail(error: OSError) -> None:
        raise ExportError(
            f"{error.filename} cannot be read: {error.strerror}. Check its permissions."
        ) from error

    for folder, folders, names in os.walk(path, onerror=fail):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _reason(error: BaseException) -> str:
    return str(error).rstrip(".") or type(error).__name__
