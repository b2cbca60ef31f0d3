"""The JSON documents of a mirror: how they are read, and which names they may have."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT_FOLDER = "account"
"""The folder of the documents about the account; folders of photos have names of one character."""
MANY_COMMENTS = 1000
"""On one photo: encoding more as JSON would block the event loop for too long."""
_DOCUMENT = re.compile(r"(?:[a-z]+/)?[A-Za-z0-9_@-]+")


def document_name(name: str) -> str:
    """Return the name of a document about the account. Raises `ValueError` if it may not have this name."""
    if not _DOCUMENT.fullmatch(name):
        raise ValueError(f"Invalid name of a document {name!r}.")
    return name


def parse(data: bytes) -> dict[str, Any] | None:
    """Return the document that `data` is; `None` if it is damaged."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the document in a file; `None` if it is missing, a link or damaged."""
    try:
        return parse(filesystem.read(path))
    except OSError:
        return None
