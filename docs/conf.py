"""The site of the documentation: `sphinx-build --fail-on-warning docs site`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "flickr_mirror"
release = version = __version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "flickr_mirror"
html_copy_source = False
html_show_copyright = False
highlight_language = "none"  # a block without a language is output
myst_heading_anchors = 4

# The navigation of each index page. Pages are found in their folders, so that a new page needs no entry.
SECTIONS = {
    "index": {
        "Tutorial": "tutorial",
        "How-to guides": "how-to/*",
        "Reference": "reference/*",
        "Explanation": "explanation/*",
        "Project": "changelog\nglossary\ncontributing\ndecisions/index\nreleasing",
    },
    "decisions/index": {"Records": "[0-9]*"},
}


def add_navigation(_: Sphinx, page: str, source: list[str]) -> None:
    """Append the navigation of the site to the index pages; GitHub shows these pages without it."""
    for caption, pages in SECTIONS.get(page, {}).items():
        source[0] += f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n{pages}\n```\n"


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("source-read", add_navigation)
