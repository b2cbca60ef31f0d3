"""The form of Flickr's REST answers: success, refusal, JSON, JSONP and XML. The simulator and `serve` send it.

https://www.flickr.com/services/api/response.rest.html and response.json.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flickr_mirror.models.payloads import Payload

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPED = re.compile('[&<>"\t\n\r]')
_CALLBACK = re.compile(r"[\w.$]{1,100}")


class FlickrRefusal(Exception):  # noqa: N818 - Flickr calls it a failure, and answers HTTP 200
    """Flickr refuses a call; the meaning of the code depends on the method."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def refused(refusal: FlickrRefusal) -> Payload:
    """Return the answer for a refusal."""
    return {"stat": "fail", "code": refusal.code, "message": str(refusal)}


def encode(answer: Payload, arguments: Mapping[str, str]) -> tuple[str, str]:
    """Return the text of an answer and its content type, in the format that the arguments request.

    `format=json` is JSONP unless `nojsoncallback=1`; without a format it is XML.
    """
    if arguments.get("format") != "json":
        return as_xml(answer), "text/xml"
    text = json.dumps(answer, separators=(",", ":"))
    if arguments.get("nojsoncallback") == "1":
        return text, "application/json"
    callback = arguments.get("jsoncallback", "")
    name = callback if _CALLBACK.fullmatch(callback) else "jsonFlickrApi"
    return f"{name}({text})", "application/javascript"


def as_xml(answer: Payload) -> str:
    """Return an answer as Flickr's XML: numbers and texts are attributes, `_content` is text, lists repeat an element.

    >>> as_xml({"user": {"id": "1", "username": {"_content": "a"}}, "stat": "ok"}).splitlines()[2]
    '<user id="1"><username>a</username></user>'
    """
    if answer.get("stat") == "fail":
        attributes = f"code={_quoted(answer['code'])} msg={_quoted(answer['message'])}"
        body, stat = f"<err {attributes} />", "fail"
    else:
        parts = {name: value for name, value in answer.items() if name != "stat"}
        body, stat = "\n".join(_element(name, value) for name, value in parts.items()), "ok"
    return f'<?xml version="1.0" encoding="utf-8" ?>\n<rsp stat="{stat}">\n{body}\n</rsp>\n'


def _element(name: str, value: Any) -> str:  # noqa: ANN401 - any value of JSON
    if isinstance(value, list):
        return "".join(_element(name, entry) for entry in value)
    if not isinstance(value, dict):
        return f"<{name}>{_text(value)}</{name}>"
    attributes, content = "", ""
    for key, entry in value.items():
        if key == "_content":
            content += _text(entry)
        elif isinstance(entry, (dict, list)):
            content += _element(key, entry)
        else:
            attributes += f" {key}={_quoted(entry)}"
    return f"<{name}{attributes}>{content}</{name}>" if content else f"<{name}{attributes} />"


def _plain(value: object) -> str:
    text = "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)
    return _FORBIDDEN.sub(" ", text)


def _text(value: object) -> str:
    return escape(_plain(value))


def _quoted(value: object) -> str:
    text = _plain(value)
    # most values need no escaping, which this search finds faster than quoteattr
    return quoteattr(text) if _ESCAPED.search(text) else f'"{text}"'
