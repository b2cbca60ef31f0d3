"""How photos are printed and age: tones, grain, a vignette, scratches, a border of paper."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from flickr_mirror.simulator.data.sizes import Dims

    Colour = tuple[int, int, int]


class Finish(StrEnum):
    """The print of a photo."""

    COLOUR = "colour"
    SEPIA = "sepia"
    GREY = "grey"
    CYANOTYPE = "cyanotype"
    SLIDE = "slide"
    """A colour slide that has faded."""


_TONES = {
    Finish.SEPIA: ("#1e120a", "#8f6b45", "#f3e3c3"),
    Finish.GREY: ("#0d0d0f", "#77777a", "#f1efea"),
    Finish.CYANOTYPE: ("#06162e", "#4f7fa6", "#eef3f0"),
}
_PAPERS = {Finish.SEPIA: "#efe3cb", Finish.GREY: "#f0ede6", Finish.CYANOTYPE: "#eceadf"}


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """Return a colour between two: 0 is the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def gradient(size: Dims, colours: Sequence[Colour]) -> Image.Image:
    """Return an area whose colour changes from top to bottom, evenly over the given ones."""
    column = Image.new("RGB", (1, len(colours)))
    column.putdata(list(colours))
    column = column.resize((1, 64), Image.Resampling.BICUBIC, box=(0, 0.5, 1, len(colours) - 0.5))
    return column.resize(size, Image.Resampling.BILINEAR)


def clouds(
    size: Dims, random: Random, *, stretch: float, octaves: int = 5, coarsest: int = 2, fade: float = 0.55
) -> Image.Image:
    """Return cloudy shades of grey from black to white, wider than high by `stretch`.

    They are noise of several sizes: the coarsest has this number of cells from top to bottom, each finer one twice
    as many and `fade` of its strength.
    """
    low = (max(2, size[0] // 2), max(2, size[1] // 2))
    shades, strength, total = Image.new("L", low), 1.0, 0.0
    for octave in range(octaves):
        down = coarsest * 2**octave
        cells = (int(down * size[0] / size[1] / stretch) + 2, down + 2)
        noise = Image.frombytes("L", cells, random.randbytes(cells[0] * cells[1]))
        total += strength
        shades = Image.blend(shades, noise.resize(low, Image.Resampling.BICUBIC), strength / total)
        strength *= fade
    return ImageOps.autocontrast(shades, cutoff=1).resize(size, Image.Resampling.BILINEAR)


def finished(picture: Image.Image, finish: Finish, random: Random) -> Image.Image:
    """Return the print of a picture."""
    picture = picture.filter(ImageFilter.BoxBlur(0.5))
    if finish is Finish.COLOUR:
        return _grained(picture, random, 8)
    if finish is Finish.SLIDE:
        red, green, blue = picture.split()
        faded = (
            red.point(lambda shade: 34 + shade * 212 // 255),
            green.point(lambda shade: 22 + shade * 208 // 255),
            blue.point(lambda shade: 44 + shade * 160 // 255),
        )
        return _grained(_vignetted(Image.merge("RGB", faded), 0.35), random, 18)
    shades = ImageOps.autocontrast(picture.convert("L"), cutoff=0.5)
    shades = _grained(_vignetted(shades, 0.55), random, 30)
    _scratch(shades, random)
    black, mid, white = _TONES[finish]
    return _mounted(ImageOps.colorize(shades, black=black, mid=mid, white=white), _PAPERS[finish], random)


def _grained(picture: Image.Image, random: Random, strength: int) -> Image.Image:
    grain = Image.frombytes("L", picture.size, random.randbytes(picture.width * picture.height))
    grain = grain.filter(ImageFilter.BoxBlur(0.6))
    grain = grain.point(lambda shade: 128 + (shade - 128) * strength // 64)
    return ImageChops.overlay(picture, grain if picture.mode == "L" else Image.merge("RGB", (grain,) * 3))


def _vignetted(picture: Image.Image, strength: float) -> Image.Image:
    shade = Image.radial_gradient("L").resize(picture.size)
    shade = shade.point(lambda value: 255 - int((value / 255) ** 2.4 * 255 * strength))
    return ImageChops.multiply(picture, shade if picture.mode == "L" else Image.merge("RGB", (shade,) * 3))


def _scratch(shades: Image.Image, random: Random) -> None:
    """Leave dust, a few scratches and a stain on the plate."""
    width, height = shades.size
    marks = Image.new("L", shades.size)
    draw = ImageDraw.Draw(marks)
    for _ in range(random.randint(25, 70)):
        x, y, size = random.uniform(0, width), random.uniform(0, height), random.uniform(0.3, 1.8)
        draw.ellipse((x - size, y - size, x + size, y + size), random.randint(60, 190))
    for _ in range(random.randint(1, 4)):
        x, y, long = random.uniform(0, width), random.uniform(0, height), random.uniform(0.05, 0.3) * height
        draw.line((x, y, x + random.uniform(-6, 6), y + long), random.randint(40, 110), 1)
    shades.paste(235, (0, 0), marks)
    stain = clouds(shades.size, random, stretch=1.0, octaves=3)
    shades.paste(205, (0, 0), stain.point(lambda shade: min(46, max(0, shade - 165) * 2 // 3)))


def _mounted(picture: Image.Image, paper: str, random: Random) -> Image.Image:
    """Return the picture on its paper, whose border shows a little of its age."""
    width, height = picture.size
    border = int(min(width, height) * random.uniform(0.028, 0.045))
    fibres = clouds(picture.size, random, stretch=1.0, octaves=4, coarsest=12).point(
        lambda shade: 226 + shade * 29 // 255
    )
    sheet = ImageOps.colorize(fibres, black="#000000", white=paper)
    inner = picture.resize((width - 2 * border, height - 2 * border))
    mask = Image.new("L", inner.size)
    ImageDraw.Draw(mask).rounded_rectangle((1, 1, inner.width - 2, inner.height - 2), 5, 255)
    sheet.paste(inner, (border, border), mask.filter(ImageFilter.BoxBlur(1)))
    return sheet
