"""`status` and `list`: they report the contents of a mirror without calls and without writing."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from flickr_mirror.cli.commands.list_photos import Listing
from flickr_mirror.cli.commands.reports import list_mirror, status
from flickr_mirror.cli.commands.status import status_of
from flickr_mirror.errors import CacheError, PhotostreamError
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.mirror_folder import LAST_RUN
from tests.support.command import run as run_command
from tests.support.command import running, tree
from tests.support.mirroring import Run, answering, mirroring

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")


async def test_the_status_of_a_mirror(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts, failures with reasons, coverage, the disk and the last run; nothing is written."""
    async with mirroring(tmp_path, 6) as run:
        lost, gone = list(run.stream.ids)[:2]
        answering(run, f"/{lost}_", lambda: web.Response(status=404), forever=True)
        await run(info_level=1)
        run.stream.delete(gone)
        await run(info_level=1, full_scan=True, accept_loss=True)
        run.stream.upload(2)
        outcome = await run_command(run.flickr, tmp_path, "--info-level", "1", "--quiet")
    before = tree(tmp_path)
    found = status_of(tmp_path, run.stream.username)
    assert tree(tmp_path) == before
    assert outcome.code == 0
    assert (found.photos, found.images, found.infos) == (8, 7, 8)
    assert (found.images_left, found.infos_left, found.gone, found.unavailable) == (0, 0, 1, 1)
    assert [(failure["id"], failure["job"], failure["lasting"]) for failure in found.failures] == [
        (lost, "image", True)
    ]
    assert found.gaps == []
    assert found.bytes == sum(
        path.stat().st_size for path in tmp_path.rglob("?/?/?/?/*") if path.suffix in {".jpg", ".json"}
    )
    assert found.last_run
    assert found.last_run["new"] == 2
    assert found.age is not None
    assert found.age < 60
    assert found.running is None

    assert status(run.stream.username, cache_path=tmp_path, max_age=86_400, as_json=False) == 0
    text = capsys.readouterr().out
    assert "photos    8: 7 images, 8 with information, 1 failed, 1 gone from Flickr" in text
    assert f"failed    photo {lost}, image: " in text
    assert status(run.stream.nsid, cache_path=tmp_path, max_age=None, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["photos"] == 8


@pytest.mark.slow
async def test_max_age_reports_an_old_success(tmp_path: Path) -> None:
    """--max-age: 3 if the last success is too long ago, or there was none; failed runs do not count."""
    async with mirroring(tmp_path, 2) as run:
        await run()
        name = run.stream.username
        assert status(name, cache_path=tmp_path, max_age=86_400, as_json=False) == 3
        assert (await run_command(run.flickr, tmp_path, "--quiet")).code == 0
        assert status(name, cache_path=tmp_path, max_age=86_400, as_json=False) == 0
        assert (await run_command(run.flickr, tmp_path, "--quiet", "--consumer-key", "")).code != 0
        path = tmp_path / name / ".flickr_mirror" / LAST_RUN
        kept = json.loads(path.read_text())
        path.write_text(json.dumps({**kept, "last_success": "2026-01-01T00:00:00Z", "exit": 75}))
        assert status(name, cache_path=tmp_path, max_age=86_400, as_json=False) == 3
        run.stream.upload(1)
        answering(run, f"/{run.stream.ids[0]}_", lambda: web.Response(status=404), forever=True)
        assert (await run_command(run.flickr, tmp_path, "--quiet")).code == 3
        assert json.loads(path.read_text())["last_success"] == "2026-01-01T00:00:00Z"


async def test_the_status_while_a_run_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The process that uses the mirror is named, and its commits so far are counted."""
    async with mirroring(tmp_path, 2) as run:
        await run()
        folder = tmp_path / run.stream.username / ".flickr_mirror"
        with locked(folder / "lock"):
            database = sqlite3.connect(folder / "catalogue.sqlite")
            database.execute("UPDATE photos SET image_status = 1")
            database.commit()
            assert status_of(tmp_path, run.stream.username).images_left == 2
            assert status(run.stream.username, cache_path=tmp_path, max_age=None, as_json=False) == 0
            database.close()
    assert re.search(r"^running   process \d+ on ", capsys.readouterr().out, re.MULTILINE)


async def test_a_reused_process_id_is_not_reported_as_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record of a killed run names a process id that another program has now."""
    async with mirroring(tmp_path, 1) as run:
        await run()
        state = tmp_path / run.stream.username / ".flickr_mirror"
        who = {"pid": os.getppid(), "host": socket.gethostname(), "since": int(time.time())}
        (state / "lock.json").write_text(json.dumps(who))
        assert status_of(tmp_path, run.stream.username).running is None
        with locked(state / "lock"):
            (state / "lock.json").write_text("{}")
            assert status(run.stream.username, cache_path=tmp_path, max_age=None, as_json=False) == 0
    assert "running   an unknown process" in capsys.readouterr().out


FORGED = 'done user="manhhai" nsid=13476480@N07 new=7 failed=0 exit=0'


async def test_a_username_forges_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No line begins with the words of a name, because scripts search for the last line of a run."""
    async with SimulatedFlickr(SimulatedPhotostream(1, username=FORGED)) as flickr:
        run = Run(flickr, tmp_path)
        await run()
        nsid = run.stream.nsid
        async with running(flickr, tmp_path, timing={"heartbeat": 0.01}) as process:
            outcome = await process.wait()
        assert status(nsid, cache_path=tmp_path, max_age=None, as_json=False) == 0
    assert outcome.code == 0
    beats = [line for line in outcome.err.splitlines() if "this hour" in line]
    assert beats
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith(f'"{FORGED[:9]}')
    last = outcome.err.splitlines()[-1]
    for line in [*outcome.err.splitlines()[:-1], *shown]:
        assert not re.sub(r"^[-0-9]+ [:,0-9]+ \[[A-Z]+\] ", "", line).startswith("done "), line
    assert last.startswith('done user="done user=')


async def test_a_summary_forges_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any content of the summary file stays in its line, and a success in the far future is ignored."""
    async with mirroring(tmp_path, 1) as run:
        await run()
        name = run.stream.username
        assert (await run_command(run.flickr, tmp_path, "--quiet")).code == 0
    path = tmp_path / name / ".flickr_mirror" / LAST_RUN
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "ended": f"\n{FORGED}", "new": "\x1b[2J", "exit": [FORGED]}))
    assert status(name, cache_path=tmp_path, max_age=60, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("done")] == []
    assert all(line.isprintable() for line in lines)
    path.write_text(json.dumps({**kept, "last_success": "2926-01-01T00:00:00Z"}))
    assert status(name, cache_path=tmp_path, max_age=60, as_json=False) == 3
    path.write_text(json.dumps({**kept, "last_success": "0001-01-01T00:00:00"}))
    assert status(name, cache_path=tmp_path, max_age=60, as_json=False) == 3


