"""The run that `mirror_flickr` starts: options, limits and output from the parsed flags."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from flickr_mirror.cli.options import settings_origin
from flickr_mirror.cli.options.argument_checks import (
    checked_endpoint,
    checked_ping_url,
    checked_username,
    hook_command,
)
from flickr_mirror.cli.options.exclusions import excluded_pair
from flickr_mirror.cli.options.login_flags import login_choice
from flickr_mirror.cli.options.option_names import given_options, unknown_variables, with_flag_names
from flickr_mirror.cli.options.settings_file import ARGUMENTS
from flickr_mirror.cli.options.timing import timing_of
from flickr_mirror.models.addresses import page_of
from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.models.options import CachingStrategy, Limits, MirrorOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flickr_mirror.models.timing import Timing

INFO = 3
"""The lowest `--debug` level whose log includes the start of a run."""
_NOT_REPEATABLE = {
    "--include": "write all names after one of them, separated by commas",
    "--album": "start a command for each album",
    "--source": "start a command for each list",
}
"""The flags of which a second one would replace what the first one asks for, and what to do instead."""
_OPTIONS = [field.name for field in fields(MirrorOptions)]
_LIMITS = [field.name for field in fields(Limits)]


def run(context: typer.Context) -> NoReturn:
    """Mirror as the flags of the command request, and exit with the code of the run."""
    flags = context.params
    _refuse_repeated(context.meta[ARGUMENTS])
    if flags["streams"] is not None:
        _run_streams(context)
    _name_owner_of_album(flags)
    _check_usage(context)
    try:
        names = _names(flags)
        options, limits = _options(flags), _limits(flags, timing_of(context))
        notify = checked_ping_url(flags["ping_url"]), hook_command(flags["hook"])
    except ValueError as error:
        usage_error(settings_origin.with_origins(context, with_flag_names(str(error))))
    if not flags["quiet"]:
        _announce(names, flags["debug"], _target(flags, options))
    from flickr_mirror.cli.commands.mirror import mirror
    from flickr_mirror.cli.output.console import OutputOptions

    output = OutputOptions(
        debug=flags["debug"],
        quiet=flags["quiet"],
        verbose=flags["verbose"],
        progress=not flags["no_progress"],
        as_json=flags["as_json"],
        describes=not flags["no_description"],
    )
    try:
        start = mirror(
            names,
            options,
            limits,
            (flags["consumer_key"], flags["consumer_secret"]),
            is_key_visible=bool({"--consumer-key", "--consumer-secret"} & {*given_options(context)}),
            login=login_choice(context),
            save=flags["save_api_keys"],
            watch=flags["watch"],
            dry_run=flags["dry_run"],
            are_lists=bool(flags["source"]),
            output=output,
            notify=notify,
        )
    except ValueError as error:
        usage_error(with_flag_names(str(error)))
    if unknown := unknown_variables(context.command):
        import logging

        logging.getLogger("flickr_mirror").warning(" ".join(unknown))
    raise typer.Exit(start())


def _run_streams(context: typer.Context) -> NoReturn:
    """Mirror the photostreams of the file of `--streams`, and exit with the worst code."""
    from flickr_mirror.cli.commands.streams import run_streams
    from flickr_mirror.cli.options.streams_file import read_streams
    from flickr_mirror.cli.output.console import OutputOptions

    flags = context.params
    for name in ("username", "source", "watch", "album"):
        if flags[name]:
            usage_error(f"--streams and --{name} exclude each other: use only one of them.")
    streams = read_streams(context, flags["streams"])
    arguments = without_options(context.meta[ARGUMENTS], ("--streams", "--side-by-side"))
    output = OutputOptions(debug=flags["debug"], quiet=flags["quiet"], as_json=flags["as_json"])
    raise typer.Exit(run_streams(streams, arguments, flags["side_by_side"], output))


def without_options(arguments: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return a command line without options that take a value.

    >>> without_options(["--streams", "x", "--fifo", "--side-by-side=2"], ("--streams", "--side-by-side"))
    ['--fifo']
    """
    kept, skips = [], False
    for argument in arguments:
        if skips:
            skips = False
        elif argument in names:
            skips = True
        elif argument.partition("=")[0] not in names:
            kept.append(argument)
    return kept


