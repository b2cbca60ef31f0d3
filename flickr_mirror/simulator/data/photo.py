"""One photo of a simulated photostream, computed from its id on demand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flickr_mirror.simulator.data.sizes import (
    OWN_SECRETS,
    UNDOCUMENTED_KEYS,
    Dims,
    Kind,
    SimulatedSize,
    original_format,
    shape_of,
    visible_dims,
)
from flickr_mirror.simulator.data.texts import (
    Caption,
    Dice,
    SimulatedComment,
    compose_caption,
    compose_comments,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVER_NUMBER = "65535"
PRIVACY_BITS = {
    "public": (1, 0, 0),
    "friends": (0, 1, 0),
    "family": (0, 0, 1),
    "friends and family": (0, 1, 1),
    "private": (0, 0, 0),
}
"""`ispublic`, `isfriend` and `isfamily` of a photo, by the words for who may see it."""

# The files of a video, worst first: the label and type in getSizes, the longest side (0: Flickr does not state it)
_VIDEO_FILES = (
    ("360p", "360p", 640),
    ("Site MP4", "site", 0),
    ("720p", "720p", 1280),
    ("1080p", "1080p", 1920),
    ("Video Original", "orig", 1920),
)
# The files of a video that only its owner may download, with the status that the server answers to others.
_VIDEO_REFUSALS: tuple[dict[str, int], ...] = (
    {},
    {},
    {"orig": 404},
    {"orig": 403},
    {"orig": 404, "1080p": 403},
)


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of a photo since its upload; `None` for what has not changed."""

    title: str | None = None
    description: str | None = None
    tags: str | None = None
    taken: str | None = None
    kind: Kind | None = None
    updated: int = 0
    revision: int = 0
    comments: tuple[SimulatedComment, ...] = ()
    privacy: str = "public"
    safety_level: int = 0
    faves: int = 0


