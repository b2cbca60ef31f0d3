"""The costs of a photo as counts: API calls, SQLite statements, hops to a thread, syncs, memory.

Times are for `tests/benchmarks/`. A higher count here is a cost added by accident.
"""

from __future__ import annotations

import asyncio
import os
import pstats
import sqlite3
import sys
from collections import Counter
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

import pytest
from anyio import to_thread

from flickr_mirror import Limits
from flickr_mirror.models.events import ImageStarted
from flickr_mirror.models.options import COMMENTS_LEVEL
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage import group_committer, partial_file
from tests.benchmarks.measuring import measure, product
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PHOTOS = 400
MOST_CALLS = 2700 if sys.version_info < (3, 12) else 3900
"""Python 3.11 makes 2,400, 3.12 makes 3,300, 3.13 and 3.14 make 3,500: their standard library calls more."""


class Costs:
    """Counts operations from its creation to the end of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hops = 0
        self.syncs = 0
        self.statements: Counter[str] = Counter()
        self._run_sync, self._fsync, self._connect = to_thread.run_sync, os.fsync, sqlite3.connect
        monkeypatch.setattr(
            group_committer, "MIN_PROCESS_GROUP", inf
        )  # operations of another process would not be counted
        self._run_in_executor = asyncio.BaseEventLoop.run_in_executor
        monkeypatch.setattr(to_thread, "run_sync", self._hop)
        monkeypatch.setattr(asyncio.BaseEventLoop, "run_in_executor", self._hop_to_executor())
        monkeypatch.setattr(os, "fsync", self._sync)
        monkeypatch.setattr(sqlite3, "connect", self._open)

    async def _hop(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.hops += self._is_ours(function)
        return await self._run_sync(function, *arguments, **named)

    def _hop_to_executor(self) -> Callable[..., Any]:
        def run(loop: Any, executor: Any, function: Callable[..., Any], *arguments: Any) -> Any:
            self.hops += self._is_ours(function)
            return self._run_in_executor(loop, executor, function, *arguments)

        return run

    @staticmethod
    def _is_ours(function: Callable[..., Any]) -> bool:
        while isinstance(function, partial):
            function = function.func
        module = str(function.__module__)
        return module.startswith("flickr_mirror") and "simulator" not in module

    def _sync(self, descriptor: int) -> None:
        self.syncs += 1
        self._fsync(descriptor)

    def _open(self, *arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._connect(*arguments, **named)
        connection.set_trace_callback(lambda sql: self.statements.update([sql.split()[0]]))
        return connection


@pytest.mark.slow
@pytest.mark.usefixtures("one_language")
@pytest.mark.parametrize(
    ("options", "calls", "most_statements", "most_hops"),
    [
        ({"image_only": True}, 3, 6, 1.1),
        ({"info_level": 1}, 3, 9, 2.2),
        ({"info_level": 2}, 3, 9, 2.5),
    ],
    ids=["images", "level 1", "level 2"],
)
async def test_costs_of_a_photo(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    calls: int,
    most_statements: float,
    most_hops: float,
) -> None:
    """A photo takes its share of a page, a call for its comments, few statements, and a hop to a thread per file."""
    async with mirroring(tmp_path, PHOTOS, image_dims=(48, 36), commented=0.25) as run:
        run.limits = Limits()
        costs = Costs(monkeypatch)
        report = await run(**options)

    assert report.images == PHOTOS
    if options.get("info_level") == COMMENTS_LEVEL:
        calls += sum(bool(run.stream.photo(photo_id).comments) for photo_id in run.stream.ids)
    assert report.api_calls == sum(run.flickr.calls.values()) == calls
    assert costs.statements.total() / PHOTOS <= most_statements, costs.statements
    assert costs.hops / PHOTOS <= most_hops
    # each file, its folder and the new folders above it; a few for the run
    assert costs.syncs / PHOTOS <= (5 if options.get("image_only") else 7)


async def test_costs_of_a_run_without_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run: two calls, and no statement, hop or sync for any photo."""
    async with mirroring(tmp_path, 250, image_dims=(48, 36)) as run:
        await run(image_only=True)
        costs = Costs(monkeypatch)
        report = await run(image_only=True)

    assert report.api_calls == 2
    assert not run.events_of(ImageStarted)
    assert costs.statements.total() < 250
    assert costs.hops < 60
    assert costs.syncs < 20


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
async def test_function_calls_of_an_image(tmp_path: Path) -> None:
    """Function calls, because the interpreter's time limits the images per second on a fast connection."""
    calls = []
    for count in (100, 500):
        folder = tmp_path / str(count)
        stream = SimulatedPhotostream(count, image_dims=(480, 360), commented=0)
        async with SimulatedFlickr(stream) as flickr:
            (python, *line), more = product(flickr.api_url, stream.username, folder / "cache", "--image-only")
            line = [python, "-m", "cProfile", "-o", str(folder / "profile"), *line]
            await to_thread.run_sync(partial(measure, line, folder, **more))
        calls.append(pstats.Stats(str(folder / "profile")).total_calls)  # type: ignore[attr-defined]

    assert (calls[1] - calls[0]) / 400 < MOST_CALLS


async def test_an_image_is_received_in_large_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece of 16 kB would wake the whole chain from the socket to the file."""
    pieces = 0
    write = partial_file.PartialFile.write

    async def count(part: partial_file.PartialFile, data: bytes) -> None:
        nonlocal pieces
        pieces += 1
        await write(part, data)

    monkeypatch.setattr(partial_file.PartialFile, "write", count)
    async with mirroring(tmp_path, 20, image_dims=(4800, 3600)) as run:
        report = await run(image_only=True)

    assert report.bytes / 20 > 160_000
    assert pieces / 20 < 5


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
async def test_two_thousand_photos_need_little_memory(tmp_path: Path) -> None:
    """The peak is that of the libraries and of the data in flight, for a photostream of any length."""
    stream = SimulatedPhotostream(2000, image_dims=(48, 36), commented=0)
    async with SimulatedFlickr(stream) as flickr:
        line, more = product(flickr.api_url, stream.username, tmp_path, "--info-level", "1")
        cost = await to_thread.run_sync(partial(measure, line, tmp_path, **more))

    assert len(list(tmp_path.rglob("*.jpg"))) == len(list(tmp_path.rglob("?/?/?/?/*.json"))) == 2000
    assert sum(flickr.calls.values()) == 7
    assert cost.memory < 105
