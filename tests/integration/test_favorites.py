"""The favourites of an account in its mirror: calls, documents, removals, false answers, logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from flickr_mirror.cli.exit_codes import code_of
from flickr_mirror.simulator import Rule, Script, faults
from flickr_mirror.simulator.data.lists import FIRST_FAVE
from tests.support.account_lists import OTHER, ListRun, mirroring_lists

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

DAY = 86_400
METHOD = "favorites.getPublicList"


def add_favorites(run: ListRun, count: int, *, apart: int = DAY) -> list[str]:
    """Make the first photos of the other account favourites, and return their ids, the latest first."""
    ids = run.other.ids[:count]
    run.stream.lists.favorites = {
        photo_id: FIRST_FAVE + index * apart for index, photo_id in enumerate(reversed(ids))
    }
    return ids


def favorites(run: ListRun) -> list[dict[str, Any]]:
    """Return the favourites of all months in the mirror, the latest first."""
    folder = run.root / run.stream.username / "account" / "favorites"
    names = sorted((path.stem for path in folder.iterdir()), reverse=True)
    return [entry for name in names for entry in run.document(f"favorites/{name}")["favorites"]]


async def test_all_favorites_are_in_the_documents_of_their_months(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = add_favorites(run, 40)
        report = await run.lists("favorites")
        entries = favorites(run)
        assert (report.lists, code_of(report)) == ({"favorites": 40}, 0)
        assert [entry["id"] for entry in entries] == ids
        first = run.document("favorites/2014-05")["favorites"][-1]
        photo = run.other.photo(ids[-1])
        assert first == {
            "id": photo.id,
            "title": photo.title,
            "owner": OTHER,
            "owner_name": "other",
            "path_alias": "other",
            "license": str(photo.index % 11),
            "media": photo.media,
            "uploaded": photo.uploaded,
            "added": FIRST_FAVE,
        }


async def test_a_run_without_new_favorites_takes_one_call_and_writes_nothing(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path, others=1200) as run:
        add_favorites(run, 1100)
        await run.lists("favorites")
        assert run.calls(METHOD) == 3
        account = tmp_path / run.stream.username / "account"
        before = {path: path.stat().st_ino for path in account.rglob("*.json")}
        report = await run.lists("favorites")
        assert (run.calls(METHOD), report.lists) == (1, {"favorites": 1100})
        assert {path: path.stat().st_ino for path in account.rglob("*.json")} == before


async def test_a_run_lists_only_new_favorites(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        add_favorites(run, 30)
        await run.lists("favorites")
        new = run.other.ids[35]
        run.stream.lists.favorites[new] = FIRST_FAVE + 100 * DAY
        report = await run.lists("favorites")
        assert (run.calls(METHOD), report.lists) == (1, {"favorites": 31})
        assert favorites(run)[0]["id"] == new


async def test_a_removed_favorite_is_marked_by_a_full_scan_and_deleted_by_prune(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = add_favorites(run, 20)
        await run.lists("favorites")
        del run.stream.lists.favorites[ids[3]]
        run.other.delete(ids[4])
        await run.lists("favorites")
        assert not [entry for entry in favorites(run) if "not_listed_since" in entry]
        report = await run.lists("favorites", full_scan=True)
        marked = [entry["id"] for entry in favorites(run) if "not_listed_since" in entry]
        assert (marked, report.lists) == (ids[3:5], {"favorites": 18})
        await run.lists("favorites", full_scan=True, prune=True)
        assert [entry["id"] for entry in favorites(run)] == [*ids[:3], *ids[5:]]


async def test_a_favorite_that_was_removed_and_added_again_is_in_one_month(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = add_favorites(run, 20)
        await run.lists("favorites")
        run.stream.lists.favorites[ids[-1]] = FIRST_FAVE + 200 * DAY
        await run.lists("favorites")
        await run.lists("favorites", full_scan=True)
        assert [entry["id"] for entry in favorites(run)] == [ids[-1], *ids[:-1]]


async def test_a_large_loss_is_ignored_without_accept_loss(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = add_favorites(run, 40)
        await run.lists("favorites")
        for photo_id in ids[:15]:
            del run.stream.lists.favorites[photo_id]
        await run.lists("favorites", full_scan=True)
        assert not [entry for entry in favorites(run) if "not_listed_since" in entry]
        assert "does not list 15 of the 40 favorites" in run.notices
        await run.lists("favorites", full_scan=True, accept_loss=True)
        assert sum("not_listed_since" in entry for entry in favorites(run)) == 15


@pytest.mark.parametrize("false", ["empty", "short", "nothing"])
async def test_one_false_answer_changes_nothing(tmp_path: Path, false: str) -> None:
    """An empty list, a list that is too short, and an unusable answer are each requested once more."""
    async with mirroring_lists(tmp_path) as run:
        ids = add_favorites(run, 8)
        await run.lists("favorites")
        photo = {
            "id": ids[0],
            "date_faved": str(FIRST_FAVE + 7 * DAY),
            "title": run.other.photo(ids[0]).title,
        }
        answers = {
            "empty": {"page": 1, "pages": 0, "perpage": 500, "total": "0", "photo": []},
            "short": {"page": 1, "pages": 1, "perpage": 500, "total": "1", "photo": [photo]},
            "nothing": {},
        }
        left = [answers[false]]

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if METHOD in request.query_string and left:
                return web.json_response({"photos": left.pop(), "stat": "ok"})
            return None

        run.flickr.intercept = intercept
        await run.lists("favorites", full_scan=True)
        assert run.calls(METHOD) == 2
        assert [entry["id"] for entry in favorites(run)] == ids
        assert not [entry for entry in favorites(run) if "not_listed_since" in entry]


def listing_some(run: ListRun, ids: list[str]) -> None:
    """Let each answer count these favourites, but list only the first ones."""
    dates = run.stream.lists.favorites
    photo = {"id": ids[0], "date_faved": str(dates[ids[0]])}
    part = {"page": 1, "pages": 1, "perpage": 500, "total": str(len(ids)), "photo": [photo]}

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        return web.json_response({"photos": part, "stat": "ok"}) if METHOD in request.query_string else None

    run.flickr.intercept = intercept


async def test_counted_but_unlisted_favorites_are_requested_by_the_next_run(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        add_favorites(run, 10)
        await run.lists("favorites")
        ids = add_favorites(run, 14)
        for index, photo_id in enumerate(ids):
            run.stream.lists.favorites[photo_id] = FIRST_FAVE + (100 - index) * DAY
        listing_some(run, ids[:4])
        await run.lists("favorites")
        run.flickr.intercept = None
        await run.lists("favorites")
        assert [entry["id"] for entry in favorites(run)][:4] == ids[:4]


async def test_an_incomplete_full_scan_marks_nothing(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = add_favorites(run, 8)
        await run.lists("favorites")
        listing_some(run, ids)
        await run.lists("favorites", full_scan=True)
        assert [entry["id"] for entry in favorites(run)] == ids
        assert not [entry for entry in favorites(run) if "not_listed_since" in entry]


async def test_a_failed_walk_is_continued_by_the_next_run(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path, others=1200) as run:
        ids = add_favorites(run, 1100)
        run.flickr.faults = Script(Rule(faults.failing(500), method=f"flickr.{METHOD}", start=2, times=None))
        report = await run.lists("favorites")
        assert list(report.list_failures) == ["favorites"]
        assert (code_of(report), report.images) == (3, 12)
        run.flickr.faults = None
        await run.lists("favorites")
        assert [entry["id"] for entry in favorites(run)] == ids


async def test_a_run_without_the_login_keeps_favorites_listed_with_it(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        add_favorites(run, 5)
        run.log_in()
        await run.lists("favorites")
        assert (run.calls("favorites.getList"), run.calls(METHOD)) == (1, 0)
        assert run.document("favorites")["listed_as"] == "owner"
        run.token = None
        report = await run.lists("favorites", full_scan=True)
        assert (run.calls(METHOD), report.lists) == (0, {"favorites": 5})
        assert "Without it they stay as they are." in run.notices


async def test_a_walk_with_the_login_that_failed_leaves_favorites_of_the_owner(tmp_path: Path) -> None:
    """What the public does not see may be among those that were stored before the failure."""
    async with mirroring_lists(tmp_path, others=1200) as run:
        add_favorites(run, 1100)
        await run.lists("favorites")
        assert run.document("favorites")["listed_as"] == "public"
        run.log_in()
        run.flickr.faults = Script(
            Rule(faults.failing(500), method="flickr.favorites.getList", start=2, times=None)
        )
        await run.lists("favorites")
        assert run.document("favorites")["listed_as"] == "owner"
        run.flickr.faults = None
        await run.lists("favorites")
        assert run.document("favorites")["count"] == 1100
        assert run.calls("favorites.getList") == 3
