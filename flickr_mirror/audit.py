"""Is everything in the mirror whole?"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from anyio import to_thread

from flickr_mirror import pictures
from flickr_mirror.errors import BadImageError

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.cache import PhotoCache
    from flickr_mirror.catalogue import Catalogue
    from flickr_mirror.records import StoredFile

BATCH = 200


async def set_broken_images_aside(cache: PhotoCache, catalogue: Catalogue) -> list[tuple[Path, bool]]:
    """Decode every image and film of the mirror; move the broken ones aside and have them fetched again.

    Returns where the broken and the missing ones were, and whether they are fetched again: what is gone from
    Flickr is left as it is. A file that Flickr itself has damaged is as it should be. Raises `CacheError` where
    a file cannot be moved.
    """
    broken: list[tuple[Path, bool]] = []
    after = ("", 0)
    while files := await to_thread.run_sync(catalogue.files_after, after, BATCH):
        for photo_id, is_gone, file in files:
            path = cache.path(str(photo_id), file.extension)
            if not await to_thread.run_sync(_is_whole, path, file):
                broken.append((path, not is_gone))
                if not is_gone:
                    await to_thread.run_sync(cache.set_aside, path)
                    with catalogue.transaction():
                        catalogue.fetch_again(str(photo_id))
            after = (file.kind, photo_id)
    return broken


def _is_whole(path: Path, file: StoredFile) -> bool:
    try:
        if file.note_is_odd:  # what Flickr itself has damaged cannot be told from damage by looking at it
            with path.open("rb") as content:
                return hashlib.file_digest(content, "sha256").digest() == file.sha256
        pictures.inspect(path)
        pictures.decode(path)
    except (BadImageError, OSError):
        return False
    return True
