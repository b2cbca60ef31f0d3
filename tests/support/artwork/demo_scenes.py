"""The scene of each photo of the demo, and its file."""

from __future__ import annotations

import io
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.artwork.aging import Finish
from tests.support.artwork.landscapes import draw_landscape
from tests.support.artwork.scenes import Figure, Ground, Light, Scene

if TYPE_CHECKING:
    from flickr_mirror.simulator import SimulatedPhoto

FOLDER = Path(str(files("flickr_mirror.simulator") / "artwork"))
QUALITY = 42
"""The best JPEG quality at which all photos together take less than 4 MB."""
FINISHES = (
    Finish.SEPIA,
    Finish.COLOUR,
    Finish.GREY,
    Finish.SLIDE,
    Finish.SEPIA,
    Finish.COLOUR,
    Finish.CYANOTYPE,
)
"""Repeated in this order, as the periods of `flickr_mirror.simulator.demo` are."""
_LIGHTS = tuple(Light)
_SUBJECTS: tuple[tuple[Ground, tuple[Figure, ...]], ...] = (
    (
        Ground.HILLS,
        (
            Figure.PAGODA,
            Figure.BOAT,
        ),
    ),
    (Ground.KARST, (Figure.JUNK,)),
    (
        Ground.HILLS,
        (
            Figure.BOAT,
            Figure.GRASS,
        ),
    ),
    (
        Ground.SEA,
        (
            Figure.PALMS,
            Figure.BIRDS,
        ),
    ),
    (
        Ground.KARST,
        (
            Figure.JUNK,
            Figure.BIRDS,
        ),
    ),
    (
        Ground.PLAIN,
        (
            Figure.BOAT,
            Figure.PALMS,
        ),
    ),
    (
        Ground.KARST,
        (
            Figure.BOAT,
            Figure.GRASS,
        ),
    ),
    (
        Ground.SEA,
        (
            Figure.JUNK,
            Figure.BIRDS,
        ),
    ),
    (Ground.PLAIN, (Figure.PAGODA,)),
    (
        Ground.HILLS,
        (
            Figure.GRASS,
            Figure.BIRDS,
        ),
    ),
    (
        Ground.HILLS,
        (
            Figure.PAGODA,
            Figure.BIRDS,
        ),
    ),
    (
        Ground.PLAIN,
        (
            Figure.PALMS,
            Figure.GRASS,
        ),
    ),
    (
        Ground.KARST,
        (
            Figure.BOAT,
            Figure.BIRDS,
        ),
    ),
    (
        Ground.SEA,
        (
            Figure.BOAT,
            Figure.PALMS,
        ),
    ),
    (
        Ground.SEA,
        (
            Figure.BOAT,
            Figure.BIRDS,
        ),
    ),
)
"""Repeated in this order, as the texts of `flickr_mirror.simulator.demo` are."""


def scene_of(photo: SimulatedPhoto) -> Scene:
    """Return the scene of a photo of the demo."""
    ground, figures = _SUBJECTS[photo.index % len(_SUBJECTS)]
    # each repetition of the subjects begins with another light
    light = _LIGHTS[(photo.index + photo.index // len(_SUBJECTS)) % len(_LIGHTS)]
    original = photo.pictures[-1]
    finish = FINISHES[photo.index % len(FINISHES)]
    return Scene(photo.index, light, ground, figures, finish, (original.width, original.height))


def draw_file(photo: SimulatedPhoto) -> bytes:
    """Return the JPEG file of a photo of the demo."""
    file = io.BytesIO()
    picture = draw_landscape(scene_of(photo)).convert("RGB")
    picture.save(file, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return file.getvalue()
