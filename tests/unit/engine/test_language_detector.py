"""Tests of `flickr_mirror.engine.language_detector`: languages are detected off the event loop, also after failures."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import wait_all_tasks_blocked

import flickr_mirror
from flickr_mirror import subprocesses
from flickr_mirror.engine import language_detector
from flickr_mirror.engine.language_detector import LanguageDetector
from flickr_mirror.errors import FlickrMirrorError
from flickr_mirror.models import languages
from flickr_mirror.models.languages import ENGLISH, Locale, detect_locale
from tests.support.parameters import with_slow_rest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anyio.abc import Process

PACKAGE = Path(flickr_mirror.__file__).parent

TEXTS = [
    "Sài Gòn 1938 - Nhà thờ Đức Bà nhìn từ đường Catinat",
    "Vue aérienne du port de Saigon dans les années vingt",
    "Street vendors in the early morning light of the old town",
    "Ein schöner Abend am Fluss mit Freunden aus Berlin",
    "Mercado central de Lima durante la fiesta mayor",
    "夜の京都、祇園の小さな通りを歩く人々の写真",
    "Старый город зимой, вид с моста на крепость",
    "上海外滩的清晨，江边散步的老人",
    "두 아이가 바닷가에서 놀고 있는 오래된 사진",
    "منظر قديم لميناء الإسكندرية عند الغروب",
    "ถนนในกรุงเทพฯ ยามค่ำคืน",
    "Η παλιά πόλη της Ρόδου το καλοκαίρι",
    'Line\nbreaks\r\n"quotes" and a \0 in a quite ordinary sentence\u2028of English',
    "half an emoji \ud83d and a lone surrogate \ud800 in a sentence",
    "https://www.flickr.com/photos/manhhai/",
    "DSC_0042.JPG",
    "",
]
FRENCH, RUSSIAN = TEXTS[1], TEXTS[6]


@lru_cache
def expected() -> list[Locale]:
    """Return the languages detected in this process. The first call takes a second."""
    return [detect_locale(text) for text in TEXTS]


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """End a hanging test, not the whole run."""

    def stop(*_: object) -> None:
        pytest.fail("This test hangs.")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """Return the worker processes started so far."""
    processes: list[Process] = []
    open_process = anyio.open_process

    async def recording(*arguments: Any, **options: Any) -> Process:
        processes.append(await open_process(*arguments, **options))
        return processes[-1]

    monkeypatch.setattr(anyio, "open_process", recording)
    return processes


def program(path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the worker's interpreter by a shell script."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))


def until(condition: Callable[[], bool]) -> bool:
    """Return whether `condition` becomes true within 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def is_gone(pid: int) -> bool:
    """Return whether a process has ended; in a container its exit status may not have been collected yet."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except ProcessLookupError:
        return True
    except FileNotFoundError:  # no /proc on macOS, or gone between the two lines
        return Path("/proc").exists()


def worker() -> subprocess.Popen[bytes]:
    """Start a worker as the detector does."""
    command = [sys.executable, "-P", "-m", "flickr_mirror.engine.language_detector"]
    environment = {**subprocesses.environment(), "PYTHONUNBUFFERED": ""}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)


def answer(process: subprocess.Popen[bytes], *texts: str) -> list[str]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(texts).encode() + b"\n")
    process.stdin.flush()
    found: list[str] = json.loads(process.stdout.readline())
    return found


async def test_a_worker_detects_the_same_as_detect_locale(started: list[Process]) -> None:
    """The languages of texts in many scripts are the same as without a worker, in the texts' order."""
    async with LanguageDetector() as detector:
        assert await detector.detect(TEXTS) == expected()

    assert len(started) == 1


@pytest.mark.slow
async def test_same_text_has_the_same_language_in_every_process() -> None:
    """A text has the same locale in every run, after any other texts."""
    async with LanguageDetector() as one, LanguageDetector() as other:
        assert await one.detect(TEXTS) == expected()
        assert await other.detect(TEXTS[::-1]) == expected()[::-1]


