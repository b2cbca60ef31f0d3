"""Write the generated parts of the documentation: `python docs/generate.py`; `--check` lists outdated pages instead.

Generated parts are between `<!-- generated: NAME -->` and `<!-- end -->`; the text around them is written by hand.
The manual page is generated completely.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
import tempfile
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer

import flickr_mirror
from flickr_mirror import errors, events
from flickr_mirror.catalogue import rows
from flickr_mirror.catalogue.database import Database
from flickr_mirror.cli.app import app
from flickr_mirror.cli.exit_codes import EXIT_CODES
from flickr_mirror.cli.options.man_page import exit_codes, page, read_commands
from flickr_mirror.models import sizes
from flickr_mirror.models.metadata import FIELDS, PhotoMetadata
from flickr_mirror.models.options import Limits, MirrorOptions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import IntEnum, IntFlag

DOCS = Path(__file__).parent
REGION = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(heads: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; `|` is escaped in its cells."""
    lines = [heads, ("---",) * len(heads), *rows]
    cells = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
    return "".join(f"| {line} |\n" for line in cells)


def code(text: str) -> str:
    """Return a text as code, or an empty string for an empty text."""
    return f"`{text}`" if text else ""


def options() -> str:
    """Return the options of all commands, as `--help` lists them."""
    parts = []
    for command in read_commands(typer.main.get_command(app)):
        parts.append(f"## `{f'{command.words} {command.needed}'.strip()}`\n\n{command.text}\n")
        for heading, under in command.options.items():
            if len(command.options) > 1:
                parts.append(f"### {heading}\n")
            rows = ((code(option.usage), plain_text(option.text)) for option in under)
            parts.append(table(("option", "meaning"), rows))
    return "\n".join(parts)


def environment() -> str:
    """Return the environment variables that set options."""
    bare = read_commands(typer.main.get_command(app))[0]
    return table(
        ("variable", "sets"),
        (
            (code(variable), code(option.flags[0]))
            for under in bare.options.values()
            for option in under
            for variable in option.variables
        ),
    )


def exits() -> str:
    """Return the exit codes of `--help`, with the errors of the library that cause each."""
    kinds: dict[int, list[str]] = {}
    for kind, number in EXIT_CODES:
        kinds.setdefault(number, []).append(code(kind.__name__))
    return table(
        ("code", "meaning", "errors of the library"),
        (
            (number, meaning, ", ".join(kinds.get(int(number), ())) if number.isdigit() else "")
            for number, meaning in exit_codes(typer.main.get_command(app))
        ),
    )


def event_classes() -> str:
    """Return the events that an observer receives."""
    return "\n".join(described(kind) for kind in get_args(events.Event))


def report() -> str:
    """Return the report of a run."""
    return "\n".join(described(kind) for kind in (events.MirrorReport, events.FailedPhoto))


def settings() -> str:
    """Return the options and limits of a mirror."""
    return "\n".join(described(kind) for kind in (MirrorOptions, Limits))


def described(kind: type[Any]) -> str:
    """Return the docstring and the fields of a dataclass."""
    defaults = [field.default is not MISSING for field in fields(kind)]
    rows = [(code(field.name), code(str(field.type)), code(shown(field.default))) for field in fields(kind)]
    if not any(defaults):
        return f"### `{kind.__name__}`\n\n{inspect.getdoc(kind)}\n\n" + table(
            ("field", "type"), (row[:2] for row in rows)
        )
    return f"### `{kind.__name__}`\n\n{inspect.getdoc(kind)}\n\n" + table(("field", "type", "default"), rows)


def shown(default: object) -> str:
    """Return a default value as source text, or an empty string if there is none."""
    if default is MISSING:
        return ""
    if is_dataclass(default):
        return f"{type(default).__name__}()"
    return str(default) if isinstance(default, Path | Enum) else repr(default)


def error_tree() -> str:
    """Return the tree from the docstring of the module `errors`."""
    drawn = re.search(r"^ {4}FlickrMirrorError\n(?: {4}.*\n)+", errors.__doc__ or "", re.MULTILINE)
    if drawn is None:
        raise ValueError("The docstring of the module `errors` contains no tree.")
    return f"```\n{inspect.cleandoc(drawn[0])}\n```\n"


