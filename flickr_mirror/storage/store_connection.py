"""Connects the folder of a mirror with the bucket that has its photos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import CacheError, CacheOwnerError
from flickr_mirror.models.options import DEFAULT_CACHE_DIRECTORY_DEPTH
from flickr_mirror.models.store_address import parse_store_address
from flickr_mirror.storage.bucket import Bucket
from flickr_mirror.storage.object_names import number_and_extension, object_path
from flickr_mirror.storage.object_store import STATE, ObjectStore
from flickr_mirror.storage.owner import FILE_NAME, owner_document, parse_owner

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.models.store_address import StoreAddress
    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.mirror_folder import MirrorFolder

_OWNER = f"{STATE}/{FILE_NAME}"
_AFTER_STATE = f"{STATE}0"
"""The key that follows all keys of the state: "0" follows "/"."""
_SAMPLE = 1000
PROBE_PATIENCE = 20.0
"""Seconds for which the first requests are repeated: a wrong address should be reported soon."""


def find_bucket(mirror: MirrorFolder, nsid: str, wanted: str) -> tuple[Bucket, str]:
    """Return the bucket of a mirror, whose requests are repeated for a short time, and a sentence about it, or "".

    `wanted` is the address that the user gave; without one, the mirror has one. The bucket is not written to. Raises
    `CacheOwnerError` if the bucket has the mirror of another account there, and `CacheError` if the mirror's photos are
    elsewhere.
    """
    recorded = parse_store_address(mirror.address) if mirror.address else None
    place = parse_store_address(wanted) if wanted else None
    if recorded and (place is None or place.has(recorded)):
        address = place.below(recorded.place.rpartition("/")[2]) if place else recorded
        sentence = "" if place else f"The photos of this mirror are in {recorded.place}."
    else:
        place = place or parse_store_address(wanted)
        address = place.below(_folder(place, mirror, nsid))
        sentence = "" if mirror.is_new else _moved(mirror, address, nsid)
    bucket = Bucket.open(address, PROBE_PATIENCE)
    if _check_owner(bucket, mirror, nsid) is None and not mirror.is_new:
        raise CacheError(
            f"{bucket.place} does not have this mirror: {_OWNER} is missing there. Check --store and the bucket. If "
            "its files are lost, begin another mirror in another --cache-path.",
            mirror.folder,
        )
    mirror.address = str(address)
    return bucket, sentence


def use_bucket(
    mirror: MirrorFolder, probed: Bucket, user: FlickrUser, asked_for: str, patience: float
) -> str:
    """Let a mirror keep its photos in the bucket that was `probed`, and record the owner there.

    Requests for photos are repeated for `patience` seconds. Returns a sentence about the store, or "". The caller holds
    the lease. Raises `CacheError` if the bucket has files at another depth.
    """
    bucket = Bucket.open(parse_store_address(mirror.address), patience)
    bucket.has_conditions, bucket.has_md5 = probed.has_conditions, probed.has_md5
    owner = _owner_in(bucket)
    objects = bucket.objects(after=_AFTER_STATE)
    sample = [found.key for found, _ in zip(objects, range(_SAMPLE), strict=False)]
    mirror.is_empty = not sample
    depth = owner["depth"] if owner else _depth_of(sample)
    if depth is not None:
        _take_depth(mirror, depth, bucket)
    mirror.is_new = mirror.is_new and owner is None
    mirror.files = ObjectStore(bucket, mirror.depth, mirror.parts, mirror.folder)
    if owner is None:
        bucket.create(
            _OWNER, owner_document(user, asked_for=asked_for, depth=mirror.depth, source=mirror.source)
        )
        _check_owner(bucket, mirror, user.user_id)
    if bucket.has_conditions:
        return ""
    return (
        f"{bucket.place}: this store ignores conditions of writes, so it cannot keep two runs apart. Make sure that "
        "only one machine at a time uses this mirror."
    )


def read_bucket(mirror: MirrorFolder) -> None:
    """Let a mirror read its photos in its bucket. Sends nothing."""
    bucket = Bucket.open(parse_store_address(mirror.address), PROBE_PATIENCE)
    mirror.files = ObjectStore(bucket, mirror.depth, mirror.parts, mirror.folder)


def open_shared_store(address: str, depth: int, folder: Path, has_md5: bool, patience: float) -> ObjectStore:  # noqa: FBT001 - called in a thread
    """Return the store of a mirror whose lease another machine holds. Sends nothing.

    `address` is that of the mirror's bucket, which was probed; temporary files are in the local `folder`. Raises
    `CacheError` if obstore is not installed.
    """
    bucket = Bucket.open(parse_store_address(address), patience)
    bucket.has_md5 = has_md5
    parts = folder / "parts"
    parts.mkdir()
    return ObjectStore(bucket, depth, parts, folder)


def bucket_of(mirror: MirrorFolder) -> Bucket:
    """Return the bucket of a mirror that is connected with one."""
    assert isinstance(mirror.files, ObjectStore)  # noqa: S101 - see `use_bucket`
    return mirror.files.bucket


def _folder(place: StoreAddress, mirror: MirrorFolder, nsid: str) -> str:
    """Return the name of the account's folder in a bucket, also if the account has been renamed since."""
    bucket = Bucket.open(place, PROBE_PATIENCE)
    name = mirror.folder.name
    if bucket.stat(f"{name}/{_OWNER}") is None:
        for other in bucket.folders():
            owner = _owner_in(bucket.below(other))
            if owner and _is_same(owner, mirror, nsid):
                return other
    return name


