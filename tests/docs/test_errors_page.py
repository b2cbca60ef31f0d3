"""The page of error messages quotes what the program prints, under the exit codes that it has."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from flickr_mirror import errors
from flickr_mirror.cli.exit_codes import code_of_error
from tests.support.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "reference" / "errors.md"
CODES = {
    name: code_of_error(kind.__new__(kind))
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.FlickrMirrorError)
} | {"ConfigError": 2, "BadParameter": 2, "TemplateError": 2}


def text_of(node: ast.AST) -> str | None:
    """Return the text of a string in the code, with `\\0` in the place of each value; `None` for other nodes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
    return None


@cache
def read_strings() -> list[tuple[str, str]]:
    """Return each string of the package, with the name of the class that is called with it, or empty."""
    found = []
    for path in (ROOT / "flickr_mirror").rglob("*.py"):
        if "simulator" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        within = {id(part): name for name, call in calls(tree) for part in ast.walk(call)}
        found += [
            (text, within.get(id(node), "")) for node in ast.walk(tree) if (text := text_of(node)) is not None
        ]
    return found


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of functions and classes, with their names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in CODES:
                yield name, node


def quoted() -> list[tuple[str, int]]:
    """Return the messages of the page, each with the exit code of its section; 0 if there is none."""
    found, code = [], 0
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            number = re.match(r"## Exit code (\d+):", line)
            code = int(number[1]) if number else 0
        elif match := re.match(r"\| `([^`]+)` \|", line):
            found.append((match[1], code))
    return found


def test_every_message_on_the_page_is_printed_with_its_code() -> None:
    strings = read_strings()
    for message, code in quoted():
        pattern = re.compile(".*".join(map(re.escape, message.split("…"))), re.DOTALL)
        names = [name for text, name in strings if pattern.search(text)]
        assert names, f"no string of the code has this sentence: {message}"
        known = {CODES[name] for name in names if name}
        assert not known or code in known, message


def test_the_page_has_a_section_for_every_exit_code() -> None:
    sections = re.findall(r"^## Exit codes? ([\d, ]+):", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {int(number) for section in sections for number in section.split(",")}
    table = (ROOT / "docs" / "reference" / "exit_codes.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    assert listed == {int(number) for group in codes for number in group.split(",")} - {0}


def test_other_pages_quote_the_messages_of_a_stopping_run() -> None:
    lines = {
        line
        for path in (ROOT / "docs").rglob("*.md")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("Stopping: ")
    }
    assert lines
    texts = {text for text, _ in read_strings()}
    assert {re.sub(r"\d+", "\0", line) for line in lines} <= texts
