"""The first run for a photostream, and a second one."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.simulator import Kind, Mix, SimulatedFlickr, SimulatedPhotostream
from tests.support.command import KEYS, infos, parts, run, tree

if TYPE_CHECKING:
    from pathlib import Path


def location(photo_id: str, extension: str) -> str:
    """Return the expected path of a file, below the user's folder."""
    number = inventory_number(photo_id)
    return "/".join((*number[:4], f"{number}.{extension}"))


@pytest.mark.slow
async def test_a_thousand_photos_take_the_fewest_calls(tmp_path: Path) -> None:
    """A thousand photos, 50 with comments: all on disk with the fewest calls; again: two calls."""
    stream = SimulatedPhotostream(1000, commented=0.05)
    async with SimulatedFlickr(stream) as flickr:
        outcome = await run(flickr, tmp_path, "--info-level", "2", "--debug", "4")
        assert outcome.code == 0, outcome.err
        assert flickr.calls == {
            "flickr.people.findByUsername": 1,
            "flickr.people.getInfo": 1,
            "flickr.people.getPhotos": 3,
            "flickr.photos.comments.getList": 50,
        }
        assert sum(flickr.requests.values()) == 1000
        files = tree(tmp_path / stream.username)
        assert len(files) == 2000
        assert parts(tmp_path) == []
        for photo_id in stream.ids:
            assert files[location(photo_id, "jpg")] == hashlib.sha256(flickr.file(photo_id)).hexdigest()
        documents = infos(tmp_path)
        for photo_id in stream.ids:
            photo, document = stream.photo(photo_id), documents[photo_id]
            assert document["title"]["content"] == photo.title
            texts = [comment.text for comment in photo.comments]
            assert document["description"]["content"] == photo.description
            assert [comment["content"] for comment in document["comments"]] == texts
            assert list(document) == ["title", "description", "comments", "flickr"]
        assert not any(secret in outcome.err for secret in (KEYS[1], KEYS[3]))

        flickr.reset_counters()
        started = time.monotonic()
        outcome = await run(flickr, tmp_path, "--info-level", "2")
        assert time.monotonic() - started < 2 * 3  # 2 s on an idle machine
        assert outcome.code == 0
        assert flickr.calls == {"flickr.people.findByUsername": 1, "flickr.people.getPhotos": 1}
        assert not flickr.requests
        assert tree(tmp_path / stream.username) == files


@pytest.mark.slow
async def test_every_kind_of_photo_is_mirrored_in_its_best_size(tmp_path: Path) -> None:
    """Forbidden, tiny, rotated, wide, PNG and GIF originals, films: the best file is kept."""
    stream = SimulatedPhotostream(120, mix=Mix.MIXED)
    async with SimulatedFlickr(stream) as flickr:
        outcome = await run(flickr, tmp_path, "--info-level", "1")
        assert outcome.code in (0, 3), outcome.err
        files = set(tree(tmp_path / stream.username).values())
        for photo_id in stream.ids:
            photo = stream.photo(photo_id)
            if photo.kind is Kind.NOT_READY:
                continue
            assert hashlib.sha256(flickr.file(photo_id)).hexdigest() in files, (photo.kind, photo.best)
        assert parts(tmp_path) == []


@pytest.mark.slow
async def test_without_undocumented_keys_unproved_sizes_are_requested(tmp_path: Path) -> None:
    """If the listing cannot show the large sizes, the sizes of exactly the unproved photos are requested."""
    stream = SimulatedPhotostream(40, mix=Mix.NO_ORIGINALS)
    async with SimulatedFlickr(stream, undocumented_extras=False) as flickr:
        outcome = await run(flickr, tmp_path, "--image-only")
        assert outcome.code == 0, outcome.err
        files = set(tree(tmp_path).values())
        assert {hashlib.sha256(flickr.file(photo_id)).hexdigest() for photo_id in stream.ids} == files
        assert flickr.calls["flickr.photos.getSizes"] <= 40


@pytest.mark.slow
async def test_images_then_information_fetches_only_information(tmp_path: Path) -> None:
    """--image-only, then a run without it: no image is fetched twice, nothing is listed twice."""
    stream = SimulatedPhotostream(60)
    async with SimulatedFlickr(stream) as flickr:
        await run(flickr, tmp_path, "--image-only")
        assert len(tree(tmp_path)) == 60
        flickr.reset_counters()
        outcome = await run(flickr, tmp_path)
        assert outcome.code == 0
        assert not flickr.requests
        assert sum(flickr.calls.values()) == 2
        assert len(infos(tmp_path)) == 60


@pytest.mark.slow
async def test_a_higher_level_later_fetches_only_comments(tmp_path: Path) -> None:
    """Level 0, then level 2: only the comments are fetched, and every file is updated."""
    stream = SimulatedPhotostream(60)
    async with SimulatedFlickr(stream) as flickr:
        await run(flickr, tmp_path)
        assert all("description" not in document for document in infos(tmp_path).values())
        flickr.reset_counters()
        outcome = await run(flickr, tmp_path, "--info-level", "2")
        assert outcome.code == 0
        assert not flickr.requests
        assert flickr.calls["flickr.photos.comments.getList"] == 15
        assert sum(flickr.calls.values()) == 17
        assert all("comments" in document for document in infos(tmp_path).values())


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["--lifo", "--fifo"])
async def test_the_requested_order_is_followed(tmp_path: Path, strategy: str) -> None:
    """--lifo completes the newest upload first, --fifo the oldest, across pages."""
    stream = SimulatedPhotostream(600)
    async with SimulatedFlickr(stream) as flickr:
        outcome = await run(flickr, tmp_path, strategy, "--image-only", "--image-workers", "1")
        assert outcome.code == 0, outcome.err
        order = list(flickr.requests)  # a Counter keeps the order of first requests
        uploads = [stream.photo(photo_id).uploaded for photo_id in order]
        assert len(uploads) == 600
        assert uploads == sorted(uploads, reverse=strategy == "--lifo")
