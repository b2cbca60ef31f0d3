"""Mirrors of lists: favourites, a gallery, the pool of a group, the photos of a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from flickr_mirror import Include, Limits, ListMirror, MirrorOptions, PhotostreamError, PhotostreamMirror
from flickr_mirror.cli.exit_codes import code_of, code_of_error
from flickr_mirror.engine.check import check_mirror
from flickr_mirror.engine.forget import forget_photos
from flickr_mirror.errors import FlickrMirrorError, TransportError
from flickr_mirror.flickr.rate_limiter import ApiBudget
from flickr_mirror.models.events import Event, PhotoGone
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.simulator import Rule, Script, SimulatedGallery, SimulatedGroup, faults
from flickr_mirror.simulator.data.lists import FIRST_FAVE
from tests.support import canary
from tests.support.account_lists import OTHER, ListRun, mirroring_lists
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror import MirrorReport

pytestmark = pytest.mark.usefixtures("one_language")

FAVORITES = "https://www.flickr.com/photos/saigon-archive/favorites"
GALLERY = "https://www.flickr.com/photos/saigon-archive/galleries/721577"
POOL = "https://www.flickr.com/groups/boats/pool"
PEOPLE = "https://www.flickr.com/people/saigon-archive/photosof"
FOLDERS = {
    FAVORITES: "favorites of saigon_archive",
    GALLERY: "gallery 721577 of saigon_archive",
    POOL: "pool of Boats",
    PEOPLE: "photos of saigon_archive",
}


class SourceRun:
    """Runs the mirror of one list, and reads its files."""

    def __init__(self, run: ListRun, address: str) -> None:
        self.run = run
        self.address = address
        self.folder = run.root / FOLDERS.get(address, "none")

    def mirror(self, observer: Callable[[Event], None] | None = None, **options: Any) -> ListMirror:
        """Return the mirror of the list with these options."""
        limits = Limits(page_size=10, attempts=2, timing=FAST, max_photos=options.pop("max_photos", None))
        return ListMirror(
            self.address,
            canary.KEY,
            canary.SECRET,
            token=self.run.token,
            options=MirrorOptions(
                **{"cache_path": self.run.root, "api_url": self.run.flickr.api_url, **options}
            ),
            limits=limits,
            observer=observer or self.run.events.append,
            budget=ApiBudget(calls_per_second=10_000, timing=FAST),
        )

    async def __call__(self, **options: Any) -> MirrorReport:
        """Run once, and count the calls of this run only."""
        self.run.flickr.reset_counters()
        self.run.events.clear()
        return await self.mirror(**options).run()

    def info(self, photo_id: str) -> dict[str, Any]:
        """Return the JSON of a photo."""
        return dict(json.loads(self._path(photo_id, "json").read_text(encoding="utf-8")))

    def has(self, photo_id: str) -> bool:
        """Return whether a photo has an image and a JSON file."""
        return all(self._path(photo_id, extension).exists() for extension in ("jpg", "json"))

    def _path(self, photo_id: str, extension: str) -> Path:
        number = inventory_number(photo_id)
        return self.folder.joinpath(*number[:4], f"{number}.{extension}")


def fill(run: ListRun, count: int = 25) -> list[str]:
    """Add the same photos of the other account to all lists, and return their ids in the order of the lists."""
    ids = run.other.ids[:count]
    dated = {photo_id: FIRST_FAVE + index for index, photo_id in enumerate(reversed(ids))}
    run.stream.lists.favorites = dict(dated)
    run.stream.lists.galleries = [SimulatedGallery("721577", "Rivers", photos=[*ids])]
    run.stream.lists.groups = [SimulatedGroup("34427@N01", "Boats", "boats", pool=dict(dated))]
    run.stream.lists.people = [*ids]
    return ids


def add(run: ListRun, photo_id: str) -> None:
    """Add a photo to all lists."""
    run.stream.lists.favorites[photo_id] = run.stream.lists.groups[0].pool[photo_id] = FIRST_FAVE + 900
    run.stream.lists.galleries[0].photos.append(photo_id)
    run.stream.lists.people.insert(0, photo_id)


def remove(run: ListRun, photo_id: str) -> None:
    """Remove a photo from all lists."""
    del run.stream.lists.favorites[photo_id], run.stream.lists.groups[0].pool[photo_id]
    run.stream.lists.galleries[0].photos.remove(photo_id)
    run.stream.lists.people.remove(photo_id)


@pytest.mark.parametrize("address", FOLDERS)
async def test_a_list_is_mirrored_with_the_owner_and_the_licence_of_each_photo(
    tmp_path: Path, address: str
) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        source = SourceRun(run, address)
        report = await source()
        assert (report.new, report.images, report.mirrored, code_of(report)) == (25, 25, 25, 0)
        assert (report.username, report.folder) == (FOLDERS[address], source.folder)
        assert all(map(source.has, ids))
        info = source.info(ids[3])["flickr"]
        assert (info["owner"]["nsid"], info["owner"]["username"]) == (OTHER, "other")
        assert info["license"] == str(run.other.photo(ids[3]).index % 11)
        assert info["url"] == f"https://www.flickr.com/photos/{OTHER}/{ids[3]}/"
        assert "photos of others" in run.notices
        assert "within 24 hours" in run.notices


@pytest.mark.parametrize(
    ("address", "method", "calls"),
    [
        (FAVORITES, "favorites.getPublicList", 1),
        (POOL, "groups.pools.getPhotos", 1),
        (GALLERY, "galleries.getPhotos", 3),
        (PEOPLE, "people.getPhotosOf", 3),
    ],
)
async def test_a_later_run_lists_only_new_photos_if_the_order_allows(
    tmp_path: Path, address: str, method: str, calls: int
) -> None:
    """Pages have 10 photos here: all 25 photos take 3 calls."""
    async with mirroring_lists(tmp_path) as run:
        fill(run)
        source = SourceRun(run, address)
        await source()
        assert run.calls(method) == 3
        report = await source()
        assert (run.calls(method), report.images, report.mirrored) == (calls, 0, 25)
        new = run.other.ids[30]
        add(run, new)
        report = await source()
        assert (run.calls(method), report.new, report.images) == (calls, 1, 1)
        assert source.has(new)


@pytest.mark.parametrize("address", [FAVORITES, GALLERY, POOL])
async def test_only_a_full_scan_marks_an_unlisted_photo(tmp_path: Path, address: str) -> None:
    """Photos removed from the list or deleted are marked, and moved with `prune`."""
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        source = SourceRun(run, address)
        await source()
        remove(run, ids[2])
        run.other.delete(ids[12])
        report = await source()
        assert (report.gone, run.events_of(PhotoGone)) == (0, [])
        report = await source(full_scan=True)
        assert {event.photo_id for event in run.events_of(PhotoGone)} == {ids[2], ids[12]}
        assert (report.gone, report.scanned, source.has(ids[2])) == (2, True, True)
        assert not run.flickr.calls["flickr.photos.getSizes"]  # the list is the proof
        report = await source(full_scan=True, prune=True)
        assert (report.pruned, source.has(ids[2]), source.has(ids[12]), source.has(ids[3])) == (
            4,
            False,
            False,
            True,
        )


async def test_an_interrupted_full_scan_is_repeated_from_the_beginning(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        source = SourceRun(run, FAVORITES)
        await source()
        run.flickr.faults = Script(
            Rule(faults.failing(500), method="flickr.favorites.getPublicList", start=2, times=None)
        )
        with pytest.raises(TransportError):
            await source(full_scan=True)  # it has seen the first page
        run.flickr.faults = None
        remove(run, ids[2])
        assert (await source(full_scan=True)).gone == 1


async def test_a_photo_that_is_listed_again_is_not_gone(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        source = SourceRun(run, FAVORITES)
        await source()
        remove(run, ids[2])
        await source(full_scan=True)
        add(run, ids[2])
        await source()
        report = await source(full_scan=True, prune=True)
        assert (report.gone, report.pruned, source.has(ids[2])) == (0, 0, True)


async def test_a_large_loss_is_ignored_without_accept_loss(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        source = SourceRun(run, GALLERY)
        await source()
        for photo_id in ids[:4]:
            remove(run, photo_id)
        report = await source(full_scan=True, prune=True)
        assert (report.gone, report.pruned) == (0, 0)
        assert "--accept-loss" in run.notices
        report = await source(full_scan=True, prune=True, accept_loss=True)
        assert (report.gone, report.pruned) == (4, 8)


async def test_a_list_without_a_total_loses_nothing(tmp_path: Path) -> None:
    """Flickr states no total of the photos of a person to others, so a walk is never known to be complete."""
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        source = SourceRun(run, PEOPLE)
        await source()
        remove(run, ids[2])
        report = await source(full_scan=True, prune=True)
        assert (report.gone, report.scanned, source.has(ids[2])) == (0, False, True)


@pytest.mark.parametrize("address", [FAVORITES, POOL])
async def test_a_limited_run_is_continued_by_the_next_one(tmp_path: Path, address: str) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        source = SourceRun(run, address)
        report = await source(max_photos=3)
        assert (report.images, code_of(report)) == (3, 8)
        add(run, run.other.ids[30])
        report = await source()
        assert report.mirrored == 26
        assert all(map(source.has, ids))


async def test_the_photostream_of_the_account_has_another_folder(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        fill(run)
        source = SourceRun(run, FAVORITES)
        await source()
        for name in (run.stream.nsid, run.stream.username):
            photostream = PhotostreamMirror(
                name,
                canary.KEY,
                canary.SECRET,
                options=MirrorOptions(cache_path=tmp_path, api_url=run.flickr.api_url),
                limits=run.limits,
            )
            report = await photostream.run()
            assert (report.folder, report.username, report.mirrored) == (
                tmp_path / "saigon_archive",
                "saigon_archive",
                12,
            )
        report = await source()
        assert (report.folder, report.images) == (source.folder, 0)


async def test_check_and_forget_find_the_mirror_of_a_list_by_its_name(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        source = SourceRun(run, FAVORITES)
        await source()
        report = await check_mirror(FOLDERS[FAVORITES], tmp_path)
        assert (report.files, report.broken) == (50, [])
        await forget_photos(FOLDERS[FAVORITES], [ids[4]], tmp_path)
        assert not source.has(ids[4])
        await source(full_scan=True)
        assert not source.has(ids[4])


async def test_a_lost_catalogue_is_rebuilt_with_the_owners(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        source = SourceRun(run, FAVORITES)
        await source()
        for path in (source.folder / ".flickr_mirror").glob("catalogue.sqlite*"):
            path.unlink()
        remove(run, ids[5])
        report = await source(info_level=1)
        assert report.images == 0
        assert source.info(ids[5])["flickr"]["owner"]["nsid"] == OTHER
        assert source.info(ids[5])["description"]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("https://www.flickr.com/photos/nouser/favorites", "User not found"),
        ("https://www.flickr.com/photos/saigon-archive/galleries/99", "no such gallery"),
        ("https://www.flickr.com/groups/none/pool", "no such group"),
        ("https://www.flickr.com/groups/private/pool", "The group is private"),
        ("https://www.flickr.com/groups/members/pool", "log in as one of them"),
        ("https://www.flickr.com/photos/other/favorites", "shows no photos"),
    ],
)
async def test_an_unavailable_list_is_refused_with_the_reason(
    tmp_path: Path, address: str, sentence: str
) -> None:
    async with mirroring_lists(tmp_path) as run:
        fill(run)
        run.stream.lists.groups += [
            SimulatedGroup("2@N01", "Private", "private", is_private=True),
            SimulatedGroup("3@N01", "Members", "members", is_members_only=True),
        ]
        with pytest.raises(FlickrMirrorError, match=sentence) as caught:
            await SourceRun(run, address)()
        assert code_of_error(caught.value) == 4
        assert address in str(caught.value)


async def test_an_emptied_list_keeps_its_mirror(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        source = SourceRun(run, GALLERY)
        await source()
        run.stream.lists.galleries[0].photos.clear()
        with pytest.raises(PhotostreamError, match="The mirrored photos are kept"):
            await source(full_scan=True, prune=True)
        assert all(map(source.has, ids))


async def test_a_pool_for_members_is_mirrored_with_a_login(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        fill(run)
        run.stream.lists.groups[0].is_members_only = True
        run.log_in()
        report = await SourceRun(run, POOL)()
        assert report.images == 25


async def test_a_run_without_the_login_marks_no_photo_as_gone(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = fill(run)
        run.log_in()
        source = SourceRun(run, POOL)
        await source()
        run.token = None
        remove(run, ids[2])
        report = await source(full_scan=True, prune=True)
        assert (report.gone, report.scanned, source.has(ids[2])) == (0, False, True)
        assert f"the login of {run.stream.nsid}" in run.notices
        run.log_in()
        report = await source(full_scan=True)
        assert report.gone == 1


async def test_a_watch_finds_added_photos(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        fill(run)
        source = SourceRun(run, FAVORITES)
        rounds = 0

        def observe(event: Event) -> None:
            nonlocal rounds
            if type(event).__name__ == "Watching":
                rounds += 1
                add(run, run.other.ids[30])
                if rounds == 2:
                    mirror.stop()

        mirror = source.mirror(observe)
        report = await mirror.watch(1)
        assert (report.images, report.mirrored) == (26, 26)


def test_options_of_a_photostream_are_refused() -> None:
    for options in (
        MirrorOptions(include=frozenset({Include.TAGS})),
        MirrorOptions(since=datetime(2020, 1, 1, tzinfo=UTC)),
    ):
        with pytest.raises(ValueError, match="are for photostreams"):
            ListMirror(FAVORITES, "key", "secret", options=options)
    with pytest.raises(ValueError, match="invalid address 'manhhai'"):
        ListMirror("manhhai", "key", "secret")
    with pytest.raises(ValueError, match="use --source"):
        PhotostreamMirror(FAVORITES, "key", "secret")
