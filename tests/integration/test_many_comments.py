"""A photo with 100,000 comments delays no other photo."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import anyio.lowlevel
import pytest

from flickr_mirror.engine.language_detector import LanguageDetector
from flickr_mirror.engine.workers import info_fetcher
from flickr_mirror.engine.workers.info_fetcher import SLICE
from flickr_mirror.models.events import InfoCached
from flickr_mirror.models.languages import ENGLISH, Locale
from flickr_mirror.simulator import Rule, Script, faults
from flickr_mirror.storage import mirror_folder, sidecar
from tests.support.command import infos
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_tls_context")

COUNT = 100_000


def crowd(payload: dict[str, Any]) -> None:
    """Give a photo 100,000 comments, half of them twice."""
    payload["comments"]["comment"] = [
        {"id": f"1-2-{number}", "author": "1@N01", "datecreate": "1", "_content": f"Comment {number // 2}"}
        for number in range(COUNT)
    ]


@pytest.mark.slow
async def test_many_comments_do_not_block_other_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Languages are detected in slices, each text once; other photos continue; the log shows the progress."""
    asked: list[int] = []
    threads: set[str] = set()

    async def detect(_: LanguageDetector, texts: Sequence[str]) -> list[Locale]:
        asked.append(len(texts))
        await anyio.lowlevel.checkpoint()
        return [ENGLISH for _ in texts]

    def noting(function: Any) -> Any:
        def call(argument: Any) -> Any:
            if isinstance(argument, dict) and len(argument.get("comments", ())) == COUNT:
                threads.add(threading.current_thread().name)
            return function(argument)

        return call

    monkeypatch.setattr(LanguageDetector, "detect", detect)
    monkeypatch.setattr(mirror_folder, "encoded", noting(sidecar.encoded))
    monkeypatch.setattr(info_fetcher, "stored_comments", noting(sidecar.stored_comments))
    async with mirroring(tmp_path, 40, commented=1.0, image_dims=(40, 30)) as run:
        crowded = run.stream.ids[0]
        method = "flickr.photos.comments.getList"
        run.flickr.faults = Script(Rule(faults.Rewritten(crowd), method=method, photo_id=crowded, times=None))
        with caplog.at_level("INFO", logger="flickr_mirror"):
            report = await run(info_only=True, info_level=2)
        assert (report.infos, report.failures) == (40, [])
        assert sum(asked) < COUNT // 2 + 1000
        assert max(asked) <= SLICE
        order = [event.photo_id for event in run.events_of(InfoCached)]
        assert order.index(crowded) > 20
        assert f"photo {crowded}: 10000 of {COUNT // 2}." in caplog.text
        assert len(infos(tmp_path)[crowded]["comments"]) == COUNT
        database = sqlite3.connect(tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite")
        with database:
            database.execute("UPDATE photos SET info_status = 1 WHERE id = ?", (crowded,))
        database.close()
        run.flickr.reset_counters()
        assert (await run(info_only=True, info_level=2)).infos == 1
        assert run.flickr.calls[method] == 0
        assert len(infos(tmp_path)[crowded]["comments"]) == COUNT
        assert threads
        assert threading.main_thread().name not in threads
