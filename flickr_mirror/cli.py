"""The command `mirror_flickr`: flags to options, keys in order, errors to sentences and exit codes."""

from __future__ import annotations

import getpass
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import anyio
import typer

from flickr_mirror import disk
from flickr_mirror.arguments import Share, duration, endpoint, given_options, in_flags, interval, share, text
from flickr_mirror.checking import run_check
from flickr_mirror.demonstration import demonstrate
from flickr_mirror.errors import CacheError, FlickrMirrorError, KeysError
from flickr_mirror.keys import FILE_NAME, ApiKeys, read_keys, save_keys
from flickr_mirror.mirror import PhotostreamMirror
from flickr_mirror.options import (
    DEFAULT_CACHE_PATH,
    FLICKR_API_URL,
    MAX_CACHE_DIRECTORY_DEPTH,
    CachingStrategy,
    Limits,
    MirrorOptions,
)
from flickr_mirror.progress import PageScanned
from flickr_mirror.session import (
    View,
    leave_on_signals,
    run_mirror,
    say,
    say_failure,
    set_up_logging,
    wait_no_more,
)
from flickr_mirror.terminal import plain
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from flickr_mirror.progress import Event

EXIT_HELP = (
    "Exit codes: 0 all done; 1 unexpected error; 2 wrong usage; 3 done, but photos failed; 4 no such user or "
    "no photos; 5 API keys; 7 the folder cannot be used; 11 another run works on this mirror; 75 no answer "
    "from Flickr, run again later; 129, 130, 143 stopped by a signal."
)
app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:  # noqa: FBT001 - Typer calls it
    if value:
        sys.stdout.write(f"mirror_flickr {__version__}\n")
        raise typer.Exit


