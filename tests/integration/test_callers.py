"""Runs with and without a login, of one mirror: their listings, their calls, and the photos that they do not change."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from flickr_mirror import LoginError, MirrorReport, TransportError, check_mirror
from flickr_mirror.cli.commands.status import status_of
from flickr_mirror.cli.exit_codes import code_of
from flickr_mirror.models.events import (
    ListingEnded,
    PhotoFailed,
    PhotoGone,
    PhotoUpdated,
    RunStarted,
    Watching,
)
from flickr_mirror.simulator import Kind, Mix, SimulatedFlickr, SimulatedPhotostream
from tests.support.command import infos, tree
from tests.support.mirroring import PagedRun, Run, mirroring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

FIND, PROFILE, LIST, UPDATES, SIZES = (
    "flickr.people.findByUsername",
    "flickr.people.getInfo",
    "flickr.people.getPhotos",
    "flickr.photos.recentlyUpdated",
    "flickr.photos.getSizes",
)
DAY = 86_400


def restrict(stream: SimulatedPhotostream, private: int, restricted: int, every: int) -> set[str]:
    """Make photos private and others restricted, spread over the photostream; return their ids."""
    ids = stream.ids[::every]
    for photo_id in ids[:private]:
        stream.edit(photo_id, privacy="private", at=stream.photo(photo_id).uploaded)
    for photo_id in ids[private : private + restricted]:
        stream.edit(photo_id, safety_level=2, at=stream.photo(photo_id).uploaded)
    return set(ids[: private + restricted])


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Open a mirror of 40 photos, 12 of which are private and 4 restricted, in pages of ten."""
    async with mirroring(tmp_path, 40, commented=0, image_dims=(40, 30)) as opened:
        restrict(opened.stream, 12, 4, 2)
        yield PagedRun(opened.flickr, opened.root)


def hidden(run: Run) -> set[str]:
    """Return the ids of the photos that visitors do not see."""
    return {str(number) for number in run.stream.seen_by(run.stream.nsid).ids} - set(run.stream.ids)


