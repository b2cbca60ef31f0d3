"""The runner of the lists of an account: which lists a run mirrors, and the effect of a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flickr_mirror import Include
from flickr_mirror.cli.exit_codes import code_of
from flickr_mirror.engine import account_lists
from flickr_mirror.engine.account_lists import AccountList
from flickr_mirror.errors import FlickrApiError, LoginError
from flickr_mirror.models.events import ListMirrored
from flickr_mirror.models.list_result import ListResult
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.engine.workers.jobs import JobContext

pytestmark = pytest.mark.usefixtures("one_language")


class Lists:
    """Two lists, of which the `broken` ones raise; `asked` are those that were mirrored."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.broken: dict[str, Exception] = {}
        entries = (
            AccountList(Include.ALBUMS, self._mirrored("albums")),
            AccountList(Include.TAGS, self._mirrored("tags")),
        )
        monkeypatch.setattr(account_lists, "ACCOUNT_LISTS", entries)

    def _mirrored(self, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
        async def mirror(context: JobContext, full: bool) -> ListResult:
            self.asked.append((name, full))
            if name in self.broken:
                raise self.broken[name]
            return ListResult(3, 1)

        return mirror


async def test_a_run_mirrors_the_lists_that_were_requested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = Lists(monkeypatch)
    async with mirroring(tmp_path) as run:
        report = await run(include=frozenset({Include.TAGS}))
        assert lists.asked == [("tags", False)]
        assert report.lists == {"tags": 3}
        assert run.events_of(ListMirrored) == [ListMirrored("tags", 3, 1)]
        await run(include=frozenset({Include.TAGS}), full_scan=True)
        assert lists.asked[1:] == [("tags", True)]
        await run()
        assert len(lists.asked) == 2


async def test_a_failed_list_is_reported_and_the_others_are_mirrored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = Lists(monkeypatch)
    lists.broken["albums"] = FlickrApiError("User not found", 1, "flickr.photosets.getList")
    async with mirroring(tmp_path) as run:
        report = await run(include=frozenset({Include.ALBUMS, Include.TAGS}))
        assert (report.lists, list(report.list_failures)) == ({"tags": 3}, ["albums"])
        assert "The albums were not mirrored: " in run.notices
        assert (code_of(report), report.images) == (3, 12)


async def test_a_refused_login_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = Lists(monkeypatch)
    lists.broken["albums"] = LoginError("The login was revoked.")
    async with mirroring(tmp_path) as run:
        try:
            await run(include=frozenset({Include.ALBUMS, Include.TAGS}))
        except LoginError:
            pass
        else:
            raise AssertionError("the run continued")
        assert lists.asked == [("albums", False)]


async def test_a_watch_mirrors_the_lists_once_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = Lists(monkeypatch)
    now = [1_000_000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    async with mirroring(tmp_path) as run:
        rounds = 0

        def observe(event: object) -> None:
            nonlocal rounds
            if type(event).__name__ == "Watching":
                rounds += 1
                now[0] += account_lists.DAY / 2
                if rounds == 3:
                    mirror.stop()

        mirror = run.mirror(observe, include=frozenset({Include.ALBUMS}))
        await mirror.watch(1)
        assert (rounds, len(lists.asked)) == (3, 2)
