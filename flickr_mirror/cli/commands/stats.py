"""`mirror_flickr stats`: the figures of a mirror, and those of numbers on standard input."""

from __future__ import annotations

import math
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.cells import set_cell_size

from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.cli.output.photo_fields import csv_line
from flickr_mirror.cli.output.summary import counted
from flickr_mirror.cli.output.text import json_text, name_text, size_text
from flickr_mirror.reader.distribution import distribution
from flickr_mirror.reader.figures import MEASURES, WEEKDAYS, figures_of
from flickr_mirror.reader.mirror_reader import MirrorReader, require_files
from flickr_mirror.reader.plots import charts_of, svg
from flickr_mirror.reader.search_index import SearchIndex
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_lookup import get_mirror
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo
    from pathlib import Path

    from flickr_mirror.reader.distribution import Distribution
    from flickr_mirror.reader.figures import Figures
    from flickr_mirror.reader.filters import PhotoFilter

LABEL = 28
"""The width of a label in the terminal."""
BAR = 30
"""The longest bar in the terminal, in characters."""
MOST_LINES = 10
"""The most bars of a figure in the terminal."""


def show_stats(
    root: Path,
    name: str,
    *,
    photo_filter: PhotoFilter,
    zone: tzinfo | None,
    as_json: bool,
    outliers: bool,
    plots: Path | None,
) -> int:
    """Print the figures of the mirror called `name`, or write its charts to the folder `plots`; return the exit code.

    Raises `PhotostreamError` if there is no such mirror, and `CacheError` if something cannot be read or written.
    """
    store, owner = get_mirror(filesystem.home(root).absolute(), name.strip())
    require_files(store)
    with MirrorReader(store, owner) as reader, SearchIndex(reader) as index:
        index.update()
        photo_ids = index.search("", photo_filter).photo_ids
        figures = figures_of(
            reader.photos(photo_ids), index.comments(photo_ids), index.title_languages(photo_ids), zone
        )
        user, nsid = reader.username, reader.nsid
    if plots is not None:
        _write_plots(figures, filesystem.home(plots, "--plots") / store.folder.name)
        return 0
    if as_json:
        sys.stdout.write(f"{json_text({'user': user, 'nsid': nsid, **figures.as_json()}, 2)}\n")
    elif outliers:
        _print_outliers(figures)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _lines(figures, user)))
    return 0


def _write_plots(figures: Figures, folder: Path) -> None:
    for chart in charts_of(figures):
        path = folder / f"{chart.name}.svg"
        filesystem.write_file(path, svg(chart).encode())
        sys.stdout.write(f"{plain(str(path))}\n")


def _print_outliers(figures: Figures) -> None:
    sys.stdout.write(f"{csv_line({key: key for key in ('measure', 'id', 'value')})}\n")
    for name, measure in figures.measures.items():
        for photo_id, value in measure.outliers:
            sys.stdout.write(f"{csv_line({'measure': name, 'id': photo_id, 'value': _number(value)})}\n")


def _lines(figures: Figures, user: str) -> Iterable[str]:
    photos = figures.photos
    size = size_text(figures.bytes)
    yield f"{name_text(user)}: {counted(photos, 'photo')}, {figures.videos:,} of them videos, {size}"
    if not photos:
        return
    shares = {
        "with a description": figures.with_description,
        "with tags": figures.with_tags,
        "with comments": figures.with_comments,
        "with a place": figures.with_place,
        "no longer at Flickr": figures.gone,
    }
    for what, count in shares.items():
        yield f"  {what:20} {count:>10,}  {count / photos:6.1%}"
    yield ""
    yield f"{'':24}{'total':>12}{'mean':>12}{'median':>12}{'deviation':>12}{'outliers':>10}"
    for name, measure in figures.measures.items():
        found = measure.distribution
        total = "" if name == "days" else _number(found.total)
        cells = [total, *(_number(value) for value in (found.mean, found.median, found.deviation))]
        yield (
            f"{MEASURES[name]:24}"
            + "".join(f"{cell:>12}" for cell in cells)
            + f"{measure.outlier_count:>10,}"
        )
    yield from _bars("Taken (year)", _by_decade(figures.taken))
    yield from _bars("Uploaded (year)", _by_year(figures.uploaded))
    weekdays = {day: sum(figures.rhythm[n, hour] for hour in range(24)) for n, day in enumerate(WEEKDAYS)}
    yield from _bars("Uploaded (weekday)", weekdays)
    for title, counts in (
        ("Licence", figures.licenses),
        ("Language of the title", figures.languages),
        ("Tag", figures.tags),
        ("Comments by", figures.commenters),
    ):
        largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        yield from _bars(title, dict(largest[:MOST_LINES]), len(largest) - MOST_LINES)


def _by_decade(years: Mapping[str, int]) -> dict[str, int]:
    """Return counts by year, or by decade if there are many years."""
    if len(years) <= MOST_LINES:
        return dict(sorted(years.items()))
    decades: dict[str, int] = {}
    for year, count in sorted(years.items()):
        decades[f"{year[:3]}0s"] = decades.get(f"{year[:3]}0s", 0) + count
    return decades


def _by_year(months: Mapping[str, int]) -> dict[str, int]:
    years: dict[str, int] = {}
    for month, count in sorted(months.items()):
        years[month[:4]] = years.get(month[:4], 0) + count
    return years


def _bars(title: str, counts: Mapping[str, int], more: int = 0) -> Iterable[str]:
    most = max(counts.values(), default=0)
    if not most:
        return
    full = "█" if _can_print("█") else "#"
    yield ""
    yield title
    for label, count in counts.items():
        length = math.ceil(BAR * count / most) if count else 0
        yield f"  {set_cell_size(plain(label), LABEL)} {count:>10,}  {full * length}".rstrip()
    if more > 0:
        yield f"  and {more:,} more"


def _can_print(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) < 1000 else f"{value:,.0f}"


def pipe_stats(*, as_json: bool, outliers: bool) -> int:
    """Print the figures of the numbers on standard input, or only the outliers; return the exit code.

    Raises `ConfigError` for a line that is not a number.
    """
    values = []
    for number, line in enumerate(sys.stdin, 1):
        if text := line.strip():
            values.append(_parsed(text, number))
    found = distribution(values)
    if outliers:
        sys.stdout.write("".join(f"{value:g}\n" for value in values if found.is_outlier(value)))
    elif as_json:
        more = {"outliers": [value for value in values if found.is_outlier(value)]}
        sys.stdout.write(f"{json_text({**asdict(found), **more}, 2)}\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _figures(found, values)))
    return 0


def _parsed(text: str, number: int) -> float:
    try:
        value = float(text)
        if not math.isfinite(value):
            raise ValueError
    except ValueError:
        raise ConfigError(
            f"Line {number} is not a number: {text[:40]!r}. Use one number on each line."
        ) from None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _figures(found: Distribution, values: list[float]) -> Iterable[str]:
    count = sum(map(found.is_outlier, values))
    names = ("count", "total", "mean", "median", "deviation", "minimum", "maximum")
    for name in names:
        value = getattr(found, name)
        yield f"{name:10} {'' if value is None else f'{value:g}'}".rstrip()
    yield f"{'outliers':10} {count}"
