"""The folder of a gallery: writes files that have changed, and removes those that are no longer part of it."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.placing import Placer, Way
from flickr_mirror.web.gallery.state import STATE_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.web.gallery.state import GalleryState


class GalleryOutput:
    """Writes the files of a gallery; `written` and `removed` count them, `bytes` is the size of all of them."""

    def __init__(self, folder: Path, state: GalleryState) -> None:
        self.folder = folder
        self.state = state
        self.placer = Placer(folder, Way.LINK)
        self.written = self.removed = self.bytes = 0
        self._known = state.files()
        self._names: set[str] = set()

    def is_intact(self) -> bool:
        """Return whether all files of the last build are there, with their sizes."""
        return bool(self._known) and all(self._is_there(name) for name in self._known)

    def last_size(self) -> int:
        """Return the bytes of all files of the last build."""
        return sum(size for size, _ in self._known.values())

    def _is_there(self, name: str) -> bool:
        try:
            return (self.folder / name).stat().st_size == self._known[name][0]
        except OSError:
            return False

    def has(self, name: str, version: bytes) -> bool:
        """Return whether a file of this version is there; it then stays."""
        if name not in self._known or self._known[name][1] != version or not self._is_there(name):
            return False
        self._keep(name, self._known[name][0])
        return True

    def keep(self, prefix: str) -> None:
        """Keep all files whose names begin so."""
        for name, (size, _) in self._known.items():
            if name.startswith(prefix):
                self._keep(name, size)

    def _keep(self, name: str, size: int) -> None:
        self._names.add(name)
        self.bytes += size

    def write(self, name: str, data: bytes, version: bytes = b"") -> bytes:
        """Write a file unless it is there with these bytes; return its version, by default a hash of the bytes."""
        version = version or hashlib.blake2b(data, digest_size=12).digest()
        if not self.has(name, version):
            self.written += self.placer.write(name, data)
            self.state.set_file(name, len(data), version)
            self._keep(name, len(data))
        return version

    def add(self, name: str, size: int) -> None:
        """Count a file that was placed as part of the gallery, but not of its pages."""
        self._names.add(name)
        if name not in self._known:
            self.state.set_file(name, size, b"")

    def once(self, name: str, version: bytes, make: Callable[[], bytes]) -> None:
        """Write the file that `make` returns, unless the file of this version is there."""
        if not self.has(name, version):
            self.write(name, make(), version)

    def remove_others(self) -> None:
        """Remove the files of earlier builds that were neither written nor kept in this one."""
        for name in self._known.keys() - self._names:
            with disk_errors(self.folder / name):
                (self.folder / name).unlink(missing_ok=True)
            with suppress(OSError):  # not empty
                (self.folder / name).parent.rmdir()
            self.state.forget_file(name)
            self.removed += 1


def check_folder(folder: Path, mirror: Path, *, is_inside: bool) -> None:
    """Raise `CacheError` unless a gallery may be written to a folder: a new one, or that of an earlier gallery."""
    target, root = folder.resolve(), mirror.resolve()
    if not is_inside and (target == root or root in target.parents or target in root.parents):
        raise CacheError(
            f"{folder} is inside the mirror, or contains it: leave out --to, or use another folder.", folder
        )
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CacheError(f"{folder} is not a folder: remove it, or use another folder with --to.", folder)
    with disk_errors(folder):
        if folder.exists() and any(folder.iterdir()) and not (folder / STATE_FILE).exists():
            raise CacheError(
                f"{folder} has other files: use a new folder with --to, or that of an earlier gallery.",
                folder,
            )
