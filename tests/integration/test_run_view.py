"""The output of a run: its estimate, lines of JSON, one last line, at the requested verbosity."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import jsonschema
import pytest
from aiohttp import web

from flickr_mirror import CachingStrategy, Limits, MirrorOptions, MirrorReport
from flickr_mirror.cli.output.console import OutputOptions, console, set_up
from flickr_mirror.cli.output.summary import summary_line, summary_of, summary_sentence
from flickr_mirror.cli.run_messages import MAX_FAILURES_SHOWN
from flickr_mirror.cli.run_view import RunView
from flickr_mirror.cli.runner import run_mirror
from flickr_mirror.flickr.rate_limiter import ApiBudget, MemoryLedger
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.events import Event, ImageStarted, RunPlanned, Watching
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.simulator import Disturbance, Kind
from flickr_mirror.simulator.fault_plan import MIXES
from tests.support.command import tree
from tests.support.event_schema import FILE, schema
from tests.support.mirroring import Run, answering, mirroring
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = jsonschema.Draft202012Validator(
    json.loads(FILE.read_text()), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)


@pytest.fixture(autouse=True)
def restore_log() -> Iterator[None]:
    """Undo the set-up of the log and the console by a command."""
    logger = logging.getLogger("flickr_mirror")
    before = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.level, logger.propagate = before
    console.is_quiet = False


async def run_command(run: Run, shown: OutputOptions, **options: Any) -> int:
    """Run as the command does, and return the exit code."""
    set_up(shown)
    view = RunView(MirrorOptions(cache_path=run.root, **options), shown)
    return await run_mirror(run.mirror(observer=view, **options), view)


def missing() -> web.Response:
    """Answer 404."""
    return web.Response(status=404)


def lines_of(text: str) -> list[dict[str, Any]]:
    """Return lines of JSON, each of which is valid by the schema."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        SCHEMA.validate(line)
    return lines


# JSON


def test_the_schema_is_that_of_the_events() -> None:
    """The schema in the documentation is that of the code; `python -m tests.support.event_schema` writes it."""
    assert json.loads(FILE.read_text()) == json.loads(json.dumps(schema()))


@pytest.mark.usefixtures("one_language")
async def test_events_are_lines_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json writes events to standard output, the summary last, which is also saved in the mirror."""
    async with mirroring(tmp_path, 5) as run:
        code = await run_command(run, OutputOptions(as_json=True), info_level=2)
    lines = lines_of(capsys.readouterr().out)
    assert code == 0
    kinds = [line["event"] for line in lines]
    assert kinds[0] == "run_started"
    assert kinds.count("image_cached") == kinds.count("info_cached") == 5
    summary = lines[-1]
    assert summary["event"] == "summary"
    assert (summary["new"], summary["failed"], summary["exit"]) == (5, 0, 0)
    kept = json.loads((tmp_path / run.stream.username / ".flickr_mirror" / "last-run.json").read_text())
    assert kept == {name: value for name, value in summary.items() if name not in ("event", "time")}


@pytest.mark.usefixtures("one_language", "one_tls_context")
@pytest.mark.parametrize("kind", [*MIXES, "no answer at all"])
async def test_json_follows_the_schema_after_any_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Every line is valid under every fault, and the last is a summary with the exit code."""
    mix = {kind: MIXES[kind]} if kind in MIXES else MIXES
    faults = Disturbance(0.3 if kind in MIXES else 1.0, mix=mix)
    async with mirroring(tmp_path, 12, faults=faults) as run:
        code = await run_command(run, OutputOptions(as_json=True), info_level=2)
    *_, summary = lines_of(capsys.readouterr().out)
    assert faults.counts
    assert summary["event"] == "summary"
    assert summary["exit"] == code
    assert summary["failed"] == len(summary["failures"])
    assert bool(summary["error"]) == (code == 75)


async def test_progress_is_also_reported_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A `status` line each minute is valid, with and without an estimate."""
    view = RunView(MirrorOptions(cache_path=tmp_path), OutputOptions(as_json=True))
    assert view._json
    view._json.status(view.stats)
    (line,) = lines_of(capsys.readouterr().out)
    assert line["event"] == "status"
    assert line["eta_seconds"] is None


async def test_a_closed_pipe_does_not_end_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`mirror_flickr --json | head -1`: the run continues without further output."""

    class Closed:
        def write(self, _: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Closed())
    async with mirroring(tmp_path, 3) as run:
        assert await run_command(run, OutputOptions(as_json=True), image_only=True) == 0
    assert len(list(tmp_path.rglob("*.jpg"))) == 3


