"""The photos that `serve` shows, in memory: their ids in order of upload, and which of them are public."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.models.job_kinds import JobKind
    from flickr_mirror.reader.mirror_reader import ArchivedAlbum, ArchivedPhoto, MirrorReader


class ShownAlbum(NamedTuple):
    """An album with the ids of those of its photos that may be shown, in order; `cover` is one of them, or empty."""

    album: ArchivedAlbum
    photo_ids: list[int]
    video_count: int
    cover: str


class PhotoIndex:
    """The photos of one mirror, newest upload first, without those that are not public unless `shows_private`.

    It is read again when a run has changed the catalogue. Its methods block, and may be called from several threads.
    """

    def __init__(self, reader: MirrorReader, *, shows_private: bool) -> None:
        self.reader = reader
        self.shows_private = shows_private
        self._lock = Lock()
        self._stamp: object = None
        self._ids: list[int] = []
        self._times: list[int] = []
        self._known: set[int] = set()
        self._albums: list[ShownAlbum] | None = None
        self._hidden: set[int] | None = None

    def refresh(self) -> None:
        """Read the mirror again if it has changed."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        """Read the ids again if the files of the catalogue have changed."""
        path = self.reader.store.catalogue
        stamp = []
        for name in (path, path.with_name(f"{path.name}-wal")):
            with suppress(OSError):
                status = name.stat()
                stamp.append((status.st_size, status.st_mtime_ns))
        if stamp != self._stamp:
            self.reader.follow()
            rows = self.reader.catalogue.archive.uploads(public_only=not self.shows_private)
            self._ids = [photo_id for photo_id, _ in rows]
            self._times = [-uploaded for _, uploaded in rows]
            self._known = set(self._ids)
            self._stamp = stamp
            self._albums = None
            self._hidden = None

    def ids(self, low: int | None = None, high: int | None = None) -> Sequence[int]:
        """Return the ids of the photos uploaded between two seconds (both included), newest first."""
        with self._lock:
            self._refresh()
            first = 0 if high is None else bisect_left(self._times, -high)
            last = len(self._times) if low is None else bisect_right(self._times, -low)
            return self._ids[first:last]

    def photos(self, photo_ids: Sequence[int]) -> list[ArchivedPhoto]:
        """Return these photos, in this order."""
        with self._lock:
            return list(self.reader.photos(photo_ids))

    def photo(self, photo_id: str) -> ArchivedPhoto | None:
        """Return one photo; `None` if there is none, or if it is not public."""
        if not (photo_id.isascii() and photo_id.isdecimal() and len(photo_id) < 19):
            return None
        with self._lock:
            self._refresh()
            return self.reader.photo(photo_id) if int(photo_id) in self._known else None

    def may_have_details(self, photo: ArchivedPhoto, kind: JobKind) -> bool:
        """Return whether the sidecar of a photo can have details of a kind: reading it takes long on a disk."""
        with self._lock:
            return self.reader.catalogue.details.is_known(photo.id, kind)

    def albums(self) -> list[ShownAlbum]:
        """Return the albums of the mirror. Those without a photo that may be shown are left out, as at Flickr."""
        with self._lock:
            self._refresh()
            if self._albums is None:
                videos = set(self.reader.catalogue.archive.video_ids())
                found = [self._shown(album, videos) for album in self.reader.albums()]
                self._albums = [shown for shown in found if shown.photo_ids or self.shows_private]
            return self._albums

    def _shown(self, album: ArchivedAlbum, videos: set[int]) -> ShownAlbum:
        ids = [photo_id for photo_id in map(int, album.photo_ids) if photo_id in self._known]
        cover = album.cover
        if cover and not self.shows_private and int(cover) not in self._known:
            cover = str(ids[0]) if ids else ""
        return ShownAlbum(album, ids, len(videos.intersection(ids)), cover)

    def hidden_ids(self) -> set[int]:
        """Return the ids of the photos that are known and may not be shown."""
        with self._lock:
            self._refresh()
            if self._hidden is None:
                self._hidden = (
                    set() if self.shows_private else set(self.reader.catalogue.archive.private_ids())
                )
            return self._hidden

    def visible(self, photo_ids: Sequence[int]) -> list[int]:
        """Return those of the photos that may be shown."""
        with self._lock:
            self._refresh()
            return [photo_id for photo_id in photo_ids if photo_id in self._known]
