"""The map of the house: which module may know which, who may speak, and what is public."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import flickr_mirror
from flickr_mirror import (
    AsyncFlickrApi,
    FlickrApi,
    FlickrApiError,
    FlickrMirrorError,
    InvalidCallError,
    PhotoError,
)
from flickr_mirror.exits import EXIT_CODES

ROOT = Path(flickr_mirror.__file__).parent

NOUNS = {
    "version": set[str](),
    "wallclock": set[str](),
    "addresses": set[str](),
    "errors": set[str](),
    "steady": set[str](),
    "options": {"coverage"},
    "coverage": set[str](),
    "clocks": set[str](),
    "languages": set[str](),
    "children": set[str](),
    "detection": {"children", "errors", "languages"},
    "models": {"languages"},
    "sizes": {"models"},
    "pictures": {"errors"},
    "animations": {"errors", "pictures"},
    "decoding": {"animations", "errors", "pictures"},
    "served": {"models", "sizes"},
    "progress": {"models"},
}
"""Known by both wings."""

NETWORK = {
    "throttle": {"limiter"},
    "limiter": {"steady"},
    "diagnosis": {"errors"},
    "redaction": set[str](),
    "proxies": {"diagnosis", "errors"},
    "tls": {"errors"},
    "connections": {"errors", "proxies", "redaction", "tls"},
    "outage": {"errors", "progress"},
    "transport": {
        "connections",
        "diagnosis",
        "errors",
        "limiter",
        "options",
        "outage",
        "throttle",
        "version",
    },
    "api": {"errors", "limiter", "models", "options", "transport"},
    "images": {"decoding", "errors", "throttle", "models", "pictures", "sizes", "transport"},
    "pages": {"api", "coverage", "models"},
    "photostream": {"api", "coverage", "models", "options", "pages"},
    "identity": {"addresses", "api", "errors", "models"},
}

DISK = {
    "folders": {"errors"},
    "disk": {"errors", "folders"},
    "durable": {"disk", "errors", "folders"},
    "offload": {"children", "disk", "durable", "errors"},
    "parts": {"disk", "durable", "offload"},
    "space": {"disk", "errors", "parts"},
    "locks": {"disk", "errors", "folders", "limiter", "steady"},
    "schema": set(),
    "database": {"errors", "schema"},
    "records": {"models", "pictures", "sizes"},
    "second_looks": {"database", "records"},
    "changes": {"models", "options", "records", "sizes"},
    "coverage_store": {"coverage", "database"},
    "findings": {"changes", "clocks", "coverage", "coverage_store"},
    "selection": {"coverage", "database", "records"},
    "files": {"database", "records", "selection"},
    "losses": {"database", "files", "records"},
    "tombstones": {"disk", "errors", "models"},
    "forgotten": {"coverage", "coverage_store", "database", "files", "records", "tombstones"},
    "listing": {
        "changes",
        "coverage",
        "coverage_store",
        "database",
        "files",
        "findings",
        "forgotten",
        "losses",
        "models",
        "records",
        "second_looks",
    },
    "catalogue": {
        "database",
        "files",
        "forgotten",
        "listing",
        "losses",
        "models",
        "options",
        "overview",
        "records",
        "second_looks",
        "selection",
        "sizes",
        "soundness",
    },
    "soundness": {"database", "files", "models", "records", "schema", "sizes"},
    "worklist": {"catalogue", "records"},
    "information": {"languages", "models", "records"},
    "cache": {"disk", "errors", "folders", "models", "options", "parts"},
    "mirrors": {"cache", "disk", "errors"},
    "keys": {"disk", "errors"},
    "keychain": {"errors", "keys"},
    "rebuild": {
        "cache",
        "catalogue",
        "decoding",
        "disk",
        "erasure",
        "errors",
        "information",
        "models",
        "pictures",
        "progress",
        "records",
        "sizes",
        "soundness",
    },
    "audit": {
        "cache",
        "catalogue",
        "decoding",
        "disk",
        "errors",
        "files",
        "locks",
        "mirrors",
        "options",
        "progress",
        "rebuild",
        "records",
    },
    "overview": {"database", "options", "progress", "records", "selection"},
    "prune": {"cache", "catalogue"},
    "erasure": {"cache", "catalogue", "disk", "errors", "models", "tombstones"},
    "forgetting": {
        "cache",
        "catalogue",
        "disk",
        "erasure",
        "errors",
        "locks",
        "mirrors",
        "models",
        "options",
        "progress",
        "rebuild",
        "tombstones",
    },
}

MEETING = {
    "copies": {
        "cache",
        "errors",
        "images",
        "models",
        "parts",
        "pictures",
        "progress",
        "records",
        "sizes",
        "worklist",
    },
    "image_jobs": {
        "api",
        "catalogue",
        "copies",
        "errors",
        "models",
        "progress",
        "records",
        "served",
        "sizes",
        "transport",
        "worklist",
    },
    "jobs": {
        "cache",
        "detection",
        "errors",
        "image_jobs",
        "information",
        "languages",
        "models",
        "options",
        "progress",
        "records",
        "space",
    },
    "budget": {"disk", "errors", "limiter", "locks", "options"},
    "price": {"models", "losses", "options", "overview", "sizes"},
    "volume": {"models", "options", "overview", "sizes"},
    "prospect": {
        "api",
        "cache",
        "errors",
        "images",
        "models",
        "options",
        "overview",
        "price",
        "progress",
        "rebuild",
        "space",
        "transport",
        "volume",
    },
    "absences": {"errors", "jobs", "losses", "progress"},
    "surplus": {"coverage"},
    "lister": {
        "api",
        "clocks",
        "coverage",
        "errors",
        "findings",
        "jobs",
        "options",
        "photostream",
        "price",
        "progress",
        "surplus",
    },
    "pipeline": {
        "absences",
        "errors",
        "image_jobs",
        "jobs",
        "lister",
        "options",
        "progress",
        "records",
        "throttle",
    },
    "rounds": {"catalogue", "errors", "jobs", "options", "pipeline", "progress", "prune", "volume"},
    "mirror": {
        "addresses",
        "api",
        "audit",
        "budget",
        "cache",
        "catalogue",
        "copies",
        "detection",
        "disk",
        "errors",
        "identity",
        "images",
        "jobs",
        "limiter",
        "locks",
        "mirrors",
        "models",
        "options",
        "outage",
        "progress",
        "prospect",
        "rebuild",
        "rounds",
        "sizes",
        "space",
        "throttle",
        "tombstones",
        "transport",
        "wallclock",
        "worklist",
    },
}
"""The only rooms where the wings meet."""

FACES = {
    "blocking": {"api", "limiter", "mirror", "models", "options", "progress"},
    "streams": set[str](),
    "pace": set[str](),
    "tally": {"pace", "progress"},
    "terminal": {"progress", "tally"},
    "echo": set[str](),
    "live": {"echo", "tally", "terminal"},
    "console": {"terminal"},
    "plans": {"console", "progress", "terminal"},
    "summary": {"cache", "disk", "progress", "terminal"},
    "notify": {
        "children",
        "connections",
        "console",
        "diagnosis",
        "errors",
        "exits",
        "redaction",
        "summary",
        "version",
    },
    "view": {
        "console",
        "errors",
        "exits",
        "live",
        "mirror",
        "notify",
        "options",
        "outage",
        "progress",
        "streams",
        "summary",
        "tally",
        "terminal",
    },
    "session": {
        "cache",
        "console",
        "errors",
        "exits",
        "live",
        "mirror",
        "notify",
        "progress",
        "signals",
        "summary",
        "terminal",
        "view",
    },
    "status": {
        "cache",
        "catalogue",
        "disk",
        "errors",
        "exits",
        "findings",
        "locks",
        "mirrors",
        "rebuild",
        "summary",
        "terminal",
        "tombstones",
    },
    "photo_list": {"cache", "disk", "mirrors", "status", "summary", "terminal"},
    "takedown": {"console", "errors", "forgetting", "session", "summary", "terminal"},
    "checking": {"audit", "console", "errors", "exits", "progress", "session", "terminal"},
    "demonstration": {
        "console",
        "limiter",
        "mirror",
        "models",
        "options",
        "session",
        "simulator",
        "streams",
        "view",
    },
    "arguments": {"addresses", "options", "wallclock"},
    "exits": {"errors", "progress"},
    "signals": set[str](),
    "credentials": {"disk", "errors", "keychain", "keys", "options"},
    "commands": {
        "budget",
        "checking",
        "console",
        "credentials",
        "demonstration",
        "disk",
        "errors",
        "exits",
        "keys",
        "mirror",
        "mirrors",
        "notify",
        "options",
        "photo_list",
        "plans",
        "progress",
        "session",
        "several",
        "status",
        "view",
    },
    "keeping": {
        "api",
        "budget",
        "console",
        "credentials",
        "disk",
        "errors",
        "keychain",
        "keys",
        "options",
        "session",
        "streams",
        "terminal",
    },
    "several": {"console", "errors", "exits", "mirror", "options", "progress", "session", "terminal", "view"},
    "usage": {"arguments"},
    "flags": {"arguments", "completion", "options", "version"},
    "config": {"arguments", "usage"},
    "origins": {"arguments", "config", "credentials", "disk", "errors", "flags", "usage"},
    "keys_cli": {"arguments", "config", "keeping", "options", "origins", "usage"},
    "forget_cli": {"arguments", "completion", "config", "options", "takedown"},
    "reports_cli": {"arguments", "commands", "config", "flags", "options"},
    "completion": {"mirrors", "options"},
    "manual": {"options", "usage", "version"},
    "cli": {
        "arguments",
        "commands",
        "completion",
        "config",
        "console",
        "errors",
        "flags",
        "forget_cli",
        "keys_cli",
        "manual",
        "options",
        "origins",
        "reports_cli",
        "session",
        "signals",
        "streams",
        "tls",
        "usage",
    },
    "__main__": {"cli", "echo", "signals"},
    "__init__": {
        "api",
        "audit",
        "blocking",
        "errors",
        "forgetting",
        "languages",
        "limiter",
        "mirror",
        "models",
        "options",
        "progress",
        "tombstones",
        "version",
    },
}

MAP: dict[str, set[str]] = {**NOUNS, **NETWORK, **DISK, **MEETING, **FACES, "simulator": {"models"}}

SHARED_ARITHMETIC = {("locks", "limiter", name) for name in ("HOUR", "last_hour", "seconds_until_free")}
"""The one step from wing to wing: two pure functions and their hour, so that both ledgers count it alike."""

SPEAKERS = {
    "__main__",
    "checking",
    "cli",
    "commands",
    "console",
    "credentials",
    "demonstration",
    "echo",
    "flags",
    "keeping",
    "notify",
    "photo_list",
    "session",
    "signals",
    "status",
    "streams",
    "takedown",
    "terminal",
    "view",
    "simulator.__main__",
}
WORKERS = {"detection": {"sys.stdin", "sys.stdout"}, "offload": {"sys.stdin"}}
"""Modules that are also a child process, which speaks through pipes or a socket with the program that started it."""

VOICES = {
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

TOUCHING_THE_WORLD = {
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


def files() -> dict[str, ast.Module]:
    """Return every module of the package by its dotted name below it."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
        for path in ROOT.rglob("*.py")
    }