@pytest.mark.slow
async def test_many_tasks_get_their_own_answers(started: list[Process]) -> None:
    """Each of many concurrent tasks gets the locales of its own texts; all workers are used."""
    answers: dict[int, list[Locale]] = {}
    texts = [f"{text} {number}" for number in range(8) for text in TEXTS]

    async def ask(number: int) -> None:
        answers[number] = await detector.detect(texts[number:] + texts[:number])

    async with LanguageDetector(2) as detector, anyio.create_task_group() as tasks:
        for number in range(0, len(texts), 9):
            tasks.start_soon(ask, number)

    expected = [detect_locale(text) for text in texts]
    assert answers == {number: expected[number:] + expected[:number] for number in range(0, len(texts), 9)}
    assert len(started) == 2


@pytest.mark.slow
async def test_long_list_is_shared_by_the_workers(started: list[Process]) -> None:
    """The titles of a whole page are detected by all workers together."""
    texts = [f"{text} {number}" for number in range(8) for text in TEXTS]
    async with LanguageDetector(2) as detector:
        assert await detector.detect(texts) == [detect_locale(text) for text in texts]

    assert len(started) == 2


@pytest.mark.slow
async def test_second_worker_is_not_started_for_little_work(started: list[Process]) -> None:
    """Workers that are not needed are not started."""
    async with LanguageDetector(4) as detector:
        for text in TEXTS:
            await detector.detect([text])

    assert len(started) == 1


async def test_no_worker_starts_when_there_is_nothing_to_detect(started: list[Process]) -> None:
    """For titles without letters no worker is started."""
    async with LanguageDetector() as detector:
        assert await detector.detect(["", "1975", "★ 🌊 ★", "--- 12/30 ---"]) == [ENGLISH] * 4
        assert await detector.detect([]) == []

    assert started == []


async def test_a_text_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated titles are detected once, within a call and across calls."""
    travelled: list[str] = []
    exchange = language_detector._Worker._exchange

    async def recording(self: language_detector._Worker, texts: list[str]) -> list[Locale]:
        travelled.extend(texts)
        return await exchange(self, texts)

    monkeypatch.setattr(language_detector._Worker, "_exchange", recording)
    async with LanguageDetector() as detector:
        assert await detector.detect([FRENCH, "1975", FRENCH]) == [Locale("fra"), ENGLISH, Locale("fra")]
        assert await detector.detect([FRENCH, RUSSIAN]) == [Locale("fra"), Locale("rus")]

    assert travelled == [FRENCH, RUSSIAN]


@pytest.mark.slow
async def test_only_the_last_short_texts_are_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of a run does not grow with its titles and comments."""
    monkeypatch.setattr(language_detector, "_REMEMBERED", 3)
    async with LanguageDetector() as detector:
        await detector.detect([*TEXTS[:3], "a very long comment " * 100])
        await detector.detect([TEXTS[0]])
        await detector.detect([TEXTS[3]])

        assert list(detector._remembered) == [TEXTS[2], TEXTS[0], TEXTS[3]]


@pytest.mark.slow
async def test_a_cancelled_call_does_not_affect_the_next_one(started: list[Process]) -> None:
    """After a call was cancelled before its answer, the next call gets its own answer."""
    async with LanguageDetector() as detector:
        await detector.detect(["Hello world"])
        os.kill(started[0].pid, signal.SIGSTOP)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(detector.detect, [FRENCH, "Guten Morgen zusammen"])
            await wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
            cancelled = time.monotonic()
        assert started[0].returncode == -signal.SIGKILL
        assert time.monotonic() - cancelled < language_detector._GRACE

        assert await detector.detect([RUSSIAN, TEXTS[0]]) == [Locale("rus"), Locale("vie")]


@pytest.mark.slow
async def test_a_call_cancelled_while_a_worker_starts_ends_the_worker(started: list[Process]) -> None:
    """A worker without a caller is ended, even if it was just being started."""
    async with LanguageDetector() as detector:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(detector.detect, [FRENCH])
            while detector._idle:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()

        assert [process.returncode for process in started] == [-signal.SIGKILL]


@pytest.mark.slow
async def test_calls_can_be_cancelled_at_any_moment() -> None:
    """After a cancellation at any moment, even while a worker starts, later calls get correct answers."""
    async with LanguageDetector(2) as detector:
        for patience in (0, 0.001, 0.01, 0.05, 0.2, 0.4, 0.6):
            with anyio.move_on_after(patience):
                await detector.detect([f"{text} {patience}" for text in TEXTS * 4])
            assert await detector.detect([f"{FRENCH} {patience}"]) == [Locale("fra")]


