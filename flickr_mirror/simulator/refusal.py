"""Flickr's refusal of a call."""

from __future__ import annotations


class FlickrRefusal(Exception):  # noqa: N818 - Flickr calls it a failure, and answers HTTP 200
    """Flickr refuses a call; the meaning of the code depends on the method."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