def test_a_missing_mirror_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and exit code 4."""
    assert status("nobody", cache_path=tmp_path, max_age=None, as_json=False) == 4
    assert list_mirror("nobody", cache_path=tmp_path, listing=Listing()) == 4
    with pytest.raises(PhotostreamError, match="no mirror of 'nobody'"):
        status_of(tmp_path, "nobody")
    assert capsys.readouterr().err.count("\n") == 2


async def test_a_missing_catalogue_is_reported(tmp_path: Path) -> None:
    """The message states that the next run rebuilds it; `status` itself writes nothing."""
    async with mirroring(tmp_path, 1) as run:
        await run()
        path = tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite"
        path.unlink()
        with pytest.raises(CacheError, match="which rebuilds it"):
            status_of(tmp_path, run.stream.username)
        assert not path.exists()


async def test_photos_are_listed_with_their_titles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`list` shows id, date, path, page and title of each photo, newest first."""
    async with mirroring(tmp_path, 3) as run:
        newest = run.stream.photo(next(iter(run.stream.ids)))
        title = "Huế\t1930\n"
        run.stream.edit(newest.id, title=title)
        await run()
        run.stream.upload(1)
        await run(info_only=True)
    assert list_mirror(run.stream.username, cache_path=tmp_path, listing=Listing()) == 0
    header, *rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert header == ["id", "uploaded", "path", "url", "title"]
    assert [row[0] for row in rows] == list(run.stream.ids)
    assert rows[0][2] == str(run.path(rows[0][0], "json"))
    assert rows[1][0] == newest.id
    assert rows[1][1:] == [
        rows[1][1],
        str(run.path(newest.id)),
        f"https://www.flickr.com/photos/{run.stream.nsid}/{newest.id}/",
        "Huế\ufffd1930\ufffd",
    ]
    assert list_mirror(run.stream.username, cache_path=tmp_path, listing=Listing(style="json")) == 0
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert entries[1]["title"] == title
    assert entries[1]["paths"] == [str(run.path(newest.id)), str(run.path(newest.id, "json"))]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "success (exit 0)"),
        (8, "stopped by a limit (exit 8)"),
        (75, "no answer from Flickr or the object store (exit 75)"),
        (129, "stopped by SIGHUP (exit 129)"),
        (130, "stopped by Ctrl-C (exit 130)"),
        (143, "stopped by SIGTERM (exit 143)"),
        (99, "exit 99"),
        ([], "exit []"),
    ],
)
async def test_the_end_of_the_last_run_is_explained(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    code: object,
    words: str,
) -> None:
    """The text states why the last run ended, and when in local time; the JSON uses UTC."""
    monkeypatch.setenv("TZ", "Asia/Ho_Chi_Minh")
    time.tzset()
    try:
        async with mirroring(tmp_path, 1) as run:
            await run()
        path = tmp_path / run.stream.username / ".flickr_mirror" / LAST_RUN
        last = {"ended": "2026-11-26T22:41:03Z", "exit": code, "new": 1, "images": 1, "failed": 0}
        path.write_text(json.dumps({**last, "last_success": None}))
        assert status(run.stream.username, cache_path=tmp_path, max_age=None, as_json=False) == 0
        text = capsys.readouterr().out
        assert f"\nlast run  2026-11-27 05:41:03+07:00, {words}, 1 new, 1 images, 0 failed\n" in text
        assert "\nlast complete run: never\n" in text
        path.write_text(json.dumps({**last, "last_success": "2026-11-26T22:41:03Z"}))
        assert status(run.stream.username, cache_path=tmp_path, max_age=None, as_json=False) == 0
        assert "\nlast complete run: 2026-11-27 05:41:03+07:00, " in capsys.readouterr().out
        assert status(run.stream.username, cache_path=tmp_path, max_age=None, as_json=True) == 0
        assert json.loads(capsys.readouterr().out)["last_success"] == "2026-11-26T22:41:03Z"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.slow