def catalogue(run: Run, sql: str) -> list[Any]:
    """Return the rows that a statement selects from the catalogue."""
    database = sqlite3.connect(run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite")
    found = database.execute(sql).fetchall()
    database.commit()
    database.close()
    return found


async def as_visitor(run: Run, **options: Any) -> MirrorReport:
    """Run once without the login, and restore the login."""
    token, run.token = run.token, None
    try:
        return await run(**options)
    finally:
        run.token = token


def nothing_happened(run: Run, report: MirrorReport) -> bool:
    """Return whether a run has marked, moved, fetched and failed no photo."""
    assert (report.gone, report.pruned, report.images, report.failures, report.left) == (0, 0, 0, [], 0)
    return not run.events_of(PhotoGone) and not run.events_of(PhotoFailed) and code_of(report) == 0


# The effect of a login


@pytest.mark.slow
async def test_an_account_of_a_thousand_photos(tmp_path: Path) -> None:
    """All of them with the login, for at most five more listing calls; without it, nothing is marked or pruned."""
    kinds = Mix({Kind.PLAIN: 49, Kind.VIDEO: 1})
    calls = {}
    for name in ("visitor", "owner"):
        async with mirroring(tmp_path / name, 1000, commented=0, image_dims=(16, 12), mix=kinds) as run:
            unseen = restrict(run.stream, 300, 50, 2)
            if name == "owner":
                run.log_in()
            report = await run()
            calls[name] = report.calls[LIST] + report.calls.get(UPDATES, 0)
            assert (report.images, report.failures) == (1000 if name == "owner" else 650, [])
            if name == "visitor":
                continue
            films = [photo_id for photo_id in hidden(run) if run.stream.photo(photo_id).media == "video"]
            assert films
            assert len(infos(tmp_path / name / run.stream.username)) == 1000
            before = tree(tmp_path / name)

            for options in ({}, {"full_scan": True, "prune": True}, {"full_scan": True, "prune": True}):
                report = await as_visitor(run, **options)
                assert nothing_happened(run, report)
                assert report.calls.get(SIZES, 0) == 0
                assert (report.known, report.login_only) == (650, len(unseen))
                assert (
                    "350 photos can be seen only with the login of 'saigon_archive'; this run is not logged in and "
                    "leaves them as they are."
                ) in run.notices
                assert tree(tmp_path / name) == before

            report = await run()
            assert nothing_happened(run, report)
            assert report.calls == {FIND: 1, UPDATES: 1, LIST: 1}
            assert run.notices == ""
    assert calls["owner"] <= calls["visitor"] + 5


async def test_the_first_login_lists_everything_once_and_fetches_only_new_photos(run: Run) -> None:
    """A mirror of public photos gets the others; existing images are not fetched again."""
    assert (await run()).images == 24
    run.log_in()
    report = await run()
    assert (report.new, report.images, report.updated, report.calls[LIST]) == (16, 16, 0, 6)
    report = await run()
    assert nothing_happened(run, report)
    assert report.calls == {FIND: 1, UPDATES: 1, LIST: 1}
    assert nothing_happened(run, await as_visitor(run))
    assert (await as_visitor(run)).api_calls == 2


async def test_the_totals_of_visitors_exclude_private_photos(run: Run) -> None:
    """Each finds new photos that it may see, and neither takes those of the other for missing."""
    run.log_in()
    await run()
    await as_visitor(run)
    new = run.stream.upload(3)
    run.stream.edit(new[0], privacy="friends")
    assert (await as_visitor(run)).new == 2
    assert run.notices.count(".") == 1  # the sentence about photos that only the login sees
    report = await run()
    assert (report.new, report.unlisted) == (1, 0)
    assert run.notices == ""


async def test_a_run_without_the_login_tries_no_private_photo(tmp_path: Path) -> None:
    """Pending private films are neither requested nor failed; a run with the login completes them."""
    async with mirroring(tmp_path, 12, commented=0, mix=Mix({Kind.VIDEO: 1})) as run:
        restrict(run.stream, 6, 0, 2)
        run.log_in()
        run.limits = replace(run.limits, max_photos=2)
        assert not (await run()).complete
        run.limits = replace(run.limits, max_photos=None)
        report = await as_visitor(run, info_level=2)
        assert (report.left, report.failures, code_of(report)) == (0, [], 0)
        assert report.calls[SIZES] <= 6
        report = await run(info_level=2)
        assert (report.left, report.failures) == (0, [])
        assert len(infos(tmp_path / run.stream.username)) == 12


@pytest.mark.parametrize("prune", [False, True])
async def test_a_photo_that_became_private_is_not_gone(run: Run, prune: bool) -> None:
    """Visitors do not see it any more; only runs with the login keep it up to date."""
    run.log_in()
    await run()
    await as_visitor(run)
    before = tree(run.root)
    photo_id = run.stream.ids[5]
    run.stream.edit(photo_id, privacy="private")

    report = await as_visitor(run)
    assert (
        "The others are private or restricted now, or gone: --full-scan with the login of 'saigon_archive'"
        in run.notices
    )
    assert nothing_happened(run, report)
    report = await as_visitor(run, full_scan=True, prune=prune)
    assert nothing_happened(run, report)
    assert report.login_only == 17
    assert "Photos that this run cannot see any more: 1." in run.notices
    assert tree(run.root) == before

    report = await run()
    assert run.events_of(PhotoUpdated) == [PhotoUpdated(photo_id, ("text",))]
    assert infos(run.root / run.stream.username)[photo_id]["flickr"]["privacy"] == "private"
    assert nothing_happened(run, await run(full_scan=True, prune=prune))
    assert nothing_happened(run, await as_visitor(run, full_scan=True, prune=prune))


async def test_only_a_full_scan_with_the_login_marks_private_photos_as_gone(run: Run) -> None:
    """A deleted photo is marked by a full scan with the login, and by none without it."""
    run.log_in()
    await run()
    await as_visitor(run)
    public, private = run.stream.ids[3], sorted(hidden(run))[3]
    for photo_id in (public, private):
        run.stream.delete(photo_id)
    assert nothing_happened(run, await as_visitor(run, full_scan=True, prune=True))

    report = await run(full_scan=True)
    assert (report.gone, {event.photo_id for event in run.events_of(PhotoGone)}) == (2, {public, private})
    assert report.calls["flickr.auth.oauth.checkToken"] == 1
    report = await as_visitor(run, full_scan=True, prune=True)
    assert (report.gone, report.pruned, report.login_only) == (0, 0, 15)
    report = await run(full_scan=True, prune=True)
    assert (report.gone, report.pruned) == (0, 4)


async def test_a_photo_that_became_public_is_seen_by_visitors(run: Run) -> None:
    """Once they have listed it, their full scans can miss it."""
    run.log_in()
    await run()
    await as_visitor(run)
    photo_id = min(hidden(run))
    run.stream.edit(photo_id, privacy="public", safety_level=0)
    report = await as_visitor(run)
    assert (report.login_only, report.updated, report.images) == (15, 1, 0)
    assert infos(run.root / run.stream.username)[photo_id]["flickr"]["privacy"] == "public"


async def test_a_friend_sees_other_photos_than_the_owner(tmp_path: Path) -> None:
    """A listing as another account belongs to another caller: it neither covers nor marks the owner's photos."""
    friend = SimulatedPhotostream(1, nsid="5000001@N05", username="friend")
    async with mirroring(tmp_path, 20, commented=0, image_dims=(40, 30), accounts=[friend]) as run:
        stream = run.stream
        stream.contacts[friend.nsid] = "friends"
        for photo_id, privacy in zip(
            stream.ids[:4], ("friends", "friends", "private", "family"), strict=True
        ):
            stream.edit(photo_id, privacy=privacy)
        run.log_in(friend)
        assert (await run()).images == 18
        assert UPDATES not in run.flickr.calls
        run.log_in()
        assert (await run()).images == 2
        run.log_in(friend)
        report = await run(full_scan=True, prune=True)
        assert nothing_happened(run, report)
        assert (
            "2 photos can be seen only with the login of 'saigon_archive'; this run is logged in as 'friend'"
            in (run.notices)
        )
        lost = next(
            str(number) for number in stream.seen_by(friend.nsid).ids if str(number) not in stream.ids
        )
        stream.edit(lost, privacy="private")
        assert nothing_happened(run, await run(full_scan=True, prune=True))
        stream.delete(lost)
        assert nothing_happened(run, await run(full_scan=True, prune=True))
        run.log_in()
        assert (await run(full_scan=True)).gone == 1


async def test_the_login_of_another_account_marks_nothing(tmp_path: Path) -> None:
    """Before anything is marked as gone, the login is checked: it must be the one that the mirror is listed as."""
    other = SimulatedPhotostream(1, nsid="5000001@N05", username="other")
    async with mirroring(tmp_path, 40, commented=0, image_dims=(40, 30), accounts=[other]) as run:
        restrict(run.stream, 3, 0, 2)
        run.log_in()
        await run()
        assert run.token is not None
        issued = run.flickr.oauth.issue(other.nsid)
        run.token = replace(run.token, token=issued.token, secret=issued.secret)
        with pytest.raises(LoginError, match="This login is of the account 5000001@N05, and not of"):
            await run(full_scan=True, prune=True)
        assert not run.events_of(PhotoGone)
        run.log_in()
        assert nothing_happened(run, await run(full_scan=True, prune=True))


# Changes of the account's own photostream


async def test_an_edit_of_an_old_photo_is_found_by_the_next_run(run: Run) -> None:
    """At any position of the photostream, also of a private photo; and only once."""
    run.log_in()
    await run(info_level=2)
    old, private = run.stream.ids[-2], min(hidden(run))
    run.stream.edit(old, title="A new title")
    run.stream.add_comment(private, "A comment")
    report = await run(info_level=2)
    assert (report.updated, report.infos) == (2, 2)
    assert report.calls == {FIND: 1, UPDATES: 1, LIST: 1, "flickr.photos.comments.getList": 1}
    written = infos(run.root / run.stream.username)
    assert written[old]["title"]["content"] == "A new title"
    assert written[private]["comments"][0]["content"] == "A comment"
    report = await run(info_level=2)
    assert nothing_happened(run, report)
    assert report.updated == 0


@pytest.mark.slow
async def test_an_edit_deep_in_a_large_account_costs_three_calls(tmp_path: Path) -> None:
    """The photo is on page 58; a full scan would list 60 pages."""
    async with mirroring(tmp_path, 3000, commented=0, image_dims=(16, 12)) as run:
        run.limits = replace(run.limits, page_size=50)
        run.log_in()
        assert (await run(info_only=True)).infos == 3000
        deep = run.stream.ids[2900]
        run.stream.edit(deep, title="Deep down", privacy="family")
        report = await run(info_only=True)
        assert (report.updated, report.api_calls) == (1, 3)
        assert infos(tmp_path / run.stream.username)[deep]["title"]["content"] == "Deep down"


async def test_many_changes_are_listed_page_by_page(run: Run) -> None:
    """Thirty edited photos cost three more pages, and each photo is written once."""
    run.log_in()
    await run()
    for photo_id in run.stream.ids[:30]:
        run.stream.edit(photo_id, title="All the same")
    uploaded = run.stream.upload(2)
    report = await run()
    assert (report.updated, report.new, report.infos) == (24, 2, 26)
    assert report.calls == {FIND: 1, UPDATES: 3, LIST: 1}
    assert uploaded[0] in infos(run.root / run.stream.username)


@pytest.mark.parametrize(
    "answer",
    [
        {"photos": {}},
        {"photos": {"page": 1, "pages": 0, "perpage": 10, "total": 0, "photo": []}},
        {"photos": {"page": 1, "pages": 1, "perpage": 10, "total": 1, "photo": [{"id": "../../etc"}]}},
        {"photos": {"page": 1, "pages": 9, "perpage": 10, "total": 90, "photo": []}},
    ],
    ids=["no list", "an empty list", "an entry that is not a photo", "a page without photos"],
)
async def test_a_false_answer_loses_no_change(run: Run, answer: dict[str, Any]) -> None:
    """The next run finds changes that one answer omits; no run fails because of it."""
    run.log_in()
    await run()
    old = run.stream.ids[-2]
    run.stream.edit(old, title="A new title")
    false = [web.json_response({**answer, "stat": "ok"})]

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        return false.pop() if false and request.query.get("method") == UPDATES else None

    run.flickr.intercept = intercept
    assert nothing_happened(run, await run())
    report = await run()
    assert not false
    assert (report.updated, report.infos) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "days"), [({}, 3), ({"total": 0, "photo": []}, 1)], ids=["no list", "an empty list"]
)
async def test_a_false_answer_of_the_previous_run_loses_no_change(
    tmp_path: Path, answer: dict[str, Any], days: int
) -> None:
    """A change is requested by two runs, and by more while Flickr answers without a list."""
    now = [1_780_000_000]
    stream = SimulatedPhotostream(40, commented=0, image_dims=(40, 30))
    async with SimulatedFlickr(stream, clock=lambda: now[0]) as flickr:
        run = PagedRun(flickr, tmp_path)
        run.log_in()
        await run()
        now[0] += DAY
        assert nothing_happened(run, await run())
        stream.edit(stream.ids[-2], title="A new title")
        false = [web.json_response({"photos": answer, "stat": "ok"}) for _ in range(days)]

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            return false.pop() if false and request.query.get("method") == UPDATES else None

        flickr.intercept = intercept
        for _ in range(days):
            now[0] += DAY
            assert nothing_happened(run, await run())
        now[0] += DAY
        assert (await run()).updated == 1


