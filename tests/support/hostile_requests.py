"""Requests that try to read files that are not served, or to break the server, sent as raw bytes."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

PIECES = (
    *(
        "..",
        "../",
        "..\\",
        "%2e%2e",
        "%2e%2e%2f",
        "%252e%252e",
        "..%c0%af",
        "/",
        "//",
        "\\",
        "%00",
        "%ff",
        "%",
        "%zz",
    ),
    *(
        ".flickr_mirror",
        "catalogue.sqlite",
        "owner.json",
        "search.sqlite",
        "gallery",
        "secret.txt",
        "etc/passwd",
    ),
    *("65535", "_", "o.jpg", "0", "é".encode().decode("latin-1"), "a" * 300, "?", "#", ";", "~", "*", " "),
)
"""The parts of paths."""
VALUES = (
    "1",
    "-",
    "-1",
    "x",
    "\0",
    "'",
    '"',
    "é",
    "9" * 30,
    " ",
    "*",
    "(",
    "NEAR(",
    "\ud7ff",
    "1e309",
    "NaN",
    "0x1",
    "%s",
)
"""The parts of arguments of calls."""
CALLS = (
    *(
        "photos.search",
        "people.getPhotos",
        "photos.getInfo",
        "photos.getSizes",
        "photos.comments.getList",
        "test.echo",
    ),
    *(
        "people.findByUsername",
        "people.getInfo",
        "photosets.getList",
        "photosets.getPhotos",
        "urls.lookupUser",
        "x" * 99,
    ),
    *("photos.getExif", "photos.getFavorites", "photos.people.getList", "photos.getAllContexts"),
    *("photosets.comments.getList", "collections.getTree", "collections.getInfo", "contacts.getPublicList"),
    *(
        "favorites.getPublicList",
        "galleries.getInfo",
        "galleries.getList",
        "galleries.getListForPhoto",
        "galleries.getPhotos",
    ),
    *(
        "groups.pools.getPhotos",
        "people.getPublicGroups",
        "profile.getProfile",
        "tags.getListUserPopular",
    ),
)
ARGUMENTS = (
    *(
        "page",
        "per_page",
        "user_id",
        "photo_id",
        "photoset_id",
        "text",
        "tags",
        "extras",
        "format",
        "jsoncallback",
    ),
    *(
        "min_upload_date",
        "max_upload_date",
        "min_taken_date",
        "lat",
        "lon",
        "radius",
        "sort",
        "license",
        "username",
    ),
    *("max_taken_date", "bbox", "has_geo", "tag_mode", "radius_units", "min_fave_date", "count"),
    *("gallery_id", "group_id", "collection_id"),
)
METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "TRACE",
    "OPTIONS",
    "PATCH",
    "CONNECT",
    "get",
    "G\0T",
    "X" * 9000,
    "",
)
HOSTS = (
    "evil.example",
    "127.0.0.1.evil.example",
    "evil@127.0.0.1",
    "127.0.0.1:99999",
    "[::1",
    "",
    " ",
    "a" * 9000,
    "\x7f",
)
RANGES = (
    *(
        "bytes=5-2",
        "bytes=-",
        "bytes=-0",
        "bytes=0-99999999999999999999",
        "bytes=a-b",
        "bytes=0-1,3-4",
        "lines=1-2",
    ),
    *(
        "bytes=99999999-",
        "bytes=-99999999",
        "bytes==0-1",
        "bytes=0-0",
        "",
        "0-1",
        "bytes=" + "0-1," * 999,
        "bytes=\xa0",
    ),
)
HEADERS = (
    *(
        "X-Long: " + "a" * 70_000,
        "X-Fold: a\r\n b",
        "No colon",
        ": no name",
        "X\0: y",
        "Content-Length: -1",
        "\x80: \x80",
    ),
    *(
        "Content-Length: 99999999999",
        "Content-Length: x",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: x, chunked",
    ),
    *(
        "If-Modified-Since: never",
        'If-None-Match: "',
        "If-Range: x",
        "Expect: 100-continue",
        "Upgrade: websocket",
    ),
    *(
        "Authorization: Basic \xff",
        "Cookie: a=" + "b" * 4000,
        "Content-Type: multipart/form-data; boundary=",
        "Accept: \0",
    ),
)


AT_ONCE = 10
"""The requests in flight: some of them are not answered, and end after `SILENCE`."""
SILENCE = 0.3
"""The seconds without an answer after which the server is assumed to wait for the rest of a request."""


@dataclass(frozen=True)
class Target:
    """A server at `url`, the paths of files that it serves, an NSID and ids that exist, and secret texts."""

    url: str
    paths: Sequence[str]
    nsid: str
    photo_ids: Sequence[str]
    secrets: Sequence[bytes]


async def attack(target: Target, count: int, seed: int = 7) -> Counter[int]:
    """Send `count` requests, and return the count of each status; 0 is a closed connection.

    Raises `AssertionError` for an answer that is a server error or contains a secret.
    """
    dice, statuses = Random(seed), Counter[int]()
    requests = [hostile_request(target, dice) for _ in range(count)]
    for start in range(0, count, AT_ONCE):
        batch = requests[start : start + AT_ONCE]
        answers = await asyncio.gather(*(send(target.url, request) for request in batch))
        for request, answer in zip(batch, answers, strict=True):
            status = int(answer.split(b" ", 2)[1]) if answer else 0
            assert status < 500, (request[:500], answer[:500])
            assert not any(secret in answer for secret in target.secrets), request[:500]
            statuses[status] += 1
    return statuses


def hostile_request(target: Target, dice: Random) -> bytes:
    """Return one request."""
    method, host, headers, body = "GET", urlsplit(target.url).netloc, ["Connection: close"], ""
    path = dice.choice(target.paths)
    kind = dice.randrange(6)
    if kind == 0:
        path = "/" + "".join(dice.choices((*PIECES, *target.photo_ids[:2], path), k=dice.randint(1, 8)))
    elif kind == 1:
        path = "/services/rest/"
        query = hostile_query(target, dice)
        if dice.random() < 0.3:
            method, body = "POST", query
            headers += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        else:
            path += f"?{query}"
    elif kind == 2:
        method = dice.choice(METHODS)
    elif kind == 3:
        host = dice.choice(HOSTS)
    elif kind == 4:
        headers.append(f"Range: {dice.choice(RANGES)}")
    else:
        headers += dice.sample(HEADERS, 2)
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", body]
    return "\r\n".join(lines).encode("latin-1", "replace")


def hostile_query(target: Target, dice: Random) -> str:
    """Return the arguments of one call, as in an address."""
    arguments = {
        name: "".join(dice.choices(VALUES, k=dice.randint(0, 6))) for name in dice.sample(ARGUMENTS, 5)
    }
    if dice.random() < 0.7:
        arguments |= {"user_id": target.nsid, "photo_id": dice.choice(target.photo_ids)}
    if dice.random() < 0.05:
        arguments["text"] = "x " * 50_000
    method = f"flickr.{dice.choice(CALLS)}"
    pairs = {"method": method, **arguments}.items()
    return "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)


async def send(url: str, request: bytes) -> bytes:
    """Return the response until the server closes the connection, or sends nothing for some time."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    answer = b""
    try:
        writer.write(request)
        await writer.drain()
        while data := await asyncio.wait_for(reader.read(1 << 20), SILENCE):
            answer += data
    except (ConnectionError, TimeoutError):  # the server has closed it, or waits for the rest of a request
        pass
    finally:
        writer.close()
    return answer
