"""The log records of a run's events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flickr_mirror.models.events import (
    DetailCached,
    FileBroken,
    ImageCached,
    ImageStarted,
    InfoCached,
    InfoStarted,
    ListMirrored,
    Notice,
    OutageBegan,
    OutageEnded,
    PageScanned,
    PhotoFailed,
    PhotoGone,
    PhotoUpdated,
    Waiting,
)
from flickr_mirror.models.identifiers import inventory_number

if TYPE_CHECKING:
    from flickr_mirror.models.events import Event

logger = logging.getLogger("flickr_mirror")


def log_events(event: Event) -> None:
    """Log an event to the logger `flickr_mirror`.

    The specification fixes the lines that begin with "Scanning" and "Caching", which name a photo by its inventory
    number. All other lines name it by its id, followed by that number.
    """
    match event:
        case PageScanned(number, pages):
            logger.info("Scanning page %d/%d...", number, pages)
        case PhotoUpdated(photo_id) | PhotoGone(photo_id) | ImageCached(photo_id) | InfoCached(photo_id):
            logger.info("Photo %s%s", _both_names(photo_id), _what_happened(event))
        case ImageStarted(photo_id):
            logger.info("Caching image of photo %s...", inventory_number(photo_id))
        case InfoStarted(photo_id):
            logger.info("Caching information of photo %s...", inventory_number(photo_id))
        case DetailCached(photo_id, job):
            logger.info("Photo %s: %s cached.", _both_names(photo_id), job)
        case ListMirrored(name, entries, changed):
            logger.info("List %s: %d entries, %d new or changed.", name, entries, changed)
        case PhotoFailed(photo_id, job, reason, again):
            level = logging.INFO if again else logging.WARNING
            later = " It is tried again at the end of this run." if again else ""
            logger.log(level, "Photo %s, %s: %s%s", _both_names(photo_id), job, reason, later)
        case Notice() | FileBroken() | Waiting() | OutageBegan() | OutageEnded():
            logger.warning("%s", event.text)
        case _:
            logger.debug("%s", event)


def _what_happened(event: PhotoUpdated | PhotoGone | ImageCached | InfoCached) -> str:
    match event:
        case PhotoUpdated(_, what):
            return f" changed: {', '.join(what)}."
        case PhotoGone():
            return " is gone from the photostream; its mirrored files are kept."
        case ImageCached(_, _, 0):
            return ": image cached, it was on disk already."
        case ImageCached(_, _, fetched):
            return f": image cached, {fetched} bytes received."
        case InfoCached():
            return ": information cached."


def _both_names(photo_id: str) -> str:
    return f"{photo_id} ({inventory_number(photo_id)})"
