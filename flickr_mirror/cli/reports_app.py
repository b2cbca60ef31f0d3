"""The options of `mirror_flickr check`, `status`, `list` and `search`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NoReturn

import typer

from flickr_mirror.cli.options import filter_flags, flags, report_flags, search_flags
from flickr_mirror.cli.options.argument_checks import checked_username
from flickr_mirror.cli.options.timing import timing_of
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.models.options import DEFAULT_CACHE_PATH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def check(
    context: typer.Context,
    username: report_flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    part: report_flags.PendingFile = None,
    rebuild: report_flags.Rebuild = False,
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
        as_json=as_json,
        quiet=quiet,
        timing=timing_of(context),
    )
    _each(username, cache_path, look)


def status(
    username: report_flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    max_age: report_flags.MaxAge = None,
    as_json: report_flags.ReportAsJson = False,
) -> None:
    """Show the state of a mirror and the result of its last run. Makes no call to Flickr."""
    from flickr_mirror.cli.commands.mirror import status

    _each(username, cache_path, partial(status, cache_path=cache_path, max_age=max_age, as_json=as_json))


def list_photos(
    context: typer.Context,
    username: report_flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    tag: filter_flags.Tags = None,
    since: filter_flags.Since = None,
    until: filter_flags.Until = None,
    taken: filter_flags.Taken = None,
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
    _list(context, " ".join(words), sort)


def _list(context: typer.Context, words: str, order: str) -> NoReturn:
    from flickr_mirror.cli.commands.list_photos import Listing
    from flickr_mirror.cli.commands.mirror import list_mirror

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
    cache_path = params["cache_path"]
    _each(params["username"], cache_path, partial(list_mirror, cache_path=cache_path, listing=listing))


def _each(usernames: list[str] | None, cache_path: Path, command: Callable[[str], int]) -> NoReturn:
    """Run a command for each mirror, by default for all, and exit with the worst code."""
    from flickr_mirror.cli.commands.mirror import for_mirrors

    try:
        names = list(dict.fromkeys(checked_username(name) for name in usernames or ()))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    raise typer.Exit(for_mirrors(names, cache_path, command))
