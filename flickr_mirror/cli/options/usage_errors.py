"""Usage errors as one sentence that states what is wrong and what to do."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

import typer

from flickr_mirror.cli.options.option_names import flag_of

if TYPE_CHECKING:
    from collections.abc import Iterable

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""The usage error of Typer's own copy of Click."""

SIMILARITY = 0.7
"""The least similarity between a word and its suggestion, 0 to 1, as in `difflib`."""


class ConfigError(ValueError):
    """An option has an invalid value; the message names the option, or the variable or file that set it."""


def usage_sentence(error: Any, name: str = "") -> str:  # noqa: ANN401 - Typer's own copy of Click
    """Return what is wrong and what to do; `name` is the source of an invalid value, by default the flag."""
    parameter = getattr(error, "param", None)
    if hasattr(error, "possibilities"):
        return _unknown_option(error.ctx, error.option_name)
    if hasattr(error, "option_name"):
        takes_none = "does not take" in error.message
        return f"{error.option_name} {'takes no value' if takes_none else 'needs a value'}."
    if parameter is not None:
        is_option = parameter.param_type_name == "option"
        name = name or (flag_of(parameter) if is_option else str(parameter.metavar))
        return f"{name}: {invalid_value_reason(parameter, error.message)}"
    if error.message.startswith("Missing command"):
        *names, last = error.ctx.command.list_commands(error.ctx)
        path = error.ctx.command_path
        return f"A command is missing: use `{path}` with {', '.join(names)} or {last}."
    if extra := re.fullmatch(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", error.message):
        return _extra_arguments(error.ctx, extra[1])
    return str(error.message)


def invalid_value_reason(parameter: Any, message: str) -> str:  # noqa: ANN401
    """Return why a value is invalid, without the prefix of Typer's message."""
    if not message:
        return f"a value is missing: {parameter.help}"
    if getattr(parameter, "is_flag", False):
        return "use true or false."
    message = message.removeprefix("Value error, ")
    return message if message.endswith((".", "?")) else f"{message}."


_MEANT = {
    **dict.fromkeys(("open", "show", "view", "look", "browse", "see"), "gallery"),
    **dict.fromkeys(("find", "grep"), "search"),
    **dict.fromkeys(("delete", "remove", "rm", "erase", "takedown"), "forget"),
    **dict.fromkeys(("web", "server", "api"), "serve"),
    **dict.fromkeys(("statistics", "charts"), "stats"),
    **dict.fromkeys(("verify", "fsck"), "check"),
    **dict.fromkeys(("archive", "readme"), "describe"),
    **dict.fromkeys(("bag", "copy"), "export"),
}
"""The commands that users look for under another name."""


def unknown_command(context: Any, word: str, names: Iterable[str]) -> str:  # noqa: ANN401
    """Return a sentence about a command that does not exist, with a similar one or how to list them."""
    path = context.command_path
    problem = f"There is no command {word!r}."
    names = list(names)
    meant = _MEANT.get(word.lower())
    if near := [meant] if meant in names else difflib.get_close_matches(word.lower(), names, 1, SIMILARITY):
        return f"{problem} Did you mean `{path} {near[0]}`?"
    advice = f"{problem} `{path} --help` lists the commands."
    if context.parent is None:
        advice += f" To mirror the photostream of the user {word}, use --username {word}."
    return advice


def _unknown_option(context: Any, option: str) -> str:  # noqa: ANN401
    path = context.command_path
    flags = [flag for parameter in context.command.get_params(context) for flag in parameter.opts]
    long = [flag for flag in flags if flag.startswith("--")]
    near = difflib.get_close_matches(option, long, 1, SIMILARITY)
    advice = f"Did you mean {near[0]}?" if near else f"`{path} --help` lists the options."
    if context.command.name == "search" and not option.startswith("--"):
        advice = f"To search for photos without a word, write -- before the query: `{path} -- hue -temple`."
    return f"`{path}` has no option {option}. {advice}"


def _extra_arguments(context: Any, words: str) -> str:  # noqa: ANN401
    advice = ""
    if any("--username" in parameter.opts for parameter in context.command.params):
        advice = f" To choose a mirror, use --username {words}."
    return f"`{context.command_path}` does not take {words!r} as an argument.{advice}"
