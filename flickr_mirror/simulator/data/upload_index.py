"""Photos in the order of their upload times, as one kind of visitor sees them."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

MAX_PAGE = 10_000
"""The page that Flickr returns for every larger page number."""


class UploadIndex:
    """The `ids` of photos, oldest upload first, and the `times` of their uploads."""

    def __init__(self, ids: array[int], times: array[int]) -> None:
        self.ids = ids
        self.times = times

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, number: int, uploaded: int) -> None:
        """Add a photo, after those of the same second."""
        place = bisect_right(self.times, uploaded)
        self.times.insert(place, uploaded)
        self.ids.insert(place, number)

    def remove(self, number: int, uploaded: int) -> None:
        """Remove a photo."""
        place = self.ids.index(number, bisect_left(self.times, uploaded))
        del self.times[place], self.ids[place]

    def page(
        self, page: int, per_page: int, min_upload_date: int | None, max_upload_date: int | None
    ) -> tuple[list[int], int, int, int]:
        """Return the ids of a page of the photos between two seconds (both included), newest first.

        With it come the number of the page, which never exceeds `MAX_PAGE`, and the totals of pages and
        photos. A page after the last one is empty.
        """
        low = 0 if min_upload_date is None else bisect_left(self.times, min_upload_date)
        high = len(self.times) if max_upload_date is None else bisect_right(self.times, max_upload_date)
        total = max(0, high - low)
        page = min(page, MAX_PAGE)
        end = high - (page - 1) * per_page
        ids = self.ids[max(low, end - per_page) : end] if end > low else array("q")
        return list(reversed(ids)), page, -(-total // per_page), total
