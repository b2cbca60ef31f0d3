"""Fixtures for all tests."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import ssl
import sys
import tempfile
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from flickr_mirror import PhotostreamMirror
from flickr_mirror.cli import signals
from flickr_mirror.cli.output.console import console
from flickr_mirror.engine.language_detector import LanguageDetector
from flickr_mirror.engine.safe_observer import SafeObserver
from flickr_mirror.models.languages import ENGLISH
from flickr_mirror.storage import group_committer
from tests.support import object_servers
from tests.support.canary import Canary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flickr_mirror.models.languages import Locale


# The environment of the tests may ignore signals (`nohup`, a background job); the processes of tests do not.
for number in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Without this, each test process, and thousands of processes that tests start, would compile all modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# On a busy machine, any example of Hypothesis may take long.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# A mirror syncs its files; on a disk, the tests would spend a third of their time waiting for that.
MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder in it that only this user may enter
FREE = 4 * 2**30
"""Space in bytes that must be free in memory; the tests take less than a quarter of it."""
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > FREE:
    os.environ.setdefault("TMPDIR", str(MEMORY))
    tempfile.tempdir = None  # pytest has cached it already


def pytest_collection_finish() -> None:
    """Exclude all tests from garbage collection, which would take a twentieth of the time."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def pytest_xdist_auto_num_workers() -> int:
    """Run twice as many test processes as there are processors: tests often wait."""
    return 2 * (os.cpu_count() or 1)


MEASURED = {
    "tests.end_to_end.test_album_command",
    "tests.end_to_end.test_bad_input",
    "tests.end_to_end.test_check",
    "tests.end_to_end.test_cluster",
    "tests.end_to_end.test_details",
    "tests.end_to_end.test_environment",
    "tests.end_to_end.test_forget",
    "tests.end_to_end.test_import",
    "tests.end_to_end.test_login",
    "tests.end_to_end.test_one_process",
    "tests.end_to_end.test_output",
    "tests.end_to_end.test_photo",
    "tests.end_to_end.test_settings",
    "tests.end_to_end.test_signals",
    "tests.end_to_end.test_sources",
    "tests.integration.test_command",
    "tests.unit.engine.test_language_detector",
}
"""Modules whose processes the coverage tool does not measure, because it makes them three times as slow."""

NOT_MEASURED = {
    f"tests.integration.test_{name}"
    for name in (
        *("costs", "false_answers", "false_listings", "fault_login", "fault_payloads", "fault_processes"),
        *("fault_transport", "full_scan", "listing_facts", "losses", "power_loss", "window"),
    )
}
"""Modules whose tests the coverage tool does not measure: they run the same code as others, in another order, and
would take twice as long."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Disable the coverage tool for the tests of these modules."""
    for item in items:
        if item.module.__name__ in NOT_MEASURED:  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(autouse=True)
def processes_are_measured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable the coverage tool in the processes of tests that need not be measured."""
    if request.module.__name__ not in MEASURED:
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable it in the processes of a long test, too."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own home folder, and no keys or settings in the environment."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name in os.environ:
        if name.startswith(("FLICKR_", "MIRROR_FLICKR_")):
            monkeypatch.delenv(name)
    # the last one hides the loss of a line that could not be written
    for name in ("XDG_CONFIG_HOME", "CREDENTIALS_DIRECTORY", "PYTHONUNBUFFERED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(
        "PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring"
    )  # without the developer's keyring
    return folder


@pytest.fixture(autouse=True)
def console_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo the changes by a command that ran in this process: the log, its level, and a signal that ended it."""
    monkeypatch.setattr(signals, "_codes", [])
    logger = logging.getLogger("flickr_mirror")
    before = logger.handlers[:], logger.level, logger.propagate, console.is_quiet
    yield
    logger.handlers, logger.level, logger.propagate, console.is_quiet = before


@pytest.fixture(autouse=True)
def files_are_written_in_threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not start the two processes that write files, which takes longer than most runs of tests."""
    if "writer_processes" not in request.fixturenames:
        monkeypatch.setattr(group_committer, "MIN_PROCESS_GROUP", inf)


@pytest.fixture
def writer_processes() -> None:
    """Start the processes that write files, as outside of tests."""


@pytest.fixture
def one_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the detection of languages."""

    async def detect(_: LanguageDetector, texts: Sequence[str]) -> list[Locale]:
        return [ENGLISH for _ in texts]

    monkeypatch.setattr(LanguageDetector, "detect", detect)


@pytest.fixture
def canary(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canary]:
    """Search for the API key and its secret, which `Run` uses, in all outputs of a test.

    Row 94: in log records of any level, in events, in errors and their causes, in files.
    """
    bird, root = Canary(), logging.getLogger()
    level = root.level
    root.addHandler(bird)
    root.setLevel(logging.DEBUG)
    monkeypatch.setattr(PhotostreamMirror, "_start", bird.watch_errors(PhotostreamMirror._start))
    monkeypatch.setattr(SafeObserver, "__call__", bird.watch_events(SafeObserver.__call__))
    yield bird
    root.removeHandler(bird)
    root.setLevel(level)
    assert not bird.leaks(tmp_path, home)


@pytest.fixture
def one_tls_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share one TLS context between runs without TLS, so that each begins at once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: context)


@pytest.fixture
def ram(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory, which is synced at once, if there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the temporary folder of all test processes."""
    return factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an S3 server that honours conditions, with a bucket named `archive`."""
    with object_servers.shared(object_servers.ministack, shared_folder(tmp_path_factory)) as url:
        yield url


@pytest.fixture(scope="session")
def simple_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an S3 server that ignores conditions, with a bucket named `archive`."""
    with object_servers.shared(object_servers.rclone, shared_folder(tmp_path_factory)) as url:
        yield url
