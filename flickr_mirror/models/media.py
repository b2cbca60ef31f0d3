"""The properties of an image or video file that its bytes show."""

from __future__ import annotations

from dataclasses import dataclass

NOT_UNDERSTOOD = "Not understood:"
"""The beginning of the message of every `NotUnderstoodError`."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The image or video in a file, according to its bytes.

    `media` is `photo` or `video`; `width` and `height` are in pixels, from the header, and 0 for videos. `ends` is
    whether the file ends with its end marker, which is cheap evidence that it is complete. It is `False` if other data
    follow, and for formats without such a marker.
    """

    extension: str
    media: str
    width: int
    height: int
    ends: bool