@dataclass(frozen=True)
class SimulatedPhoto:
    """The current state of a photo; `index` counts the owner's uploads from 0, times are in seconds.

    `first_kind` is the kind that it was uploaded as.

    For assertions it also has values that Flickr does not state: `best`, `best_url`, `best_dims`, `kind`.
    """

    id: str
    index: int
    uploaded: int
    kind: Kind
    owner: str
    seed: int
    is_commented: bool
    changes: Changes
    base_url: str
    original_shapes: Sequence[Dims] = ()
    first_kind: Kind | None = None

    @cached_property
    def caption(self) -> Caption:
        """The texts that the photo was uploaded with."""
        return compose_caption(self._dice("caption"))

    @property
    def title(self) -> str:
        """The title."""
        return self.caption.title if self.changes.title is None else self.changes.title

    @property
    def description(self) -> str:
        """The description."""
        return self.caption.description if self.changes.description is None else self.changes.description

    @property
    def tags(self) -> str:
        """The tags, separated by spaces."""
        return self.caption.tags if self.changes.tags is None else self.changes.tags

    @property
    def taken(self) -> str:
        """When the photo was taken, such as `1921-05-14 00:00:00`."""
        return self.changes.taken or self.caption.taken

    @cached_property
    def comments(self) -> tuple[SimulatedComment, ...]:
        """The comments, oldest first."""
        first = compose_comments(self._dice("comments"), self.uploaded) if self.is_commented else ()
        return first + self.changes.comments

    @property
    def faves(self) -> int:
        """How many people marked it as a favourite."""
        return self.index % 9 + self.changes.faves

    @property
    def updated(self) -> int:
        """When the photo, its texts or its comments last changed."""
        newest_comment = self.comments[-1].date if self.comments else 0
        return max(self.uploaded, newest_comment, self.changes.updated)

    @property
    def media(self) -> str:
        """Either `photo` or `video`."""
        return "video" if self.kind in (Kind.VIDEO, Kind.NOT_READY) else "photo"

    @property
    def privacy(self) -> str:
        """Who may see it: a key of `PRIVACY_BITS`."""
        return self.changes.privacy

    @property
    def safety_level(self) -> int:
        """0 for safe, 1 for moderate, 2 for restricted."""
        return self.changes.safety_level

    @property
    def rotation(self) -> int:
        """By how many degrees the original must be rotated to be upright."""
        return 90 if self.kind is Kind.ROTATED else 0

    @property
    def original_dims(self) -> Dims:
        """The width and height of the original, which is not always public, and stays when its owner forbids it."""
        if (largest := self.pictures[-1]).key == "o":
            return largest.width, largest.height
        shape = shape_of(self.first_kind or self.kind, self.index, self.original_shapes)
        return shape.width, shape.height

    @property
    def original_format(self) -> str:
        """The extension of the original."""
        return original_format(self.kind)

    @property
    def secret(self) -> str:
        """The secret in the addresses of the sizes below 1600 pixels."""
        return self._secrets[""]

    @property
    def original_secret(self) -> str:
        """The secret in the address of the original."""
        return self._secrets["o"]

    @cached_property
    def pictures(self) -> tuple[SimulatedSize, ...]:
        """The public pictures, smallest first; for a video, its posters."""
        shape = shape_of(self.kind, self.index, self.original_shapes)
        secrets, path = self._secrets, f"/{SERVER_NUMBER}/{self.id}_"
        return tuple(
            SimulatedSize(label, key, width, height, f"{path}{secrets.get(key) or secrets['']}{ending}")
            for (label, key, ending, _), width, height in visible_dims(self.kind, shape)
        )

    @cached_property
    def videos(self) -> tuple[SimulatedSize, ...]:
        """The files of a video that getSizes lists, worst first."""
        if self.kind is not Kind.VIDEO:
            return ()
        dice = self._dice("videos")
        refusals = dice.pick(_VIDEO_REFUSALS)
        files = _VIDEO_FILES[: dice.pick((3, 4, 5, 5))]
        secrets = self._digits("videos", len(_VIDEO_FILES))
        poster = self.pictures[-1]
        return tuple(
            SimulatedSize(
                label,
                key,
                longest * poster.width // max(poster.width, poster.height),
                longest * poster.height // max(poster.width, poster.height),
                f"/photos/{self.owner}/{self.id}/play/{key}/{secret}/",
                "video",
                refusals.get(key, 0),
            )
            for (label, key, longest), secret in zip(files, secrets, strict=False)
        )

    @property
    def best(self) -> SimulatedSize:
        """The best public file: for a video the best one that plays, else the picture with the most pixels.

        The original is better than another size with as many pixels. A video that is not ready has only posters.
        """
        playable = [video for video in self.videos if not video.refusal]
        if playable:
            return playable[-1]
        return max(self.pictures, key=lambda size: (size.width * size.height, size.key == "o"))

    @property
    def best_url(self) -> str:
        """The address of the best file."""
        return f"{self.base_url}{self.best.path}"

    @property
    def best_dims(self) -> Dims:
        """The width and height of the best file, in pixels."""
        return self.best.width, self.best.height

    def is_best_listed(self, *, undocumented_extras: bool = True) -> bool:
        """Return whether a listing with every `url_*` extra includes the best file."""
        if self.media == "video":
            return False
        return undocumented_extras or self.best.key not in UNDOCUMENTED_KEYS

    def _dice(self, purpose: str) -> Dice:
        seed = f"{self.seed} {self.id} {purpose}".encode()
        return Dice(int.from_bytes(hashlib.blake2b(seed, digest_size=24).digest()))

    @cached_property
    def _secrets(self) -> dict[str, str]:
        """The secrets of the pictures by key; the key "" stands for the sizes that share one."""
        return dict(zip(("", *OWN_SECRETS), self._digits("pictures", 9), strict=True))

    def _digits(self, purpose: str, count: int) -> list[str]:
        """Return secrets of 10 hexadecimal digits, which change when the image is replaced."""
        seed = f"{self.seed} {self.id} {purpose} {self.changes.revision}".encode()
        digits = hashlib.blake2b(seed).hexdigest()
        return [digits[start : start + 10] for start in range(0, 10 * count, 10)]
