"""The common part of the stores: writing the sidecar files of photos."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from flickr_mirror.storage.documents import MANY_COMMENTS
from flickr_mirror.storage.sidecar import check_photo, encoded

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from flickr_mirror.storage.partial_file import PartialFile


class BaseStore(ABC):
    """The base of the implementations of `flickr_mirror.storage.store.Store`, which documents the methods."""

    @abstractmethod
    def path(self, photo_id: str, extension: str) -> Path:
        """See `Store.path`."""

    @abstractmethod
    def read_sidecar(self, photo_id: str) -> dict[str, Any] | None:
        """See `Store.read_sidecar`."""

    @abstractmethod
    def new_file(self) -> AbstractAsyncContextManager[PartialFile]:
        """See `Store.new_file`."""

    @abstractmethod
    def _compare(
        self, path: Path, content: dict[str, Any], data: bytes
    ) -> tuple[bytes | None, dict[str, Any]]:
        """Return the bytes of a sidecar file that is up to date and durable; or `None` and what must be written.

        `data` is `content` encoded.
        """

    def check_name(self, photo_id: str) -> None:
        """See `Store.check_name`."""
        check_photo(self.read_sidecar(photo_id), photo_id, self.path(photo_id, "json"))

    async def write_sidecar(
        self, photo_id: str, content: dict[str, Any], *, may_exist: bool = True
    ) -> tuple[Path, bytes]:
        """See `Store.write_sidecar`."""
        path = self.path(photo_id, "json")
        is_long = len(content.get("comments", ())) > MANY_COMMENTS
        data = await to_thread.run_sync(encoded, content) if is_long else encoded(content)
        if may_exist:
            stored, whole = await to_thread.run_sync(self._compare, path, content, data)
            if stored is not None:
                return path, stored
            if whole is not content:
                data = await to_thread.run_sync(encoded, whole)
        async with self.new_file() as file:
            await file.write(data)
            await file.commit(path, partial(self.check_name, photo_id))
        return path, data