@pytest.mark.slow
async def test_killed_worker_is_replaced(started: list[Process], caplog: pytest.LogCaptureFixture) -> None:
    """A worker that is killed during its work causes a warning, and no photo fails."""
    answers: list[Locale] = []

    async def ask() -> None:
        answers.extend(await detector.detect(TEXTS))

    async with LanguageDetector() as detector:
        await detector.detect(["Hello world"])
        os.kill(started[0].pid, signal.SIGSTOP)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await wait_all_tasks_blocked()
            os.kill(started[0].pid, signal.SIGKILL)

    assert answers == expected()
    assert len(started) == 2
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.records[0].name == "flickr_mirror"


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "read line; echo '[\"fra\"]'; exec cat",
        "read line; echo nonsense; exec cat",
        'read line; echo \'["elvish", "eng"]\'; exec cat',
        "exec >&-; read line; exec sleep 1000",
    ],
)
async def test_broken_workers_are_given_up_for_a_thread(
    script: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: list[Process],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """If workers always die or send invalid answers, texts are detected, with few warnings."""
    program(tmp_path / "python", f"echo noise >&2; {script}", monkeypatch)
    monkeypatch.setattr(language_detector, "_GRACE", 0.2)
    async with LanguageDetector() as detector:
        for number in range(10):
            texts = [f"{FRENCH} {number}", f"{RUSSIAN} {number}"]
            assert await detector.detect(texts) == [Locale("fra"), Locale("rus")]

    assert len(started) == 6
    assert [record.name for record in caplog.records] == ["flickr_mirror"] * 9
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
async def test_occasional_failures_do_not_end_the_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[Process]
) -> None:
    """Only failures in a row end the use of workers, because a run may last for days."""
    python = sys.executable
    async with LanguageDetector() as detector:
        for number in range(language_detector._FAILURES + 1):
            if started:
                started[-1].kill()
                await started[-1].wait()
            program(tmp_path / "python", "exit 1", monkeypatch)
            await detector.detect([f"{FRENCH} {number}"])
            monkeypatch.setattr(sys, "executable", python)
            assert await detector.detect([f"{RUSSIAN} {number}"]) == [Locale("rus")]
            assert started[-1].returncode is None


@pytest.mark.parametrize("executable", ["/nonexistent/python", "", None])
async def test_workers_that_cannot_start_are_not_needed(
    executable: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If no process can be started, languages are still detected."""
    monkeypatch.setattr(sys, "executable", executable)
    async with LanguageDetector() as detector:
        assert await detector.detect(TEXTS) == expected()

    assert caplog.records


async def test_a_frozen_program_does_not_start_itself(
    monkeypatch: pytest.MonkeyPatch, started: list[Process]
) -> None:
    """The executable of a frozen program is not used as Python."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    async with LanguageDetector() as detector:
        assert await detector.detect(TEXTS) == expected()

    assert started == []


async def test_a_hanging_worker_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[Process]
) -> None:
    """Its texts are still detected."""
    program(tmp_path / "python", "exec sleep 1000", monkeypatch)
    monkeypatch.setattr(language_detector, "_PATIENCE", 0.05)
    monkeypatch.setattr(language_detector, "_GRACE", 0.05)
    async with LanguageDetector() as detector:
        assert await detector.detect(TEXTS) == expected()

    assert [process.returncode for process in started] == [-signal.SIGKILL] * 2