def _refuse_repeated(arguments: Sequence[str]) -> None:
    """Exit with a usage error if a flag is repeated whose first value would be lost, with what it would mirror."""
    for flag, remedy in _NOT_REPEATABLE.items():
        if sum(argument.partition("=")[0] == flag for argument in arguments) > 1:
            usage_error(f"{flag} is given twice: {remedy}.")


def _name_owner_of_album(flags: dict[str, Any]) -> None:
    """Use the account in the address of --album if there is no --username; exit with a usage error if they differ."""
    owner = flags["album"].owner if flags["album"] else None
    if owner and not flags["username"]:
        flags["username"] = [owner if is_nsid(owner) else page_of(owner)]
    elif owner:
        others = [name for name in flags["username"] if is_nsid(name) and is_nsid(owner) and name != owner]
        others += flags["username"][1:]
        if others:
            usage_error(
                f"--album is an album of {owner}, not of {others[0]}: leave out --username, or use its albums."
            )


def _check_usage(context: typer.Context) -> None:
    """Exit with a usage error if flags are missing, or exclude each other."""
    flags = context.params
    if "--side-by-side" in given_options(context):
        usage_error("--side-by-side needs --streams: several --username are mirrored one after the other.")
    if not flags["source"] and (not flags["username"] or "" in flags["username"]):
        usage_error(
            "--username is missing: add it, or use the whole address of the album."
            if flags["album"]
            else "--username is missing: add the user to mirror, or try `mirror_flickr demo`."
        )
    if flags["album"] and len(set(flags["username"] or ())) > 1:
        usage_error("--album takes one --username: start a command for each album.")
    if pair := excluded_pair(flags):
        sentence = f"{pair[0]} and {pair[1]} exclude each other: use only one of them."
        usage_error(settings_origin.with_origins(context, sentence))
    if flags["watch"] is not None and len(set(flags["username"] or ())) > 1:
        usage_error(
            "--watch takes one --username: start a command for each user, they share the hour's calls."
        )


def _names(flags: Mapping[str, Any]) -> list[str]:
    """Return the users to mirror, or the address of a list. Raises `ValueError`."""
    if address := flags["source"]:
        return [address]
    return list(dict.fromkeys(checked_username(name) for name in flags["username"]))


def _options(flags: Mapping[str, Any]) -> MirrorOptions:
    given = {name: flags[name] for name in _OPTIONS if name in flags}
    return MirrorOptions(
        **{
            **given,
            "cache_path": Path(flags["cache_path"]),  # a text with some versions of Typer
            "include": flags["include"] or frozenset(),
            "store": flags["store"] or "",
            "cluster": flags["cluster"] or "",
            "album_id": flags["album"].album_id if flags["album"] else None,
            "strategy": CachingStrategy.FIFO if flags["fifo"] else CachingStrategy.LIFO,
            "api_url": checked_endpoint(flags["api_url"]),
        }
    )


def _limits(flags: Mapping[str, Any], timing: Timing) -> Limits:
    return Limits(**{name: flags[name] for name in _LIMITS if name in flags}, timing=timing)


def _target(flags: Mapping[str, Any], options: MirrorOptions) -> str:
    """Return what is mirrored, as words before the names."""
    if flags["source"]:
        return "the list at"
    return f"album {options.album_id} of" if options.album_id else "the photostream of"


def _announce(names: list[str], debug: int | None, what: str) -> None:
    """Print at once what the command does, because the libraries of a run take half a second to load."""
    text = f"Mirroring {what} {' and of '.join(map(repr, names))}."
    stream = sys.stderr
    with suppress(OSError, ValueError, AttributeError):  # no reader, or closed before the start
        if stream.isatty():
            stream.write(f"{text}\n")
        elif debug is None or debug >= INFO:
            now = time.time()
            stamp = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))},{int(now % 1 * 1000):03}"
            stream.write(f"{stamp} [INFO] {text}\n")
        stream.flush()


def usage_error(text: str) -> NoReturn:
    """Print a usage error, and exit with code 2."""
    from flickr_mirror.cli.output.console import echo

    echo(f"mirror_flickr: {text}")
    raise typer.Exit(2)