# The estimate


@pytest.mark.slow
@pytest.mark.usefixtures("one_language", "one_tls_context")
@pytest.mark.parametrize(
    ("count", "options", "settings"),
    [
        (30, {"info_level": 1}, {}),
        (300, {"info_level": 2}, {"commented": 0.25}),
        (1200, {"info_level": 2}, {"commented": 0.1}),
        (60, {"image_only": True}, {"videos": 6}),
    ],
    ids=["few", "comments", "pages", "videos"],
)
async def test_the_announced_calls_are_the_calls_made(
    tmp_path: Path, count: int, options: dict[str, Any], settings: dict[str, Any]
) -> None:
    """--dry-run predicts the calls of the run within 5 %, and writes nothing."""
    videos = settings.pop("videos", 0)
    async with mirroring(tmp_path / "cache", count, image_dims=(48, 36), **settings) as run:
        for _ in range(videos):
            run.stream.upload(kind=Kind.VIDEO)
        count += videos
        plan = await run.mirror(**options).estimate()
        assert not tree(tmp_path)
        assert (plan.photos, plan.mirrored) == (count, 0)
        asked = sum(run.flickr.calls.values())
        report = await run(**options)
        assert not report.failures
        assert abs(plan.calls - report.api_calls) <= max(0.05 * report.api_calls, 1)
        assert asked <= 8

        again = await run.mirror(**options).estimate()
        assert (again.photos, again.mirrored) == (count, count)
        before = tree(tmp_path)
        rerun = await run(**options)
        assert again.calls == rerun.api_calls == 2
        assert before.keys() == tree(tmp_path).keys()


@pytest.mark.usefixtures("one_language")
async def test_a_run_announces_its_calls_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before an image is fetched, a run prints the numbers of photos, mirrored photos, calls and hours."""
    async with mirroring(tmp_path, 20, commented=0.5) as run:
        await run(image_only=True)
        assert [type(event) for event in run.events].index(RunPlanned) < [
            type(event) for event in run.events
        ].index(ImageStarted)
        first, last = run.events_of(RunPlanned)
        assert (first.exact, last.exact) == (False, True)
        await run_command(run, OutputOptions(), info_level=2)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("plan ")]
    commented = sum(bool(run.stream.photo(photo_id).comments) for photo_id in run.stream.ids)
    assert re.fullmatch(
        rf'plan user="\S+" nsid=\S+ photos=20 mirrored=0 calls={commented} hours=0\.0001', line
    )


@pytest.mark.parametrize(
    ("used", "calls", "seconds"),
    [(0, 100, 10), (0, 3600, 360), (0, 7200, 3960), (3600, 1800, 3420), (3600, 0, 0), (1800, 5400, 3780)],
)
async def test_hours_are_those_of_the_budget(used: int, calls: int, seconds: float) -> None:
    """Calls within this hour's limit are fast, others take hours; calls of other runs with the key count."""
    ledger = MemoryLedger()
    ledger.stamps = [1000 + number / 10 for number in range(used)]
    budget = ApiBudget(3600, 10, ledger=ledger, utc=lambda: 1360.0)
    assert budget.used == used
    assert budget.seconds_for(calls) == pytest.approx(seconds, abs=1)


# The log


@pytest.mark.usefixtures("one_language")
async def test_a_log_names_each_photo_by_its_id_and_its_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A search for an id finds the outcome and the files' name; the specified lines do not change."""
    caplog.set_level(logging.INFO, "flickr_mirror")
    async with mirroring(tmp_path, 3) as run:
        bad, *good = run.stream.ids
        answering(run, f"/{bad}_", missing, forever=True)
        await run.mirror(log_events, info_level=1).run()
        lines = [record.getMessage() for record in caplog.records]
        for photo_id in good:
            name = f"{photo_id} ({inventory_number(photo_id)})"
            size = len(run.flickr.file(photo_id))
            assert f"Photo {name}: image cached, {size} bytes received." in lines
            assert f"Photo {name}: information cached." in lines
        (failed,) = [line for line in lines if f"Photo {bad} ({inventory_number(bad)}), image: " in line]
        assert "404" in failed
        for photo_id in run.stream.ids:
            number = inventory_number(photo_id)
            assert lines.count(f"Caching image of photo {number}...") == 1
            assert lines.count(f"Caching information of photo {number}...") == 1