def names() -> str:
    """Return the public names of the package, with the first sentence about each."""
    rows = []
    for name in flickr_mirror.__all__:
        value = getattr(flickr_mirror, name)
        if inspect.isclass(value) and issubclass(value, errors.FlickrMirrorError):
            continue  # errors are listed in the tree
        text = inspect.getdoc(value) if inspect.isclass(value) or inspect.isfunction(value) else None
        if text:
            rows.append((code(name), " ".join(text.split("\n\n")[0].split())))
    return table(("name", "description"), rows)


def schema() -> str:
    """Return the statements that create a new catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "catalogue.sqlite")
        statements = [row[0] for row in database.query("SELECT sql FROM sqlite_master WHERE sql NOT NULL")]
        database.close()
    return "```sql\n" + ";\n".join(statements) + ";\n```\n"


def numbers() -> str:
    """Return the meaning of the numbers in the catalogue."""
    kinds: tuple[type[IntEnum | IntFlag], ...] = (rows.Status, sizes.SizeEvidence, rows.Stale)
    return "\n".join(
        f"### `{kind.__name__}`\n\n{inspect.getdoc(kind)}\n\n"
        + table(("number", "name", "meaning"), enumerated(kind))
        for kind in kinds
    )


def metadata() -> str:
    """Return the keys of a sidecar file that follow from the table of photo metadata."""
    meanings = strings_below(PhotoMetadata)
    rows = {row.key: row for row in reversed(FIELDS) if row.key}  # the first row of a key describes it
    return table(
        ("key in `flickr`", "meaning", "listing extra", "in a file that lacks it", "volatile"),
        (
            (
                code(row.key),
                " ".join(meanings[row.name].split()),
                code(row.extra),
                code(json.dumps(row.write(PhotoMetadata()))),
                "yes" if row.volatile else "no",
            )
            for row in reversed(rows.values())
        ),
    )


def strings_below(kind: type[Any]) -> dict[str, str]:
    """Return the strings below the attributes of a class in its source, by the names of the attributes."""
    found = {}
    for pair in pairwise(ast.walk(ast.parse(inspect.getsource(kind)))):
        match pair:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = text
    return found


def enumerated(kind: type[IntEnum | IntFlag]) -> Iterable[tuple[str, str, str]]:
    """Yield the members of an enumeration, with the strings below them in its source."""
    meanings = strings_below(kind)
    for member in kind:
        yield str(int(member)), code(str(member.name)), meanings.get(str(member.name), "")


def title_of(path: Path) -> str:
    """Return the first heading of a page."""
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def guides() -> str:
    """Return the list of how-to guides, sorted by title."""
    titles = sorted((title_of(path), path.name) for path in (DOCS / "how-to").glob("*.md"))
    return "".join(f"- [{title}](how-to/{name})\n" for title, name in titles)


def decisions() -> str:
    """Return the list of decision records, sorted by number."""
    records = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    return "".join(f"- [{title_of(path)}]({path.name})\n" for path in records)


def plain_text(text: str) -> str:
    """Return a text with its Markdown characters escaped."""
    return re.sub(r"([<>*_`])", r"\\\1", " ".join(text.split()))


REGIONS = {
    function.__name__: function
    for function in (
        *(options, environment, exits, event_classes, report, settings),
        *(error_tree, names, schema, numbers, metadata, guides, decisions),
    )
}


def pages() -> dict[Path, str]:
    """Return the pages with generated parts, with their current content."""
    found = {DOCS / "mirror_flickr.1": page(typer.main.get_command(app))}
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if REGION.search(text):
            found[path] = REGION.sub(lambda match: f"{match[1]}\n{REGIONS[match[2]]()}\n{match[3]}", text)
    return found


def main() -> None:
    """Write the outdated pages, or list them."""
    stale = {
        path: text
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit(f"Outdated, run python docs/generate.py: {', '.join(path.name for path in stale)}")
        return
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(DOCS)}\n")


if __name__ == "__main__":
    main()
