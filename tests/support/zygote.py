"""A process that has loaded the libraries of the command once, and forks a new run of it in milliseconds.

It receives requests on the Unix socket that is its standard input: each is a line of JSON with the files
for the run's input, output and errors, and a pipe, to which it writes the run's process id and, when
it has ended, its status. The console is created again in each run, because it reads the terminal and the environment
then; in a run with coverage, the whole package is imported again. This saves the start of Python, the imports, and the
parsing of the options' definitions.

It has no thread and no event loop when it forks.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import signal
import socket
import sys
import threading
import warnings
from typing import Any, NoReturn

LONGEST_REQUEST = 1 << 20
OWN = "flickr_mirror"
CONSOLE = f"{OWN}.cli.output.console"


def main() -> None:
    """Answer requests until the other side of the socket is closed."""
    import typer.main

    import flickr_mirror.cli.app
    import flickr_mirror.cli.commands.mirror
    import flickr_mirror.storage.media_inspection
    from flickr_mirror.models.languages import Locale, detect_locale

    keep_tables_of_languages()
    detect_locale("Phố cổ Hội An")
    Locale("fra", "CA")
    typer.main.get_command = functools.cache(typer.main.get_command)
    typer.main.get_command(flickr_mirror.cli.app.app)
    gc.collect()
    gc.freeze()
    requests = socket.socket(fileno=os.dup(0))
    while True:
        data, files, _, _ = socket.recv_fds(requests, LONGEST_REQUEST, 4)
        if not data:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns if a process with threads is forked
            pid = os.fork()
        if pid == 0:
            requests.close()
            keep(json.loads(data), files)
        for file in files:
            os.close(file)
        while reap():
            pass


def forget_package() -> None:
    """Remove the modules of the package, so that they are imported again."""
    for name in [*sys.modules]:
        if name == OWN or name.startswith(f"{OWN}."):
            del sys.modules[name]


def renew_console() -> None:
    """Create the console again for the present terminal and environment."""
    used = importlib.import_module(CONSOLE)
    del sys.modules[CONSOLE]
    vars(used.console).update(vars(importlib.import_module(CONSOLE).console))
    sys.modules[CONSOLE] = used


def keep_tables_of_languages() -> None:
    """Let each run use the language tables that this process has loaded."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    kept = DetectorFactory()
    kept.load_profile(PROFILES_DIRECTORY)

    def load_profile(factory: Any, _: str) -> None:
        factory.__dict__.update(kept.__dict__)

    DetectorFactory.load_profile = load_profile


def reap() -> int:
    """Reap a keeper that has ended; return its process id, 0 if there is none."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return 0


def keep(request: dict[str, Any], files: list[int]) -> NoReturn:
    """Start a run, and report its end."""
    pipe = files.pop()
    pid = os.fork()
    if pid == 0:
        os.close(pipe)
        os.setsid()
        os.chdir(request["folder"])
        for place, file in enumerate(files):
            os.dup2(file, place)
            os.close(file)
        run(request)
    for file in files:
        os.close(file)
    os.write(pipe, f"{pid}\n".encode())
    os.write(pipe, f"{os.waitpid(pid, 0)[1]}\n".encode())
    os._exit(0)


def run(request: dict[str, Any]) -> NoReturn:
    """Be the command."""
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["mirror_flickr", *request["arguments"]]
    sys.modules["__main__"].__package__ = None  # the usage line takes the program's name from this
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    for number in request["closed"]:
        os.close(number)
        setattr(sys, ("stdin", "stdout", "stderr")[number], None)
    code: Any = 0
    try:
        if "COVERAGE_PROCESS_CONFIG" in os.environ:
            forget_package()
            importlib.import_module("coverage").process_startup()
        else:
            renew_console()
        command = importlib.import_module(f"{OWN}.cli.main")
        for place, value in request["settings"].items():
            module, _, name = place.rpartition(".")
            target = importlib.import_module(f"{OWN}.{module}")
            getattr(target, name)  # a name that does not exist any more would have no effect
            setattr(target, name, value)
        timing = importlib.import_module(f"{OWN}.models.timing").Timing(**request["timing"])
        command.main(timing)
    except SystemExit as leave:
        code = leave.code
    except BaseException:  # noqa: BLE001 - what Python does
        sys.excepthook(*sys.exc_info())
        code = 1
    # as Python does at its exit
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for file in (sys.stdout, sys.stderr):
        try:
            if file is not None:
                file.flush()
        except OSError:
            code = code or 120
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    main()
