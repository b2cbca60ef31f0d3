"""Import paths in the documentation of version 0.1.0, which work for one more release, with a warning."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from flickr_mirror import events
from flickr_mirror.text import plain

MOVED = [
    ("progress", "ImageCached", "events", events.ImageCached),
    ("progress", "Notice", "events", events.Notice),
    ("progress", "PhotoFailed", "events", events.PhotoFailed),
    ("progress", "Waiting", "events", events.Waiting),
    ("terminal", "plain", "text", plain),
]


@pytest.mark.parametrize(("module", "name", "successor", "value"), MOVED)
def test_an_old_path_works_and_names_the_new_one(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str, successor: str, value: object
) -> None:
    """The object is the same under both paths, and the warning points to the line that imports the old one."""
    monkeypatch.delitem(sys.modules, f"flickr_mirror.{module}", raising=False)
    found: dict[str, object] = {}
    code = compile(f"from flickr_mirror.{module} import {name}", "embedder.py", "exec")
    with pytest.warns(
        DeprecationWarning, match=rf"flickr_mirror\.{module} .*flickr_mirror\.{successor}\."
    ) as caught:
        exec(code, found)  # noqa: S102
    assert found[name] is value
    assert [warning.filename for warning in caught] == ["embedder.py"]


def test_all_events_have_their_old_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """`flickr_mirror.progress` has all events and the report, as before."""
    monkeypatch.delitem(sys.modules, "flickr_mirror.progress", raising=False)
    with pytest.warns(DeprecationWarning, match="flickr_mirror.events"):
        progress = import_module("flickr_mirror.progress")

    assert all(getattr(progress, name) is getattr(events, name) for name in events.__all__)
