"""Tests of the demo's photostream, and of its drawn photos."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from PIL import Image, ImageChops, ImageStat

from flickr_mirror.simulator import SimulatedFlickr, demo_photostream
from flickr_mirror.simulator.data.sizes import Kind
from tests.support.artwork import demo_scenes
from tests.support.artwork.aging import Finish
from tests.support.artwork.landscapes import draw_landscape
from tests.support.artwork.scenes import Figure, Ground, Light, Scene
from tests.support.parameters import with_slow_rest
from tests.support.plain_http import NO_CERTIFICATES

if TYPE_CHECKING:
    from flickr_mirror.simulator import SimulatedPhoto

FILES = sorted(demo_scenes.FOLDER.iterdir())
PERIODS = {
    Finish.CYANOTYPE: (1887, 1909),
    Finish.SEPIA: (1895, 1931),
    Finish.GREY: (1921, 1958),
    Finish.SLIDE: (1959, 1979),
    Finish.COLOUR: (1993, 2024),
}


def demo_photos() -> list[SimulatedPhoto]:
    """Return the photos of the demo, newest first."""
    stream = demo_photostream()
    return [stream.photo(photo_id) for photo_id in stream.ids]


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def test_the_demo_has_58_photos_and_2_videos() -> None:
    """The package has one file for each photo and each video's poster, in the size of the original."""
    photos = demo_photos()
    assert Counter(photo.kind for photo in photos) == {Kind.PLAIN: 58, Kind.VIDEO: 2}
    assert [file.name for file in FILES] == sorted(f"{photo.index:02}.jpg" for photo in photos)
    for photo in photos:
        with Image.open(FILES[photo.index]) as image:
            original = photo.pictures[-1]
            assert (image.format, image.size) == ("JPEG", (original.width, original.height))


def test_the_photos_take_less_than_4_mb_of_the_package() -> None:
    """They are downloaded with each installation."""
    assert sum(file.stat().st_size for file in FILES) < 4_000_000


@pytest.mark.parametrize("index", [0, 9])
def test_the_photos_are_drawn_by_the_tool_in_this_repository(index: int) -> None:
    """`python -m tests.support.artwork` draws the same pixels, as far as the encoder allows."""
    photo = next(photo for photo in demo_photos() if photo.index == index)
    stored, drawn = opened(FILES[index].read_bytes()), opened(demo_scenes.draw_file(photo))
    difference = ImageStat.Stat(ImageChops.difference(stored, drawn))
    assert max(difference.mean) < 1


async def test_the_demo_serves_the_stored_photos_in_all_sizes() -> None:
    """The original has the pixels of the stored file; the other sizes are made from it."""
    stream = demo_photostream()
    async with SimulatedFlickr(stream) as flickr, httpx.AsyncClient(verify=NO_CERTIFICATES) as http:
        photo = stream.photo(stream.ids[1])
        original = (await http.get(photo.best_url)).content
        medium = next(size for size in photo.pictures if size.key == "m")
        smaller = (await http.get(photo.base_url + medium.path)).content

        assert original == flickr.file(photo.id)
        assert opened(original).tobytes() == opened(FILES[photo.index].read_bytes()).tobytes()
        assert opened(smaller).size == (medium.width, medium.height)
        assert f"{photo.id} {medium.path}".encode() in smaller


def test_the_texts_of_the_demo_fit_its_photos() -> None:
    """Titles state the year in which the photo was taken, which fits its print, and comments refer to them."""
    photos = demo_photos()

    assert all(photo.taken[:4] in photo.title or photo.title == "ハロン湾" for photo in photos)
    assert sum(bool(photo.comments) for photo in photos) == 30
    assert all(photo.updated < 1_760_100_000 for photo in photos)
    assert len({photo.title for photo in photos}) > 50
    for photo in photos:
        scene = demo_scenes.scene_of(photo)
        first, last = PERIODS[scene.finish]
        assert first <= int(photo.taken[:4]) <= last
        assert scene.ground in photo.tags.split()


@pytest.mark.parametrize("finish", with_slow_rest(Finish, next(iter(Finish))))
def test_a_scene_is_always_drawn_alike(finish: Finish) -> None:
    """A scene always results in the same picture, another seed in another one, with more than one colour."""
    for light, ground in zip(Light, [*Ground, *Ground], strict=False):
        scene = Scene(1, light, ground, tuple(Figure), finish, (240, 160))
        picture = draw_landscape(scene)

        assert picture.size == (240, 160)
        assert picture.tobytes() == draw_landscape(scene).tobytes()
        assert picture.tobytes() != draw_landscape(replace(scene, seed=2)).tobytes()
        assert len(picture.convert("L").getcolors() or ()) > 60
