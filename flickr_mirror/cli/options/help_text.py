"""The `--help` text of the command and its subcommands, with options under headings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

from flickr_mirror.cli.options.usage_errors import UsageError, unknown_command

if TYPE_CHECKING:
    from collections.abc import Iterable


class CommandGroup(TyperGroup):
    """A command with subcommands, which suggests the right one for a mistyped name."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - Typer's own copy of Click
        """Return the subcommand that the first word names. Raises `UsageError`."""
        word = args[0]
        if self.get_command(ctx, word) is None:
            visible = [name for name in self.list_commands(ctx) if not self.commands[name].hidden]
            raise UsageError(unknown_command(ctx, word, visible))
        return super().resolve_command(ctx, args)


class GroupedHelp(CommandGroup):
    """A command whose help has options under headings; in plain text, because Rich is slow to load."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - Typer's own copy of Click
        """Write the options under their headings, then the subcommands."""
        for heading, parameters in headings(self.get_params(ctx)):
            records = [record for parameter in parameters if (record := parameter.get_help_record(ctx))]
            with formatter.section(heading):
                formatter.write_dl(records)
        self.format_commands(ctx, formatter)


def headings(parameters: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Return each heading with its options, in order of first appearance."""
    found: dict[str, list[Any]] = {}
    for parameter in parameters:
        found.setdefault(getattr(parameter, "rich_help_panel", None) or "More", []).append(parameter)
    return list(found.items())


def help_of(context: Any, words: Iterable[str]) -> str:  # noqa: ANN401
    """Return the help of the subcommand that `words` name. Raises `UsageError`.

    `context` is that of the main command.
    """
    for word in words:
        group = context.command
        if not hasattr(group, "commands"):
            raise UsageError(f"`{context.command_path}` has no subcommands: leave out {word!r}.")
        name, command, _ = group.resolve_command(context, [word])
        context = type(context)(command, info_name=name, parent=context)
    return str(context.get_help())