async def test_a_refusal_to_list_changes_is_reported_and_the_rest_is_mirrored(run: Run) -> None:
    """The run continues with the newest photos, and the next one requests the same changes."""
    run.log_in()
    await run()
    run.stream.edit(run.stream.ids[-2], title="A new title")
    run.stream.upload(1)
    refusals = [web.json_response({"stat": "fail", "code": 2, "message": "Not a valid date"})]

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        return refusals.pop() if refusals and request.query.get("method") == UPDATES else None

    run.flickr.intercept = intercept
    report = await run()
    assert (report.new, report.updated, code_of(report)) == (1, 0, 0)
    assert "Flickr does not list the changes of this account (Not a valid date" in run.notices
    assert (await run()).updated == 1


async def test_a_change_during_the_first_listing_is_not_missed(run: Run) -> None:
    """An edit after the page of the photo was received, in a stopped run, is found by the next run."""
    run.log_in()
    newest = run.stream.ids[0]

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        if run.flickr.calls[LIST] == 3:
            run.stream.edit(newest, title="Edited meanwhile")
            return web.Response(status=500)
        return None

    run.flickr.intercept = intercept
    with pytest.raises(TransportError):
        await run()
    run.flickr.intercept = None
    # more than a page of new photos, so that the newest page does not show the edit
    run.stream.upload(30)
    report = await run()
    assert report.complete
    assert infos(run.root / run.stream.username)[newest]["title"]["content"] == "Edited meanwhile"


