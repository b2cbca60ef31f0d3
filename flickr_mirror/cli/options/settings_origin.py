"""The origin of each option's value, and `--print-config`: all options with values and origins, as TOML."""

from __future__ import annotations

import json
import re
from typing import Any

from flickr_mirror.cli.options.configured_command import OVERRIDDEN
from flickr_mirror.cli.options.flags import KEYS
from flickr_mirror.cli.options.help_text import headings
from flickr_mirror.cli.options.option_names import (
    cache_path_of,
    flag_of,
    is_secret,
    key_of,
    settings_of,
    unknown_variables,
    variable_of,
)
from flickr_mirror.cli.options.settings_file import ARGUMENTS, FILE, kinds_of

_WIDTH = 40


def origin(context: Any, name: str) -> str:  # noqa: ANN401 - Typer's own copy of Click
    """Return the origin of a parameter's value: `flag --fifo`, `file config.toml` or the like."""
    parameter = next(one for one in context.command.params if one.name == name)
    source = context.get_parameter_source(name)
    match source and source.name:
        case "COMMANDLINE":
            return f"flag {flag_of(parameter)}"
        case "ENVIRONMENT":
            return f"environment variable {variable_of(parameter)}"
        case "DEFAULT_MAP":
            return f"file {context.meta[FILE]}"
        case _:
            return "default"


def with_origins(context: Any, sentence: str) -> str:  # noqa: ANN401
    """Return a sentence about flags, with the origins of those that are not on the command line."""
    names = {flag_of(parameter): parameter.name for parameter in _own_options(context)}
    named = dict.fromkeys(re.findall(r"--[a-z][a-z-]*[a-z]", sentence))
    found = {flag: origin(context, names[flag]) for flag in named if flag in names}
    elsewhere = [
        f"{flag} comes from the {where}"
        for flag, where in found.items()
        if not where.startswith(("flag", "default"))
    ]
    return f"{sentence} Here {', '.join(elsewhere)}." if elsewhere else sentence


def print_config(context: Any) -> str:  # noqa: ANN401
    """Return all options with values and origins, as TOML; what a settings file cannot hold is a comment."""
    path, kinds = context.meta.get(FILE), kinds_of(context.command)
    there = "none" if path is None else path if path.exists() else f"{path} (missing)"
    lines = [f"# Settings file: {there}"]
    typed = context.command.make_parser(context).parse_args(list(context.meta[ARGUMENTS]))[0]
    for heading, parameters in headings(_own_options(context)):
        lines += ["", f"# {heading}"]
        for parameter in parameters:
            value, where = (
                _value(context, parameter, typed, kinds[parameter.name]),
                origin(context, parameter.name),
            )
            if winner := context.meta[OVERRIDDEN].get(parameter.name):
                where = f"{origin(context, winner)} overrides {where}"
            if heading == KEYS and value is None:
                value, where = _saved_key(context)
            elif parameter.name == "oauth_token" and value is None:
                where = _saved_logins(context)
            lines.append(f"{_line(key_of(parameter), value).ljust(_WIDTH)}  # {where}")
    if unknown := unknown_variables(context.command):
        lines += ["", *(f"# {sentence}" for sentence in unknown)]
    return "".join(f"{_visible(line)}\n" for line in lines)


def _saved_key(context: Any) -> tuple[str | None, str]:  # noqa: ANN401
    """Return a saved key, which is not printed, and where it is saved; else `None` and the places searched."""
    from flickr_mirror.cli.keys.lookup import key_locations, saved_keys
    from flickr_mirror.errors import FlickrMirrorError
    from flickr_mirror.storage import filesystem

    try:
        root = filesystem.home(cache_path_of(context))
        if found := saved_keys(root):
            return found.consumer_key, f"saved in {found.origin}"
        return None, f"not saved in {key_locations(root)}"
    except FlickrMirrorError as error:
        return None, str(error)


def _saved_logins(context: Any) -> str:  # noqa: ANN401
    """Return whose logins are saved, and where."""
    from flickr_mirror.cli.keys.lookup import saved_keys
    from flickr_mirror.cli.keys.saved_logins import saved_logins
    from flickr_mirror.errors import FlickrMirrorError
    from flickr_mirror.storage import filesystem

    try:
        root = filesystem.home(cache_path_of(context))
        logins = saved_logins(root, saved_keys(root))
    except FlickrMirrorError as error:
        return str(error)
    found = [f"the login of {login.account} is saved in {login.origin}" for login in logins]
    return ", ".join(found) or "default"


def _own_options(context: Any) -> list[Any]:  # noqa: ANN401
    """Return the options of a context's own command, without its subcommands."""
    return [parameter for owner, parameter in settings_of(context.command) if owner is context.command]


def _value(context: Any, parameter: Any, typed: dict[str, Any], kind: type) -> Any:  # noqa: ANN401
    """Return a value as the user wrote it: `30d` rather than a number of seconds."""
    value = context.params[parameter.name]
    source = context.get_parameter_source(parameter.name)
    if kind is not str or value is None or source is None:
        return value
    match source.name:
        case "COMMANDLINE":
            return typed[parameter.name]
        case "ENVIRONMENT":
            return parameter.value_from_envvar(context)
        case "DEFAULT_MAP":
            return context.default_map[parameter.name]
        case _:
            return value


def _line(key: str, value: Any) -> str:  # noqa: ANN401
    if value is None or value in ([], ()):
        return f"# {key}"
    if is_secret(key, value):
        shown = re.sub(r"^(\w+://)?.*@", r"\1***@", value) if key == "api-url" else "***"
        return f"# {key} = {_toml(shown)}"
    return f"# {key} = {_toml(value)}" if key == "config" else f"{key} = {_toml(value)}"


def _toml(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return _visible(
        json.dumps(value if isinstance(value, (bool, int, float)) else str(value), ensure_ascii=False)
    )


def _visible(text: str) -> str:
    """Return a text whose characters that are not printable are escaped as TOML reads them."""
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in text)
