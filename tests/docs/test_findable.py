"""Topics that users search for are one click from the index of the docs, and the index is one from the README."""

from __future__ import annotations

import re

import pytest

from tests.support.pages import ROOT

INDEX = ROOT / "docs" / "index.md"
WISHES = {
    "see your photos": "gallery --open",
    "phone": "phone",
    "Immich": "Immich",
    "digiKam": "digiKam",
    "Lightroom": "--embed",
    "archive": "describe",
    "publish": "web server",
    "take one down": "forget",
    "pause": "Ctrl-Z",
    "sleep": "caffeinate",
    "proxy": "HTTPS_PROXY",
    "upgrade": "pip install",
    "uninstall": "pip uninstall",
    "error": "exit code",
    "every night": "cron",
}
"""A topic that users search for, and a word of the page on it."""


@pytest.mark.parametrize("wish", WISHES)
def test_a_topic_is_one_click_from_the_index(wish: str) -> None:
    rows = [line for line in INDEX.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    row = next(line for line in rows if wish in line.split("|")[1])
    targets = re.findall(r"\]\(([^)#]+)", row)
    texts = [(INDEX.parent / target).read_text(encoding="utf-8") for target in targets]
    assert any(WISHES[wish].casefold() in text.casefold() for text in texts)


def test_the_readme_links_the_index_first() -> None:
    beginning = (ROOT / "README.md").read_text(encoding="utf-8").partition("## ")[0]
    assert "](docs/index.md)" in beginning
    assert beginning.index("gallery.jpg") < beginning.index("live_view.svg")
