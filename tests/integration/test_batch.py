"""Several photostreams in one run: one after the other, within one set of limits, with one exit code."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

import flickr_mirror.cli.output.console
from flickr_mirror import ApiBudget, Limits, MirrorOptions, PhotostreamMirror
from flickr_mirror.cli.batch import _remaining_limits, run_in_turn
from flickr_mirror.cli.exit_codes import WORST_FIRST
from flickr_mirror.cli.run_view import RunOutcome, RunView
from flickr_mirror.models.reports import MirrorReport
from flickr_mirror.models.timing import Timing
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")

NAMES = ("first", "second", "third")


class ThreeUsers:
    """Three photostreams, and the results of their mirrors."""

    def __init__(self, flickr: SimulatedFlickr, root: Path) -> None:
        self.flickr = flickr
        self.root = root
        self.mirrors: dict[str, PhotostreamMirror] = {}
        self.budget = ApiBudget(calls_per_second=10_000, timing=FAST)

    def open(self, name: str, limits: Limits) -> tuple[PhotostreamMirror, RunView]:
        """Return a mirror and its view."""
        options = MirrorOptions(cache_path=self.root, api_url=self.flickr.api_url, image_only=True)
        view = RunView(options)
        self.mirrors[name] = PhotostreamMirror(
            name, "key", "secret", options=options, limits=limits, observer=view, budget=self.budget
        )
        return self.mirrors[name], view

    async def run(self, *names: str, **limits: Any) -> int:
        """Mirror these users, by default all, and return the exit code."""
        return await run_in_turn(names or NAMES, Limits(attempts=1, timing=FAST, **limits), self.open)

    @property
    def images(self) -> list[int]:
        """The number of images that each mirror has fetched, in order."""
        return [mirror.report.images for mirror in self.mirrors.values()]

    def refuse(self, match: str, answer: web.Response) -> None:
        """Send this answer to requests whose address contains `match`."""

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            body = answer.body if isinstance(answer.body, bytes) else b""
            is_meant = match in str(request.url)
            return web.Response(status=answer.status, body=body, headers=answer.headers) if is_meant else None

        self.flickr.intercept = intercept


@asynccontextmanager
async def three_users(root: Path, count: int = 6) -> AsyncIterator[ThreeUsers]:
    """Open three photostreams of one Flickr."""
    streams = [
        SimulatedPhotostream(count, nsid=f"{number}@N0{number}", username=name, path_alias=name)
        for number, name in enumerate(NAMES, 1)
    ]
    async with SimulatedFlickr(*streams) as flickr:
        yield ThreeUsers(flickr, root)


def done_lines(err: str) -> list[str]:
    """Return the last lines of the mirrors."""
    return [line for line in err.splitlines() if line.startswith("done ")]


async def test_each_user_is_mirrored_and_has_a_last_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All are mirrored, in the order given, and each prints its own last line."""
    async with three_users(tmp_path) as users:
        assert await users.run() == 0
        assert users.images == [6, 6, 6]
    assert [line.split()[1] for line in done_lines(capsys.readouterr().err)] == [
        f'user="{name}"' for name in NAMES
    ]


async def test_a_failing_user_does_not_stop_the_others(tmp_path: Path) -> None:
    """An unknown user, and one whose photo fails: the others are mirrored, and the worse code counts."""
    async with three_users(tmp_path) as users:
        bad = users.flickr.streams[0].ids[0]
        users.refuse(bad, web.Response(status=503))
        assert await users.run() == 3
        assert users.images == [5, 6, 6]
        assert await users.run("nobody", *NAMES) == 4
        assert [mirror.report.complete for mirror in users.mirrors.values()] == [True, True, True, False]


async def test_an_unexpected_exception_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unexpected exception is reported, and the other users are mirrored."""
    async with three_users(tmp_path) as users:
        open_mirror = users.open

        def open_wrongly(name: str, limits: Limits) -> tuple[PhotostreamMirror, RunView]:
            mirror, view = open_mirror(name, limits)
            if name == "first":
                mirror.run = partial(fail, mirror)  # type: ignore[method-assign]
            return mirror, view

        assert await run_in_turn(NAMES, Limits(), open_wrongly) == 1
        assert users.images == [0, 6, 6]
    assert "unexpected ZeroDivisionError" in capsys.readouterr().err


async def fail(_: PhotostreamMirror) -> MirrorReport:
    """Raise an unexpected exception."""
    raise ZeroDivisionError


async def test_a_refused_key_ends_the_run_for_all_users(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused key would be refused for the other users too: they are not started, and are named."""
    async with three_users(tmp_path) as users:
        users.flickr._api._api_key = "another"
        assert await users.run() == 5
        assert list(users.mirrors) == ["first"]
        assert users.flickr.calls.total() == 1
    assert "Not started: second, third." in capsys.readouterr().err


async def test_an_unanswered_user_does_not_stop_the_others(tmp_path: Path) -> None:
    """The connection may work again for the second user: the code is 75, and the others are mirrored."""
    async with three_users(tmp_path) as users:
        users.refuse("1%40N01", web.Response(status=500))
        assert await users.run() == 75
        assert users.images == [0, 6, 6]


