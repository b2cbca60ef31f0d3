"""The file of `--streams`: a TOML list of photostreams with the options of each."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flickr_mirror.cli.options.argument_checks import checked_username
from flickr_mirror.cli.options.exclusions import excluded_pair
from flickr_mirror.cli.options.option_names import key_of, settings_of, suggestion, variable_of
from flickr_mirror.cli.options.settings_file import checked_value, kinds_of, read_file
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.models.options import DEFAULT_CACHE_PATH

NOT_FOR_STREAMS = {
    *("username", "config", "streams", "stream", "side-by-side", "save-api-keys", "dry-run", "watch"),
    *("consumer-key", "consumer-secret", "oauth-token", "oauth-token-secret", "quiet", "json"),
}
"""Options that a stream cannot have: they are for the command as a whole, or secret."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A photostream of the file: its username, its options as environment variables, and the folder of its keys."""

    username: str
    variables: dict[str, str] = field(default_factory=dict)
    keys: Path | None = None
    cache_path: Path = DEFAULT_CACHE_PATH


def read_streams(context: Any, path: Path) -> list[Stream]:  # noqa: ANN401 - Typer's own copy of Click
    """Return the streams of a file.

    Each `[[stream]]` has a `username` and options by their long names; options before the first one are for all of
    them. `keys` is a folder with a file `flickr_keys`. Raises `ConfigError` if the file cannot be read, for an unknown
    option or a bad value, and for two streams with one name.
    """
    import tomllib

    found = read_file(Path(os.path.expanduser(path)), may_be_missing=True)  # noqa: PTH111 - Path.expanduser may raise
    if found is None:
        raise ConfigError(f"{path} does not exist: use the path of a TOML file with [[stream]] entries.")
    text, _ = found
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None
    entries = document.pop("stream", None)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f'{path} has no streams: write [[stream]] and username = "NAME" for each.')
    streams = [_stream(context, path, {**document, **entry}) for entry in entries]
    names = [stream.username for stream in streams]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"{path} has the stream {twice!r} twice: remove one.")
    return streams


def _stream(context: Any, path: Path, entry: dict[str, Any]) -> Stream:  # noqa: ANN401
    command = context.command
    options = {key_of(parameter): parameter for owner, parameter in settings_of(command) if owner is command}
    kinds = kinds_of(command)
    values = {name.replace("_", "-"): value for name, value in entry.items()}
    username = values.pop("username", None)
    if not isinstance(username, str):
        raise ConfigError(f'{path}: a stream has no username: add username = "NAME".')
    keys = values.pop("keys", None)
    if keys is not None and not isinstance(keys, str):
        raise ConfigError(f"{path}: keys takes a folder in quotes, which has a file flickr_keys.")
    variables = {}
    known = options.keys() - NOT_FOR_STREAMS
    for key, value in values.items():
        if key in NOT_FOR_STREAMS & options.keys():
            raise ConfigError(f"{path}: {key} cannot be set for a stream: use it on the command line.")
        if key not in known:
            raise ConfigError(f"{path}: unknown option {key!r}{suggestion(key, known)}")
        parameter = options[key]
        checked_value(path, context, parameter, value, kinds[parameter.name])
        variables[variable_of(parameter)] = str(value).lower() if isinstance(value, bool) else str(value)
    flags = {
        **dict.fromkeys(parameter.name for parameter in command.params),
        **{options[key].name: value for key, value in values.items()},
        "username": username,
    }
    if pair := excluded_pair(flags):
        raise ConfigError(
            f"{path}: {pair[0]} and {pair[1]} exclude each other: {username!r} can have one of them."
        )
    try:
        name = checked_username(username)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None
    cache_path = values.get("cache-path", context.params["cache_path"])
    return Stream(name, variables, Path(keys) if keys else None, Path(str(cache_path)))