async def test_a_time_from_a_wrong_clock_is_not_trusted(run: Run) -> None:
    """If a clock was ahead, the time of the last listing of changes is unknown: everything is listed again, once."""
    run.log_in()
    await run()
    catalogue(run, "UPDATE notes SET value = value + 864000 WHERE name LIKE 'updates_%'")
    old = run.stream.ids[-2]
    run.stream.edit(old, title="A new title", at=int(time.time()) - 5 * DAY)
    report = await run()
    assert (report.updated, report.calls) == (1, {FIND: 1, LIST: 5})
    assert (await run()).calls == {FIND: 1, UPDATES: 1, LIST: 1}


async def test_a_run_for_some_dates_does_not_count_as_a_listing_of_changes(run: Run) -> None:
    """It may not see the changed photos, which the next whole run still finds."""
    run.log_in()
    await run()
    old = run.stream.ids[-2]
    run.stream.edit(old, title="A new title")
    newest = datetime.fromtimestamp(run.stream.photo(run.stream.ids[0]).uploaded, UTC)
    report = await run(since=newest - timedelta(days=1))
    assert UPDATES not in report.calls
    assert (await run()).updated == 1


async def test_a_watch_finds_changes_of_old_photos(run: Run) -> None:
    """Each poll requests the newest photos and the changes."""
    run.log_in()
    await run()
    rounds = 0
    updated: list[str] = []

    def observe(event: object) -> None:
        nonlocal rounds
        if isinstance(event, PhotoUpdated):
            updated.append(event.photo_id)
        if isinstance(event, Watching):
            rounds += 1
            if rounds == 1:
                run.stream.edit(run.stream.ids[-2], title="A new title")
            else:
                mirror.stop()

    mirror = run.mirror(observe)
    await mirror.watch(1)
    assert updated == [run.stream.ids[-2]]


