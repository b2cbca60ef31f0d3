"""The events that an observer receives, and the report of a run: the public module for programs that embed the library.

`Event` is the union of all events, `log_events` the observer that is used by default.
"""

from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.events import (
    Checked,
    DetailCached,
    Event,
    FileBroken,
    ImageCached,
    ImageStarted,
    Imported,
    InfoCached,
    InfoStarted,
    ListingEnded,
    ListMirrored,
    Notice,
    Observer,
    OutageBegan,
    OutageEnded,
    PageScanned,
    PhotoFailed,
    PhotoFound,
    PhotoGone,
    PhotoUpdated,
    RunPlanned,
    RunStarted,
    Waiting,
    Watching,
)
from flickr_mirror.models.reports import FailedPhoto, MirrorReport

__all__ = [
    "Checked",
    "DetailCached",
    "Event",
    "FailedPhoto",
    "FileBroken",
    "ImageCached",
    "ImageStarted",
    "Imported",
    "InfoCached",
    "InfoStarted",
    "ListMirrored",
    "ListingEnded",
    "MirrorReport",
    "Notice",
    "Observer",
    "OutageBegan",
    "OutageEnded",
    "PageScanned",
    "PhotoFailed",
    "PhotoFound",
    "PhotoGone",
    "PhotoUpdated",
    "RunPlanned",
    "RunStarted",
    "Waiting",
    "Watching",
    "log_events",
]