@app.callback(
    invoke_without_command=True, help="Mirror the photostream of a Flickr user to disk.", epilog=EXIT_HELP
)
def mirror_flickr(
    context: typer.Context,
    username: Annotated[
        str | None,
        typer.Option(
            help="Whose photostream: a username, an NSID (13476480@N07) or the address of a photostream."
        ),
    ] = None,
    cache_path: Annotated[
        Path,
        typer.Option("--cache-path", "--cache_path", help="Where images, information and keys are kept."),
    ] = DEFAULT_CACHE_PATH,
    cache_directory_depth: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MAX_CACHE_DIRECTORY_DEPTH,
            help="Folders between the mirror's folder and its files. [default: 4]",
        ),
    ] = None,
    consumer_key: Annotated[
        str | None,
        typer.Option(envvar="FLICKR_CONSUMER_KEY", show_envvar=True, help="Your Flickr API key."),
    ] = None,
    consumer_secret: Annotated[
        str | None,
        typer.Option(envvar="FLICKR_CONSUMER_SECRET", show_envvar=True, help="The secret of the key."),
    ] = None,
    save_api_keys: Annotated[
        bool, typer.Option("--save-api-keys", help="Save the keys for later runs.")
    ] = False,
    fifo: Annotated[bool, typer.Option("--fifo", help="Begin with the oldest upload.")] = False,
    lifo: Annotated[bool, typer.Option("--lifo", help="Begin with the newest upload (the default).")] = False,
    image_only: Annotated[bool, typer.Option("--image-only", help="Mirror images only.")] = False,
    info_only: Annotated[bool, typer.Option("--info-only", help="Mirror information only.")] = False,
    info_level: Annotated[
        int,
        typer.Option(metavar="LEVEL", min=0, max=2, help="0: title; 1: description too; 2: comments too."),
    ] = 0,
    verify_image: Annotated[
        bool, typer.Option("--verify-image", help="Decode the images already there; fetch broken ones again.")
    ] = False,
    full_scan: Annotated[
        bool,
        typer.Option(
            "--full-scan", help="List the whole photostream again: find edits, losses, late photos."
        ),
    ] = False,
    full_scan_every: Annotated[
        float | None,
        typer.Option(parser=duration, metavar="AGE", help="Do so where the last time is longer ago: 30d."),
    ] = None,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune", help="After a full scan, move what is gone from Flickr to the mirror's trash."
        ),
    ] = False,
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help="Believe a full scan that lacks more than a tenth of the photos."),
    ] = False,
    watch: Annotated[
        float | None,
        typer.Option(
            parser=interval, metavar="INTERVAL", help="Stay, and look for new photos at this interval: 10m."
        ),
    ] = None,
    debug: Annotated[
        int | None,
        typer.Option(
            metavar="LEVEL",
            min=0,
            max=4,
            help="Log level, from critical (0) to debug (4). [default: 3; 2 on a terminal]",
        ),
    ] = None,
    size_workers: Annotated[int, typer.Option(min=1, max=16, help="Calls for sizes side by side.")] = 2,
    image_workers: Annotated[int, typer.Option(min=1, max=16, help="Downloads side by side.")] = 8,
    info_workers: Annotated[int, typer.Option(min=1, max=16, help="Photos described side by side.")] = 4,
    calls_per_hour: Annotated[int, typer.Option(min=1, max=3600, help="API calls in any hour.")] = 3600,
    calls_per_second: Annotated[float, typer.Option(min=0.001, max=10, help="API calls in a second.")] = 10,
    api_url: Annotated[
        str,
        typer.Option(
            envvar="FLICKR_API_URL", help="Another endpoint than Flickr's; it may serve the images too."
        ),
    ] = FLICKR_API_URL,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Mirror the photostream of a Flickr user to disk."""
    if context.invoked_subcommand is not None:
        if given := given_options(context):
            _usage(f"{given[0]} belongs behind {context.invoked_subcommand!r}, if that takes it.")
        return
    if not username:
        _usage("--username is missing: say whose photostream to mirror, or try `mirror_flickr demo`.")
    if fifo and lifo:
        _usage("--fifo and --lifo exclude each other: give one of the two.")
    set_up_logging(debug)
    try:
        options = MirrorOptions(
            cache_path=cache_path,
            cache_directory_depth=cache_directory_depth,
            strategy=CachingStrategy.FIFO if fifo else CachingStrategy.LIFO,
            image_only=image_only,
            info_only=info_only,
            info_level=info_level,
            verify_image=verify_image,
            full_scan=full_scan,
            full_scan_every=full_scan_every,
            prune=prune,
            accept_loss=accept_loss,
            api_url=endpoint(api_url),
        )
        limits = Limits(
            calls_per_hour=calls_per_hour,
            calls_per_second=calls_per_second,
            size_workers=size_workers,
            image_workers=image_workers,
            info_workers=info_workers,
        )
        view = View(options)
        root = disk.home(cache_path)
        keys = find_keys(root, consumer_key, consumer_secret)
        mirror = PhotostreamMirror(
            text(username),
            keys.consumer_key,
            keys.consumer_secret,
            options=options,
            limits=limits,
            observer=_KeySaver(keys, root, view) if save_api_keys else view,
        )
    except FlickrMirrorError as error:
        _fail(error)
    except ValueError as error:
        _usage(in_flags(str(error)))
    if {"--consumer-key", "--consumer-secret"} & {*given_options(context)}:
        logging.getLogger("flickr_mirror").warning(
            "Other users of this machine can see the API key in the list of processes. Better set "
            "FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET, or save the keys once with --save-api-keys."
        )
    raise typer.Exit(anyio.run(run_mirror, mirror, view, watch))


class _KeySaver:
    """An observer that saves the keys once Flickr has listed a page for them, and so accepts them."""

    def __init__(self, keys: ApiKeys, root: Path, view: View) -> None:
        self._keys: ApiKeys | None = keys
        self._root = root
        self._view = view

    def __call__(self, event: Event) -> None:
        self._view(event)
        if isinstance(event, PageScanned) and self._keys:
            keys, self._keys = self._keys, None
            try:
                say(f"The API keys are saved in {save_keys(self._root, keys)}, readable by you alone.")
            except CacheError as error:
                self._view.code = say_failure(error)


@app.command()
def demo(
    cache_path: Annotated[
        Path, typer.Option("--cache-path", help="Where the demonstration's photos are put.")
    ] = Path("flickr_demo"),
) -> None:
    """Mirror 60 photos from a Flickr simulated on this machine: no key, no network."""
    set_up_logging(None)
    try:
        folder = disk.home(cache_path)
    except CacheError as error:
        _fail(error)
    raise typer.Exit(anyio.run(demonstrate, folder))


@app.command()
def check(
    username: Annotated[
        str, typer.Option(help="Whose mirror: the username or NSID that was mirrored, or its folder's name.")
    ],
    cache_path: Annotated[
        Path, typer.Option("--cache-path", "--cache_path", help="Where the mirror is.")
    ] = DEFAULT_CACHE_PATH,
    part: Annotated[
        Share | None,
        typer.Option(parser=share, metavar="I/N", help="Check the I-th of N shares only: 3/30."),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the catalogue anew from the files first.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write a report to standard output, as JSON.")
    ] = False,
) -> None:
    """Read all files of a mirror, and have broken ones made again by the next run. Flickr is not asked."""
    set_up_logging(None)
    try:
        name = text(username)
    except ValueError as error:
        _usage(str(error))
    raise typer.Exit(
        anyio.run(partial(run_check, name, cache_path, part=part or (1, 1), rebuild=rebuild, as_json=as_json))
    )


# Keys


def find_keys(root: Path, consumer_key: str | None, consumer_secret: str | None) -> ApiKeys:
    """Return the API keys: from the command line or the environment, else from the file, else from a prompt.

    Only what is missing is looked for. Raises `KeysError` where there is no terminal to ask on.
    """
    if consumer_key and consumer_secret:
        return ApiKeys(consumer_key, consumer_secret)
    saved = read_keys(root)
    if saved:
        return ApiKeys(consumer_key or saved.consumer_key, consumer_secret or saved.consumer_secret)
    if not sys.stdin.isatty():
        raise KeysError(
            "There are no Flickr API keys. Set FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET, or run once on a "
            f"terminal with --save-api-keys, which writes them to {root / FILE_NAME}. "
            "Flickr gives keys at https://www.flickr.com/services/apps/create/ (to Pro members)."
        )
    try:
        key = consumer_key or getpass.getpass("Enter your Flickr API key: ").strip()
        secret = consumer_secret or getpass.getpass("Enter your Flickr API secret: ").strip()
    except EOFError:
        key = secret = ""
    if not (key and secret):
        raise KeysError("The API key and its secret must not be empty.")
    return ApiKeys(key, secret)


def _fail(error: FlickrMirrorError) -> NoReturn:
    raise typer.Exit(say_failure(error))


def _usage(text: str) -> NoReturn:
    say(f"mirror_flickr: {text}")
    raise typer.Exit(2)


def main() -> None:
    """Run the command."""
    leave_on_signals()
    try:
        app()
    except BrokenPipeError:  # `mirror_flickr ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # whatever it is, a person gets a sentence, and the log the rest
        logging.getLogger("flickr_mirror").debug("Unexpected error.", exc_info=error)
        say(
            f"mirror_flickr: unexpected {type(error).__name__}: {plain(str(error))}. Nothing that was mirrored is "
            "lost. With --debug 4 the log tells more; please report it."
        )
        sys.exit(1)
    finally:
        wait_no_more()
