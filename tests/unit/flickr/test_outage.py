"""Outages of servers: their beginning and end are reported, and unsent calls are not counted."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
from aiohttp import web

from flickr_mirror import ApiBudget, AsyncFlickrApi, ImageGoneError, Limits, PhotostreamMirror, TransportError
from flickr_mirror.cli.run_view import RunView
from flickr_mirror.cli.runner import run_mirror
from flickr_mirror.engine.mirror_run import MirrorRun
from flickr_mirror.flickr.http_client import HttpClient
from flickr_mirror.flickr.outage import OutageMonitor
from flickr_mirror.flickr.rate_limiter import MemoryLedger
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.events import Event, OutageBegan, OutageEnded
from flickr_mirror.models.options import MirrorOptions
from flickr_mirror.models.timing import Timing
from flickr_mirror.storage.call_ledger import CallLedgerFile
from tests.support import canary
from tests.support.mirroring import mirroring
from tests.support.timing import FAST

SILENT = Timing().outage_after

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    """A clock that only the test advances."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def fail(silence: OutageMonitor, reason: str = "refused", *, reached: bool = False) -> None:
    """Make a failed request."""
    with pytest.raises(TransportError), silence.asking():
        raise TransportError(reason) from (None if reached else OSError())


def test_a_refusing_server_is_reported_once_within_ten_seconds() -> None:
    """The attempts fail one by one: one report after nine seconds, one after an answer."""
    clock = Clock()
    silence, events = OutageMonitor("api", clock=clock), []
    for _ in range(50):
        fail(silence)
        clock.now += 0.5
        if event := silence.next_event():
            events.append((clock.now, event))
    assert events == [(100 + SILENT, OutageBegan("api", SILENT, "refused", reached=False))]
    assert silence.seconds == 25
    with silence.asking():
        pass
    assert silence.next_event() == OutageEnded("api", 25)
    assert silence.next_event() is None
    assert (silence.seconds, silence.reason) == (0, "")


def test_a_silent_server_is_reported() -> None:
    """A request without an answer counts as silence; received bytes end it."""
    clock = Clock()
    silence = OutageMonitor("images", clock=clock)
    with silence.asking() as received:
        clock.now += SILENT - 1
        assert silence.next_event() is None
        received()
        clock.now += SILENT - 1
        assert silence.next_event() is None
        clock.now += 1
        assert silence.next_event() == OutageBegan("images", SILENT, "", reached=False)
        assert silence.in_flight == 1
    assert silence.next_event() == OutageEnded("images", SILENT + SILENT - 1 - (SILENT - 1))
    assert silence.in_flight == 0


def test_without_requests_there_is_no_outage() -> None:
    """The time before a request, and long after the last one, does not count as an outage."""
    clock = Clock()
    silence = OutageMonitor("api", clock=clock)
    clock.now += 3600
    assert silence.next_event() is None
    with silence.asking():
        clock.now += 1
    clock.now += 3600
    assert silence.next_event() is None
    fail(silence)
    clock.now += 3
    assert silence.seconds == 3
    clock.now += 3600
    assert (silence.seconds, silence.next_event()) == (0, None)
    fail(silence)
    clock.now += 2
    assert silence.seconds == 2


@pytest.mark.parametrize("refusal", [ImageGoneError("gone", 404), None])
def test_one_answer_among_many_requests_ends_the_silence(refusal: ImageGoneError | None) -> None:
    """While other requests hang, any answer shows that the server works; then the time restarts."""
    clock = Clock()
    silence = OutageMonitor("images", clock=clock)
    with silence.asking():
        clock.now += SILENT - 1
        if refusal:
            with pytest.raises(ImageGoneError), silence.asking():
                raise refusal
        else:
            with silence.asking():
                pass
        clock.now += SILENT - 1
        assert silence.next_event() is None
        clock.now += 1
        assert silence.next_event() is not None


def test_the_sentences_of_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    """The log has warnings with the reason and the duration."""
    with caplog.at_level(logging.WARNING, "flickr_mirror"):
        log_events(OutageBegan("api", 12.2, "api.flickr.com: ConnectError.", reached=False))
        log_events(OutageBegan("images", 9, "", reached=False))
        log_events(OutageBegan("api", 9, "api.flickr.com answered HTTP 503.", reached=True))
        log_events(OutageEnded("api", 192))
    assert [record.getMessage() for record in caplog.records] == [
        "No answer from Flickr for 12 s, trying again (api.flickr.com: ConnectError).",
        "No answer from Flickr's image servers for 9 s, still waiting.",
        "No usable answer from Flickr for 9 s, trying again (api.flickr.com answered HTTP 503).",
        "Flickr answers again, after 3 min 12 s.",
    ]


