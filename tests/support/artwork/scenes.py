"""The elements of a landscape, and the colours of its light."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from PIL import ImageColor

from tests.support.artwork.aging import Finish

if TYPE_CHECKING:
    from flickr_mirror.simulator.data.sizes import Dims
    from tests.support.artwork.aging import Colour


class Light(StrEnum):
    """The hour and the weather."""

    DAWN = "dawn"
    NOON = "noon"
    DUSK = "dusk"
    MOON = "moon"
    MIST = "mist"
    MONSOON = "monsoon"


class Ground(StrEnum):
    """The ground of the landscape."""

    HILLS = "hills"
    KARST = "karst"
    PLAIN = "plain"
    SEA = "sea"


class Figure(StrEnum):
    """The object in it."""

    BOAT = "boat"
    JUNK = "junk"
    PAGODA = "pagoda"
    PALMS = "palms"
    GRASS = "grass"
    BIRDS = "birds"


@dataclass(frozen=True, slots=True)
class Scene:
    """The elements of a landscape, and the print of its photo."""

    seed: int
    light: Light
    ground: Ground
    figures: tuple[Figure, ...] = ()
    finish: Finish = Finish.COLOUR
    dims: Dims = (1280, 853)


class Palette(NamedTuple):
    """The colours of a light: the sky from its top to the horizon, the farthest and the nearest hills.

    The sun or moon stands at `sun_height`: 1 is the top of the sky, 0 the horizon.
    """

    sky: tuple[Colour, ...]
    cloud: Colour
    sun: Colour
    far: Colour
    near: Colour
    sun_height: float
    sun_size: float


def _palette(sky: str, cloud: str, sun: str, far: str, near: str, height: float, size: float) -> Palette:
    stops = tuple(_colour(name) for name in sky.split())
    return Palette(stops, _colour(cloud), _colour(sun), _colour(far), _colour(near), height, size)


def _colour(name: str) -> Colour:
    red, green, blue = ImageColor.getrgb(name)[:3]
    return red, green, blue


# The sky from its top to the horizon, the clouds, the sun or moon, the farthest and the nearest hills.
PALETTES = {
    Light.DAWN: _palette(
        "#33476e #8d7a9b #efb293 #fde6c4", "#f7d9c9", "#fff3d0", "#c9abae", "#232c3a", 0.22, 0.028
    ),
    Light.NOON: _palette(
        "#3b74ad #7fb2d6 #cfe4ea #eef3ec", "#ffffff", "#fffdf0", "#a8c0cb", "#14261d", 0.95, 0.0
    ),
    Light.DUSK: _palette(
        "#20203f #6a4069 #d9664b #fbc27a", "#f29a6b", "#fff0b8", "#a65f5f", "#140f1d", 0.13, 0.04
    ),
    Light.MOON: _palette(
        "#050a1a #10223f #2f4a68 #70879a", "#5d7389", "#f5f2e0", "#3f5770", "#04070e", 0.62, 0.024
    ),
    Light.MIST: _palette(
        "#a3afb5 #bdc7c8 #d8dcd8 #eae9e2", "#f2f2ee", "#fffef6", "#ccd2d0", "#2f3b39", 0.55, 0.022
    ),
    Light.MONSOON: _palette(
        "#3f4954 #66717a #9aa3a3 #d2cfbf", "#c7c9c4", "#f3eedc", "#87938f", "#1a2221", 0.8, 0.0
    ),
}


# From which shade on the noise is a cloud, and how fast it thickens.
CLOUDS = {
    Light.DAWN: (112, 1.7),
    Light.NOON: (122, 2.6),
    Light.DUSK: (118, 1.7),
    Light.MOON: (120, 1.3),
    Light.MIST: (90, 0.9),
    Light.MONSOON: (70, 1.7),
}
