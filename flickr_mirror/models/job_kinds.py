"""The kinds of jobs that a run does for a photo, by the names that catalogues and events hold."""

from enum import StrEnum


class JobKind(StrEnum):
    """A kind of job; existing catalogues and the consumers of events depend on the values."""

    IMAGE = "image"
    INFO = "info"
    NOTES = "notes"
    FAVES = "faves"
    EXIF = "exif"


DETAIL_KEYS = {JobKind.NOTES: "details", JobKind.FAVES: "faves", JobKind.EXIF: "exif"}
"""The kinds that need a call for each photo, and the key in the `flickr` object of a sidecar that each one adds."""
