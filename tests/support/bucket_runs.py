"""A mirror in a bucket, as tests of the engine run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.models.store_address import parse_store_address
from flickr_mirror.storage.bucket import Bucket
from tests.support.mirroring import Run

if TYPE_CHECKING:
    from flickr_mirror import PhotostreamMirror


class BucketRun(Run):
    """A mirror in the bucket at `store`."""

    store = ""

    def mirror(self, observer: Any = None, **options: Any) -> PhotostreamMirror:
        """Return a mirror with these options."""
        return super().mirror(observer, **{"store": self.store, **options})

    @property
    def bucket(self) -> Bucket:
        """The objects of this mirror."""
        return Bucket.open(parse_store_address(self.store), 5).below(self.stream.username)

    def names(self) -> set[str]:
        """Return the keys of all objects, except those of the state."""
        return {found.key for found in self.bucket.objects() if not found.key.startswith(".")}
