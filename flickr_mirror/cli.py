"""The command `mirror_flickr`: its flags, and what they mean. What is heavy is loaded when it is needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flickr_mirror import flags
from flickr_mirror.arguments import Share, endpoint, given_options, in_flags, share, text
from flickr_mirror.options import (
    DEFAULT_CACHE_PATH,
    FLICKR_API_URL,
    CachingStrategy,
    Limits,
    MirrorOptions,
)
from flickr_mirror.signals import leave_on_signals, wait_no_more

EXIT_HELP = (
    "Exit codes: 0 all done; 1 unexpected error; 2 wrong usage; 3 done, but photos failed; 4 no such user or "
    "no photos; 5 API keys; 7 the folder cannot be used; 8 stopped by a --max limit, more is left to do; "
    "11 another run works on this mirror; 75 no answer from Flickr, run again later; 129, 130, 143 stopped by a "
    "signal."
)
app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(
    cls=flags.GroupedHelp,
    invoke_without_command=True,
    help="Mirror the photostream of a Flickr user to disk.",
    epilog=EXIT_HELP,
)
def mirror_flickr(
    context: typer.Context,
    username: flags.Username = None,
    info_level: flags.InfoLevel = 0,
    image_only: flags.ImageOnly = False,
    info_only: flags.InfoOnly = False,
    lifo: flags.Lifo = False,
    fifo: flags.Fifo = False,
    full_scan: flags.FullScan = False,
    full_scan_every: flags.FullScanEvery = None,
    prune: flags.Prune = False,
    accept_loss: flags.AcceptLoss = False,
    verify_image: flags.VerifyImage = False,
    since: flags.Since = None,
    until: flags.Until = None,
    watch: flags.Watch = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    cache_directory_depth: flags.CacheDirectoryDepth = None,
    consumer_key: flags.ConsumerKey = None,
    consumer_secret: flags.ConsumerSecret = None,
    save_api_keys: flags.SaveApiKeys = False,
    calls_per_hour: flags.CallsPerHour = 3600,
    calls_per_second: flags.CallsPerSecond = 10,
    size_workers: flags.SizeWorkers = 2,
    image_workers: flags.ImageWorkers = 16,
    min_image_workers: flags.MinImageWorkers = 1,
    info_workers: flags.InfoWorkers = 4,
    bwlimit: flags.Bwlimit = None,
    max_photos: flags.MaxPhotos = None,
    max_duration: flags.MaxDuration = None,
    max_bytes: flags.MaxBytes = None,
    debug: flags.Debug = None,
    api_url: flags.ApiUrl = FLICKR_API_URL,
    version: flags.Version = False,
) -> None:
    """Mirror the photostream of a Flickr user to disk."""
    if context.invoked_subcommand is not None:
        if given := given_options(context):
            _usage(f"{given[0]} belongs behind {context.invoked_subcommand!r}, if that takes it.")
        return
    if not username or "" in username:
        _usage("--username is missing: say whose photostream to mirror, or try `mirror_flickr demo`.")
    if fifo and lifo:
        _usage("--fifo and --lifo exclude each other: give one of the two.")
    if watch is not None and len(set(username)) > 1:
        _usage("--watch takes one --username: start a command for each, they share the hour's calls.")
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
            since=since,
            until=until,
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
            max_photos=max_photos,
            max_duration=max_duration,
            max_bytes=max_bytes,
        )
        names = list(dict.fromkeys(text(name) for name in username))
    except ValueError as error:
        _usage(in_flags(str(error)))
    from flickr_mirror.commands import mirror

    is_key_seen = bool({"--consumer-key", "--consumer-secret"} & {*given_options(context)})
    keys = consumer_key, consumer_secret
    try:
        run = mirror(
            names,
            options,
            limits,
            keys,
            is_key_seen=is_key_seen,
            save=save_api_keys,
            watch=watch,
            debug=debug,
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
