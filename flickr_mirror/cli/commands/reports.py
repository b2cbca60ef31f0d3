"""Runs the commands that report on mirrors. It imports neither the engine nor the network, so that they start fast."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.cli.exit_codes import for_each
from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.cli.output.console import OutputOptions, set_up
from flickr_mirror.errors import FlickrMirrorError
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_lookup import all_mirrors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.cli.commands.list_photos import Listing


def for_mirrors(names: list[str], cache_path: Path, command: Callable[[str], int]) -> int:
    """Run a command for mirrors, by default for all in the cache path, and return the worst exit code."""
    try:
        names = names or all_mirrors(filesystem.home(cache_path).absolute())
    except FlickrMirrorError as error:
        set_up(OutputOptions())
        return echo_failure(error)
    return for_each(names, command)


def status(username: str, *, cache_path: Path, max_age: float | None, as_json: bool) -> int:
    """Print the state of a mirror, and return the exit code."""
    from flickr_mirror.cli.commands.status import show_status

    return print_report(partial(show_status, cache_path, username, max_age=max_age, as_json=as_json))


def list_mirror(username: str, *, cache_path: Path, listing: Listing) -> int:
    """List the photos of a mirror that a `listing` describes, and return the exit code."""
    from flickr_mirror.cli.commands.list_photos import list_photos

    return print_report(partial(list_photos, cache_path, username, listing))


def print_report(show: Callable[[], int]) -> int:
    """Print a report, and return its exit code, or that of the error that ended it."""
    set_up(OutputOptions())
    try:
        return show()
    except BrokenPipeError:  # `mirror_flickr list | head`
        return 0
    except FlickrMirrorError as error:
        return echo_failure(error)
