"""Deprecated: import from `flickr_mirror.text`. The next release removes this module."""

import warnings

from flickr_mirror.text import plain as plain

warnings.warn(
    "flickr_mirror.terminal is deprecated, and the next release removes it: import from flickr_mirror.text.",
    DeprecationWarning,
    stacklevel=2,
)