# File permissions


def modes(folder: Path) -> set[int]:
    """Return the permissions of other users for a folder, and for everything in it."""
    return {stat.S_IMODE(path.lstat().st_mode) & 0o077 for path in (folder, *folder.rglob("*"))}


async def test_a_mirror_with_private_photos_is_not_readable_by_others(run: Run) -> None:
    """From the first private photo on: folders and files, including the catalogue."""
    run.log_in()
    before = os.umask(0o022)
    try:
        await run()
    finally:
        os.umask(before)
    assert modes(run.root / run.stream.username) == {0}


async def test_a_mirror_that_gets_private_photos_becomes_unreadable_by_others(run: Run) -> None:
    """The permissions are removed before the first private photo is stored, and again in a copy."""
    folder = run.root / run.stream.username
    before = os.umask(0o022)
    try:
        await run()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755
        public = {path: path.stat().st_mode for path in folder.rglob("*.jpg")}
        assert {stat.S_IMODE(mode) for mode in public.values()} == {0o644}
        run.log_in()
        closed: list[bool] = []
        run.mirror = partial(run.mirror, lambda event: closed.append(not folder.stat().st_mode & 0o077))  # type: ignore[method-assign]
        await run.mirror().run()
        assert all(closed[1:])
        folder.chmod(0o755)
        await as_visitor(run)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    private = {path for path in folder.rglob("*.jpg") if path not in public}
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