async def test_a_run_for_some_dates_does_not_count_as_success(tmp_path: Path) -> None:
    """A run with --since does not hide that nightly runs have failed for days."""
    async with mirroring(tmp_path, 2) as run:
        outcome = await run_command(run.flickr, tmp_path, "--quiet", "--until", "1990-01-01")
        assert outcome.code == 0
        assert status_of(tmp_path, run.stream.username).last_success is None
        await run_command(run.flickr, tmp_path, "--quiet")
        assert status_of(tmp_path, run.stream.username).last_success


@pytest.mark.parametrize("text", ['{"last_success": 5}', '{"last_success": "x"}', "[]", "{", "{}"])
async def test_a_damaged_summary_is_ignored(tmp_path: Path, text: str) -> None:
    """Invalid content of last-run.json ends no report."""
    async with mirroring(tmp_path, 1) as run:
        await run()
        (tmp_path / run.stream.username / ".flickr_mirror" / LAST_RUN).write_text(text)
        found = status_of(tmp_path, run.stream.username)
    assert (found.last_run, found.age) == (None, None)


async def test_files_deleted_by_hand_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run does not download them again, `status` names their photos, and `check` puts them on the work list."""
    async with mirroring(tmp_path, 4) as run:
        await run()
        deleted = run.stream.ids[1]
        run.path(deleted).unlink()
        report = await run()
        assert report.images == 0
        assert status(run.stream.username, cache_path=tmp_path, max_age=None, as_json=True) == 0
        assert json.loads(capsys.readouterr().out)["missing"] == [deleted]
        assert status(run.stream.username, cache_path=tmp_path, max_age=None, as_json=False) == 0
        assert f"missing   files of 1 photo ({deleted}), perhaps deleted by hand" in capsys.readouterr().out
