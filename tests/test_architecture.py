"""The structure of the package: imports, uses of the terminal, and public names.

The contracts of the imports are in `pyproject.toml`, under `tool.importlinter`.
"""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

import flickr_mirror
from flickr_mirror import (
    AsyncFlickrApi,
    FlickrApi,
    FlickrApiError,
    FlickrMirrorError,
    InvalidCallError,
    PhotoError,
    events,
)
from flickr_mirror.cli.exit_codes import EXIT_CODES

ROOT = Path(flickr_mirror.__file__).parent

USES_TERMINAL = ("cli.", "__main__", "simulator.__main__")
"""The only modules that may print, ask or exit."""
CHILD_PROCESSES = {
    "engine.language_detector": {"sys.stdin", "sys.stdout"},
    "storage.writer_process": {"sys.stdin"},
}
"""Modules that also run as a child process, which exchanges data with its parent over these streams."""

TERMINAL_USES = {
    "print",
    "input",
    "breakpoint",
    "exit",
    "quit",
    "getpass",
    "sys.argv",
    "sys.stdin",
    "sys.stdout",
    "sys.stderr",
    "sys.exit",
    "os._exit",
    "logging.basicConfig",
}

IMPURE = {
    "aiofiles",
    "aiohttp",
    "anyio",
    "asyncio",
    "filelock",
    "httpx",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "shutil",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib",
}


MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in ROOT.rglob("*.py")}
"""Every module of the package by its dotted name below it."""


@cache
def parsed(module: str) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports(module: str) -> set[tuple[str, str]]:
    """Return the imports of a module, anywhere in its text: the module, and the name or `*` for the whole."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            found.update((alias.name, "*") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: use absolute imports"
            found.update((str(node.module), alias.name) for alias in node.names)
    return found


def terminal_uses(module: str) -> set[str]:
    """Return the uses of the terminal, and exits, in a module."""
    found = {source for source, _ in imports(module)} & TERMINAL_USES
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Name) and node.id in TERMINAL_USES:
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found |= {f"{node.value.id}.{node.attr}"} & TERMINAL_USES
    return found | {f"{source}.{name}" for source, name in imports(module)} & TERMINAL_USES


def leaves(error: type[BaseException]) -> set[type[BaseException]]:
    """Return the errors below `error` that have no errors below them."""
    below = error.__subclasses__()
    return {leaf for child in below for leaf in leaves(child)} if below else {error}


def test_the_contracts_between_the_folders_are_kept() -> None:
    """`lint-imports` finds no import that the contracts in `pyproject.toml` forbid."""
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "module", sorted(module for module in MODULES if not module.startswith(USES_TERMINAL))
)
def test_the_library_neither_prints_nor_asks_nor_exits(module: str) -> None:
    """A program that embeds the library keeps its terminal, its arguments and its process."""
    assert terminal_uses(module) <= CHILD_PROCESSES.get(module, set())


@pytest.mark.parametrize("command", ["status", "list", "stats"])
def test_commands_that_read_load_no_http_library(command: str, tmp_path: Path) -> None:
    """They start in half the time of a run."""
    program = """
import sys
from flickr_mirror.__main__ import main
try:
    main()
except SystemExit as leave:
    print(leave.code, {"aiohttp", "httpx"} & {*sys.modules})
"""
    line = [command, "--username", "x", "--cache-path", str(tmp_path)]
    result = subprocess.run(
        [sys.executable, "-c", program, *line], capture_output=True, text=True, check=True
    )
    assert result.stdout == "4 set()\n", result.stderr


def test_uses_of_the_terminal_are_found() -> None:
    """Shows that the test above can fail: it finds the uses in the command line."""
    assert {"sys.exit"} <= terminal_uses("cli.main")
    assert {"sys.stdin", "getpass"} <= terminal_uses("cli.keys.lookup")


@pytest.mark.parametrize(
    "module",
    [
        *("intervals", "listing_window", "media", "metadata", "payloads", "photos", "sizes"),
        *("access_token", "identifiers", "sliding_window", "users"),
    ],
)
def test_the_pure_modules_have_no_side_effects(module: str) -> None:
    """The rules about photos need no disk, network, clock or random number."""
    module = f"models.{module}"
    assert not {source.split(".")[0] for source, _ in imports(module)} & IMPURE
    assert not [node for node in ast.walk(parsed(module)) if isinstance(node, ast.Name) and node.id == "open"]


def test_no_module_has_more_than_300_lines() -> None:
    """A longer one has two purposes, and is divided."""
    lengths = {module: len(path.read_text("utf-8").splitlines()) for module, path in MODULES.items()}
    assert {module: length for module, length in lengths.items() if length > 300} == {}


def test_only_the_store_accesses_the_files_of_photos() -> None:
    """Nothing above `storage` opens, measures, lists or changes a file of a mirror by its path."""
    methods = {"open", "read_bytes", "read_text", "write_bytes", "write_text", "stat", "lstat", "is_file"}
    methods |= {"is_symlink", "iterdir", "scandir", "listdir", "rename", "unlink", "touch", "mkdir"}
    calls = {
        ast.unparse(node.func)
        for module in MODULES
        if module.startswith("engine.")
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Call)
    }
    sessions = {"self._session.open"}  # of the API
    assert {call for call in calls - sessions if call.rpartition(".")[2] in methods} == set()


def test_each_library_is_used_in_one_place() -> None:
    """A library can be replaced by changing one module."""
    users: dict[str, set[str]] = {}
    for module in MODULES:
        for source, _ in imports(module):
            users.setdefault(source.split(".")[0], set()).add(module)

    assert users["aiofiles"] == {"storage.partial_file"}
    assert users["filelock"] == {"storage.call_ledger", "storage.locks"}
    assert users["langdetect"] == users["pycountry"] == {"models.languages"}
    assert users["obstore"] == {"storage.bucket"}
    assert users["dask"] == {"engine.cluster.dask_logging"}
    assert users["distributed"] == {"engine.cluster.dask_client", "engine.cluster.dask_worker"}
    assert users["tenacity"] == {"flickr.retry"}
    assert users["oauthlib"] == {"flickr.oauth_signature"}
    assert users["keyring"] == {"cli.keys.keyring_store"}
    assert users["platformdirs"] == {"cli.options.settings_file"}
    assert users["pytest"] == {"simulator.pytest_plugin"}


def test_all_is_exact_and_sorted() -> None:
    """`from flickr_mirror import *` imports exactly the public names."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(parsed("__init__"))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("flickr_mirror.")
        for alias in node.names
    }

    assert set(flickr_mirror.__all__) == imported
    assert flickr_mirror.__all__ == sorted(flickr_mirror.__all__)
    assert all(hasattr(flickr_mirror, name) for name in flickr_mirror.__all__)


