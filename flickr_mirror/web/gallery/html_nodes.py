"""Flickr's HTML in descriptions and comments, reduced to an allow-list of nodes that the pages create one by one.

A text without markup is a string. Other texts are a list of strings and nodes: `["a", address, ...]`, `["b", ...]`,
`["i", ...]`, `["blockquote", ...]`, `["br"]`. Other tags are dropped, and their text is kept, but not that of scripts.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

Node = str | list[Any]

KEPT = {"b": "b", "strong": "b", "i": "i", "em": "i", "blockquote": "blockquote"}
MOST_DEPTH = 20
"""How deep nodes are nested; deeper ones are flattened."""
_DROPPED = frozenset({"script", "style"})
_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f]+", re.IGNORECASE)
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0x7F])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: list[Any] = []
        self._open: list[tuple[str, list[Any]]] = [("", self.root)]
        self._dropped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._dropped += 1
        elif tag in ("br", "p"):
            self._add(["br"])
        elif tag == "img":
            self.handle_data(dict(attrs).get("alt") or "")
        elif tag == "a":
            address = (dict(attrs).get("href") or "").strip()
            if _ADDRESS.fullmatch(address) and all(name != "a" for name, _ in self._open):
                self._push(tag, ["a", address])
        elif tag in KEPT:
            self._push(tag, [KEPT[tag]])

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            self._dropped = max(0, self._dropped - 1)
        for index in range(len(self._open) - 1, 0, -1):
            if self._open[index][0] == tag:
                del self._open[index:]
                break

    def handle_data(self, data: str) -> None:
        if data and not self._dropped:
            self._add(data.translate(_CONTROLS))

    def _push(self, tag: str, node: list[Any]) -> None:
        if len(self._open) <= MOST_DEPTH:
            self._add(node)
            self._open.append((tag, node))

    def _add(self, node: Node) -> None:
        inside = self._open[-1][1]
        if isinstance(node, str) and inside and isinstance(inside[-1], str) and self._is_text(inside):
            inside[-1] += node
        else:
            inside.append(node)

    def _is_text(self, inside: list[Any]) -> bool:
        """Return whether the last string is a text, not the name or the address of the node."""
        least = 0 if inside is self.root else 2 if inside[0] == "a" else 1
        return len(inside) > least


def nodes_of(html: str) -> Node:
    """Return a text of Flickr's as nodes.

    >>> nodes_of('By <a href="https://example.org" onclick="x()">me</a> &amp; you')
    ['By ', ['a', 'https://example.org', 'me'], ' & you']
    >>> nodes_of("Tom & Jerry")
    'Tom & Jerry'
    """
    if "<" not in html and "&" not in html:
        return html.translate(_CONTROLS)
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if len(reader.root) == 1 and isinstance(reader.root[0], str):
        return reader.root[0]
    return reader.root or ""


def text_of_nodes(node: Node) -> str:
    """Return the text in nodes, without markup and addresses."""
    if isinstance(node, str):
        return node
    return "".join(_parts(node, is_root=True))


def _parts(node: list[Any], *, is_root: bool) -> list[str]:
    if not is_root and node[0] == "br":
        return ["\n"]
    children = node if is_root else node[2:] if node[0] == "a" else node[1:]
    parts: list[str] = []
    for child in children:
        parts += [child] if isinstance(child, str) else _parts(child, is_root=False)
    return parts
