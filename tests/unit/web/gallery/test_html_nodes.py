"""Flickr's HTML becomes nodes of an allow-list only."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.web.gallery.html_nodes import KEPT, nodes_of, text_of_nodes


@pytest.mark.parametrize(
    ("html", "nodes"),
    [
        ("Tom & Jerry", "Tom & Jerry"),
        ("Tom &amp; Jerry &quot;1966&quot;", 'Tom & Jerry "1966"'),
        ("a < b > c", "a < b > c"),
        ("one<br>two", ["one", ["br"], "two"]),
        ("<b>bold <i>both</i></b> x", [["b", "bold ", ["i", "both"]], " x"]),
        ("<strong>b</strong><em>i</em>", [["b", "b"], ["i", "i"]]),
        (
            '<a href="https://x.org/?a=1&amp;b=2" onclick="x()">here</a>',
            [["a", "https://x.org/?a=1&b=2", "here"]],
        ),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ('<a href=" JaVaScRiPt:x">here</a>', "here"),
        ("<script>alert(1)</script>after<style>b{}</style>", "after"),
        ('<img src=x onerror="x()" alt="a boat"> sails', "a boat sails"),
        ("<b>never closed", [["b", "never closed"]]),
        ("</b>closed only", "closed only"),
        ('<a href="https://a.org">x<a href="https://b.org">y</a></a>', [["a", "https://a.org", "xy"]]),
        ("zero\x00 and \x1fone\n", "zero and one\n"),
        ("<iframe src=https://x.org></iframe>", ""),
    ],
)
def test_only_harmless_nodes_are_kept(html: str, nodes: object) -> None:
    """Links to the web, bold, italics, quotations and line breaks stay; the text of other tags except scripts stays."""
    assert nodes_of(html) == nodes


def check(node: Any) -> None:
    """Fail unless a node is one of the allowed ones."""
    if isinstance(node, str):
        return
    assert node[0] in {"a", "br", *KEPT.values()}
    children = node[1:]
    if node[0] == "a":
        assert node[1].lower().startswith(("http://", "https://"))
        children = node[2:]
    for child in children:
        check(child)


@given(st.text(alphabet="<>/ab =\"'&;#x\x00hrefscriptimgon:", max_size=200))
def test_no_text_creates_other_nodes(html: str) -> None:
    """Any text results in allowed nodes only."""
    found = nodes_of(html)
    for node in [found] if isinstance(found, str) else found:
        check(node)
    assert "\x00" not in text_of_nodes(found)


def test_deep_markup_is_flattened() -> None:
    """Ten thousand nested tags neither fail nor nest."""
    assert text_of_nodes(nodes_of("<b>" * 10_000 + "deep")) == "deep"


def test_only_the_text_of_nodes_is_searched() -> None:
    """Addresses and names of nodes are not included."""
    assert text_of_nodes(nodes_of('a <a href="https://x.org">link</a><br><b>b</b>')) == "a link\nb"
