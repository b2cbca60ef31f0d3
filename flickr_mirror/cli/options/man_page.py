"""The options of all commands, read from the parser, and the manual page made from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from flickr_mirror.cli.options.help_text import headings
from flickr_mirror.models.options import DEFAULT_CACHE_PATH
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WHAT = (
    "It downloads every public photo of the user in its best size, with its title, and on request with its "
    "description and comments. A run can be stopped at any moment: the same command continues where it stopped, "
    "and later adds new photos."
)
_CALLS = (
    "Flickr allows 3,600 API calls per hour for one key. All runs with the key share them, and wait when they are "
    "used up."
)
_VARIABLES = (
    "Each option can be set by a variable, MIRROR_FLICKR_ and its long name in capitals, such as "
    "MIRROR_FLICKR_INFO_LEVEL=2, and in a settings file, whose path --print-config shows. An option overrides its "
    "variable, a variable overrides the file."
)
_PROXIES = "The proxies of the environment (HTTPS_PROXY, NO_PROXY and so on) are used."
_FILES = (
    ("flickr_keys", "The saved API keys, readable by you alone."),
    ("flickr_tokens", "The saved logins, readable by you alone."),
    (
        "USERNAME/",
        'The mirror of one photostream. A photo\'s files are named by the MD5 of "flickr." and its id.',
    ),
    (
        "USERNAME/.flickr_mirror/",
        "State: the catalogue, the lock, the forgotten photos, and files that a check or --prune set aside.",
    ),
    ("api_calls/", "The times of the calls of the last hour; always in ~/.flickr."),
)
_EXAMPLES = (
    ("Try it on 60 simulated photos, without a key or a network:", "mirror_flickr demo"),
    (
        "Mirror a photostream, and save the API key for later runs:",
        "mirror_flickr --username manhhai --save-api-keys",
    ),
    ("With descriptions and comments:", "mirror_flickr --username manhhai --info-level 2"),
    ("Check all files of the mirror:", "mirror_flickr check --username manhhai"),
    (
        "Erase a photo for good, and never mirror it again:",
        "mirror_flickr forget --username manhhai 54000000001",
    ),
)


@dataclass(frozen=True, slots=True)
class Option:
    """An option: its flags, its usage, its help text and its environment variables."""

    flags: tuple[str, ...]
    usage: str
    text: str
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, its required arguments, its help text, and its options by heading."""

    words: str
    needed: str
    text: str
    options: dict[str, list[Option]]


def read_commands(parser: Any) -> list[Command]:  # noqa: ANN401 - Typer's own copy of Click
    """Return the command and its subcommands that are not hidden, as `--help` shows them."""
    return list(_walk(parser, parser.make_context("mirror_flickr", [], resilient_parsing=True)))


def _walk(command: Any, context: Any) -> Iterator[Command]:  # noqa: ANN401
    names = command.list_commands(context) if hasattr(command, "list_commands") else []
    if not names or command.invoke_without_command:  # a group of commands does nothing itself
        yield _read(command, context)
    for name in names:
        below = command.get_command(context, name)
        if not below.hidden:
            yield from _walk(below, below.make_context(name, [], parent=context, resilient_parsing=True))


def _read(command: Any, context: Any) -> Command:  # noqa: ANN401
    options: dict[str, list[Option]] = {}
    needed = []
    for heading, parameters in headings(command.get_params(context)):
        for parameter in parameters:
            if parameter.param_type_name == "argument":
                name = parameter.metavar or parameter.name.upper()
                name = f"{name}..." if parameter.nargs == -1 else name
                needed.append(name if parameter.required else f"[{name}]")
            elif record := parameter.get_help_record(context):
                flags = (*parameter.opts, *parameter.secondary_opts)
                names = parameter.envvar or ()
                variables = (names,) if isinstance(names, str) else tuple(names)
                text = record[1].replace("\\[", "[")  # as earlier versions of Typer wrote it
                options.setdefault(heading, []).append(Option(flags, record[0], text, variables))
                if parameter.required:
                    needed.append(record[0])
    return Command(context.command_path, " ".join(needed), _one_line(_first_paragraph(command.help)), options)


def exit_codes(parser: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Return the exit codes that `--help` lists, as (`"129, 130, 143"`, meaning).

    Raises `ValueError` if it lists none.
    """
    codes = re.findall(r"(\d+(?:, \d+)*) ([^;]+?)(?=;|\.$)", _one_line(parser.epilog))
    if not codes:
        raise ValueError("The help lists no exit codes.")
    return codes


def _first_paragraph(text: str | None) -> str:
    return (text or "").partition("\n\n")[0]


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def page(parser: Any) -> str:  # noqa: ANN401
    """Return the manual page of the command as roff."""
    bare, *others = read_commands(parser)
    name = bare.words
    summary = bare.text[0].lower() + bare.text[1:].rstrip(".")
    parts = [
        [f'.TH {_roff(name.upper())} 1 "" "{_roff(name)} {__version__}" "User Commands"'],
        [".SH NAME", f"{_roff(name)} \\- {_roff(summary)}"],
        [".SH SYNOPSIS", *_usage(bare, "--username NAME")],
        *([".br", *_usage(command, command.needed)] for command in others),
        [".SH DESCRIPTION", *_text(_WHAT), ".PP", *_text(_CALLS)],
        [".SH OPTIONS"],
        *([f".SS {_roff(heading)}", *_described(options)] for heading, options in bare.options.items()),
        [".SH COMMANDS"],
        *(_section(command) for command in others),
        [".SH EXIT STATUS", *_definitions(exit_codes(parser)), ".PP", "Treat any other code as a failure."],
        [
            ".SH ENVIRONMENT",
            *_text(_VARIABLES),
            ".PP",
            *_definitions(_environment(bare)),
            ".PP",
            *_text(_PROXIES),
        ],
        [".SH FILES", *_text(f"In the cache path, {DEFAULT_CACHE_PATH} by default:")],
        _definitions(_FILES),
        [".SH EXAMPLES"],
        *([".TP", _roff(what), _bold(line)] for what, line in _EXAMPLES),
    ]
    return "".join(f"{line}\n" for part in parts for line in part)


def _usage(command: Command, needed: str) -> list[str]:
    return [f"{_bold(command.words)} {_roff(needed)} [\\fIOPTIONS\\fR]".replace("  ", " ")]


def _section(command: Command) -> list[str]:
    options = [option for under in command.options.values() for option in under]
    return [f".SS {_roff(command.words)}", *_text(command.text), *_described(options)]


def _described(options: Iterable[Option]) -> list[str]:
    return _definitions((option.usage, option.text) for option in options)


def _environment(command: Command) -> list[tuple[str, str]]:
    return [
        (variable, f"The value of {option.flags[0]}, which overrides it.")
        for options in command.options.values()
        for option in options
        for variable in option.variables
    ]


def _definitions(rows: Iterable[tuple[str, str]]) -> list[str]:
    return [line for term, text in rows for line in (".TP", _bold(term), *_text(text))]


def _bold(text: str) -> str:
    return f"\\fB{_roff(text)}\\fR"


def _text(text: str) -> list[str]:
    return [_roff(line) for line in wrap(text, 72, break_on_hyphens=False, break_long_words=False)]


def _roff(text: str) -> str:
    """Return a text escaped for roff, with hyphens that can be copied.

    >>> _roff("--fifo")
    '\\\\-\\\\-fifo'
    """
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    escaped = "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in escaped)
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
