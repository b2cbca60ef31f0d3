"""Errors of an object store become one sentence with a remedy, without the request and its access key."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest

from flickr_mirror.errors import CacheError, CacheFullError, StoreUnavailableError
from flickr_mirror.models.store_address import parse_store_address
from flickr_mirror.storage.bucket import Bucket
from tests.support import canary
from tests.support.object_servers import set_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTED = f"<AWSAccessKeyId>{canary.STORE_KEY}</AWSAccessKeyId>"


class Refusing(BaseHTTPRequestHandler):
    """Sends the same answer to every request."""

    status, body = 200, ""

    def do_PUT(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body.encode())

    do_GET = do_PUT  # noqa: N815 - its name is that of the method

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """Serve at a port of the loopback interface in a thread."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[type[Refusing], Bucket]]:
    """Return a server that refuses requests, and a bucket on it."""
    set_credentials(monkeypatch)
    handler = type("Handler", (Refusing,), {})
    with serving(handler) as port:
        address = f"s3://archive/flickr?region=us-east-1&endpoint=http://127.0.0.1:{port}"
        yield handler, Bucket.open(parse_store_address(address), 0.1)


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (404, "NoSuchBucket", CacheError, "there is no such bucket. Create it"),
        (301, "PermanentRedirect", CacheError, "in another region. Add it to --store"),
        (403, "AccessDenied", CacheError, r"refuses the credentials of this machine \(403 AccessDenied\)"),
        (403, "InvalidAccessKeyId", CacheError, "refuses the credentials"),
        (401, "Unauthorized", CacheError, "refuses the credentials"),
        (507, "InsufficientStorage", CacheFullError, "the store is full"),
        (403, "QuotaExceeded", CacheFullError, "the store is full"),
        (
            503,
            "SlowDown",
            StoreUnavailableError,
            r"busy or out of order \(503 SlowDown\). Run the same command",
        ),
        (500, "InternalError", StoreUnavailableError, "busy or out of order"),
        (400, "BadDigest", CacheError, r"the store reports an error \(400 BadDigest\)"),
    ],
)
def test_a_refusal_is_explained(
    refusing: tuple[type[Refusing], Bucket], status: int, code: str, kind: type[CacheError], words: str
) -> None:
    """The error names the store, and only the code of the answer."""
    handler, bucket = refusing
    handler.status, handler.body = status, f"<Error><Code>{code}</Code>{QUOTED}</Error>"

    with pytest.raises(CacheError, match=words) as caught:
        bucket.put("key", b"x")

    assert type(caught.value) is kind
    assert str(caught.value).startswith("s3://archive/flickr: ")
    assert "\n" not in str(caught.value)
    bird = canary.Canary()
    bird.record(caught.value)
    assert not bird.leaks()


def test_a_server_in_another_region_is_named(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """This is the meaning of a redirect without an address."""
    set_credentials(monkeypatch)
    bucket = Bucket.open(parse_store_address(f"s3://archive?region=eu-west-3&endpoint={s3_server}"), 0.1)
    with pytest.raises(CacheError, match="in another region"):
        bucket.put("key", b"x")


def test_the_region_of_the_bucket_is_named(refusing: tuple[type[Refusing], Bucket]) -> None:
    """If the store states it, the message has the parameter to add."""
    handler, bucket = refusing
    handler.status = 400
    handler.body = (
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; expecting "
        "'eu-west-1'</Message><Region>eu-west-1</Region></Error>"
    )
    with pytest.raises(CacheError, match=r"another region \(eu-west-1\).*\?region=eu-west-1\."):
        bucket.put("key", b"x")


def test_a_silent_store_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run can be repeated later."""
    set_credentials(monkeypatch)
    bucket = Bucket.open(
        parse_store_address("s3://archive?region=us-east-1&endpoint=http://127.0.0.1:1"), 0.1
    )
    with pytest.raises(StoreUnavailableError, match=r"does not answer \(connection refused\)"):
        bucket.put("key", b"x")


class Flipping(BaseHTTPRequestHandler):
    """Passes requests to `target`, and flips a bit of each body."""

    target = ""

    def do_PUT(self) -> None:
        """Pass on a request."""
        body = bytearray(self.rfile.read(int(self.headers["Content-Length"])))
        body[len(body) // 2] ^= 1
        with httpx.Client() as client:
            answer = client.put(self.target + self.path, headers=dict(self.headers), content=bytes(body))
        self.send_response(answer.status_code)
        for name in ("ETag", "Content-Length"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.mark.parametrize("server", ["s3_server", "simple_server"])
def test_a_flipped_bit_in_an_upload_is_refused(
    server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store compares the checksum; otherwise its version mark differs from the MD5 of the sent bytes."""
    set_credentials(monkeypatch)
    handler = type("Handler", (Flipping,), {"target": request.getfixturevalue(server)})
    with serving(handler) as port:
        address = f"s3://archive/flip?region=us-east-1&endpoint=http://127.0.0.1:{port}"
        bucket = Bucket.open(parse_store_address(address), 0.1)
        bucket.has_md5 = True
        with pytest.raises(CacheError, match=r"BadDigest|other bytes than were sent|reports an error"):
            bucket.create("key", b"the bytes of an image")


def test_a_changed_object_is_not_replaced(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the version that was read is replaced, so two writers never overwrite each other's work."""
    set_credentials(monkeypatch)
    address = f"s3://archive/changed?region=us-east-1&endpoint={s3_server}"
    bucket = Bucket.open(parse_store_address(address), 1)
    bucket.put("key", b"first")
    seen = bucket.stat("key")
    assert seen
    bucket.put("key", b"of another writer")
    assert bucket.replace(seen, b"second") is None
    assert bucket.read("key")[0] == b"of another writer"  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Invalid store: use an address such as s3://"),
        ("/home/me/photos", "Invalid store: use an address such as s3://"),
        ("s3://", "Invalid store: use an address such as s3://"),
        ("s3://bucket/../x", "Invalid store: use an address such as s3://"),
        ("s3://bucket/x#y", "Invalid store: use an address such as s3://"),
        ("s3://bucket?zone=x", "Invalid parameter 'zone' of a store: use region or endpoint"),
        ("s3://bucket?aws_secret_access_key=hush", "Invalid parameter 'aws_secret_access_key'"),
        ("s3://key:hush@bucket", "without credentials, and set AWS_ACCESS_KEY_ID"),
        ("s3://bucket?endpoint=https://key:hush@example.org", "without credentials"),
        ("s3://bucket?endpoint=example.org", "Invalid endpoint of a store: use"),
        ("gs://bucket?region=x", "use none after gs://"),
        ("ftp://x", "Invalid store: use an address such as s3://"),
    ],
)
def test_an_invalid_address_of_a_store_is_refused(text: str, words: str) -> None:
    """No part that may be a secret is repeated."""
    with pytest.raises(ValueError, match=words) as caught:
        parse_store_address(text)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "/flickr", "/a/b c/Hội An (1@N01)", "/100%25/%23"])
def test_an_address_can_be_written_and_read_again(prefix: str) -> None:
    """The mirror records it, with the folder of the account."""
    address = parse_store_address(f"s3://archive{prefix}?region=eu-west-1&endpoint=http://localhost:9000")
    assert parse_store_address(str(address)) == address
    inner = address.below("Hội #1? 50%")
    assert parse_store_address(str(inner)) == inner
    assert address.has(inner)
    assert not address.has(address)
