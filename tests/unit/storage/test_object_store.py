"""Mirrors in object stores pass the contract: in memory, on an S3 server, and on a server without conditions."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

import pytest
from obstore.store import MemoryStore

from flickr_mirror.models.store_address import parse_store_address
from flickr_mirror.storage import object_store
from flickr_mirror.storage.bucket import Bucket
from flickr_mirror.storage.object_store import ObjectStore
from tests.support.object_servers import set_credentials
from tests.unit.storage.store_contract import LARGE, PHOTO, StoreContract, content, put

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.storage.store import Store


def on_server(url: str, prefix: str, patience: float = 5) -> Bucket:
    """Return a bucket with its own prefix."""
    return Bucket.open(
        parse_store_address(f"s3://archive/{prefix}?region=us-east-1&endpoint={url}"), patience
    )


class Objects(StoreContract):
    """The contract for the fixture `bucket`."""

    @pytest.fixture(params=[0, 4], ids=["flat", "deep"])
    def reopen(self, request: pytest.FixtureRequest, bucket: Bucket, tmp_path: Path) -> Callable[[], Store]:
        """Return a function that opens the same store again."""
        return lambda: ObjectStore(bucket, request.param, tmp_path / "parts", tmp_path)

    @pytest.fixture
    def store(self, reopen: Callable[[], Store], tmp_path: Path) -> Store:
        """Return an empty store."""
        (tmp_path / "parts").mkdir()
        return reopen()

    async def test_lookups_and_listings_find_the_same_photos(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After some lookups, one listing serves all later ones."""
        await put(store, PHOTO, "png", b"png")
        by_lookup = store.find(PHOTO, ["jpg", "png"]), store.find("2", ["jpg", "png"])
        monkeypatch.setattr(object_store, "FEW_LOOKUPS", 0)
        assert (store.find(PHOTO, ["jpg", "png"]), store.find("2", ["jpg", "png"])) == by_lookup
        assert by_lookup == (store.path(PHOTO, "png"), None)

    async def test_an_upload_whose_answer_was_lost_is_not_repeated(
        self, store: Store, bucket: Bucket
    ) -> None:
        """The object already has the bytes and their SHA-256: it stays, with its version mark."""
        path = await put(store, PHOTO, "jpg", b"the same")
        before = bucket.stat(str(path).removeprefix(f"{bucket.place}/"))
        assert before is not None
        await put(store, PHOTO, "jpg", b"the same")
        assert bucket.stat(before.key) == before

    async def test_no_file_is_left_on_the_local_disk(self, store: Store, tmp_path: Path) -> None:
        """Uploaded files and read files use no local space."""
        for data in (b"small", LARGE):
            assert content(store, await put(store, PHOTO, "jpg", data)) == data
        assert list((tmp_path / "parts").iterdir()) == []


class TestInMemory(Objects):
    """A store in memory, which honours conditions."""

    @pytest.fixture
    def bucket(self) -> Bucket:
        """Return an empty bucket."""
        return Bucket(MemoryStore(), "memory://archive").below("manhhai")


class TestS3(Objects):
    """A server of S3."""

    @pytest.fixture
    def bucket(self, s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
        """Return an empty bucket."""
        set_credentials(monkeypatch)
        bucket = on_server(s3_server, uuid.uuid4().hex)
        bucket.probe("probe")
        assert (bucket.has_conditions, bucket.has_md5) == (True, True)
        return bucket.below("Hội An (1@N01)")

    async def test_the_sha256_is_stored_with_the_object(self, store: Store, bucket: Bucket) -> None:
        """It can be read without the bytes."""
        path = await put(store, PHOTO, "jpg", b"x")
        found = bucket.stat(str(path).removeprefix(f"{bucket.place}/"))
        assert found is not None
        assert found.sha256 == hashlib.sha256(b"x").hexdigest()


class TestWithoutConditions(Objects):
    """A server that answers 200 to a write whose condition does not hold, and overwrites."""

    @pytest.fixture
    def bucket(self, simple_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
        """Return an empty bucket."""
        set_credentials(monkeypatch)
        bucket = on_server(simple_server, uuid.uuid4().hex)
        bucket.probe("probe")
        assert not bucket.has_conditions
        return bucket.below("manhhai")
