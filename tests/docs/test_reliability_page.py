"""The pages on reliability and on changes on Flickr name tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/reliability.md").read_text(encoding="utf-8")
CHANGES = (ROOT / "docs/explanation/changing_streams.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE + CHANGES)))


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda value: value.rpartition("/")[2])
def test_each_named_test_exists(file: str, name: str) -> None:
    """Each file and test that the pages name exists."""
    functions = {
        node.name
        for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not name or name in functions


def test_each_guarantee_has_a_test() -> None:
    """Every guarantee of the list has a row in the table."""
    guarantees = re.findall(r"^(\d)\. \*\*", PAGE, re.MULTILINE)
    rows = re.findall(r"^\| (\d)\. .*`tests/", PAGE, re.MULTILINE)
    assert guarantees == rows == [str(number) for number in range(1, 10)]