# The last line, and the verbosity


@pytest.mark.usefixtures("one_language")
async def test_the_last_line_contains_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line has the names of the summary; photos mirrored before count as skipped."""
    async with mirroring(tmp_path, 4) as run:
        await run_command(run, OutputOptions())
        run.stream.upload(1)
        await run_command(run, OutputOptions())
        first, second = [line for line in capsys.readouterr().err.splitlines() if line.startswith("done ")]
        assert " new=4 updated=0 skipped=0 failed=0 gone=0 images=4 infos=4 " in first
        assert " new=1 updated=0 skipped=4 failed=0 gone=0 images=1 infos=1 " in second
        assert second.endswith(" exit=0")
        assert " mirrored=4 left=0 " in first
        assert " mirrored=5 left=0 " in second
    summary = summary_of(MirrorReport(username="x"), 0)
    names = [part.partition("=")[0] for part in summary_line(summary).split()[1:]]
    assert set(names) <= set(summary)


@pytest.mark.usefixtures("one_language")
async def test_a_limited_run_counts_mirrored_and_remaining_photos(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A whole page is listed, so `new` counts all of it; `mirrored` and `left` distinguish them."""
    async with mirroring(tmp_path, 20) as run:
        run.limits = Limits(max_photos=6, image_workers=4, timing=FAST)
        assert await run_command(run, OutputOptions(), info_level=1) == 8
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("done ")]
    assert " new=20 " in line
    assert " mirrored=6 left=14 exit=8" in line


@pytest.mark.usefixtures("one_language")
@pytest.mark.parametrize("is_terminal", [True, False])
async def test_messages_for_people_are_sentences(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_terminal: bool,
) -> None:
    """On a terminal the plan and the end are sentences too, and the line for scripts comes last."""
    monkeypatch.setattr(console, "_force_terminal", is_terminal)
    monkeypatch.setattr(console, "_width", 400)
    async with mirroring(tmp_path, 20) as run:
        run.limits = Limits(max_photos=6, image_workers=4, timing=FAST)
        await run_command(run, OutputOptions(progress=False), image_only=True)
    *said, last = capsys.readouterr().err.splitlines()
    words = " ".join(said)
    assert ("20 of 20 photos are left to mirror, with 0 API calls." in words) is is_terminal
    assert ("6 of 20 listed photos are mirrored, 14 are left." in words) is is_terminal
    assert last.startswith("done ")


def test_the_summary_in_sentences() -> None:
    """Counts agree with their nouns, and a run that opened no mirror prints no summary."""
    report = MirrorReport(
        username="x",
        folder=Path("/m/x"),
        images=1,
        infos=2,
        bytes=2_500_000,
        api_calls=1,
        mirrored=3,
        seconds=75,
    )
    assert summary_sentence(summary_of(report, 0)) == (
        "x: All 3 listed photos are mirrored. This run downloaded 1 image and information of 2 photos (2.5 MB) with 1 "
        "API call in 1 min 15 s. The mirror is in /m/x."
    )
    assert summary_sentence(summary_of(MirrorReport(username="x"), 75)) == ""


@pytest.mark.usefixtures("one_language")
async def test_failures_fit_on_a_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first failed photos are listed with their reason and next try, and the number of the others."""
    async with mirroring(tmp_path, MAX_FAILURES_SHOWN + 5) as run:
        answering(run, "/65535/", missing, forever=True)
        assert await run_command(run, OutputOptions(), image_only=True) == 3
    text = capsys.readouterr().err
    assert len(re.findall(r"^Failed: photo \d+, image: .*404", text, re.MULTILINE)) == MAX_FAILURES_SHOWN
    assert "Failed: 5 more." in text
    assert " failed=25 " in text


@pytest.mark.usefixtures("one_language")
async def test_quiet_prints_nothing_after_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-q prints nothing at exit code 0, and otherwise one line: the failure, or why the run ended."""
    quiet = OutputOptions(quiet=True)
    async with mirroring(tmp_path, 3) as run:
        assert await run_command(run, quiet) == 0
        assert capsys.readouterr() == ("", "")

        run.stream.upload(1)
        answering(run, f"/{run.stream.ids[0]}_", missing, forever=True)
        assert await run_command(run, quiet) == 3
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("done ")
        assert " failed=1 " in line

        run.flickr.faults = Disturbance(1.0, mix={"hang-up": MIXES["hang-up"]})
        assert await run_command(run, quiet) == 75
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("mirror_flickr: ")