async def test_a_text_that_breaks_the_detection_is_english(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A text that breaks the detection loses no photo."""

    def fail(text: str) -> Locale:
        raise RecursionError(text)

    monkeypatch.setattr(language_detector, "detect_locale", fail)

    assert await LanguageDetector().detect([FRENCH]) == [ENGLISH]
    assert "Cannot detect the language" in caplog.text
    assert FRENCH not in caplog.text


async def test_unreadable_tables_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 28: too many open files: a text of unknown language is not marked as English."""

    def fail(_: str) -> Locale:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(language_detector, "detect_locale", fail)

    with pytest.raises(FlickrMirrorError, match="Too many open files"):
        await LanguageDetector().detect([FRENCH])


async def test_threads_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a worker, one thread at a time detects, because many would delay the downloads."""
    is_busy = threading.Lock()
    overlaps: list[str] = []

    def slow(text: str) -> Locale:
        if not is_busy.acquire(blocking=False):
            overlaps.append(text)
            return ENGLISH
        time.sleep(0.01)  # long enough for another thread to run
        is_busy.release()
        return ENGLISH

    monkeypatch.setattr(language_detector, "detect_locale", slow)
    detector = LanguageDetector(8)
    async with anyio.create_task_group() as tasks:
        for text in TEXTS:
            tasks.start_soon(detector.detect, [text])

    assert overlaps == []


async def test_language_tables_are_read_outside_of_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer of a worker does not block the downloads while tables are read."""
    readers: list[int] = []
    alpha3 = languages._alpha3

    def recording(code: str) -> str:
        readers.append(threading.get_ident())
        return alpha3(code)

    monkeypatch.setattr(languages, "_alpha3", recording)
    async with LanguageDetector() as detector:
        await detector.detect([FRENCH])

    assert readers[0] != threading.get_ident()
    assert readers[-1] == threading.get_ident()


@pytest.mark.slow
async def test_outside_of_its_context_a_detector_starts_no_process(started: list[Process]) -> None:
    """A detector that is not open detects without a process."""
    detector = LanguageDetector()
    assert await detector.detect([FRENCH]) == [Locale("fra")]
    async with detector:
        assert await detector.detect([RUSSIAN]) == [Locale("rus")]
    assert await detector.detect(TEXTS) == expected()
    assert len(started) == 1

    async with detector:
        assert await detector.detect([f"{RUSSIAN} 2"]) == [Locale("rus")]
    assert len(started) == 2


def test_a_detector_without_workers_is_refused() -> None:
    """An invalid number of workers is refused at once."""
    with pytest.raises(ValueError, match="workers is 1 or more"):
        LanguageDetector(0)


@pytest.mark.parametrize("is_started", with_slow_rest([True, False], True))
async def test_closing_while_a_text_is_detected(is_started: bool, started: list[Process]) -> None:
    """A task that waits while the detector closes gets its answer; the worker is ended within a second."""
    answers: list[Locale] = []

    async def ask() -> None:
        answers.extend(await detector.detect([FRENCH]))

    async with anyio.create_task_group() as tasks:
        async with LanguageDetector() as detector:
            if is_started:
                await detector.detect(["Hello world"])
                os.kill(started[0].pid, signal.SIGSTOP)
            for _ in range(3):
                tasks.start_soon(ask)
            if is_started:
                await wait_all_tasks_blocked()
            while detector._idle:
                await anyio.lowlevel.checkpoint()
            closing = time.monotonic()
        closed = time.monotonic()
        assert [process.returncode for process in started] == [-signal.SIGKILL]

    assert answers == [Locale("fra")] * 3
    assert closed - closing < 1


@pytest.mark.slow
async def test_cancelled_clean_up_still_ends_the_worker(started: list[Process]) -> None:
    """A cancelled run leaves no process."""
    with anyio.CancelScope() as scope:
        async with LanguageDetector() as detector:
            await detector.detect([FRENCH])
            scope.cancel()
            await anyio.lowlevel.checkpoint()

    assert [process.returncode for process in started] == [-signal.SIGKILL]


@pytest.mark.slow
async def test_a_worker_that_died_idle_causes_no_error_at_the_end(
    started: list[Process], caplog: pytest.LogCaptureFixture
) -> None:
    """The system may kill an idle worker."""
    async with LanguageDetector() as detector:
        await detector.detect([FRENCH])
        os.kill(started[0].pid, signal.SIGKILL)
        await started[0].wait()

    assert caplog.records == []


@pytest.mark.slow
def test_a_worker_ends_with_its_input() -> None:
    """A worker ends by itself when its input is closed."""
    with worker() as process:
        assert answer(process, *TEXTS[:3]) == ["vie", "fra", "eng"]
        assert process.stdin is not None
        process.stdin.close()

        assert process.wait(20) == 0


@pytest.mark.slow
def test_a_worker_ignores_signals() -> None:
    """Ctrl-C in the terminal and a stop of the service do not end a worker before its parent does."""
    with worker() as process:
        answer(process, FRENCH)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
            assert answer(process, RUSSIAN) == ["rus"]


@pytest.mark.slow
def test_a_worker_has_low_priority() -> None:
    """The worker runs with lower priority than the downloads."""
    with worker() as process:
        answer(process, FRENCH)

        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19


def test_requests_are_answered_line_by_line() -> None:
    """The worker uses JSON lines that no character can break."""
    requests = [["Hello world, how are you?", FRENCH], [], ["\ud800 \n\u2028 утро в деревне \0"]]
    answers = io.BytesIO()

    language_detector._serve(
        io.BytesIO(b"".join(json.dumps(texts).encode() + b"\n" for texts in requests)), answers
    )

    assert [json.loads(line) for line in answers.getvalue().splitlines()] == [["eng", "fra"], [], ["rus"]]


def test_a_worker_does_not_get_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API keys are not in the worker's environment."""
    monkeypatch.setenv("FLICKR_CONSUMER_KEY", "canary")
    monkeypatch.setenv("FLICKR_CONSUMER_SECRET", "canary")
    monkeypatch.setenv("MIRROR_FLICKR_CONSUMER_SECRET", "canary")
    monkeypatch.setenv("TZ", "Asia/Ho_Chi_Minh")

    environment = subprocesses.environment()

    assert "canary" not in environment.values()
    assert environment["TZ"] == "Asia/Ho_Chi_Minh"


HOST = """
import anyio, os, sys
from flickr_mirror.engine.language_detector import LanguageDetector

async def main():
    async with LanguageDetector() as detector:
        print(*await detector.detect(["Vue du port de Saigon", "Nhà thờ Đức Bà"]), flush=True)
        print(detector._workers[0]._process.pid, flush=True)
        if len(sys.argv) > 1:
            await anyio.sleep_forever()

anyio.run(main)
"""


def host(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a program that uses the detector, and has no `__name__` guard."""
    (folder / "host.py").write_text(HOST)
    command = [sys.executable, "-X", "dev", "-W", "error", "host.py", *arguments]
    root = os.pathsep.join([str(folder), str(PACKAGE.parent)])
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root, "PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_host_program_needs_no_guard_and_gets_no_output(tmp_path: Path) -> None:
    """A plain script runs once, from any folder, and prints nothing but its own output."""
    with host(tmp_path) as process:
        output, errors = process.communicate(timeout=50)

    assert output.splitlines()[0] == "fra vie"
    assert len(output.splitlines()) == 2
    assert errors == ""
    assert process.returncode == 0
    assert is_gone(int(output.splitlines()[1]))


@pytest.mark.slow
def test_a_worker_starts_with_fatal_warnings(tmp_path: Path) -> None:
    """Warnings may be errors, and Python may warn about modules loaded twice."""
    package = tmp_path / "flickr_mirror"
    for module in (
        *("subprocesses.py", "errors.py", "engine/__init__.py", "engine/language_detector.py"),
        *("models/__init__.py", "models/languages.py"),
    ):
        (package / module).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / module, package / module)
    (package / "__init__.py").write_text(
        "from flickr_mirror.engine.language_detector import LanguageDetector"
    )

    with host(tmp_path) as process:
        output, errors = process.communicate(timeout=50)

    assert output.splitlines()[0] == "fra vie"
    assert errors == ""


@pytest.mark.slow
def test_an_interrupted_host_program_gets_no_output_of_the_worker(tmp_path: Path) -> None:
    """After Ctrl-C the worker ends with the host program, without output."""
    with host(tmp_path, "stay") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "fra vie\n"
        pid = int(process.stdout.readline())
        for interrupted in (pid, process.pid):
            os.kill(interrupted, signal.SIGINT)
        _, errors = process.communicate(timeout=20)

    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "detection.py" not in errors
    assert "Warning" not in errors
    assert is_gone(pid)


@pytest.mark.slow
def test_a_killed_host_program_leaves_no_worker(tmp_path: Path) -> None:
    """After kill -9 of the program, its worker ends too."""
    with host(tmp_path, "stay") as process:
        assert process.stdout is not None
        process.stdout.readline()
        pid = int(process.stdout.readline())
        assert not is_gone(pid)

        process.kill()

        assert until(lambda: is_gone(pid))


async def test_files_in_the_working_folder_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file with the name of a module in the working folder does not break the worker."""
    (tmp_path / "json.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    async with LanguageDetector() as detector:
        assert await detector.detect([FRENCH]) == [Locale("fra")]

    assert caplog.records == []
