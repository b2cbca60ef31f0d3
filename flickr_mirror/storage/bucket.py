"""The objects of a bucket in S3, Google Cloud Storage or Azure: conditional writes, reads and listings.

Only this module uses obstore, and only its synchronous functions, in threads: a process that ends soon after an
asynchronous `put` can be aborted (pyo3-async-runtimes, issue 40), and the exit code of a run must be right.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import CacheError
from flickr_mirror.storage.bucket_errors import store_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import IO

    from flickr_mirror.models.store_address import StoreAddress

LARGE = 32 << 20
"""The size in bytes from which an object is uploaded in parts, so that it need not fit in memory."""
PART = 8 << 20
PATIENCE = 180.0
"""Seconds for which a request is repeated while the store is busy or does not answer."""
_REQUEST = timedelta(minutes=10)
"""The longest time of one request: 32 MB at half a megabit per second."""
_CONNECT = timedelta(seconds=10)
_CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object: its key, and its size, version mark and time of writing as the store reports them."""

    key: str
    size: int
    e_tag: str
    modified: datetime
    sha256: str = ""
    """The SHA-256 that was stored with it, in hexadecimal; "" in a listing, or if it was written by another program."""
    version: str = ""
    """The generation of an object in Google Cloud Storage, which its conditions refer to."""


