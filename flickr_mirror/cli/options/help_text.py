"""How the command is used: its help under headings, and wrong usage in one sentence that says what to do."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from flickr_mirror.cli.options.parsing import flag_of

if TYPE_CHECKING:
    from collections.abc import Iterable

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What Typer raises for wrong usage; older versions take it from Click, later ones have a copy."""

NEAR = 0.7
"""How alike a word and its suggestion are at least, from 0 to 1, as `difflib` has it."""


class CommandGroup(TyperGroup):
    """A command with commands below it; a mistyped one gets the right one suggested."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - Typer's own copy of Click
        """Return the command that the first word names. Raises `UsageError`."""
        word = args[0]
        if self.get_command(ctx, word) is None:
            visible = [name for name in self.list_commands(ctx) if not self.commands[name].hidden]
            raise UsageError(_no_command(ctx, word, visible))
        return super().resolve_command(ctx, args)


class GroupedHelp(CommandGroup):
    """The command's help, with its options under their headings; plain text, because Rich takes its time."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - Typer's own copy of Click
        """Write the options, heading after heading, and then the commands."""
        for heading, parameters in headings(self.get_params(ctx)):
            records = [record for parameter in parameters if (record := parameter.get_help_record(ctx))]
            with formatter.section(heading):
                formatter.write_dl(records)
        self.format_commands(ctx, formatter)


def headings(parameters: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Return options under their headings, in the order in which these come first."""
    found: dict[str, list[Any]] = {}
    for parameter in parameters:
        found.setdefault(getattr(parameter, "rich_help_panel", None) or "More", []).append(parameter)
    return list(found.items())


def _no_command(context: Any, word: str, names: Iterable[str]) -> str:  # noqa: ANN401
    path = context.command_path
    found = f"There is no command {word!r}."
    if near := difflib.get_close_matches(word.lower(), names, 1, NEAR):
        return f"{found} Did you mean `{path} {near[0]}`?"
    advice = f"{found} `{path} --help` lists the commands."
    if context.parent is None:
        advice += f" To mirror the photostream of a user of this name, use --username {word}."
    return advice


def sentence(error: Any, name: str = "") -> str:  # noqa: ANN401
    """Return what is wrong, and what to do; `name` is where an invalid value came from, by default the flag."""
    parameter = getattr(error, "param", None)
    if hasattr(error, "possibilities"):
        return _no_option(error.ctx, error.option_name)
    if hasattr(error, "option_name"):
        takes_none = "does not take" in error.message
        return f"{error.option_name} {'takes no value' if takes_none else 'needs a value'}."
    if parameter is not None:
        is_option = parameter.param_type_name == "option"
        name = name or (flag_of(parameter) if is_option else str(parameter.metavar))
        return f"{name}: {reason(parameter, error.message)}"
    if error.message.startswith("Missing command"):
        *names, last = error.ctx.command.list_commands(error.ctx)
        return (
            f"A command is missing: `{error.ctx.command_path}` is followed by {', '.join(names)} or {last}."
        )
    if extra := re.fullmatch(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", error.message):
        return _extra(error.ctx, extra[1])
    return str(error.message)


def reason(parameter: Any, message: str) -> str:  # noqa: ANN401
    """Return why a value is invalid, without Typer's own words."""
    if not message:
        return f"a value is missing: {parameter.help}"
    if getattr(parameter, "is_flag", False):
        return "use true or false."
    message = message.removeprefix("Value error, ")
    return message if message.endswith((".", "?")) else f"{message}."


def _no_option(context: Any, option: str) -> str:  # noqa: ANN401
    path = context.command_path
    flags = [flag for parameter in context.command.get_params(context) for flag in parameter.opts]
    near = difflib.get_close_matches(option, [flag for flag in flags if flag.startswith("--")], 1, NEAR)
    advice = f"Did you mean {near[0]}?" if near else f"`{path} --help` lists the options."
    return f"`{path}` has no option {option}. {advice}"


def _extra(context: Any, words: str) -> str:  # noqa: ANN401
    advice = ""
    if any("--username" in parameter.opts for parameter in context.command.params):
        advice = f" To choose a mirror, use --username {words}."
    return f"`{context.command_path}` does not take {words!r} as an argument.{advice}"


def help_of(context: Any, words: Iterable[str]) -> str:  # noqa: ANN401
    """Return the help of the command that words name, from the context of the whole one. Raises `UsageError`."""
    for word in words:
        group = context.command
        if not hasattr(group, "commands"):
            raise UsageError(f"`{context.command_path}` has no commands: leave {word!r} out.")
        name, command, _ = group.resolve_command(context, [word])
        context = type(context)(command, info_name=name, parent=context)
    return str(context.get_help())
