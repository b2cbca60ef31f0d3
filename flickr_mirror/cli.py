"""The command `mirror_flickr`: its flags, and what they mean. What is heavy is loaded when it is needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flickr_mirror.arguments import (
    Share,
    bandwidth,
    duration,
    endpoint,
    given_options,
    in_flags,
    interval,
    share,
    text,
)
from flickr_mirror.options import (
    DEFAULT_CACHE_PATH,
    FLICKR_API_URL,
    MAX_CACHE_DIRECTORY_DEPTH,
    CachingStrategy,
    Limits,
    MirrorOptions,
)
from flickr_mirror.signals import leave_on_signals, wait_no_more
from flickr_mirror.version import __version__

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
    image_workers: Annotated[int, typer.Option(min=1, max=16, help="Downloads side by side at most.")] = 16,
    min_image_workers: Annotated[
        int, typer.Option(min=1, max=16, help="Downloads side by side at least.")
    ] = 1,
    bwlimit: Annotated[
        int | None,
        typer.Option(parser=bandwidth, metavar="RATE", help="Bytes of images per second at most: 512k, 2M."),
    ] = None,
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
            min_image_workers=min_image_workers,
            bwlimit=bwlimit,
            info_workers=info_workers,
        )
        name = text(username)
    except ValueError as error:
        _usage(in_flags(str(error)))
    from flickr_mirror.commands import mirror

    is_key_seen = bool({"--consumer-key", "--consumer-secret"} & {*given_options(context)})
    keys = consumer_key, consumer_secret
    try:
        run = mirror(
            name, options, limits, keys, is_key_seen=is_key_seen, save=save_api_keys, watch=watch, debug=debug
        )
    except ValueError as error:
        _usage(in_flags(str(error)))
    raise typer.Exit(run())


@app.command("demo")
def _demo(
    cache_path: Annotated[
        Path, typer.Option("--cache-path", help="Where the demonstration's photos are put.")
    ] = Path("flickr_demo"),
) -> None:
    """Mirror 60 photos from a Flickr simulated on this machine: no key, no network."""
    from flickr_mirror.commands import demo

    raise typer.Exit(demo(cache_path))


@app.command("check")
def _check(
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
    from flickr_mirror.commands import check

    try:
        name = text(username)
    except ValueError as error:
        _usage(str(error))
    raise typer.Exit(check(name, cache_path, part=part or (1, 1), rebuild=rebuild, as_json=as_json))


def _usage(text: str) -> NoReturn:
    from flickr_mirror.session import say

    say(f"mirror_flickr: {text}")
    raise typer.Exit(2)


def main() -> None:
    """Run the command."""
    leave_on_signals()
    try:
        app()
    except BrokenPipeError:  # `mirror_flickr ... | head`
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets a sentence, and the log the rest
        from flickr_mirror.session import say_unexpected

        say_unexpected(error)
        sys.exit(1)
    finally:
        wait_no_more()