async def test_a_mirror_of_public_photos_keeps_its_permissions(tmp_path: Path) -> None:
    """Also with a login."""
    async with mirroring(tmp_path, 4, commented=0) as run:
        run.log_in()
        before = os.umask(0o022)
        try:
            await run()
        finally:
            os.umask(before)
        folder = tmp_path / run.stream.username
        assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*.jpg"))} == {
            0o755,
            0o644,
        }


# The catalogue


@pytest.mark.parametrize("full_scan", [False, True])
async def test_a_rebuilt_catalogue_has_the_private_photos(run: Run, full_scan: bool) -> None:
    """After a rebuild, a run without the login ignores private photos; one with the login finds nothing new."""
    run.log_in()
    await run()
    before = tree(run.root)
    await check_mirror(run.stream.username, run.root, rebuild=True)
    report = await as_visitor(run, full_scan=full_scan, prune=full_scan)
    assert nothing_happened(run, report)
    assert report.login_only == 16
    assert "16 photos can be seen only with the login of 'saigon_archive'" in run.notices
    assert tree(run.root) == before
    report = await run()
    assert (report.new, report.images, report.gone) == (0, 0, 0)


async def test_the_estimate_includes_private_photos_with_the_login(run: Run) -> None:
    """A first run with the login lists all photos once, and fetches the private ones."""
    await run()
    run.log_in()
    plan = await run.mirror().estimate()
    assert (plan.photos, plan.mirrored, plan.images) == (40, 24, 16)
    report = await run()
    assert abs(plan.calls - report.api_calls) <= 2


async def test_the_first_run_without_the_login_downloads_no_photo_again(run: Run) -> None:
    """Visitors have listed nothing yet, and the public photos are mirrored already."""
    run.log_in()
    await run()
    run.token = None
    plan = await run.mirror().estimate()
    assert (plan.photos, plan.mirrored, plan.images) == (24, 24, 0)
    report = await run()
    assert nothing_happened(run, report)
    assert (run.events_of(RunStarted)[0].known, run.events_of(ListingEnded)[0].known, report.skipped) == (
        24,
        24,
        24,
    )


async def test_the_status_is_that_of_the_last_caller(run: Run) -> None:
    """It counts all photos of the mirror, and states the last caller and the number of private photos."""
    run.log_in()
    await run()
    await as_visitor(run)
    status = status_of(run.root, run.stream.username)
    assert (status.photos, status.images, status.login_only, status.listed_as) == (40, 40, 16, None)
    await run()
    status = status_of(run.root, run.stream.username)
    assert (status.login_only, status.listed_as, status.gaps) == (16, run.stream.nsid, [])
