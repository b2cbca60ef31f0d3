"""The canary itself: it finds the key in every output."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import httpx
import pytest

from flickr_mirror import TransportError, UserNotFoundError
from tests.support import canary as birds
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from pathlib import Path


def test_it_finds_a_leak_anywhere(tmp_path: Path) -> None:
    """Row 94: in an error, in its cause, in the request of that, in a file and in a file's name."""
    cause = httpx.ConnectError("", request=httpx.Request("GET", f"https://x/?api_key={birds.KEY}"))
    error = TransportError("no answer")
    error.__cause__ = cause
    for leak in (error, f"key {birds.KEY}", {"secret": birds.SECRET}, ExceptionGroup("x", [error])):
        bird = birds.Canary()
        bird.record(leak)
        assert bird.leaks()
    bird = birds.Canary()
    bird.record(TransportError("no answer"))
    (tmp_path / "a").write_text("nothing")
    assert not bird.leaks(tmp_path)
    (tmp_path / "a").write_bytes(b"\0" + birds.SECRET.encode())
    assert bird.leaks(tmp_path)
    (tmp_path / "a").unlink()
    (tmp_path / birds.KEY).touch()
    assert bird.leaks(tmp_path)


async def test_it_records_runs(tmp_path: Path, canary: birds.Canary) -> None:
    """Row 94: the events of a run, its error and its log are recorded, and Flickr gets the key."""
    async with mirroring(tmp_path, 2) as run:
        run.flickr._api._api_key = birds.KEY
        await run(image_only=True)
        assert any("ImageCached" in text for text in canary.texts)
        run.stream.deleted = True
        with pytest.raises(UserNotFoundError):
            await run(image_only=True)
        for said in ("User deleted", "Traceback", "HTTP Request: GET", "connect_tcp.started"):
            assert any(said in text for text in canary.texts), said
    assert canary.leaks(tmp_path) == []
    logging.getLogger("flickr_mirror").debug("The address is %s.", f"https://x/?api_key={birds.KEY}")
    assert len(canary.leaks()) == 1
    canary.texts.clear()
