"""`mirror_flickr check`, `status` and `list`: their options, and which mirrors they are for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NoReturn

import typer

from flickr_mirror.cli.options import flags  # noqa: TC001 - Typer reads the annotations
from flickr_mirror.cli.options.parsing import text
from flickr_mirror.cli.options.settings_file import ConfigError
from flickr_mirror.models.options import DEFAULT_CACHE_PATH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def check(
    username: flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    part: flags.PendingFile = None,
    rebuild: flags.Rebuild = False,
    as_json: flags.ReportAsJson = False,
    quiet: flags.ReportQuietly = False,
) -> None:
    """Read all files of a mirror, and have broken ones made again by the next run. Flickr is not asked."""
    from flickr_mirror.cli.commands.mirror import check

    which = part or (1, 1)
    look = partial(check, cache_path=cache_path, part=which, rebuild=rebuild, as_json=as_json, quiet=quiet)
    _each(username, cache_path, look)


def status(
    username: flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    max_age: flags.MaxAge = None,
    as_json: flags.ReportAsJson = False,
) -> None:
    """Show how a mirror is and how its last run went. Flickr is not asked."""
    from flickr_mirror.cli.commands.mirror import status

    _each(username, cache_path, partial(status, cache_path=cache_path, max_age=max_age, as_json=as_json))


def list_photos(
    username: flags.MirrorNames = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    as_json: flags.ReportAsJson = False,
) -> None:
    """List the mirrored photos: id, date of upload, path, page and title. Flickr is not asked."""
    from flickr_mirror.cli.commands.mirror import list_mirror

    _each(username, cache_path, partial(list_mirror, cache_path=cache_path, as_json=as_json))


def _each(usernames: list[str] | None, cache_path: Path, command: Callable[[str], int]) -> NoReturn:
    """Do something for one mirror after the other, by default for all, and end with the gravest exit code."""
    from flickr_mirror.cli.commands.mirror import for_mirrors

    try:
        names = list(dict.fromkeys(text(name) for name in usernames or ()))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    raise typer.Exit(for_mirrors(names, cache_path, command))
