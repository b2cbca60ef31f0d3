"""The pages that people read, and the blocks and links in them, for the tests of documentation."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}


class Block(NamedTuple):
    """A block of code: its text, and the line of the page on which that begins."""

    text: str
    line: int


@lru_cache
def _tokens(path: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))


def blocks(path: Path, language: str) -> list[Block]:
    """Return the blocks of a page that are marked as of this language."""
    return [
        Block(token.content, token.map[0] + 2)
        for token in _tokens(path)
        if token.type == "fence" and token.info == language and token.map
    ]


def addresses(path: Path) -> Iterator[str]:
    """Yield the targets of the links and pictures of a page."""
    for token in _tokens(path):
        for child in token.children or ():
            for name in ("href", "src"):
                if address := child.attrGet(name):
                    yield str(address)


@lru_cache
def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub generates them."""
    found: set[str] = set()
    tokens = _tokens(path)
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            text = "".join(child.content for child in inline.children or ())
            slug = base = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            count = 0
            while slug in found:
                count += 1
                slug = f"{base}-{count}"
            found.add(slug)
    return found


def put_command_into(folder: Path) -> Path:
    """Write the command as installers do, so that it can be called by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    command = folder / "mirror_flickr"
    # the condition keeps processes that are spawned, as for thumbnails, from running the command again
    lines = ("from flickr_mirror.__main__ import main", 'if __name__ == "__main__":', "    main()")
    command.write_text("\n".join((f"#!{sys.executable}", *lines, "")))
    command.chmod(0o755)
    return command
