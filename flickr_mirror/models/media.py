"""An image or film file, as far as its bytes show what it is."""

from __future__ import annotations

from dataclasses import dataclass

NOT_UNDERSTOOD = "Not understood:"
"""How the message of a `NotUnderstoodError` begins."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the bytes of a file say of the image or video in it.

    `media` is `photo` or `video`; `width` and `height` are in pixels, by the header, and 0 for videos. `ends`
    tells that the end marker is where it must be: cheap evidence that the file is whole. It is `False` where
    other data follow, and for kinds that have no such marker.
    """

    extension: str
    media: str
    width: int
    height: int
    ends: bool
