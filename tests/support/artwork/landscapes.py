"""Landscapes that look like photos: sky, ranges of hills, water and objects on it, drawn from a seed."""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tests.support.artwork.aging import clouds, finished, gradient, mixed
from tests.support.artwork.scenes import CLOUDS, PALETTES, Figure, Ground, Light
from tests.support.artwork.silhouettes import (
    draw_birds,
    draw_boat,
    draw_grass,
    draw_pagoda,
    draw_palm,
)

if TYPE_CHECKING:
    from flickr_mirror.simulator.data.sizes import Dims
    from tests.support.artwork.scenes import Palette, Scene


def draw_landscape(scene: Scene) -> Image.Image:
    """Return the picture of a scene: the same scene always gives the same picture."""
    random = Random(scene.seed)
    palette = PALETTES[scene.light]
    width, height = scene.dims
    horizon = int(height * random.uniform(0.54, 0.64))
    sun = (
        int(width * random.choice((random.uniform(0.2, 0.4), random.uniform(0.6, 0.8)))),
        int(horizon * (1 - palette.sun_height)),
    )
    picture = _sky(scene, palette, horizon, sun, random)
    _raise_ranges(picture, scene, palette, horizon, random)
    if Figure.PAGODA in scene.figures:
        _place_pagoda(picture, scene, palette, horizon, random)
    _flood(picture, scene, palette, horizon, sun, random)
    _place_figures(picture, scene, palette, horizon, random)
    return finished(picture, scene.finish, random)


def _sky(scene: Scene, palette: Palette, horizon: int, sun: Dims, random: Random) -> Image.Image:
    picture = Image.new("RGB", scene.dims, palette.sky[-1])
    picture.paste(gradient((scene.dims[0], horizon), palette.sky), (0, 0))
    _draw_clouds(picture, scene, palette, horizon, random)
    if palette.sun_size:
        _shine(picture, sun, palette)
    return picture