class Bucket:
    """The objects below a prefix of a bucket. All methods block, and raise `CacheError`.

    `has_conditions` is whether the store refuses a write whose condition does not hold; `probe` finds that out.
    Without conditions, an object that exists is detected by a request before the write. `place` is the address that
    messages name.
    """

    def __init__(self, store: Any, place: str, prefix: str = "", *, has_conditions: bool = True) -> None:  # noqa: ANN401 - a type of obstore
        self._store = store
        self._prefix = prefix
        self.place = place
        self.has_conditions = has_conditions
        self.has_md5 = False
        """Whether the version mark of a small object is the MD5 of its bytes, as `probe` found."""

    @staticmethod
    def open(address: StoreAddress, patience: float = PATIENCE) -> Bucket:
        """Return the bucket at `address`. Its credentials come from the environment or the role of the machine.

        Sends nothing. Raises `CacheError` if obstore is not installed.
        """
        return Bucket(_connect(address, patience), address.place)

    def below(self, name: str) -> Bucket:
        """Return the objects whose keys begin with `name` and a slash."""
        below = Bucket(self._store, f"{self.place}/{name}", f"{self._prefix}{name}/")
        below.has_conditions, below.has_md5 = self.has_conditions, self.has_md5
        return below

    # Reading

    def stat(self, key: str) -> ObjectInfo | None:
        """Return an object without its bytes; `None` if there is none."""
        with self._errors():
            try:
                found = _obstore().get(self._store, self._prefix + key, options={"head": True})
            except FileNotFoundError:
                return None
            return _info(found.meta, key, found.attributes.get("sha256", ""))

    def read(self, key: str) -> tuple[bytes, ObjectInfo] | None:
        """Return the bytes of a small object, and what `stat` returns; `None` if there is none."""
        with self._errors():
            try:
                found = _obstore().get(self._store, self._prefix + key)
            except FileNotFoundError:
                return None
            return bytes(found.bytes()), _info(found.meta, key, found.attributes.get("sha256", ""))

    def save(self, key: str, file: IO[bytes] | Any) -> None:  # noqa: ANN401 - any object with `write`
        """Write the bytes of an object to an open file. Raises `FileNotFoundError` if there is no such object."""
        with self._errors():
            for chunk in _obstore().get(self._store, self._prefix + key).stream(min_chunk_size=_CHUNK):
                file.write(chunk)

    def objects(self, folder: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Yield the objects whose keys begin with `folder` and a slash, in the order of the keys.

        `after` leaves out the keys up to this one.
        """
        start = None if after is None else self._prefix + after
        with self._errors():
            pages = iter(_obstore().list(self._store, self._prefix + folder, offset=start, chunk_size=1000))
        while True:
            with self._errors():
                page = next(pages, None)
            if page is None:
                return
            for meta in page:
                yield _info(meta, meta["path"].removeprefix(self._prefix))

    def folders(self) -> list[str]:
        """Return the names that keys have before their first slash."""
        with self._errors():
            found = _obstore().list_with_delimiter(self._store, self._prefix.rstrip("/") or None)
        return [name.removeprefix(self._prefix) for name in found["common_prefixes"]]

    # Writing

    def create(self, key: str, data: bytes | Path, attributes: Mapping[str, str] | None = None) -> str | None:
        """Write an object if there is none with this key; return its version mark, `None` if there is one."""
        if not self.has_conditions and self.stat(key):
            return None
        with self._errors():
            try:
                mode = "create" if self.has_conditions else "overwrite"
                return self._put(key, data, attributes, mode)
            except _obstore().exceptions.AlreadyExistsError:
                return None

    def replace(
        self, seen: ObjectInfo, data: bytes | Path, attributes: Mapping[str, str] | None = None
    ) -> str | None:
        """Replace an object as it was `seen`; return the new version mark, `None` if it was changed meanwhile."""
        with self._errors():
            try:
                version = {"e_tag": seen.e_tag, "version": seen.version}
                mode = {name: mark for name, mark in version.items() if mark}
                return self._put(seen.key, data, attributes, mode if self.has_conditions else "overwrite")
            except (_obstore().exceptions.PreconditionError, FileNotFoundError):
                return None

    def put(self, key: str, data: bytes | Path, attributes: Mapping[str, str] | None = None) -> str:
        """Write an object in place of any other; a file of `LARGE` bytes or more in parts. Return its version mark."""
        with self._errors():
            return self._put(key, data, attributes, "overwrite")

    def _put(self, key: str, data: bytes | Path, attributes: Mapping[str, str] | None, mode: object) -> str:
        is_large = not isinstance(data, bytes) and data.stat().st_size >= LARGE
        written = _obstore().put(
            self._store,
            self._prefix + key,
            data,
            attributes=dict(attributes or {}),
            mode=mode,
            use_multipart=is_large and mode == "overwrite",
            chunk_size=PART,
            max_concurrency=2,
        )
        e_tag: str = written["e_tag"] or ""
        if self.has_md5 and isinstance(data, bytes) and not _is_md5(e_tag, data):
            raise CacheError(
                f"{self.place}/{key}: the store has other bytes than were sent. Run the same command again."
            )
        return e_tag

    def delete(self, key: str) -> None:
        """Delete an object. A missing object is not an error."""
        with self._errors():
            try:
                _obstore().delete(self._store, self._prefix + key)
            except FileNotFoundError:
                return

    def move(self, key: str, target: str) -> bool:
        """Move an object within the store; return whether it existed. `target` must be free."""
        with self._errors():
            try:
                _obstore().copy(self._store, self._prefix + key, self._prefix + target)
            except FileNotFoundError:
                return False
        self.delete(key)
        return True

    def probe(self, key: str) -> datetime:
        """Find out what the store can do by writing the object `key` twice; return the time by the store's clock."""
        data = b"flickr_mirror checks that this store refuses to write an object twice.\n"
        self.has_md5 = False
        e_tag = self.put(key, data)
        self.has_md5 = _is_md5(e_tag, data)
        self.has_conditions = True
        is_refused = self.create(key, data) is None
        found = self.stat(key)
        if found is None:
            raise CacheError(f"{self.place}: the store does not have what was just written to it.")
        outdated = replace(found, e_tag='"0"', version=found.version and "1")
        self.has_conditions = is_refused and self.replace(outdated, data) is None
        self.delete(key)
        return found.modified

    def _errors(self) -> Any:  # noqa: ANN401 - a context manager
        return store_errors(self.place)


def _is_md5(e_tag: str, data: bytes) -> bool:
    return e_tag.strip('"').lower() == hashlib.md5(data, usedforsecurity=False).hexdigest()


def _info(meta: Any, key: str, sha256: str = "") -> ObjectInfo:  # noqa: ANN401 - a type of obstore
    return ObjectInfo(
        key, meta["size"], meta["e_tag"] or "", meta["last_modified"], sha256, meta["version"] or ""
    )


def _obstore() -> Any:  # noqa: ANN401 - a module
    """Return the library, loaded only by mirrors in a store. Raises `CacheError` if it is not installed."""
    try:
        import obstore.exceptions
        import obstore.store
    except ImportError as error:
        raise CacheError(
            "Object stores need the library obstore: install it with `pip install 'flickr-mirror[s3]'`."
        ) from error
    return obstore


def _connect(address: StoreAddress, patience: float) -> Any:  # noqa: ANN401 - a type of obstore
    stores = _obstore().store
    options: dict[str, Any] = {
        "prefix": address.prefix or None,
        "client_options": {"timeout": _REQUEST, "connect_timeout": _CONNECT},
        "retry_config": {"max_retries": 10, "retry_timeout": timedelta(seconds=patience)},
    }
    if address.endpoint.startswith("http://"):
        options["client_options"]["allow_http"] = True
    given = {
        "region": address.region,
        "endpoint": address.endpoint,
        "account_name": address.account,
    }
    options.update({name: value for name, value in given.items() if value})
    with store_errors(address.place):
        if address.scheme == "s3":
            return stores.S3Store(address.bucket, checksum_algorithm="sha256", **options)
        kind = stores.GCSStore if address.scheme == "gs" else stores.AzureStore
        return kind(address.bucket, **options)