async def test_limits_apply_to_all_users_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Photos begun for the first user count for all; users that were not started are named, with code 8."""
    async with three_users(tmp_path) as users:
        assert await users.run(max_photos=8) == 8
        assert users.images == [6, 2]
        assert "Not started: third. Run the same command again to continue." in capsys.readouterr().err
        users.mirrors.clear()
        assert await users.run(max_photos=8) == 8
        assert users.images == [0, 4, 4]
        assert await users.run(max_photos=8) == 0
        size = len(users.flickr.file(users.flickr.streams[2].ids[0]))
        assert set(users.flickr.requests.values()) == {1}
        assert size < users.flickr.bytes_sent


def test_remaining_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of each limit, and of the time; `None` if one is used up."""
    monkeypatch.setattr("anyio.current_time", lambda: 1000.0)
    limits = Limits(max_photos=10, max_bytes=500, max_duration=60, attempts=3)
    report = MirrorReport(begun=4, bytes=200)
    assert _remaining_limits(limits, report, 1030.0) == Limits(
        max_photos=6, max_bytes=300, max_duration=30.0, attempts=3
    )
    assert _remaining_limits(limits, report, 999.0) is None
    assert _remaining_limits(limits, MirrorReport(begun=10), 1030.0) is None
    assert _remaining_limits(limits, MirrorReport(bytes=501), 1030.0) is None
    for name in ("until_time", "min_free"):  # they are reached for all photostreams
        assert _remaining_limits(limits, MirrorReport(stopped_by=name), 1030.0) is None
    assert _remaining_limits(Limits(), report, float("inf")) == Limits()


class StubView:
    """A stub for the view of a successful run."""

    def __init__(self) -> None:
        self.outcome = RunOutcome()

    notifier = SimpleNamespace(hangs=False)


async def test_the_worst_exit_code_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst exit code of a user is returned, in any order of users."""
    codes: dict[str, int] = {}

    async def run_mirror(mirror: PhotostreamMirror, _: RunView) -> int:
        return codes[str(mirror)]

    def open_mirror(name: str, _: Limits) -> tuple[Any, Any]:
        return name, StubView()

    monkeypatch.setattr("flickr_mirror.cli.batch.run_mirror", run_mirror)

    class Named(str):
        report = MirrorReport()

    for place, code in enumerate(WORST_FIRST):
        for other in (*WORST_FIRST[place:], 0):
            codes |= {"one": other, "two": code}
            assert await run_in_turn([Named("one"), Named("two")], Limits(), open_mirror) == code
    codes |= {"one": 130, "two": 5}
    assert await run_in_turn([Named("one"), Named("two")], Limits(), open_mirror) == 130


async def test_a_signal_during_a_hook_starts_no_further_user(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a signal during the first run's --hook, the second run does not start, and its user is named."""

    async def run_mirror(_: str, view: Any) -> int:
        view.outcome.late_code = 143
        return 0

    monkeypatch.setattr("flickr_mirror.cli.batch.run_mirror", run_mirror)
    code = await run_in_turn(["one", "two"], Limits(), lambda name, _: (name, StubView()))  # type: ignore[arg-type, return-value]
    assert code == 143
    assert "Not started: two. Run the same command again" in capsys.readouterr().err


async def test_a_user_skipped_by_a_limit_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --quiet, exit code 8 prints a line, also if the first photostream was complete at the limit."""

    class Done:
        report = MirrorReport(begun=6)

    async def run_mirror(*_: Any) -> int:
        return 0

    monkeypatch.setattr("flickr_mirror.cli.batch.run_mirror", run_mirror)
    monkeypatch.setattr("flickr_mirror.cli.batch.echo", flickr_mirror.cli.output.console.echo)
    monkeypatch.setattr(flickr_mirror.cli.output.console.console, "is_quiet", True)
    code = await run_in_turn(["one", "two"], Limits(max_photos=6), lambda *_: (Done(), StubView()))  # type: ignore[arg-type]
    assert code == 8
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Not started: two.")


async def test_a_hanging_ping_does_not_change_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends with the worst code of all users, not with that of the last one."""
    codes = iter([4, 0])
    words: list[tuple[int, float]] = []

    async def run_mirror(_: str, view: Any) -> int:
        view.notifier = SimpleNamespace(hangs=True)
        return next(codes)

    monkeypatch.setattr("flickr_mirror.cli.batch.run_mirror", run_mirror)
    monkeypatch.setattr("flickr_mirror.cli.batch.exit_soon", lambda *word: words.append(word))
    monkeypatch.setattr("flickr_mirror.cli.batch._remaining_limits", lambda limits, *_: limits)

    def open_mirror(*_: Any) -> Any:
        return SimpleNamespace(report=None), StubView()

    assert await run_in_turn(["one", "two"], Limits(), open_mirror) == 4
    assert words == [(4, Timing().report_wait)]
