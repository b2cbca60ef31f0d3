"""Silhouettes in a landscape: boats, pagodas, palms, grass and birds."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter, ImageOps

if TYPE_CHECKING:
    from random import Random

    from tests.support.artwork.aging import Colour

    Point = tuple[float, float]

_FINE = 2  # silhouettes are drawn larger by this factor, then reduced: their edges become smooth


class _Sheet:
    """A transparent sheet around a point of a picture, on which lengths are counted from that point."""

    def __init__(self, size: Point, origin: Point) -> None:
        self.mask = Image.new("L", (int(size[0] * _FINE), int(size[1] * _FINE)))
        self._draw = ImageDraw.Draw(self.mask)
        self.origin = origin

    def polygon(self, points: list[Point], shade: int = 255) -> None:
        self._draw.polygon([self._place(point) for point in points], shade)

    def line(self, points: list[Point], width: float, shade: int = 255) -> None:
        self._draw.line(
            [self._place(point) for point in points], shade, max(1, round(width * _FINE)), "curve"
        )

    def ellipse(self, centre: Point, radius: Point) -> None:
        (x, y), (across, down) = centre, radius
        self._draw.ellipse((*self._place((x - across, y - down)), *self._place((x + across, y + down))), 255)

    def reduced(self) -> Image.Image:
        return self.mask.reduce(_FINE)

    def _place(self, point: Point) -> Point:
        return (self.origin[0] + point[0]) * _FINE, (self.origin[1] + point[1]) * _FINE


def _paste(picture: Image.Image, ink: Colour, mask: Image.Image, corner: Point) -> None:
    picture.paste(ink, (round(corner[0]), round(corner[1])), mask)


def draw_boat(
    picture: Image.Image, place: Point, length: float, ink: Colour, random: Random, *, sails: bool
) -> None:
    """Draw a sampan with its rower, or a junk under sail, and its broken reflection."""
    side = random.choice((-1, 1))
    tall = length * (1.05 if sails else 0.5)
    sheet = _Sheet((length * 1.2, tall), (length * 0.6, tall - length * 0.07))
    hull = [
        (-0.5, -0.09),
        (-0.36, -0.02),
        (0.3, -0.02),
        (0.5, -0.13),
        (0.4, 0.04),
        (0.22, 0.07),
        (-0.3, 0.07),
    ]
    sheet.polygon([(side * x * length, y * length) for x, y in hull])
    if sails:
        for foot, size in ((-0.2, 0.62), (0.14, 0.82)):
            _draw_sail(sheet, side, foot * length, size * length)
    else:
        _draw_crew(sheet, side, length)
    mask = sheet.reduced()
    reflection = ImageOps.flip(mask).resize((mask.width, max(1, mask.height // 2)))
    reflection = reflection.filter(ImageFilter.BoxBlur((2, 3))).point(lambda shade: shade * 2 // 5)
    corner = (place[0] - sheet.origin[0], place[1] - sheet.origin[1])
    _paste(picture, ink, reflection, (corner[0], place[1] + length * 0.02))
    _paste(picture, ink, mask, corner)


def _draw_sail(sheet: _Sheet, side: int, foot: float, size: float) -> None:
    """Draw the ribbed sail of a junk."""
    sheet.line([(side * foot, 0), (side * foot, -size * 1.12)], size * 0.018)
    leech = [(0.3 + 0.06 * math.sin(step * 1.4), -0.16 - 0.19 * step) for step in range(5)]
    edge = [(-0.12, -0.14), *leech, (0.02, -1.08)]
    sheet.polygon([(side * (foot + x * size), y * size) for x, y in edge], 235)
    for x, y in leech[1:]:
        luff = -0.12 + 0.14 * (-y - 0.14) / 0.94
        rib = [(side * (foot + luff * size), y * size * 0.97), (side * (foot + x * size), y * size)]
        sheet.line(rib, size * 0.008, 150)


def _draw_crew(sheet: _Sheet, side: int, length: float) -> None:
    """Draw the woven roof of a sampan, and a rower with a conical hat at her oar."""
    roof = [(-0.26 + 0.4 * step / 12, -0.03 - 0.105 * math.sin(math.pi * step / 12)) for step in range(13)]
    sheet.polygon([(side * x * length, y * length) for x, y in roof])
    body = [(0.27, -0.03), (0.285, -0.17), (0.325, -0.17), (0.35, -0.03)]
    sheet.polygon([(side * x * length, y * length) for x, y in body])
    hat = [(0.24, -0.195), (0.305, -0.255), (0.37, -0.195)]
    sheet.polygon([(side * x * length, y * length) for x, y in hat])
    sheet.ellipse((side * 0.305 * length, -0.185 * length), (0.018 * length, 0.022 * length))
    oar = [(side * 0.24 * length, -0.15 * length), (side * 0.47 * length, 0.05 * length)]
    sheet.line(oar, length * 0.008)


def draw_pagoda(picture: Image.Image, foot: Point, tall: float, ink: Colour, random: Random) -> None:
    """Draw a tower of storeys that narrow, each with a roof whose eaves turn upwards, and trees around it."""
    sheet = _Sheet((tall * 1.5, tall * 1.1), (tall * 0.75, tall * 1.08))
    storeys = random.choice((3, 5, 7))
    step = 0.84 * tall / storeys
    for number in range(storeys):
        base = -number * step
        half = tall * (0.17 - 0.095 * number / storeys)
        sheet.polygon([(-half, base), (half, base), (half * 0.94, base - step), (-half * 0.94, base - step)])
        eave = half * 1.62
        curve = [
            (eave * x, base - step * (0.6 + 0.3 * abs(x) ** 3)) for x in (-1, -0.8, -0.4, 0, 0.4, 0.8, 1)
        ]
        sheet.polygon([*curve, (half * 0.9, base - step * 1.06), (-half * 0.9, base - step * 1.06)])
    top = -storeys * step
    sheet.polygon([(-tall * 0.06, top), (tall * 0.06, top), (0, top - tall * 0.1)])
    sheet.line([(0, top), (0, top - tall * 0.2)], tall * 0.012)
    for _ in range(26):
        x = random.uniform(-0.7, 0.7) * tall
        size = random.uniform(0.03, 0.085) * tall
        if abs(x) > 0.16 * tall:
            sheet.ellipse((x, -size * random.uniform(0.2, 1.3)), (size * 1.2, size))
    _paste(picture, ink, sheet.reduced(), (foot[0] - sheet.origin[0], foot[1] - sheet.origin[1]))


def draw_palm(picture: Image.Image, foot: Point, tall: float, lean: int, ink: Colour, random: Random) -> None:
    """Draw a coconut palm that leans to one side."""
    reach = tall * 0.42
    sheet = _Sheet((2 * reach + tall * 0.4, tall * 1.35), (reach + tall * 0.2, tall * 1.3))
    bend = lean * tall * random.uniform(0.08, 0.2)
    trunk = [(bend * (step / 14) ** 2, -tall * step / 14) for step in range(15)]
    for number, (low, high) in enumerate(pairwise(trunk)):
        sheet.line([low, high], tall * (0.03 - 0.0011 * number))
    crown = trunk[-1]
    for number in range(12):
        angle = math.pi * (-0.24 + 1.48 * number / 11) + random.uniform(-0.09, 0.09)
        _draw_frond(sheet, crown, angle, tall * random.uniform(0.27, 0.36), random)
    for _ in range(5):
        nut = (
            crown[0] + random.uniform(-0.025, 0.025) * tall,
            crown[1] + random.uniform(0.005, 0.035) * tall,
        )
        sheet.ellipse(nut, (tall * 0.014, tall * 0.016))
    _paste(picture, ink, sheet.reduced(), (foot[0] - sheet.origin[0], foot[1] - sheet.origin[1]))


def _draw_frond(sheet: _Sheet, start: Point, angle: float, length: float, random: Random) -> None:
    """Draw a leaf that rises, bends under its weight, and hangs its fingers on both sides of its spine."""
    steps = 30
    spine = [
        (
            start[0] + length * along * math.cos(angle) * (1.06 - 0.16 * along),
            start[1] - length * (along * math.sin(angle) * 0.8 + 0.1 * along - 0.66 * along**2.3),
        )
        for along in (step / steps for step in range(steps + 1))
    ]
    sheet.line(spine, length * 0.018)
    for number, ((x, y), (next_x, next_y)) in enumerate(pairwise(spine), 2):
        ahead = math.atan2(next_y - y, next_x - x)
        finger = length * 0.24 * math.sin(math.pi * min(1.0, 0.1 + 0.86 * number / steps)) ** 0.7
        for turn in (-0.75, 0.75):
            way = ahead + turn + random.uniform(-0.12, 0.12)
            size = finger * random.uniform(0.8, 1.05)
            tip = (x + size * math.cos(way), y + size * (math.sin(way) * 0.8 + 0.45))
            root = length * 0.011
            sheet.polygon([(x - root, y - root), (x + root, y + root), tip])


def draw_grass(picture: Image.Image, ink: Colour, random: Random) -> None:
    """Draw reeds along the lower edge, thicker towards one corner."""
    width, height = picture.size
    tall = height * 0.2
    sheet = _Sheet((width, tall), (0, tall))
    corner = random.choice((0, width))
    for _ in range(420):
        x = random.uniform(0, width)
        near = 1 - abs(x - corner) / width
        size = tall * random.uniform(0.12, 0.35 + 0.62 * near**2)
        bow = random.uniform(-0.5, 0.5) * size
        blade = max(1.2, size * 0.022)
        sheet.polygon([(x - blade, 2), (x + bow * 0.35, -size * 0.6), (x + bow, -size), (x + blade, 2)])
    sheet.polygon([(0, 2), (0, -tall * 0.05), (width, -tall * 0.05), (width, 2)])
    _paste(picture, ink, sheet.reduced(), (0, height - tall))


def draw_birds(picture: Image.Image, centre: Point, ink: Colour, random: Random) -> None:
    """Draw a loose flock."""
    size = picture.width * 0.3
    sheet = _Sheet((size, size), (size / 2, size / 2))
    for _ in range(random.randint(6, 11)):
        x, y = random.gauss(0, size * 0.16), random.gauss(0, size * 0.08)
        span, lift = size * random.uniform(0.022, 0.04), random.uniform(0.3, 0.7)
        left = [(x - span, y - span * lift), (x - span * 0.45, y - span * lift * 1.1), (x, y)]
        right = [(x, y), (x + span * 0.45, y - span * lift * 1.1), (x + span, y - span * lift)]
        sheet.line(left, span * 0.13)
        sheet.line(right, span * 0.13)
    _paste(picture, ink, sheet.reduced(), (centre[0] - size / 2, centre[1] - size / 2))
