"""Paths without readable certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def missing(path: Path) -> str:
    """Return a path without a file."""
    return str(path / "missing" / "file")


def folder(path: Path) -> str:
    """Return a folder without certificates."""
    return str(path)


def text(path: Path) -> str:
    """Return a file without certificates."""
    (path / "text").write_text("no certificate")
    return str(path / "text")


def loop(path: Path) -> str:
    """Return a file that even root cannot read."""
    (path / "loop").symlink_to(path / "loop")
    return str(path / "loop")
