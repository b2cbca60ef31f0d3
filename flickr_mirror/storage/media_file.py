"""Open media files: a reader that raises an exception at the end of the file."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import BadImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class MediaFile(io.BufferedReader):
    """A buffered reader that raises `BadImageError` at the end of the file.

    So a truncated file is an error, even if a host program has set Pillow to accept truncated images.
    """

    exact = False
    """Whether a read that returns fewer bytes than requested is an error too."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, at least one of them. Raises `BadImageError` at the end of the file."""
        data = super().read(size)
        if size and (not data or (self.exact and len(data) < size)):
            raise BadImageError("The file is cut: its end is missing.")
        return data

    def size(self) -> int:
        """Return the length of the file in bytes."""
        position = self.tell()
        size = self.seek(0, os.SEEK_END)
        self.seek(position)
        return size


@contextmanager
def open_media(content: Path | bytes | bytearray | io.RawIOBase) -> Iterator[MediaFile]:
    """Open a media file by its path, its bytes or an open file, which stays open. Raises `OSError`."""
    if isinstance(content, io.RawIOBase):
        content.seek(0)
        file = MediaFile(content)
        try:
            yield file
        finally:
            file.detach()
        return
    # typeshed requires a raw file here; a BytesIO works too
    raw: Any = io.BytesIO(content) if isinstance(content, bytes | bytearray) else io.FileIO(content)
    with MediaFile(raw) as file:
        yield file


@contextmanager
def raising_bad_image(extension: str) -> Iterator[None]:
    """Raise a `BadImageError` in place of any exception that Pillow or a parser raises for damaged bytes."""
    try:
        yield
    except (BadImageError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk failed, not the image
            raise
        raise BadImageError(f"This {extension.upper()} is cut or damaged.") from error