FILES = files()


def room(module: str) -> str:
    """Return the row of the map that a module stands in: the simulator is one room."""
    return module.split(".")[0]


def imports(module: str) -> set[tuple[str, str]]:
    """Return what a module imports, wherever in its text: the module, and the name or `*` for the whole."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(FILES[module]):
        if isinstance(node, ast.Import):
            found.update((alias.name, "*") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative imports escape the map"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole.removeprefix("flickr_mirror.") in MAP and node.module == "flickr_mirror"
                found.add((whole, "*") if is_module else (str(node.module), alias.name))
    return found


def own_imports(module: str) -> set[tuple[str, str]]:
    """Return the rooms of this package that a module imports from, with the names."""
    return {
        (room(source.removeprefix("flickr_mirror.")), name)
        for source, name in imports(module)
        if source.startswith("flickr_mirror.")
    }


def voices(module: str) -> set[str]:
    """Return the ways of speaking with a terminal, or ending a process, that a module uses."""
    spoken = {source for source, _ in imports(module)} & VOICES
    for node in ast.walk(FILES[module]):
        if isinstance(node, ast.Name) and node.id in VOICES:
            spoken.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            spoken |= {f"{node.value.id}.{node.attr}"} & VOICES
    return spoken | {f"{source}.{name}" for source, name in imports(module)} & VOICES


def leaves(error: type[BaseException]) -> set[type[BaseException]]:
    """Return the errors below `error` that have no errors below them."""
    below = error.__subclasses__()
    return {leaf for child in below for leaf in leaves(child)} if below else {error}


def test_every_file_is_on_the_map() -> None:
    """Whoever looks for a module finds it on the map, and nothing on the map is missing."""
    assert {room(module) for module in FILES} == set(MAP)


@pytest.mark.parametrize("module", sorted(FILES))
def test_a_module_imports_only_what_its_row_allows(module: str) -> None:
    """A reader of one module needs to know only the modules of its row."""
    assert {source for source, _ in own_imports(module)} - {room(module)} <= MAP[room(module)]


@pytest.mark.parametrize("module", sorted(set(MAP) - {"simulator"}))
def test_the_map_allows_no_more_than_is_used(module: str) -> None:
    """The map draws no arrow that is not there."""
    assert MAP[module] == {source for source, _ in own_imports(module)}


def test_no_module_imports_itself_by_a_way_round() -> None:
    """The arrows of the map never lead back to where they began."""
    left = dict(MAP)
    while free := [module for module, row in left.items() if not row & set(left)]:
        for module in free:
            del left[module]
    assert not left


def test_the_wings_do_not_know_each_other() -> None:
    """The cache can be used without the network, and the API without a disk."""
    crossings = {
        (module, source, name)
        for wing, other in ((NETWORK, DISK), (DISK, NETWORK))
        for module in wing
        for source, name in own_imports(module)
        if source in other
    }
    assert crossings == SHARED_ARITHMETIC


def test_the_nouns_know_no_wing() -> None:
    """What both wings know depends on neither."""
    assert not {source for row in NOUNS.values() for source in row} - set(NOUNS)


@pytest.mark.parametrize("module", sorted(set(FILES) - SPEAKERS))
def test_the_library_neither_prints_nor_asks_nor_exits(module: str) -> None:
    """A program that embeds the library keeps its terminal, its arguments and its life."""
    assert voices(module) <= WORKERS.get(module, set())


def test_a_speaker_is_noticed() -> None:
    """The test above can see: the command line does speak."""
    assert {"sys.exit"} <= voices("cli")
    assert {"sys.stdin", "getpass"} <= voices("credentials")


@pytest.mark.parametrize("module", ["coverage", "sizes", "models"])
def test_the_pure_modules_touch_nothing(module: str) -> None:
    """What is computed about photos needs no disk, network, clock or chance to be tried out."""
    assert not {source.split(".")[0] for source, _ in imports(module)} & TOUCHING_THE_WORLD
    assert not [node for node in ast.walk(FILES[module]) if isinstance(node, ast.Name) and node.id == "open"]


def test_one_room_knows_each_library() -> None:
    """A library can be replaced by changing one room."""
    users: dict[str, set[str]] = {}
    for module in FILES:
        for source, _ in imports(module):
            users.setdefault(source.split(".")[0], set()).add(module)

    assert users["aiofiles"] == {"parts"}
    assert users["filelock"] == {"locks"}
    assert users["sqlite3"] == {"database", "schema"}
    assert users["langdetect"] == users["pycountry"] == {"languages"}
    assert users["tenacity"] == {"transport"}
    assert users["typer"] == {
        "arguments",
        "cli",
        "completion",
        "config",
        "flags",
        "forget_cli",
        "keys_cli",
        "reports_cli",
        "usage",
    }
    assert users["keyring"] == {"keychain"}
    assert users["platformdirs"] == {"config"}
    assert users["pytest"] == {"simulator.pytest_plugin"}


def test_all_is_exact_and_sorted() -> None:
    """`from flickr_mirror import *` gives every public name, and nothing else."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(FILES["__init__"])
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("flickr_mirror.")
        for alias in node.names
    }

    assert set(flickr_mirror.__all__) == imported
    assert flickr_mirror.__all__ == sorted(flickr_mirror.__all__)
    assert all(hasattr(flickr_mirror, name) for name in flickr_mirror.__all__)