@pytest.mark.parametrize(
    ("shown", "is_terminal", "level"),
    [
        (OutputOptions(), False, logging.INFO),
        (OutputOptions(), True, logging.WARNING),
        (OutputOptions(verbose=True), True, logging.INFO),
        (OutputOptions(verbose=True), False, logging.DEBUG),
        (OutputOptions(quiet=True), True, logging.CRITICAL),
        (OutputOptions(debug=1, verbose=True), True, logging.ERROR),
    ],
)
def test_log_levels(
    monkeypatch: pytest.MonkeyPatch, shown: OutputOptions, *, is_terminal: bool, level: int
) -> None:
    """A terminal has the live view and by default no line for each photo; a log is complete."""
    monkeypatch.setattr(console, "_force_terminal", is_terminal)
    assert shown.level == level


@pytest.mark.usefixtures("one_language")
async def test_a_log_has_a_heartbeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal a line each minute shows the progress; -q has none."""
    beats = 0

    async def a_minute(seconds: float) -> None:
        nonlocal beats
        assert seconds == 60
        beats += 1
        if beats > 1:
            await anyio.sleep_forever()

    monkeypatch.setattr("flickr_mirror.cli.run_view.anyio.sleep", a_minute)
    for shown in (OutputOptions(), OutputOptions(quiet=True)):
        beats = 0
        set_up(shown)
        with anyio.move_on_after(0.05):
            await RunView(MirrorOptions(cache_path=tmp_path), shown).run_heartbeat()
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"[-\d]+ [:,\d]+ \[INFO\] looking up the account: 0/0 images \(0%\), .*this hour", line
    )


@pytest.mark.slow
@pytest.mark.usefixtures("one_language", "one_tls_context")
async def test_the_estimate_of_a_run_without_news(tmp_path: Path) -> None:
    """Mirrored photos need no calls, for any length of the photostream; a due full scan is counted."""
    async with mirroring(tmp_path, 1200, image_dims=(48, 36)) as run:
        await run(info_only=True, full_scan=True)
        await run(info_only=True)
        assert [plan.calls for plan in run.events_of(RunPlanned)] == [0, 0]
        due = await run.mirror(info_only=True, full_scan_every=0.001).estimate()
        report = await run(info_only=True, full_scan_every=0.001)
        assert due.calls == report.api_calls


@pytest.mark.usefixtures("one_language", "one_tls_context")
@pytest.mark.parametrize(
    "options", [{"strategy": CachingStrategy.FIFO}, {"since": datetime(2000, 1, 1, tzinfo=UTC)}]
)
async def test_an_unknown_estimate_is_left_out(tmp_path: Path, options: dict[str, Any]) -> None:
    """If the first page lacks the number of photos, the calls are announced after the listing."""
    async with mirroring(tmp_path, 600, image_dims=(48, 36)) as run:
        await run(info_only=True, **options)
        (plan,) = run.events_of(RunPlanned)
    assert (plan.exact, plan.photos, plan.calls) == (True, 600, 0)


@pytest.mark.usefixtures("one_language")
async def test_the_report_of_each_poll_has_the_failures(tmp_path: Path) -> None:
    """A failed photo is in the report after each poll, not only at the end of the watch."""
    seen = []
    async with mirroring(tmp_path, 3) as run:
        answering(run, f"/{run.stream.ids[0]}_", lambda: web.Response(status=500), forever=True)

        def observe(event: Event) -> None:
            if isinstance(event, Watching):
                seen.append((len(mirror.report.failures), mirror.report.known))
                if len(seen) == 2:
                    mirror.stop()

        mirror = run.mirror(observe, image_only=True)
        await mirror.watch(1)
    assert seen == [(1, 3), (1, 3)]


async def test_an_embedding_program_can_read_the_progress(tmp_path: Path) -> None:
    async with mirroring(tmp_path, 12) as run:
        seen = []

        def observe(event: Event) -> None:
            seen.append((event.as_json(), mirror.progress))

        mirror = run.mirror(observe)
        await mirror.run()
    events = [document["event"] for document, _ in seen]
    assert events[0] == "run_started"
    assert json.dumps([document for document, _ in seen])
    last = mirror.progress
    assert (last.done, last.total, last.images_left, last.infos_left, last.failed) == (12, 12, 0, 0, 0)
    assert last.bytes == mirror.report.bytes
    halves = [progress.done for _, progress in seen]
    assert halves == sorted(halves)
