"""`mirror_flickr serve`: serves mirrors over HTTP until a signal ends it."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror.cli.commands.reports import print_report
from flickr_mirror.cli.exit_codes import SIGNALLED
from flickr_mirror.cli.options.settings_file import user_file
from flickr_mirror.cli.output.console import echo
from flickr_mirror.errors import PhotostreamError, SettingsError
from flickr_mirror.reader.mirror_reader import open_mirror
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_lookup import all_mirrors
from flickr_mirror.web.pages import NO_GALLERY
from flickr_mirror.web.proxy import MirrorProxy
from flickr_mirror.web.server import LOOPBACK, USER, MirrorServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.reader.mirror_reader import MirrorReader

PASSWORD_VARIABLE = "FLICKR_SERVE_PASSWORD"  # noqa: S105 - its name
SHORTEST_PASSWORD = 8


def run_server(
    names: list[str],
    cache_path: Path,
    listen: tuple[str, int],
    proxy: tuple[str, int] | None,
    *,
    shows_private: bool,
    opens: bool,
) -> int:
    """Serve mirrors, by default all in the cache path, until SIGINT or SIGTERM; return the exit code."""
    return print_report(
        partial(_run, names, cache_path, listen, proxy, shows_private=shows_private, opens=opens)
    )


def _run(
    names: list[str],
    cache_path: Path,
    listen: tuple[str, int],
    proxy: tuple[str, int] | None,
    *,
    shows_private: bool,
    opens: bool,
) -> int:
    root = filesystem.home(cache_path).absolute()
    password = _password() if shows_private else None
    with ExitStack() as stack:
        readers = [stack.enter_context(open_mirror(root, name)) for name in names or all_mirrors(root)]
        _check_different(readers)
        return asyncio.run(_serve(readers, listen, proxy, password, opens=opens))


def _check_different(readers: Sequence[MirrorReader]) -> None:
    """Raise `PhotostreamError` if two of the mirrors are of one account or list: an address is that of one mirror."""
    known: dict[object, str] = {}
    for reader in readers:
        name = known.setdefault(reader.url, reader.folder.name)
        if name != reader.folder.name:
            raise PhotostreamError(
                f"{name!r} and {reader.folder.name!r} are mirrors of one account: serve one of them, with --username."
            )


def _password() -> str:
    """Return the password from the environment or the terminal. Raises `SettingsError` if it is missing or short."""
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if not password and sys.stdin.isatty():
        password = getpass("Password for the server: ")
    if len(password) < SHORTEST_PASSWORD:
        raise SettingsError(
            f"--private needs a password of {SHORTEST_PASSWORD} characters or more: set {PASSWORD_VARIABLE}."
        )
    return password


async def _serve(
    readers: Sequence[MirrorReader],
    listen: tuple[str, int],
    proxy: tuple[str, int] | None,
    password: str | None,
    *,
    opens: bool,
) -> int:
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def stop(number: int) -> None:
        if not stopped.done():
            stopped.set_result(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    host, port = listen
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            MirrorServer(
                readers, host=host, port=port, password=password, answers_for_flickr=proxy is not None
            )
        )
        running = certificate = None
        if proxy is not None:
            certificate = user_file("serve_ca.pem") or Path("serve_ca.pem")
            running = await stack.enter_async_context(MirrorProxy(*proxy, server.port, certificate))
        users = ", ".join(reader.username for reader in readers)
        echo(f"Serving {users} at {server.url}/ (API: {server.url}/services/rest/). Stop with Ctrl-C.")
        if not server.has_gallery:
            echo(NO_GALLERY)
        if password is not None:
            echo(f"Every request needs the username {USER!r} and the password.")
        if running is not None:
            echo(
                f"Proxy for Flickr's hosts: HTTPS_PROXY={running.url} SSL_CERT_FILE={shlex.quote(str(certificate))}"
            )
        if host not in LOOPBACK:
            who = "who knows the password" if password is not None else "on the network"
            echo(f"Everyone {who} can see these photos at this address, over unencrypted HTTP.")
        if opens:
            import typer

            typer.launch(f"{server.url}/")
        return SIGNALLED + await stopped
