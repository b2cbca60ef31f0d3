"""Estimates how many bytes are left to download, from the pixels of the images and from files of known size. Pure."""

from __future__ import annotations

from collections import defaultdict
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.catalogue.statistics import Images, Stock
from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.sizes import best_picture

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flickr_mirror.catalogue.statistics import Kind
    from flickr_mirror.models.options import Limits
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sizes import FlickrPhotoSize

IMAGE_RATE = "image_rate"
"""The name of the note in the catalogue with the bytes per second of the last downloads."""
ENOUGH = 20
"""The number of files of a kind in the mirror from which others of that kind can be estimated."""
MOST_ASKED = 8
"""The largest number of images whose sizes in bytes are requested from the servers."""


class DownloadVolume(NamedTuple):
    """About how many `bytes` are left to download, and how many `seconds` that takes; `None` if that is not known.

    `basis` states in a sentence or two what the estimate is based on.
    """

    bytes: int | None
    seconds: float | None
    basis: str


def kind_of(size: FlickrPhotoSize) -> Kind:
    """Return the label of a picture and the extension in its address: files of one kind are compressed alike."""
    return size.label, size.url[-4:].lower().lstrip(".")


def with_unlisted(stock: Stock, sample: Collection[FlickrPhoto], unlisted: int) -> Stock:
    """Return the stock plus `unlisted` photos, assumed to be like those of a sample."""
    if not (sample and unlisted):
        return stock
    left = defaultdict(lambda: Images(0, 0, 0), stock.left)
    weight = unlisted / len(sample)
    videos = stock.videos
    for photo in sample:
        size = best_picture(photo.sizes)
        kind, area = (kind_of(size), size.area) if size else (("", ""), 0)
        number, pixels, _ = left[kind]
        left[kind] = Images(number + weight, pixels + weight * area, 0)
        videos += weight * (photo.facts.media == "video")
    return stock._replace(left=dict(left), videos=videos)


def to_ask(stock: Stock, sample: Iterable[FlickrPhoto]) -> list[FlickrPhotoSize]:
    """Return the pictures of a sample whose sizes in bytes are to be requested from the servers.

    They are of the kinds of which the mirror has few files, in proportion to the pixels left of each kind.
    """
    unknown = {
        kind: images.pixels
        for kind, images in stock.left.items()
        if kind not in stock.there or stock.there[kind].number < ENOUGH
    }
    listed: defaultdict[Kind, list[FlickrPhotoSize]] = defaultdict(list)
    for photo in sample:
        if (size := best_picture(photo.sizes)) and unknown.get(kind_of(size)):
            listed[kind_of(size)].append(size)
    total = sum(unknown[kind] for kind in listed)
    chosen: list[FlickrPhotoSize] = []
    for kind in sorted(listed, key=lambda kind: -unknown[kind]):
        sizes = listed[kind]
        most = min(ceil(MOST_ASKED * unknown[kind] / total), len(sizes))
        chosen += [sizes[number * len(sizes) // most] for number in range(most)]
    return chosen[:MOST_ASKED]


def estimate(stock: Stock, asked: Iterable[tuple[FlickrPhotoSize, int]], limits: Limits) -> DownloadVolume:
    """Return how many bytes are left of a stock; the servers announced the bytes of the pictures in `asked`."""
    announced: defaultdict[Kind, list[Images]] = defaultdict(list)
    for size, count in asked:
        announced[kind_of(size)].append(Images(1, size.area, count))
    known = {
        kind: _sum([*announced[kind], *filter(None, [stock.there.get(kind)])])
        for kind in {*announced, *stock.there}
    }
    number = sum(images.number for images in stock.left.values())
    if not number:
        return DownloadVolume(0, 0.0, "")
    if not known:
        return DownloadVolume(
            None, None, "No image server announced a size, and this mirror has no files to estimate from."
        )
    total = 0.0
    used: set[Kind] = set()
    for kind, images in stock.left.items():
        sources = _like(kind, known)
        used |= sources
        model = _sum(known[source] for source in sources)
        per_pixel = model.bytes / model.pixels
        total += images.pixels * per_pixel if images.pixels else images.number * model.bytes / model.number
    total += stock.videos * stock.film_bytes / max(stock.films, 1)
    total *= min(1.0, (limits.max_photos or number) / number)
    result = round(min(total, limits.max_bytes or total))
    mirrored = sum(stock.there[kind].number for kind in used if kind in stock.there)
    seconds, pace = _duration(result, stock.rate, limits)
    basis = _basis(stock, mirrored, sum(len(announced[kind]) for kind in used))
    return DownloadVolume(result, seconds, f"{basis} {pace}")


def _sum(images: Iterable[Images]) -> Images:
    return Images(*map(sum, zip(*images, strict=True)))


def _like(kind: Kind, known: Mapping[Kind, Images]) -> set[Kind]:
    """Return the kinds to estimate a kind from: itself, otherwise those with its extension, otherwise all."""
    alike = {other for other in known if other[1] == kind[1]}
    return {kind} if kind in known else alike or set(known)


def _basis(stock: Stock, mirrored: float, asked: int) -> str:
    sources = [f"{mirrored:,.0f} files of this mirror"] * bool(mirrored)
    sources += [f"the announced sizes of {asked} images"] * bool(asked)
    text = f"An estimate from {' and '.join(sources)}"
    if stock.videos and stock.films:
        text += f" and from {stock.films:,} films of it"
    elif stock.videos:
        text += f"; the films of {ceil(stock.videos):,} videos are left out, because Flickr does not list their sizes"
    return f"{text}."


def _duration(count: int, rate: int | None, limits: Limits) -> tuple[float | None, str]:
    """Return how many seconds `count` bytes take, and a sentence that states the rate."""
    if limits.bwlimit and (not rate or limits.bwlimit < rate):
        return count / limits.bwlimit, "The time is based on --bwlimit."
    if rate:
        return count / rate, "The time is based on the rate that an earlier run measured."
    return None, "The time is not known, because no run of this mirror has measured the rate yet."


def rate_of(note: str | None) -> int | None:
    """Return the rate in the note of a catalogue, `None` if it has none."""
    rate = to_int(note)
    return rate if rate and rate > 0 else None
