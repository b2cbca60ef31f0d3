"""The names of an option: its flag, its key in the settings file, and its environment variable."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flickr_mirror.models.options import Limits, MirrorOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "MIRROR_FLICKR_"
COMMANDS_WITHOUT_SETTINGS = {"demo"}
"""The demo has its own folder, and needs no key."""
_ONLY_FLAGS = {"all-sizes", "force", "list", "output", "print-config", "trash", "undo", "version", "yes"}
"""Options for a single call, which make no sense as a setting."""
_FIELDS = "|".join(
    field.name for kind in (MirrorOptions, Limits) for field in fields(kind) if field.name != "timing"
)
"""The fields that are options: the times are not."""


def cache_path_of(context: Any) -> Path:  # noqa: ANN401 - Typer's own copy of Click
    """Return the value of `--cache-path`; with some versions of Typer, the context has it as a text."""
    return Path(context.params["cache_path"])


def settings_of(command: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - Typer's own copy of Click
    """Yield the options that variables and files may set, of a command and its subcommands, each with its command."""
    for parameter in command.params:
        if parameter.param_type_name == "option" and key_of(parameter) not in _ONLY_FLAGS:
            yield command, parameter
    for name, below in getattr(command, "commands", {}).items():
        if name not in COMMANDS_WITHOUT_SETTINGS:
            yield from settings_of(below)


def given_options(context: Any) -> list[str]:  # noqa: ANN401
    """Return the flags on the command line, by their long names."""
    sources = [(one, context.get_parameter_source(one.name or "")) for one in context.command.params]
    return [flag_of(one) for one, source in sources if source and source.name == "COMMANDLINE"]


def flag_of(parameter: Any) -> str:  # noqa: ANN401
    """Return the long flag of an option: `--cache-path`."""
    names: list[str] = parameter.opts
    return next(name for name in names if name.startswith("--"))


def flag_name(name: str) -> str:
    """Return the flag of a parameter: `--cache-path` for `cache_path`, `--as` for `as_`, `--json` for `as_json`."""
    name = name.removeprefix("as_") or name
    return f"--{name.rstrip('_').replace('_', '-')}"


def with_flag_names(sentence: str) -> str:
    """Return a sentence in which the fields of `MirrorOptions` and `Limits` are replaced by their flags.

    >>> with_flag_names("image_only and info_only exclude each other.")
    '--image-only and --info-only exclude each other.'
    """
    return re.sub(rf"\b(?:{_FIELDS})\b", lambda match: flag_name(match[0]), sentence)


def key_of(parameter: Any) -> str:  # noqa: ANN401
    """Return the key of an option in the settings file: its long flag, such as `cache-path`."""
    return flag_of(parameter).removeprefix("--")


def variable_of(parameter: Any) -> str:  # noqa: ANN401
    """Return the environment variable that sets an option, or could."""
    names: list[str] = parameter.envvar
    return next((name for name in names if os.environ.get(name)), names[-1])


def unknown_variables(command: Any) -> list[str]:  # noqa: ANN401
    """Return a sentence for each environment variable with the command's prefix that matches no option."""
    known = {name.removeprefix(PREFIX) for _, parameter in settings_of(command) for name in parameter.envvar}
    unknown = {name.removeprefix(PREFIX) for name in os.environ if name.startswith(PREFIX)} - known
    return [
        f"The variable {PREFIX}{name} is ignored: there is no such option{suggestion(name, known, PREFIX)}"
        for name in sorted(unknown)
    ]


def suggestion(name: str, known: set[str], prefix: str = "") -> str:
    """Return the end of a sentence about an unknown name: the most similar known one, or how to list them."""
    near = difflib.get_close_matches(name, known, 1)
    return (
        f". Did you mean {prefix}{near[0]}?"
        if near
        else ". `mirror_flickr --print-config` lists all options."
    )


def is_secret(key: str, value: object) -> bool:
    """Return whether the value of an option must be hidden: a key, a token, a secret URL, or a URL with a password."""
    secrets = {"consumer-key", "consumer-secret", "oauth-token", "oauth-token-secret", "ping-url"}
    return key in secrets or (key.endswith("-url") and "@" in str(value))
