"""The refusals of `serve`, in Flickr's codes."""

from __future__ import annotations

from flickr_mirror.models.rest_answers import FlickrRefusal

_FORBIDDEN = 2
"""Permission denied: https://www.flickr.com/services/api/flickr.photos.getExif.html"""
ILLOGICAL = 18
"""Illogical arguments: https://www.flickr.com/services/api/flickr.photos.search.html"""


def not_mirrored(what: str, include: str) -> FlickrRefusal:
    """Return the refusal of a call for data that a mirror does not have.

    The code is that of data that a caller may not see: programs for Flickr expect it, and continue without them.
    """
    return FlickrRefusal(
        _FORBIDDEN,
        f"Permission denied: the mirror does not have the {what}. A run with --include {include} adds it.",
    )


def is_private(what: str) -> FlickrRefusal:
    """Return the refusal of a call for data that only the account and its contacts see."""
    return FlickrRefusal(
        _FORBIDDEN,
        f"Permission denied: the {what} were mirrored with the login of the account, which shows more than the public "
        "sees. They are served with --private only.",
    )
