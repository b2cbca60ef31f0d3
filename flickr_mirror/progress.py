"""Deprecated: import from `flickr_mirror.events`. The next release removes this module."""

import warnings

from flickr_mirror.events import *  # noqa: F403 - the names of before

warnings.warn(
    "flickr_mirror.progress is deprecated, and the next release removes it: import from flickr_mirror.events.",
    DeprecationWarning,
    stacklevel=2,
)
