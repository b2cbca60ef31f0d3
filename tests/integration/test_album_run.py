"""Runs for one album: only its photos, in the mirror of the whole photostream."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from flickr_mirror import AlbumNotFoundError, CachingStrategy, Include, Limits, MirrorOptions
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.cli.exit_codes import code_of_error
from flickr_mirror.models.events import PhotoGone, RunPlanned
from flickr_mirror.simulator import (
    Kind,
    Mix,
    SimulatedFlickr,
    SimulatedPhotostream,
    arguments_of,
    fill_albums,
)
from tests.support.albums import members, read_albums
from tests.support.command import infos, tree
from tests.support.mirroring import PagedRun, Run
from tests.support.parameters import with_slow_rest
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")

LIST, PHOTOS, INFO = "flickr.people.getPhotos", "flickr.photosets.getPhotos", "flickr.photosets.getInfo"


@asynccontextmanager
async def accounts(root: Path, kind: type[Run] = PagedRun) -> AsyncIterator[Run]:
    """Open an account of 60 photos with 4 albums of 25, and another account with an album."""
    first = SimulatedPhotostream(60, commented=0.2, mix=Mix({Kind.PLAIN: 5, Kind.VIDEO: 1}))
    other = SimulatedPhotostream(9, nsid="8800001@N03", username="other", path_alias="other")
    fill_albums(first, 4, 100)
    fill_albums(other, 1, 5)
    other.albums[0].id = "72157699999999999"
    async with SimulatedFlickr(first, other) as flickr:
        yield kind(flickr, root)


async def test_a_run_mirrors_the_photos_of_one_album(tmp_path: Path) -> None:
    async with accounts(tmp_path) as run:
        album = run.stream.albums[0]
        report = await run(album_id=album.id, info_level=2)
        assert set(run.flickr.requests) == set(album.photo_ids)
        assert {info["flickr"]["id"] for info in infos(tmp_path).values()} == set(album.photo_ids)
        assert (report.new, report.images, report.infos, report.left) == (25, 25, 25, 0)
        assert (run.flickr.calls[INFO], run.flickr.calls[PHOTOS], run.flickr.calls[LIST]) == (1, 3, 0)
        assert members(tmp_path / run.stream.username) == {album.id: album.photo_ids}
        assert read_albums(run)[album.id]["photos"] == album.photo_ids


async def test_a_second_run_downloads_nothing(tmp_path: Path) -> None:
    async with accounts(tmp_path) as run:
        album = run.stream.albums[0]
        await run(album_id=album.id)
        run.flickr.reset_counters()
        report = await run(album_id=album.id)
        assert (report.images, report.infos, report.skipped) == (0, 0, 25)
        assert run.flickr.requests.total() == 0
        assert (run.flickr.calls[INFO], run.flickr.calls[PHOTOS]) == (1, 3)


async def test_photos_mirrored_before_the_album_was_known_count_as_skipped(tmp_path: Path) -> None:
    """Its members are not known when the run begins; one of them was edited, and counts as updated."""
    async with accounts(tmp_path) as run:
        await run()
        album = run.stream.albums[0]
        run.stream.edit(album.photo_ids[0], title="Edited")
        report = await run(album_id=album.id)
        assert (report.new, report.updated, report.infos, report.skipped) == (0, 1, 1, 24)
        report = await run(album_id=run.stream.albums[1].id)
        assert (report.updated, report.infos, report.skipped) == (0, 0, 25)


async def test_a_run_that_cannot_verify_the_images_of_an_album_states_it(tmp_path: Path) -> None:
    """Which photos are in the album is known after its first run; the second one verifies them."""
    async with accounts(tmp_path) as run:
        await run()
        album = run.stream.albums[0]
        run.path(album.photo_ids[0]).write_bytes(b"broken")
        sentence = "so no image is verified: run the same command again."
        for is_first in (True, False):
            report = await run(album_id=album.id, verify_image=True)
            assert (sentence in run.notices, report.images) == (is_first, 0 if is_first else 1)


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
async def test_a_whole_run_continues_with_the_rest(tmp_path: Path, strategy: CachingStrategy) -> None:
    """The photos of the album are not downloaded again, and the mirror is the same as without it."""
    async with accounts(tmp_path / "first") as run:
        album = run.stream.albums[0]
        await run(album_id=album.id, info_level=1)
        report = await run(info_level=1, strategy=strategy)
        assert (report.new, report.images) == (35, 35)
        assert max(run.flickr.requests.values()) <= 2  # a video has a picture and a film
        run.root = tmp_path / "other"
        await run(info_level=1)
        photos = {
            path: content for path, content in tree(tmp_path / "first").items() if "account" not in path
        }
        assert photos == tree(tmp_path / "other")


async def test_an_album_of_a_whole_mirror_costs_its_pages(tmp_path: Path) -> None:
    async with accounts(tmp_path) as run:
        await run()
        album = run.stream.albums[2]
        changed = album.photo_ids[4]
        run.stream.edit(changed, title="Nouveau titre")
        run.stream.edit(next(iter(set(run.stream.ids) - set(album.photo_ids))), title="Un autre titre")
        run.flickr.reset_counters()
        report = await run(album_id=album.id)
        assert (report.new, report.updated, report.infos, report.images) == (0, 1, 1, 0)
        assert (report.mirrored, report.left) == (25, 0)
        assert run.flickr.calls[LIST] == 0
        assert not run.events_of(PhotoGone)


async def test_pending_work_of_other_photos_is_unchanged(tmp_path: Path) -> None:
    """A run for an album neither downloads nor retries photos outside of it."""
    async with accounts(tmp_path) as run:
        await run(info_only=True)
        album = run.stream.albums[1]
        report = await run(album_id=album.id)
        assert set(run.flickr.requests) == set(album.photo_ids)
        assert (report.images, report.left) == (25, 0)
        (plan,) = run.events_of(RunPlanned)
        assert (plan.photos, plan.exact) == (25, True)


async def test_albums_are_not_listed_again_after_a_run_for_one_of_them(tmp_path: Path) -> None:
    async with accounts(tmp_path) as run:
        album = run.stream.albums[0]
        await run(album_id=album.id, include=frozenset({Include.ALBUMS}), info_only=True)
        assert run.flickr.calls[PHOTOS] == 3 + 2 * 3
        assert len(read_albums(run)) == 3
        run.stream.albums[1].edit(title="Nouveau titre")
        run.flickr.reset_counters()
        await run(album_id=run.stream.albums[1].id, info_only=True)
        await run(include=frozenset({Include.ALBUMS}), info_only=True)
        assert run.flickr.calls[PHOTOS] == 3
        assert read_albums(run)[run.stream.albums[1].id]["title"]["content"] == "Nouveau titre"


async def test_only_a_whole_run_verifies_photos_that_a_full_scan_missed(tmp_path: Path) -> None:
    """They are verified with a call each."""
    async with accounts(tmp_path) as run:
        await run(info_only=True)
        album = run.stream.albums[0]
        # photos that neither the album nor the first page of the photostream lists
        absent = [photo_id for photo_id in run.stream.ids[20:] if photo_id not in album.photo_ids][:3]
        with Catalogue(tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite") as catalogue:
            catalogue.gone_photos.set_absent(map(int, absent), 1)
        run.flickr.reset_counters()
        await run(album_id=album.id, info_only=True)
        assert run.flickr.calls["flickr.photos.getSizes"] == 0
        (plan,) = run.events_of(RunPlanned)
        assert plan.calls == 0
        await run(info_only=True)
        assert run.flickr.calls["flickr.photos.getSizes"] == 3


async def test_an_album_limited_to_some_photos_is_continued(tmp_path: Path) -> None:
    async with accounts(tmp_path) as run:
        album = run.stream.albums[0]
        run.limits = Limits(page_size=10, attempts=1, timing=FAST, max_photos=12)
        report = await run(album_id=album.id)
        assert (report.images, report.stopped_by, report.complete) == (12, "max_photos", False)
        run.limits = PagedRun.limits
        report = await run(album_id=album.id)
        assert (report.images, report.left) == (13, 0)


async def test_a_missing_album_ends_the_run_with_the_reason(tmp_path: Path) -> None:
    """Flickr does not distinguish a wrong number, an album of another account and a hidden one."""
    async with accounts(tmp_path) as run:
        await run(info_only=True)
        before = tree(tmp_path)
        hidden = next(album for album in run.stream.albums if album.hidden)
        for album_id in ("72157600099999999", run.flickr.streams[1].albums[0].id, hidden.id):
            for start in (run.mirror(album_id=album_id).run, run.mirror(album_id=album_id).estimate):
                with pytest.raises(AlbumNotFoundError, match="check the address") as caught:
                    await start()
                assert f"shows no album {album_id} of 'saigon_archive'" in str(caught.value)
                assert code_of_error(caught.value) == 4
        assert tree(tmp_path) == before


async def test_an_album_of_another_owner_is_refused_even_if_flickr_shows_it(tmp_path: Path) -> None:
    """Other programs omit the user's id, so Flickr may ignore it."""
    async with accounts(tmp_path) as run:
        theirs = run.flickr.streams[1].albums[0].id

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            arguments = await arguments_of(request)
            if "photosets" not in arguments.get("method", ""):
                return None
            return web.json_response(run.flickr.call(**{**arguments, "user_id": "8800001@N03"}))

        run.flickr.intercept = intercept
        with pytest.raises(AlbumNotFoundError, match="but of 8800001@N03: use --username 8800001@N03"):
            await run(album_id=theirs)


