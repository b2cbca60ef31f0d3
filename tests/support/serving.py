"""A server over the mirrors of a test."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from flickr_mirror import open_mirror
from flickr_mirror.web.server import MirrorServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def serving(root: Path) -> AsyncIterator[MirrorServer]:
    """Serve the mirror in a cache path, on a free port of the loopback interface."""
    with open_mirror(root) as reader:
        async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
            yield server