def _moved(mirror: MirrorFolder, address: StoreAddress, nsid: str) -> str:
    before = parse_store_address(mirror.address).place if mirror.address else str(mirror.folder)
    owner = _owner_in(Bucket.open(address, PROBE_PATIENCE))
    if owner is None or not _is_same(owner, mirror, nsid):
        raise CacheError(
            f"The photos of this mirror are in {before}, not in {address.place}: leave out --store, or copy all files "
            f"there first, with {STATE}/{FILE_NAME}. To begin another mirror, use another --cache-path.",
            mirror.folder,
        )
    return f"The photos of this mirror were in {before}; from now on they are in {address.place}."


def _is_same(owner: dict[str, Any], mirror: MirrorFolder, nsid: str) -> bool:
    """Return whether an owner file is of the same photostream or list as a mirror."""
    return bool(owner["nsid"] == nsid and owner.get("source") == mirror.source)


def _check_owner(bucket: Bucket, mirror: MirrorFolder, nsid: str) -> dict[str, Any] | None:
    """Return the owner that a bucket records, `None` if there is none. Raises `CacheOwnerError` for another one."""
    owner = _owner_in(bucket)
    if owner and not _is_same(owner, mirror, nsid):
        raise CacheOwnerError(
            f"{bucket.place} is another mirror, of the account {owner['nsid']}. Nothing was changed. Use "
            "another prefix in --store.",
            object_path(bucket.place),
        )
    return owner


def _owner_in(bucket: Bucket) -> dict[str, Any] | None:
    found = bucket.read(_OWNER)
    return parse_owner(found[0], object_path(f"{bucket.place}/{_OWNER}")) if found else None


def _depth_of(keys: list[str]) -> int | None:
    """Return the depth of the first file of a photo; `None` if there is none."""
    return next((key.count("/") for key in keys if number_and_extension(key, key.count("/"))), None)


def _take_depth(mirror: MirrorFolder, depth: int, bucket: Bucket) -> None:
    if mirror.depth not in (depth, DEFAULT_CACHE_DIRECTORY_DEPTH) or (
        not mirror.is_new and mirror.depth != depth
    ):
        raise CacheError(
            f"{bucket.place} has its files {depth} folders deep, not {mirror.depth}: leave out "
            "--cache-directory-depth, or use another prefix in --store.",
            object_path(bucket.place),
        )
    mirror.depth = depth
