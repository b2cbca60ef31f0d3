"""Check that connections to SQLite are closed: before Python 3.13, one that is forgotten gives no warning."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def all_closed() -> Iterator[None]:
    """Fail if a connection that was opened inside is still open at the end."""
    connect = sqlite3.connect
    opened: list[sqlite3.Connection] = []

    def keep(*arguments: Any, **settings: Any) -> sqlite3.Connection:
        opened.append(connect(*arguments, **settings))
        return opened[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", keep)
        yield
    assert opened
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")
