"""Tests of `flickr_mirror.web.methods`: a second mirror can be made from the server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import flickr_mirror.flickr
from flickr_mirror.web.methods import MirrorApi

NOT_SERVED = {
    "flickr.auth.oauth.checkToken",
    "flickr.contacts.getList",
    "flickr.people.getGroups",
    "flickr.photos.recentlyUpdated",
    "flickr.tags.getListUserRaw",
}
"""The methods that need a login, which the server does not support."""


def test_each_method_that_a_run_calls_is_answered() -> None:
    folder = Path(flickr_mirror.flickr.__file__).parent
    called = {
        name
        for path in folder.glob("*.py")
        for name in re.findall(r'"(flickr\.[a-z]+\.[A-Za-z.]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(called) > 25
    answer = MirrorApi([], lambda _: pytest.fail("No search is needed.")).answer(
        {"method": "flickr.reflection.getMethods"}, ""
    )
    answered = {method["_content"] for method in answer["methods"]["method"]}
    assert called - answered == NOT_SERVED