def test_the_module_of_events_has_all_events() -> None:
    """`flickr_mirror.events` has every event and the parts of a report, so embedders import only public modules."""
    assert events.__all__ == sorted(events.__all__)
    assert {event.__name__ for event in get_args(events.Event)} <= set(events.__all__)
    assert {"Event", "Observer", "MirrorReport", "FailedPhoto", "log_events"} <= set(events.__all__)
    assert all(
        getattr(events, name) is getattr(flickr_mirror, name)
        for name in {*events.__all__} & {*flickr_mirror.__all__}
    )


def test_the_package_loads_only_imported_names() -> None:
    """The process that detects languages does not load the libraries of the network."""
    code = (
        "import sys, flickr_mirror.engine.language_detector;"
        "print(*(name.partition('.')[0] for name in sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "anyio" in loaded
    assert not {"aiohttp", "httpx", "PIL", "rich", "sqlite3"} & set(loaded)
    with pytest.raises(AttributeError, match="no_such_name"):
        flickr_mirror.no_such_name  # noqa: B018


def test_a_mirror_on_a_disk_does_not_load_the_library_of_object_stores() -> None:
    """The library is an extra, and takes time to load."""
    code = (
        "import sys, flickr_mirror.engine.mirror, flickr_mirror.cli.commands.check;"
        "from flickr_mirror import *; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "flickr_mirror.engine.mirror_store" in loaded
    of_stores = {"obstore", "flickr_mirror.storage.bucket", "flickr_mirror.storage.object_store"}
    of_clusters = {"dask", "distributed", "flickr_mirror.engine.cluster", "flickr_mirror.models.errands"}
    assert not (of_stores | of_clusters) & set(loaded)


def test_every_error_of_the_tree_can_be_imported_from_the_package() -> None:
    """An embedder catches any error by a public name."""
    assert {error.__name__ for error in leaves(FlickrMirrorError)} <= set(flickr_mirror.__all__)


def test_both_apis_have_the_same_methods() -> None:
    """`FlickrApi` has the methods of `AsyncFlickrApi` with the same arguments, without `await`."""

    def methods(face: type) -> dict[str, inspect.Signature]:
        return {
            name: inspect.signature(method)
            for name, method in inspect.getmembers(face, inspect.isfunction)
            if not name.startswith("_")
        }

    assert methods(FlickrApi) == methods(AsyncFlickrApi)
    assert methods(FlickrApi)
    for name in methods(FlickrApi):
        assert inspect.iscoroutinefunction(getattr(AsyncFlickrApi, name))
        assert not inspect.iscoroutinefunction(getattr(FlickrApi, name))


@pytest.mark.parametrize("error", sorted(leaves(FlickrMirrorError), key=repr))
def test_every_error_that_ends_a_run_has_an_exit_code(error: type[BaseException]) -> None:
    """The exit code shows why a run ended; an error of one photo never ends a run."""
    code = next((code for kind, code in EXIT_CODES if issubclass(error, kind)), 1)
    assert code != 1 or issubclass(error, PhotoError) or error in (FlickrApiError, InvalidCallError)


def test_every_exit_code_is_reachable() -> None:
    """No entry of the exit codes comes after a broader one, which would hide it."""
    kinds = [kind for kind, _ in EXIT_CODES]
    assert not [
        (broad, narrow)
        for index, broad in enumerate(kinds)
        for narrow in kinds[index + 1 :]
        if issubclass(narrow, broad)
    ]
