"""`flickr.photos.search` over a mirror. An argument that a mirror cannot search by is refused, and never ignored."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from flickr_mirror.models.licenses import LICENSES
from flickr_mirror.models.payloads import to_float, to_int
from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.reader.filters import PhotoFilter
from flickr_mirror.web.refusals import ILLOGICAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.reader.search_index import SearchIndex
    from flickr_mirror.web.account_methods import AccountMethods
    from flickr_mirror.web.list_methods import PageOf
    from flickr_mirror.web.paging import Arguments, Method
    from flickr_mirror.web.photo_index import PhotoIndex

T = TypeVar("T")
MOST_TAGS = 20
"""The most that Flickr accepts: https://www.flickr.com/services/api/flickr.photos.search.html"""
ORDERS = {
    "": "newest",
    "date-posted-desc": "newest",
    "date-posted-asc": "oldest",
    "date-taken-desc": "last taken",
    "date-taken-asc": "taken",
    "relevance": "rank",
}
"""The orders of the index, by Flickr's names."""
_MEDIA = {"": "", "all": "", "photos": "photo", "videos": "video"}
_ACCEPTED = {"content_type": "7", "content_types": "0,1,2,3", "safe_search": "3"}
"""The values of arguments that let all photos through."""
_UNKNOWN = (
    *("accuracy", "color_codes", "contacts", "content_type", "content_types", "faves", "geo_context"),
    *(
        "group_id",
        "in_gallery",
        "is_commons",
        "is_getty",
        "machine_tags",
        "orientation",
        "person_id",
        "place_id",
    ),
    *("privacy_filter", "safe_search", "styles", "username", "woe_id"),
)
"""Arguments of Flickr for which a mirror has no filter."""
_MILE = 1.609344


class SearchMethods:
    """Answers searches. `search` returns the index of a mirror, `page` a page of its photos."""

    def __init__(
        self,
        indexes: Sequence[PhotoIndex],
        accounts: AccountMethods,
        page: PageOf,
        search: Callable[[PhotoIndex], SearchIndex],
    ) -> None:
        self._indexes = indexes
        self._accounts = accounts
        self._page = page
        self._search_index = search
        self.methods: dict[str, Method] = {"flickr.photos.search": self._search}

    def _search(self, arguments: Arguments, base: str) -> Payload:
        index = self._mirror(arguments)
        photo_filter, order = filter_of(arguments), _choice(arguments, "sort", ORDERS)
        found = self._search_index(index).search(arguments.get("text", ""), photo_filter, order=order)
        return self._page(index, index.visible(found.photo_ids), arguments, base)

    def _mirror(self, arguments: Arguments) -> PhotoIndex:
        if arguments.get("user_id"):
            return self._accounts.photostream(arguments)
        streams = [index for index in self._indexes if index.reader.source is None]
        if len(streams) > 1:
            raise FlickrRefusal(ILLOGICAL, "Several photostreams are mirrored: state one of them as user_id.")
        return (streams or self._indexes)[0]


def filter_of(arguments: Arguments) -> PhotoFilter:
    """Return the filter that the arguments of a search describe. Raises `FlickrRefusal` for an impossible one."""
    for name in _UNKNOWN:
        if arguments.get(name, "") not in ("", _ACCEPTED.get(name, "")):
            raise FlickrRefusal(ILLOGICAL, f"A mirror cannot search by {name}={arguments[name][:100]}.")
    return PhotoFilter(
        tags=_tags(arguments),
        any_tag=_choice(arguments, "tag_mode", {"": True, "any": True, "all": False}),
        since=_second(arguments, "min_upload_date"),
        until=_second(arguments, "max_upload_date"),
        taken=_taken(arguments),
        licenses=_licenses(arguments),
        media=_choice(arguments, "media", _MEDIA),
        near=_near(arguments),
        box=_box(arguments),
        has_place=_choice(arguments, "has_geo", {"": None, "0": False, "1": True}),
    )


def _refuse(name: str, expected: str) -> FlickrRefusal:
    return FlickrRefusal(ILLOGICAL, f"Invalid {name}: {expected}.")


def _choice(arguments: Arguments, name: str, values: Mapping[str, T]) -> T:
    value = arguments.get(name, "")
    if value not in values:
        raise _refuse(name, f"a mirror knows {', '.join(filter(None, values))}")
    return values[value]


def _tags(arguments: Arguments) -> tuple[str, ...]:
    tags = [tag for part in arguments.get("tags", "").split(",") if (tag := part.strip())]
    if len(tags) > MOST_TAGS:
        raise FlickrRefusal(1, f"Too many tags: {len(tags)}, and the most are {MOST_TAGS}.")
    if any(tag.startswith("-") for tag in tags):
        raise _refuse("tags", "a mirror cannot search for photos without a tag")
    return tuple(re.sub(r"[\W_]+", "", tag).lower() for tag in tags)


def _moment(arguments: Arguments, name: str) -> datetime | None:
    """Return a time that is given as seconds since 1970, or as `1966-03-01 10:00:00`."""
    value = arguments.get(name, "").strip()
    try:
        if not value:
            return None
        if (second := to_int(value)) is not None:
            return datetime.fromtimestamp(second, UTC)
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _refuse(name, "use seconds since 1970, or a time such as 1966-03-01 10:00:00") from error


def _second(arguments: Arguments, name: str) -> int | None:
    moment = _moment(arguments, name)
    return None if moment is None else int(moment.timestamp())


def _taken(arguments: Arguments) -> str:
    """Return the times taken as the filter has them: two beginnings of a time, of which either can be empty."""
    first, last = (_moment(arguments, f"{name}_taken_date") for name in ("min", "max"))
    if first is None and last is None:
        return ""
    low = "" if first is None else f"{first:%Y-%m-%d %H:%M:%S}".rjust(19, "0")
    # a photo of which only the year or the month is known was taken on its first day, as Flickr states it
    low = low.removesuffix(" 00:00:00").removesuffix("-01").removesuffix("-01")
    high = "" if last is None else f"{last:%Y-%m-%d %H:%M:%S}".rjust(19, "0")
    return f"{low}..{high}"


def _licenses(arguments: Arguments) -> tuple[str, ...]:
    chosen = dict.fromkeys(part.strip() for part in arguments.get("license", "").split(",") if part.strip())
    if not chosen.keys() <= LICENSES.keys():
        raise _refuse("license", f"use numbers of licences, such as {', '.join([*LICENSES][:3])}")
    return tuple(chosen)


def _near(arguments: Arguments) -> tuple[float, float, float] | None:
    given = [name for name in ("lat", "lon", "radius") if arguments.get(name)]
    if not given:
        return None
    latitude, longitude = to_float(arguments.get("lat")), to_float(arguments.get("lon"))
    radius = to_float(arguments.get("radius") or 5)
    if latitude is None or longitude is None or radius is None:
        raise _refuse(" and ".join(given), "lat, lon and radius are numbers, and the first two come together")
    return latitude, longitude, radius * _choice(arguments, "radius_units", {"": 1.0, "km": 1.0, "mi": _MILE})


def _box(arguments: Arguments) -> tuple[float, float, float, float] | None:
    if not arguments.get("bbox"):
        return None
    match [to_float(part) for part in arguments["bbox"].split(",")]:
        case [float(west), float(south), float(east), float(north)]:
            return west, south, east, north
    raise _refuse("bbox", "use four numbers: the longitude and latitude of one corner, then of the other one")
