"""Answers as Flickr encodes them."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.models.rest_answers import FlickrRefusal, as_xml, encode, refused

ANSWER = {
    "photos": {
        "page": 1,
        "total": "2",
        "photo": [
            {"id": "1", "title": 'a "b" & <c>', "description": {"_content": "x < y"}, "ispublic": True},
            {"id": "2", "title": None},
        ],
    },
    "stat": "ok",
}


def test_an_answer_as_xml_has_flickrs_shape() -> None:
    root = ET.fromstring(as_xml(ANSWER))  # noqa: S314 - our own
    photos = root.find("photos")
    assert root.attrib == {"stat": "ok"}
    assert photos is not None
    assert photos.attrib == {"page": "1", "total": "2"}
    first, second = photos.findall("photo")
    assert first.attrib == {"id": "1", "title": 'a "b" & <c>', "ispublic": "1"}
    assert first.findtext("description") == "x < y"
    assert second.attrib == {"id": "2", "title": ""}


def test_a_refusal_as_xml_is_an_err_element() -> None:
    root = ET.fromstring(as_xml(refused(FlickrRefusal(1, "User not found"))))  # noqa: S314 - our own
    assert root.attrib == {"stat": "fail"}
    [error] = root
    assert error.attrib == {"code": "1", "msg": "User not found"}


@pytest.mark.parametrize(
    ("arguments", "start", "content_type"),
    [
        ({"format": "json", "nojsoncallback": "1"}, "{", "application/json"),
        ({"format": "json"}, "jsonFlickrApi({", "application/javascript"),
        ({"format": "json", "jsoncallback": "my.f"}, "my.f({", "application/javascript"),
        ({"format": "json", "jsoncallback": "alert(1);x"}, "jsonFlickrApi({", "application/javascript"),
        ({}, "<?xml", "text/xml"),
    ],
)
def test_the_requested_format_is_used(arguments: dict[str, str], start: str, content_type: str) -> None:
    text, kind = encode(ANSWER, arguments)
    assert text.startswith(start)
    assert kind == content_type
    if start == "{":
        assert json.loads(text) == ANSWER


@given(st.text())
def test_every_text_is_valid_xml(text: str) -> None:
    root = ET.fromstring(as_xml({"a": {"b": text, "c": {"_content": text}}, "stat": "ok"}))  # noqa: S314
    assert root.find("a") is not None
