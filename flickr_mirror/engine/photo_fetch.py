"""Fetches the files and the information of one photo into a folder that is not a mirror."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread
from pathvalidate import sanitize_filename

from flickr_mirror.engine.language_detector import LanguageDetector
from flickr_mirror.errors import ImageGoneError, NoSizeError, PlaceTakenError
from flickr_mirror.flickr.bandwidth import BandwidthLimiter
from flickr_mirror.flickr.concurrency import DownloadSlots
from flickr_mirror.flickr.downloader import ImageFetcher
from flickr_mirror.flickr.photo_calls import get_photo
from flickr_mirror.models.languages import Label
from flickr_mirror.models.options import COMMENTS_LEVEL, Limits
from flickr_mirror.models.sizes import Reduced, playable_files, whole_pictures
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.partial_file import open_partial_file
from flickr_mirror.storage.sidecar import encoded, info_document, is_up_to_date
from flickr_mirror.storage.store import sha256_of

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.models.photo_info import PhotoInfo
    from flickr_mirror.models.photos import FlickrComment
    from flickr_mirror.models.sizes import FlickrPhotoSize
    from flickr_mirror.storage.partial_file import PartialFile


@dataclass(slots=True)
class FetchedPhoto:
    """The result of fetching the files of a photo.

    `written` and `there` (with the same bytes, or a JSON file that is up to date) are complete. `taken` are the names
    of other files, which stayed; `refused` names the sizes that Flickr did not serve. `bytes` counts those written.
    `is_whole` is whether everything requested was served: every size, or the best picture or film that is.
    """

    info: PhotoInfo
    written: list[Path] = field(default_factory=list)
    there: list[Path] = field(default_factory=list)
    taken: list[Path] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    bytes: int = 0
    is_whole: bool = True


async def fetch_photo(
    api: AsyncFlickrApi,
    photo_id: str,
    folder: Path,
    *,
    info_level: int = 0,
    all_sizes: bool = False,
    replace: bool = False,
    limits: Limits | None = None,
) -> FetchedPhoto:
    """Fetch the best file of a photo, or `all_sizes`, as `<Label>_<id>.<ext>`, and its information as `<id>.json`.

    The best file of a video is the best film that is served. A file with other bytes under one of the names stays,
    unless `replace` is set. Raises a `PhotoError` if there is no such photo or no file of it, `CacheError` and
    `TransportError`.
    """
    await to_thread.run_sync(filesystem.check_writable, folder)
    info = await get_photo(api.http_client, photo_id)
    comments = None
    if info_level == COMMENTS_LEVEL:
        comments = await api.get_comments(photo_id) if info.photo.facts.comment_count != 0 else []
    sizes = await api.get_photo_sizes(photo_id)
    fetch = _PhotoFetch(api, folder, FetchedPhoto(info), limits or Limits(), replace=replace)
    pictures, films = whole_pictures(sizes), playable_files(sizes)
    if not pictures and not films:
        raise NoSizeError("Flickr lists no file of this photo.")
    if all_sizes:
        every = [size for size in sizes if size.media == "photo"] + films
        served = [size for size in every if await fetch.save(size)]
        is_whole = served == every
    else:
        served = await fetch.save_best(films) or await fetch.save_best(pictures)
        is_whole = bool(served)
    if info.photo.facts.media == "video":
        is_whole &= any(size in films for size in served)
    fetch.result.is_whole = is_whole
    await fetch.save_json(info_level, comments, pictures, films, served)
    return fetch.result


class _PhotoFetch:
    """Writes the files of one photo."""

    def __init__(
        self, api: AsyncFlickrApi, folder: Path, result: FetchedPhoto, limits: Limits, *, replace: bool
    ) -> None:
        self.result = result
        self._folder = folder
        self._replace = replace
        self._id = result.info.photo.id
        slots = DownloadSlots(1, timing=limits.timing)
        self._fetcher = ImageFetcher(api.http_client, slots, BandwidthLimiter(limits.bwlimit))

    async def save_best(self, sizes: list[FlickrPhotoSize]) -> list[FlickrPhotoSize]:
        """Write the first of these sizes that is served, and return it in a list; `[]` if none is."""
        for size in sizes:
            if await self.save(size):
                return [size]
        return []

    async def save(self, size: FlickrPhotoSize) -> bool:
        """Write one size; return whether Flickr serves it."""

        async def same() -> FlickrPhotoSize:
            return size  # Flickr returned it a moment ago

        async with open_partial_file(self._folder) as part:
            try:
                fetched = await self._fetcher.fetch_verified(size, part, same)
            except ImageGoneError as error:
                self.result.refused.append(f"{size.label} (HTTP {error.status})")
                return False
            name = sanitize_filename(f"{size.label}_{self._id}.{fetched.picture.extension}")
            await self._commit(part, self._folder / name)
        return True

    async def save_json(
        self,
        level: int,
        comments: list[FlickrComment] | None,
        pictures: list[FlickrPhotoSize],
        films: list[FlickrPhotoSize],
        served: list[FlickrPhotoSize],
    ) -> None:
        """Write the information; of `pictures` and `films`, best first, those in `served` were written."""
        info = self.result.info
        texts = [info.photo.raw_title, info.photo.raw_description or ""]
        async with LanguageDetector() as detector:
            locales = await detector.detect([*texts, *(comment.content for comment in comments or [])])
        title, description, *others = map(Label, [*texts, *(c.content for c in comments or [])], locales)
        document = info_document(
            info.photo,
            info.owner,
            pictures[0] if pictures else None,
            title=title,
            description=description if level else None,
            comments=None if comments is None else list(zip(comments, others, strict=True)),
            reduced=_reduced({"image": pictures, "video": films}, served),
            more_parts={"details": info.details},
        )
        path = self._folder / f"{info.photo.id}.json"
        if await to_thread.run_sync(_is_current, path, document):
            self.result.there.append(path)
            return
        async with open_partial_file(self._folder) as part:
            await part.write(encoded(document))
            await self._commit(part, path)

    async def _commit(self, part: PartialFile, path: Path) -> None:
        if await to_thread.run_sync(_sha256, path) == await part.sha256():
            self.result.there.append(path)
            return
        try:
            await part.commit(path, None if self._replace else partial(_refuse, path))
        except PlaceTakenError:
            self.result.taken.append(path)
        else:
            self.result.written.append(path)
            self.result.bytes += part.size


def _reduced(listed: dict[str, list[FlickrPhotoSize]], served: list[FlickrPhotoSize]) -> dict[str, Reduced]:
    """Return the best size that was served of each kind of file, if it is not the best one that is listed."""
    best = {kind: next((size for size in sizes if size in served), None) for kind, sizes in listed.items()}
    return {
        kind: Reduced(size, listed[kind][0])
        for kind, size in best.items()
        if size and size != listed[kind][0]
    }


def _refuse(path: Path) -> None:
    raise PlaceTakenError(f"{path} exists.", path)


def _sha256(path: Path) -> bytes:
    try:
        with filesystem.open_file(path) as file:
            return sha256_of(file)
    except OSError:
        return b""


def _is_current(path: Path, document: dict[str, Any]) -> bool:
    try:
        return is_up_to_date(json.loads(filesystem.read(path)), document)
    except (OSError, ValueError, RecursionError):
        return False