def closed_port() -> int:
    """Return a port on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_an_unsent_call_is_not_counted(tmp_path: Path, kind: str) -> None:
    """Refused connections use no call of the hour, and are not in the report."""
    ledger = MemoryLedger() if kind == "memory" else CallLedgerFile(tmp_path / "calls")
    budget = ApiBudget(calls_per_second=10_000, ledger=ledger)
    url = f"http://127.0.0.1:{closed_port()}/"
    async with AsyncFlickrApi(
        "k", "s", budget=budget, api_url=url, limits=Limits(attempts=5, timing=FAST)
    ) as api:
        with pytest.raises(TransportError):
            await api.find_user("x")
        assert (budget.used, api.calls) == (0, {})
    if kind == "file":
        other = CallLedgerFile(tmp_path / "calls")
        assert other.take(other.now(), 1) == 0
        assert other.used == 1


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (httpx.ConnectError("no route to host"), 0),
        (httpx.ConnectTimeout("too long"), 0),
        (httpx.ProxyError("407"), 0),
        (httpx.ReadTimeout("silent"), 3),
        (httpx.ReadError("reset"), 3),
        (httpx.RemoteProtocolError("hung up"), 3),
    ],
)
async def test_only_calls_that_may_have_been_sent_are_counted(error: Exception, counted: int) -> None:
    """A call that was sent counts, answered or not: Flickr may have counted it."""

    def refuse(_: httpx.Request) -> httpx.Response:
        raise error

    budget = ApiBudget(calls_per_second=10_000)
    transport = HttpClient(
        canary.KEY,
        budget=budget,
        limits=Limits(attempts=3, timing=FAST),
        api_transport=httpx.MockTransport(refuse),
    )
    async with AsyncFlickrApi(canary.KEY, "s", http_client=transport) as api:
        with pytest.raises(TransportError):
            await api.find_user("x")
        assert (budget.used, sum(api.calls.values())) == (counted, counted)


@pytest.mark.usefixtures("one_language")
async def test_the_start_and_the_end_of_an_outage_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run reports an outage while it lasts, and its end."""
    clock, reported = Clock(), anyio.Event()
    monkeypatch.setitem(OutageMonitor.__init__.__kwdefaults__, "clock", clock)  # type: ignore[arg-type]
    async with mirroring(tmp_path, 12) as run:

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.path.endswith(".jpg") and not reported.is_set():
                clock.now += SILENT
                await reported.wait()
            return None

        def observe(event: Event) -> None:
            run.events.append(event)
            if isinstance(event, OutageBegan) and event.server == "images":
                reported.set()

        run.flickr.intercept = intercept
        run.limits = replace(run.limits, timing=replace(FAST, outage_poll=0.01))
        with anyio.fail_after(30):
            report = await run.mirror(observe, image_only=True).run()
    assert (report.images, report.unanswered) == (12, "")
    began, ended = (
        [event for event in run.events_of(kind) if event.server == "images"]
        for kind in (OutageBegan, OutageEnded)
    )
    assert len(began) == len(ended) == 1
    assert ended[0].seconds >= began[0].seconds >= SILENT


@pytest.fixture
def limit_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach a time limit when a server has failed to answer, on a machine of any speed."""
    stop_after = MirrorRun._stop_after

    async def stop_after_failure(run: MirrorRun, _: object, limit: str) -> None:
        async def failure() -> None:
            while not any(monitor.reason for monitor in run._session.outages):  # noqa: ASYNC110
                await anyio.sleep(0.01)

        await stop_after(run, failure, limit)

    monkeypatch.setattr(MirrorRun, "_stop_after", stop_after_failure)


@pytest.mark.usefixtures("limit_after_a_failure")
async def test_a_limit_does_not_hide_an_outage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If --max-duration is shorter than the attempts, the last message has the reason, and the exit code is 75."""
    options = MirrorOptions(cache_path=tmp_path, api_url=f"http://127.0.0.1:{closed_port()}/")
    view = RunView(options)
    mirror = PhotostreamMirror(
        "x", "k", "s", options=options, limits=Limits(max_duration=0.5), observer=view, budget=ApiBudget()
    )
    assert await run_mirror(mirror, view) == 75
    said = capsys.readouterr().err
    assert "No answer from Flickr for " in said
    assert "ConnectError" in said
    assert " api_calls=0 " in said


@pytest.mark.usefixtures("one_language", "limit_after_a_failure")
async def test_a_limit_names_a_server_with_an_outage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If Flickr answered before, the limit ended the run, and the last message names the outage."""
    async with mirroring(tmp_path, 12) as run:

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            return web.Response(status=503) if request.path.endswith(".jpg") else None

        run.flickr.intercept = intercept
        run.limits = Limits(max_duration=1.0)
        view = RunView(MirrorOptions(cache_path=tmp_path))
        assert await run_mirror(run.mirror(view, image_only=True), view) == 8
    said = capsys.readouterr().err
    assert "No usable answer from Flickr's image servers for " in said
    assert "HTTP 503" in said
