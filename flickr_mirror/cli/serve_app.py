"""The options of `mirror_flickr serve`. The command itself is imported when it runs, so that help is fast."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

import typer

from flickr_mirror.cli.options import flags, report_flags  # noqa: TC001 - Typer reads the annotations
from flickr_mirror.models.options import DEFAULT_CACHE_PATH


class Address(NamedTuple):
    """A host and a port; port 0 is any free one."""

    host: str
    port: int


def address(text: str) -> Address:
    """Return the address `127.0.0.1:8080` or `[::1]:8080`. Raises `typer.BadParameter`."""
    match = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([\w.-]+)):(\d{1,5})", text.strip(), re.IGNORECASE)
    if match is None or int(match[3]) > 65_535:
        raise typer.BadParameter(f"invalid address {text!r}: use a host and a port, such as 127.0.0.1:8080.")
    return Address(match[1] or match[2], int(match[3]))


Listen = Annotated[
    Address,
    typer.Option(parser=address, metavar="HOST:PORT", help="Where to listen: 127.0.0.1:8080."),
]
Private = Annotated[
    bool,
    typer.Option(
        "--private",
        help="Show photos that are not public too; needs a password, from FLICKR_SERVE_PASSWORD or the terminal.",
    ),
]
Proxy = Annotated[
    Address | None,
    typer.Option(
        parser=address,
        metavar="HOST:PORT",
        help="Also run a proxy there that answers for Flickr's hosts: 127.0.0.1:8081. Needs flickr-mirror[proxy].",
    ),
]
Open = Annotated[bool, typer.Option("--open", help="Open the page in a browser.")]


def serve(
    username: report_flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    listen: Listen = "127.0.0.1:8080",  # type: ignore[assignment]  # parsed like a given value
    proxy: Proxy = None,
    private: Private = False,
    opens: Open = False,
) -> None:
    """Serve mirrors over HTTP: pages, images, and Flickr's API for other programs. Makes no call to Flickr."""
    from flickr_mirror.cli.commands.serve import run_server

    raise typer.Exit(
        run_server(username or [], cache_path, listen, proxy, shows_private=private, opens=opens)
    )
