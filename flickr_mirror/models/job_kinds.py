"""The kinds of jobs that a run does for a photo, by the names that catalogues and events hold."""

from enum import StrEnum


class JobKind(StrEnum):
    """A kind of job; existing catalogues and the consumers of events depend on the values."""

    IMAGE = "image"
    INFO = "info"
