"""The options of a build of a gallery, and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryOptions:
    """The options of a build: `target` is a folder outside of the mirror, `thumbnails` their height, 0 for none."""

    target: Path | None = None
    thumbnails: int = 320
    jobs: int = 1
    private: bool = False


@dataclass(slots=True)
class GalleryReport:
    """The result of a build.

    `bytes` is the size of the pages and their data, without thumbnails and photos. `private` counts the photos that are
    not public and shown, `hidden` those left out; `reserved` those with all rights reserved, `placed` the files of
    photos that were linked or copied. `failures` are thumbnails that could not be made, by the id of the photo. (It has
    more than ten attributes because it is the record of a build.)
    """

    folder: str
    photos: int = 0
    written: int = 0
    removed: int = 0
    bytes: int = 0
    placed: int = 0
    thumbnails: int = 0
    private: int = 0
    reserved: int = 0
    hidden: int = 0
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GalleryPlan:
    """The estimated output of a build: files and bytes of the pages, thumbnails, and minutes in all."""

    photos: int
    files: int
    bytes: int
    thumbnails: int
    thumbnail_bytes: int
    minutes: int
