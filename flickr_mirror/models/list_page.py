"""A page of a list at Flickr, such as the favourites of an account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from flickr_mirror.models.payloads import to_int

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.models.payloads import Payload

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """Page `page` of `pages`, each of `size` entries, of `total` entries by Flickr's count.

    All four are `None` where Flickr does not state them; `has_more` is then what it states about the next page.
    `malformed` counts the entries that cannot be read. `is_usable` is whether the answer has content: Flickr has
    answered an empty object with `stat: ok`.
    """

    entries: list[T] = field(default_factory=list)
    page: int | None = None
    pages: int | None = None
    size: int | None = None
    total: int | None = None
    malformed: int = 0
    has_more: bool | None = None
    is_usable: bool = True

    @staticmethod
    def from_json(payload: Payload, key: str, read: Callable[[Payload], T]) -> ListPage[T]:
        """Return the page that an answer describes; `read` reads an entry, and raises `ValueError` if it cannot.

        A list without entries has no `key`.

        {"page": 1, "pages": "8", "perpage": 500, "total": "3757", "photo": [{"id": "20412739460", ...}]}
        """
        listed = payload.get(key)
        found = listed if isinstance(listed, list) else []
        entries: list[T] = []
        for entry in found:
            try:
                entries.append(read(entry))
            except (ValueError, AttributeError):
                continue
        more = payload.get("has_next_page")
        return ListPage(
            entries,
            to_int(payload.get("page")),
            to_int(payload.get("pages")),
            to_int(payload.get("perpage") or payload.get("per_page")),
            to_int(payload.get("total")),
            len(found) - len(entries),
            None if more is None else bool(to_int(more)),
            isinstance(listed, list) or "total" in payload,
        )

    @staticmethod
    def whole(payload: Payload, key: str, read: Callable[[Payload], T]) -> ListPage[T]:
        """Return the only page of a list that Flickr sends at once, without counts.

        {"group": [{"nsid": "34427469792@N01", "name": "FlickrCentral", ...}]}
        """
        page = ListPage.from_json(payload, key, read)
        return ListPage(page.entries, pages=1, total=len(page.entries), malformed=page.malformed)