async def test_a_deleted_album_is_kept_and_marked_as_gone(tmp_path: Path) -> None:
    async with accounts(tmp_path) as run:
        album = run.stream.albums.pop(0)
        run.stream.albums.insert(0, album)
        await run(album_id=album.id)
        run.stream.albums.remove(album)
        with pytest.raises(AlbumNotFoundError, match="what was mirrored of it is kept"):
            await run(album_id=album.id)
        assert "is no longer on Flickr. It is kept in the mirror." in run.notices
        document = read_albums(run)[album.id]
        assert (document["photos"], document["flickr"]["gone"] is None) == (album.photo_ids, False)
        assert len(infos(tmp_path)) == 25


async def test_the_estimate_excludes_mirrored_photos(tmp_path: Path) -> None:
    async with accounts(tmp_path, Run) as run:
        album = run.stream.albums[0]
        plan = await run.mirror(album_id=album.id).estimate()
        assert (plan.photos, plan.mirrored, plan.images) == (25, 0, 25)
        await run(album_id=album.id)
        plan = await run.mirror(album_id=album.id).estimate()
        assert (plan.photos, plan.mirrored, plan.images, plan.calls) == (25, 25, 0, 3)
        await run()
        plan = await run.mirror(album_id=run.stream.albums[1].id).estimate()
        assert (plan.photos, plan.mirrored, plan.calls) == (25, 25, 3)


@pytest.mark.parametrize("options", [{"full_scan": True}, {"full_scan_every": 9, "prune": True}])
def test_options_for_the_whole_photostream_exclude_an_album(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"album_id and \w+ exclude each other"):
        MirrorOptions(album_id="72157600000000001", **options)


@pytest.mark.parametrize("album_id", ["", "x", "../72157", "https://www.flickr.com/photos/x/albums/1"])
def test_the_id_of_an_album_is_a_number(album_id: str) -> None:
    with pytest.raises(ValueError, match="album_id is a number"):
        MirrorOptions(album_id=album_id)