def test_the_package_itself_loads_what_is_asked_for() -> None:
    """The worker that detects languages, and a Ctrl-C in the first moment, do not wait for libraries they need not."""
    code = "import sys, flickr_mirror.detection; print(*(name.partition('.')[0] for name in sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "anyio" in loaded
    assert not {"aiohttp", "httpx", "PIL", "rich", "sqlite3"} & set(loaded)
    with pytest.raises(AttributeError, match="no_such_name"):
        flickr_mirror.no_such_name  # noqa: B018


def test_every_error_of_the_tree_can_be_imported_from_the_package() -> None:
    """An embedder catches any error by a public name."""
    assert {error.__name__ for error in leaves(FlickrMirrorError)} <= set(flickr_mirror.__all__)


def test_both_faces_have_the_same_methods() -> None:
    """What `AsyncFlickrApi` can do, `FlickrApi` does with the same arguments, without `await`."""

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
    """A script can tell from the exit code why a run ended; what concerns one photo never ends it."""
    code = next((code for kind, code in EXIT_CODES if issubclass(error, kind)), 1)
    assert code != 1 or issubclass(error, PhotoError) or error in (FlickrApiError, InvalidCallError)


def test_no_exit_code_is_out_of_reach() -> None:
    """No line of the exit codes stands below a broader one, where it would never count."""
    kinds = [kind for kind, _ in EXIT_CODES]
    assert not [
        (broad, narrow)
        for index, broad in enumerate(kinds)
        for narrow in kinds[index + 1 :]
        if issubclass(narrow, broad)
    ]
