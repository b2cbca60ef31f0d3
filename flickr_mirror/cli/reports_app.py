"""The options of `mirror_flickr check`, `status`, `list`, `search` and `stats`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import typer

from flickr_mirror.cli.options import (  # Typer reads the annotations
    filter_flags,
    flags,
    report_flags,
    search_flags,
    stats_flags,
)
from flickr_mirror.cli.options.argument_checks import checked_username
from flickr_mirror.cli.options.exclusions import STATS_EXCLUSIONS, STATUS_EXCLUSIONS, excluded_pair
from flickr_mirror.cli.options.option_names import cache_path_of, given_options
from flickr_mirror.cli.options.timing import timing_of
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.models.options import DEFAULT_CACHE_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


def check(
    context: typer.Context,
    username: report_flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    part: report_flags.PendingFile = None,
    rebuild: report_flags.Rebuild = False,
    read: report_flags.ReadFiles = False,
    manifest: report_flags.Manifest = False,
    as_json: report_flags.ReportAsJson = False,
    quiet: report_flags.ReportQuietly = False,
) -> None:
    """Check all files of a mirror; the next run restores broken ones. Makes no call to Flickr."""
    from flickr_mirror.cli.commands.mirror import check

    which = part or (1, 1)
    look = partial(
        check,
        cache_path=cache_path,
        part=which,
        rebuild=rebuild,
        read=read,
        as_json=as_json,
        quiet=quiet,
        timing=timing_of(context),
    )
    _each(username, cache_path, partial(_check_all, look, cache_path) if manifest else look)


def describe(
    username: report_flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
) -> None:
    """Write README, tables and SHA-256 manifest into a mirror. Makes no call to Flickr."""
    from flickr_mirror.cli.commands.describe import run_describe
    from flickr_mirror.cli.commands.reports import print_report

    _each(username, cache_path, lambda name: print_report(partial(run_describe, cache_path, name)))


def status(
    context: typer.Context,
    username: report_flags.MirrorNames = None,
    streams: report_flags.StreamsShown = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    max_age: report_flags.MaxAge = None,
    as_json: report_flags.ReportAsJson = False,
    prometheus: report_flags.Prometheus = False,
) -> None:
    """Show the state of a mirror and the result of its last run. Makes no call to Flickr."""
    _refuse_pairs(context, STATUS_EXCLUSIONS)
    if streams is not None or prometheus:
        style = "prometheus" if prometheus else "json" if as_json else ""
        raise typer.Exit(_status_lines(context, style))
    from flickr_mirror.cli.commands.reports import status

    _each(username, cache_path, partial(status, cache_path=cache_path, max_age=max_age, as_json=as_json))


def list_photos(
    context: typer.Context,
    username: report_flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    tag: filter_flags.Tags = None,
    since: filter_flags.Since = None,
    until: filter_flags.Until = None,
    taken: filter_flags.Taken = None,
    album: filter_flags.Album = None,
    licence: filter_flags.Licenses = None,
    media: filter_flags.Media = None,
    language: filter_flags.Language = None,
    near: filter_flags.Near = None,
    commented: filter_flags.Commented = None,
    limit: filter_flags.Limit = None,
    fields: filter_flags.Fields = None,
    as_json: filter_flags.AsJson = False,
    as_csv: filter_flags.AsCsv = False,
    as_paths: filter_flags.AsPaths = False,
) -> None:
    """List the mirrored photos: id, upload date, path, page and title. Makes no call to Flickr."""
    _list(context, "", "newest")


def search(
    context: typer.Context,
    words: search_flags.Words,
    username: report_flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    tag: filter_flags.Tags = None,
    since: filter_flags.Since = None,
    until: filter_flags.Until = None,
    taken: filter_flags.Taken = None,
    album: filter_flags.Album = None,
    licence: filter_flags.Licenses = None,
    media: filter_flags.Media = None,
    language: filter_flags.Language = None,
    near: filter_flags.Near = None,
    commented: filter_flags.Commented = None,
    sort: search_flags.Sort = "newest",
    limit: filter_flags.Limit = None,
    fields: filter_flags.Fields = None,
    as_json: filter_flags.AsJson = False,
    as_csv: filter_flags.AsCsv = False,
    as_paths: filter_flags.AsPaths = False,
    opens: search_flags.Open = False,
) -> None:
    """Search titles, descriptions, comments, tags, notes and albums. Makes no call to Flickr."""
    from flickr_mirror.reader.search_query import parse_query

    text = " ".join(words)
    if not parse_query(text):
        raise ConfigError(
            f"WORDS: {text!r} has no word to search for: give a word, or use `mirror_flickr list`."
        )
    _list(context, text, sort)


def stats(
    context: typer.Context,
    username: report_flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    tag: filter_flags.Tags = None,
    since: filter_flags.Since = None,
    until: filter_flags.Until = None,
    taken: filter_flags.Taken = None,
    album: filter_flags.Album = None,
    licence: filter_flags.Licenses = None,
    media: filter_flags.Media = None,
    language: filter_flags.Language = None,
    near: filter_flags.Near = None,
    commented: filter_flags.Commented = None,
    zone: stats_flags.Zone = None,
    outliers: stats_flags.Outliers = False,
    plots: stats_flags.Plots = None,
    pipe: stats_flags.Pipe = False,
    as_json: stats_flags.AsJson = False,
) -> None:
    """Show the figures of a mirror, or of numbers on standard input. Makes no call to Flickr."""
    from flickr_mirror.cli.commands.reports import print_report
    from flickr_mirror.cli.commands.stats import pipe_stats, show_stats

    _refuse_pairs(context, STATS_EXCLUSIONS)
    if pipe:
        raise typer.Exit(print_report(partial(pipe_stats, as_json=as_json, outliers=outliers)))

    def show(name: str) -> int:
        return print_report(
            partial(
                show_stats,
                cache_path,
                name,
                photo_filter=filter_flags.filter_of(context.params),
                zone=zone,
                as_json=as_json,
                outliers=outliers,
                plots=plots,
            )
        )

    _each(username, cache_path, show)


def _refuse_pairs(context: typer.Context, exclusions: Iterable[tuple[str, str]]) -> None:
    """Raise `ConfigError` if two flags are set that exclude each other."""
    if pair := excluded_pair(context.params, exclusions):
        raise ConfigError(f"{pair[0]} and {pair[1]} exclude each other: use only one of them.")


def _status_lines(context: typer.Context, style: str) -> int:
    """Print a line, or metrics, for each mirror, and return the exit code."""
    from flickr_mirror.cli.commands.streams_status import show_streams
    from flickr_mirror.cli.options.streams_file import read_streams
    from flickr_mirror.storage import filesystem
    from flickr_mirror.storage.mirror_lookup import all_mirrors

    params, root = context.params, context.find_root()
    if params["streams"] is not None:
        streams = read_streams(root, params["streams"])
        # as in a run, an option of the command line overrides the file
        override = cache_path_of(context) if "--cache-path" in given_options(context) else None
        places = [(override or stream.cache_path, stream.username) for stream in streams]
    else:
        cache_path = cache_path_of(context)
        names = params["username"] or all_mirrors(filesystem.home(cache_path).absolute())
        places = [(cache_path, name) for name in names]
    return show_streams(places, style, params["max_age"])


def _check_all(look: Callable[[str], int], cache_path: Path, name: str) -> int:
    """Check the files and the manifest of a mirror, and return the worse exit code."""
    from flickr_mirror.cli.commands.describe import check_manifest, check_on_disk
    from flickr_mirror.cli.commands.reports import print_report
    from flickr_mirror.cli.exit_codes import worst

    # first, because to read all files of a bucket can take days
    code = print_report(partial(check_on_disk, cache_path, name)) or look(name)
    return code if code > 3 else worst((code, print_report(partial(check_manifest, cache_path, name))))


def _list(context: typer.Context, words: str, order: str) -> NoReturn:
    from flickr_mirror.cli.commands.list_photos import Listing
    from flickr_mirror.cli.commands.reports import list_mirror

    params = context.params
    listing = Listing(
        words=words,
        photo_filter=filter_flags.filter_of(params),
        order=order,
        limit=params["limit"],
        style=filter_flags.style_of(params),
        opens=params.get("opens", False),
        **({"fields": params["fields"]} if params["fields"] else {}),
    )
    cache_path = cache_path_of(context)
    shown: list[str] = []

    def show(name: str) -> int:
        # a CSV file has one line of names, also with the photos of several mirrors
        chosen = replace(listing, heading=listing.style != "csv" or not shown)
        code = list_mirror(name, cache_path=cache_path, listing=chosen)
        shown.extend([name] if code == 0 else [])
        return code

    _each(params["username"], cache_path, show)


def _each(usernames: list[str] | None, cache_path: Path, command: Callable[[str], int]) -> NoReturn:
    """Run a command for each mirror, by default for all, and exit with the worst code."""
    from flickr_mirror.cli.commands.reports import for_mirrors

    try:
        names = list(dict.fromkeys(checked_username(name) for name in usernames or ()))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    raise typer.Exit(for_mirrors(names, cache_path, command))