def _draw_clouds(picture: Image.Image, scene: Scene, palette: Palette, horizon: int, random: Random) -> None:
    """Draw clouds that crowd together towards the horizon."""
    width = picture.width
    low, gain = CLOUDS[scene.light]
    veil = clouds((width, width // 2), random, stretch=1.7, octaves=6, coarsest=9, fade=0.62)
    # a plane above the viewer: at the top of the sky it is four times nearer than at the horizon
    slope, near = -0.75 / horizon, 0.25
    plane = (near, width / 2 * slope, width / 2 * (1 - near), 0, near * veil.height / horizon, 0, 0, slope)
    bilinear = Image.Resampling.BILINEAR
    receding = veil.transform((width, horizon), Image.Transform.PERSPECTIVE, plane, bilinear)
    mask = receding.point(lambda shade: min(200, int(max(0, shade - low) * gain)))
    body = gradient((width, horizon), (palette.cloud, mixed(palette.cloud, palette.sky[-1], 0.5)))
    picture.paste(body, (0, 0), mask)


def _shine(picture: Image.Image, sun: Dims, palette: Palette) -> None:
    width = picture.width
    for reach, strength in ((1.5, 0.42), (0.5, 0.55), (0.16, 0.5)):
        side = int(width * reach)
        glow = Image.radial_gradient("L").point(
            [int(max(0, 1 - shade / 180) ** 1.7 * 255 * strength) for shade in range(256)]
        )
        glow = glow.resize((side, side), Image.Resampling.BILINEAR)
        box = (sun[0] - side // 2, sun[1] - side // 2)
        picture.paste(palette.sun, box, glow)
    radius = int(width * palette.sun_size)
    disc = Image.new("L", (8 * radius, 8 * radius))
    ImageDraw.Draw(disc).ellipse((4, 4, 8 * radius - 5, 8 * radius - 5), 255)
    disc = disc.resize((2 * radius, 2 * radius), Image.Resampling.LANCZOS)
    picture.paste(palette.sun, (sun[0] - radius, sun[1] - radius), disc)


def _raise_ranges(picture: Image.Image, scene: Scene, palette: Palette, horizon: int, random: Random) -> None:
    """Draw the ranges from the farthest to the nearest, each darker and with mist at its foot."""
    count = {Ground.HILLS: 5, Ground.KARST: 4, Ground.PLAIN: 3, Ground.SEA: 2}[scene.ground]
    haze = palette.sky[-1]
    for number in range(count):
        nearness = (number + 1) / count
        colour = mixed(palette.far, palette.near, nearness**1.6 * 0.86)
        ridge = _ridge(scene, horizon, nearness, random)
        top = min(ridge)
        mask = Image.new("L", (scene.dims[0], horizon - top))
        outline = [(x, y - top) for x, y in zip(range(0, scene.dims[0] + 4, 4), ridge, strict=False)]
        ImageDraw.Draw(mask).polygon([(0, mask.height), *outline, (scene.dims[0], mask.height)], 255)
        mask = mask.filter(ImageFilter.BoxBlur(0.7))
        foot = mixed(colour, haze, 0.62 - 0.34 * nearness)
        slope = gradient(mask.size, (colour, mixed(colour, foot, 0.35), foot))
        woods = clouds(mask.size, random, stretch=1.0, coarsest=8, fade=0.9).point(_woods)
        slope = Image.blend(slope, ImageChops.overlay(slope, Image.merge("RGB", (woods,) * 3)), nearness)
        picture.paste(slope, (0, top), mask)


def _woods(shade: int) -> int:
    return 96 + shade * 64 // 255


def _ridge(scene: Scene, horizon: int, nearness: float, random: Random) -> list[int]:
    """Return the heights of a ridge, one for every four pixels."""
    width, height = scene.dims
    steps = range(0, width + 8, 4)
    if scene.ground is Ground.KARST:
        return _towers(steps, horizon, height * (0.44 - 0.26 * nearness), random)
    size = (
        height
        * {
            Ground.HILLS: 0.36 - 0.27 * nearness,
            Ground.PLAIN: 0.1 - 0.055 * nearness,
            Ground.SEA: 0.12 - 0.06 * nearness,
        }[scene.ground]
    )
    waves = [
        (random.uniform(0.5, 1) / octave, random.uniform(0.7, 1.5) * octave, random.uniform(0, 7))
        for octave in (1, 2, 4, 9, 19, 41, 87)
    ]
    total = sum(weight for weight, _, _ in waves[:3])
    shift = random.uniform(-0.4, 0.4) if scene.ground is Ground.SEA else 0.0
    heights = []
    for x in steps:
        wave = (
            sum(
                weight
                * (
                    abs(math.sin(pitch * 3 * x / width + phase))
                    if pitch > 3
                    else 0.5 + 0.5 * math.sin(pitch * 3 * x / width + phase)
                )
                for weight, pitch, phase in waves
            )
            / total
        )
        # an island or a cape of the sea ends somewhere
        edge = max(0.0, 1 - (2.2 * (x / width - 0.5 - shift)) ** 2) if scene.ground is Ground.SEA else 1.0
        trees = random.uniform(0, 5) * nearness
        heights.append(min(horizon - 1, int(horizon - size * wave * edge - trees * (edge > 0))))
    return heights


def _towers(steps: range, horizon: int, size: float, random: Random) -> list[int]:
    """Return a skyline of limestone towers, steep at their sides and round at the top."""
    width = steps.stop
    heights = [random.uniform(2, 8) for _ in steps]
    for _ in range(random.randint(7, 10)):
        centre, half = random.uniform(-0.05, 1.05) * width, random.uniform(0.03, 0.095) * width
        tall, lean = size * random.uniform(0.35, 1), random.uniform(-0.35, 0.35)
        rough = [random.uniform(-1, 1) for _ in range(12)]
        for index, x in enumerate(steps):
            across = (x - centre) / half
            if abs(across) < 1:
                dome = (1 - abs(across) ** 3.2) ** 0.62 * (1 + lean * across)
                crag = rough[int((across + 1) * 5.9)] * 0.045 + random.uniform(-0.012, 0.012)
                heights[index] = max(heights[index], tall * (dome + crag * dome))
    return [int(horizon - height) for height in heights]


def _flood(
    picture: Image.Image, scene: Scene, palette: Palette, horizon: int, sun: Dims, random: Random
) -> None:
    """Fill the lower part with water that mirrors the upper one, more broken the nearer it is."""
    width, height = scene.dims
    depth = height - horizon
    mirror = picture.crop((0, max(0, horizon - int(depth * 1.25)), width, horizon))
    mirror = mirror.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((width + 40, depth))
    mirror = mirror.filter(ImageFilter.BoxBlur((1, 5)))
    water = Image.new("RGB", (width, depth))
    for row in range(0, depth, 2):
        nearness = row / depth
        swing = (1 + 9 * nearness) * math.sin(row / (1.3 + 5 * nearness)) + random.uniform(
            -2.5, 2.5
        ) * nearness
        start = 20 + round(swing)
        water.paste(mirror.crop((start, row, start + width, row + 2)), (0, row))
    shade = gradient((width, depth), ((255, 255, 255), (205, 205, 205), (120, 120, 120)))
    water = ImageChops.multiply(Image.blend(water, Image.new("RGB", water.size, palette.sky[1]), 0.12), shade)
    ripples = clouds((width, depth), random, stretch=9, octaves=3, coarsest=26, fade=1.0)
    glint = ripples.point(lambda shade: max(0, shade - 140) * 2 // 3)
    water.paste(palette.sky[-1], (0, 0), glint)
    if palette.sun_size:
        _glitter(water, sun[0], palette, random)
    picture.paste(water, (0, horizon))
    if scene.light in (Light.MIST, Light.DAWN, Light.MOON):
        _lay_mist(picture, palette, horizon, random)


def _glitter(water: Image.Image, centre: int, palette: Palette, random: Random) -> None:
    """Break the reflection of the sun into strokes."""
    mask = Image.new("L", water.size)
    draw = ImageDraw.Draw(mask)
    for row in range(2, water.height, 3):
        nearness = row / water.height
        spread = water.width * (0.012 + 0.075 * nearness)
        for _ in range(3):
            middle, half = random.gauss(centre, spread), random.uniform(3, 8 + 26 * nearness)
            draw.line(
                (middle - half, row, middle + half, row), random.randint(60, 210), 1 + int(2 * nearness)
            )
    water.paste(palette.sun, (0, 0), mask.filter(ImageFilter.BoxBlur(0.9)))


def _lay_mist(picture: Image.Image, palette: Palette, horizon: int, random: Random) -> None:
    """Lay a bank of mist over the line where land and water meet."""
    thick = picture.height // 7
    band = gradient((picture.width, thick), ((0, 0, 0), (150, 150, 150), (0, 0, 0))).convert("L")
    drift = clouds(band.size, random, stretch=4, octaves=3).point(lambda shade: 60 + shade * 195 // 255)
    picture.paste(palette.sky[-1], (0, horizon - thick * 3 // 5), ImageChops.multiply(band, drift))


def _place_pagoda(picture: Image.Image, scene: Scene, palette: Palette, horizon: int, random: Random) -> None:
    width, height = scene.dims
    ink = mixed(palette.near, palette.far, 0.18)
    x = width * random.choice((0.24, 0.3, 0.7, 0.76))
    bank = [
        (x - width * 0.2, horizon + 2),
        (x - width * 0.1, horizon - 8),
        (x + width * 0.09, horizon - 10),
        (x + width * 0.22, horizon + 2),
    ]
    ImageDraw.Draw(picture).polygon(bank, ink)
    draw_pagoda(picture, (x, horizon - 6), height * random.uniform(0.24, 0.32), ink, random)


def _place_figures(
    picture: Image.Image, scene: Scene, palette: Palette, horizon: int, random: Random
) -> None:
    width, height = scene.dims
    depth = height - horizon
    ink = palette.near
    if Figure.BIRDS in scene.figures:
        draw_birds(
            picture, (width * random.uniform(0.3, 0.7), horizon * random.uniform(0.25, 0.5)), ink, random
        )
    for figure, length, at in (
        (Figure.JUNK, 0.2, 0.16),
        (Figure.BOAT, 0.15, 0.42),
        (Figure.BOAT, 0.07, 0.12),
    ):
        if figure in scene.figures:
            place = (width * random.uniform(0.22, 0.78), horizon + depth * at * random.uniform(0.85, 1.15))
            draw_boat(picture, place, width * length, ink, random, sails=figure is Figure.JUNK)
    if Figure.GRASS in scene.figures:
        draw_grass(picture, ink, random)
    if Figure.PALMS in scene.figures:
        side = random.choice((-1, 1))
        for _ in range(random.randint(2, 3)):
            x = width * (0.5 + side * random.uniform(0.3, 0.47))
            tall = min(height, width * 1.25) * random.uniform(0.6, 0.88)
            draw_palm(picture, (x, height * 1.02), tall, -side, ink, random)
