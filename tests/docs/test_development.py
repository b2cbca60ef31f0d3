"""The developer's commands and the release: `.ci/run`, `.justfile`, the changelog, and module names in the pages."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import flickr_mirror
from tests.support.pages import PAGES, ROOT

PACKAGE = Path(flickr_mirror.__file__).parent
FOLDERS = "|".join(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
FOR_DEVELOPERS = re.compile(r"docs/(contributing|releasing|glossary|explanation/.*|decisions/.*)\.md")
"""The pages that name modules without the name of the package."""


def commands(path: str, prefix: str) -> list[str]:
    """Return the commands of a file that run a program of the environment."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.findall(rf"^ *{re.escape(prefix)}/(.*)$", text.replace('"', "'"), re.MULTILINE)


def test_ci_runs_the_commands_of_the_justfile() -> None:
    """A developer who runs the recipes one by one runs what `.ci/run` runs."""
    of_ci = [line.replace("'", "").partition(" >")[0] for line in commands(".ci/run", "'$bin")]
    assert len(of_ci) == 8
    of_just = [line.replace("'", "") for line in commands(".justfile", "{{bin}}")]
    checks = [line for line in of_ci if not line.startswith("pip ")]
    assert [line for line in checks if line not in of_just] == []


def test_the_newest_released_entry_of_the_changelog_is_this_version() -> None:
    """A release cannot forget the changelog or the version."""
    changelog = (ROOT / "docs/changelog.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## \[(.*?)\]", changelog, re.MULTILINE)
    assert next(entry for entry in entries if entry != "Unreleased") == flickr_mirror.__version__


def exists(name: str) -> bool:
    """Return whether a module, or a name in a module, is in the package."""
    path = PACKAGE / name.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    module, _, attribute = name.rpartition(".")
    return exists(module) and hasattr(import_module(f"flickr_mirror.{module}"), attribute)


@pytest.mark.parametrize("name", PAGES)
def test_modules_named_in_the_pages_exist(name: str) -> None:
    """A reader who looks for a module, or for a name in one, finds it."""
    text = PAGES[name].read_text(encoding="utf-8")
    named = set(re.findall(rf"\bflickr_mirror\.((?:{FOLDERS})(?:\.\w+)+)", text))
    if FOR_DEVELOPERS.fullmatch(name):
        named |= set(re.findall(rf"`((?:{FOLDERS})(?:\.\w+)+)`", text))
    assert [dotted for dotted in sorted(named) if not exists(dotted)] == []
