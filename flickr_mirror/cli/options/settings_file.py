"""The settings file: it is read once, checked, and gives options their defaults."""

from __future__ import annotations

import inspect
import os
import stat
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from flickr_mirror.cli.options.option_names import (
    COMMANDS_WITHOUT_SETTINGS,
    is_secret,
    key_of,
    settings_of,
    suggestion,
)
from flickr_mirror.cli.options.parsing import Number
from flickr_mirror.cli.options.usage_errors import ConfigError, invalid_value_reason

ARGUMENTS, FILE = f"{__name__}.arguments", f"{__name__}.file"
"""The keys in a context's `meta` for the command line and the path of the settings file."""
MAX_SIZE = 1 << 20
"""The largest settings file in bytes."""

_KINDS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false, without quotes"),
    int: ((int,), "a whole number, without quotes"),
    float: ((int, float), "a number, without quotes"),
    str: ((str,), "a text in quotes"),
}


def user_file(name: str) -> Path | None:
    """Return the path of a file in the user's configuration folder; `None` without a home folder."""
    from platformdirs import user_config_path

    try:
        return user_config_path("mirror_flickr", appauthor=False) / name
    except RuntimeError:
        return None


def default_file() -> Path | None:
    """Return the platform's path for the settings file; `None` without a home folder."""
    return user_file("config.toml")


def load(context: typer.Context, name: str | None) -> str | None:
    """Read the settings file, and set the default values of this context's options. Raises `ConfigError`.

    `name` is the path of the file. An empty name reads no file. `None` reads the platform's file if it exists.
    """
    words = context.meta[ARGUMENTS]
    is_help_only = {"-h", "--help"} & {*words} or words[:1] in (["help"], ["version"])
    if context.resilient_parsing or name == "" or is_help_only:
        return name
    path = default_file() if name is None else Path(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser may raise
    context.meta[FILE] = path
    if path and (content := read_file(path, may_be_missing=name is None)) is not None:
        text, is_private = content
        known = {key_of(parameter) for _, parameter in settings_of(context.command)} - {"config"}
        settings = _settings(path, text, known, is_private=is_private)
        context.default_map = _defaults(path, context, context.command, settings)
    return name


Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        is_eager=True,
        callback=load,
        metavar="FILE",
        help="Settings file, or '' for none. [default: mirror_flickr/config.toml in the user's configuration folder]",
    ),
]
PrintConfig = Annotated[
    bool,
    typer.Option("--print-config", help="Show each option's value and where it comes from, then exit."),
]


def read_file(path: Path, *, may_be_missing: bool) -> tuple[str, bool] | None:
    """Return the text of a file, and whether only its owner can read it; `None` if it is missing and may be."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(MAX_SIZE + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        if may_be_missing:
            return None
        raise ConfigError(
            f"{path}: {error.strerror}. Use --config '' to run without a settings file."
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "invalid file name"
        raise ConfigError(f"{path}: {why}. Use --config '' to run without a settings file.") from None
    if len(content) > MAX_SIZE:
        raise ConfigError(f"{path} is too large for a settings file: the limit is 1 MiB.")
    is_private = not stat.S_IMODE(status.st_mode) & 0o077 and status.st_uid in (os.geteuid(), 0)
    try:
        return content.decode("utf-8-sig"), is_private
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not valid TOML: it is not UTF-8.") from None


def _settings(path: Path, text: str, known: set[str], *, is_private: bool) -> dict[str, Any]:
    """Return the settings in the text of a file, by the long names of options."""
    import tomllib

    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None
    settings: dict[str, Any] = {}
    for name, value in document.items():
        key = name.replace("_", "-")
        if key not in known:
            raise ConfigError(f"{path}: unknown option {name!r}{suggestion(key, known)}")
        if key in settings:
            raise ConfigError(f"{path}: {key} is set twice, with hyphens and with underscores. Remove one.")
        if is_secret(key, value) and not is_private:
            raise ConfigError(
                f"{path}: {key} is secret, and other users can read this file. Run chmod 600 on it, or remove {key}; "
                "`mirror_flickr keys set` saves keys elsewhere."
            )
        settings[key] = value
    return settings


def _defaults(path: Path, context: typer.Context, command: Any, settings: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Return the default values of a command's parameters, and those of its subcommands by their names."""
    kinds = kinds_of(command)
    defaults: dict[str, Any] = {}
    for owner, parameter in settings_of(command):
        if owner is command and (key := key_of(parameter)) in settings:
            value = settings[key]
            if isinstance(value, list) and len(value) == 1 and not parameter.multiple:
                value = value[0]
            elif isinstance(value, list) and command is not context.command and not parameter.multiple:
                continue  # a run takes several values, this subcommand one
            defaults[parameter.name] = checked_value(path, context, parameter, value, kinds[parameter.name])
    for name, below in getattr(command, "commands", {}).items():
        # no entry for a command without settings: an option of the same name would read it as its value
        if name not in COMMANDS_WITHOUT_SETTINGS and (
            of_command := _defaults(path, context, below, settings)
        ):
            defaults[name] = of_command
    return defaults


def checked_value(path: Path, context: typer.Context, parameter: Any, value: object, kind: type) -> object:  # noqa: ANN401
    """Return a value as on the command line. Raises `ConfigError`."""
    types, description = _KINDS[kind]
    values = value if isinstance(value, list) and parameter.multiple else [value]
    if not all(type(one) in types for one in values):  # not isinstance, because True is an int
        raise ConfigError(f"{path}: {key_of(parameter)} takes {description}.")
    texts = values if kind is bool else [str(one) for one in values]
    ready = texts if parameter.multiple else texts[0]
    try:
        parameter.process_value(context, ready)
    except typer.BadParameter as error:
        raise ConfigError(
            f"{path}: {key_of(parameter)}: {invalid_value_reason(parameter, error.message)}"
        ) from None
    return ready


def kinds_of(command: Any) -> dict[str, type]:  # noqa: ANN401
    """Return the TOML type of each parameter: `bool`, `int`, `float` or `str`."""
    function = inspect.unwrap(command.callback) if command.callback else None
    hints = get_type_hints(function, include_extras=True) if function else {}
    return {name: _kind(*get_args(hint)[:2]) for name, hint in hints.items() if get_origin(hint) is Annotated}


def _kind(annotation: Any, option: Any) -> type:  # noqa: ANN401
    inside = [one for one in get_args(annotation) if one is not NoneType]
    if inside:  # `int | None`, `list[int]`
        return _kind(inside[0], option)
    if isinstance(option.parser, Number):
        return option.parser.kind
    return annotation if annotation in _KINDS and option.parser is None else str
