"""The pages of lists in answers, and the arguments of calls about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from flickr_mirror.models.payloads import to_int

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.models.payloads import Payload

    Arguments = Mapping[str, str]
    Method = Callable[[Arguments, str], Payload]

T = TypeVar("T")
MOST_ON_PAGE = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Page `number` of `pages`, each of `size` entries, of `total` entries."""

    number: int
    pages: int
    size: int
    total: int

    def of(self, entries: Sequence[T]) -> Sequence[T]:
        """Return the entries on the page."""
        return entries[(self.number - 1) * self.size : self.number * self.size]

    @property
    def numbers(self) -> dict[str, int]:
        """The numbers of the page as most answers state them."""
        return {"page": self.number, "pages": self.pages, "perpage": self.size, "total": self.total}


def page_of(arguments: Arguments, total: int, *, usual: int = 100, most: int = MOST_ON_PAGE) -> Page:
    """Return the page that a call requests; the last one for a higher number, as at Flickr.

    `usual` is the size of a page of which the call states none, `most` the largest one.
    """
    size = min(max(to_int(arguments.get("per_page")) or usual, 1), most)
    pages = -(-total // size)
    number = min(max(to_int(arguments.get("page")) or 1, 1), max(pages, 1))
    return Page(number, pages, size, total)


def extras_of(arguments: Arguments) -> set[str]:
    """Return the names of the fields that a call requests for each photo."""
    return set(arguments.get("extras", "").replace(" ", "").split(","))
