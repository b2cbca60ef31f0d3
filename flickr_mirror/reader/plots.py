"""Charts as SVG files that need no program: readable without colours, with a title, a description and the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from flickr_mirror.reader.figures import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flickr_mirror.reader.figures import Figures

WIDTH, MARGIN, ROW = 720, 12, 22
LABEL = 200
MOST_BARS = 30
"""The most bars of a chart of tags or commenters."""
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.bar{fill:#0063dc}.title{font-weight:600;font-size:16px}"
    "rect.ground{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#eee}.bar{fill:#6ab0ff}rect.ground{fill:#111}}"
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart: its file name, its title, and its bars from top to bottom."""

    name: str
    title: str
    bars: tuple[tuple[str, float], ...]


def charts_of(figures: Figures) -> list[Chart]:
    """Return the charts of the figures; those without numbers are left out."""
    years = _filled(figures.taken)
    rhythm_days = {day: sum(figures.rhythm[n, hour] for hour in range(24)) for n, day in enumerate(WEEKDAYS)}
    rhythm_hours = {f"{hour:02}:00": sum(figures.rhythm[day, hour] for day in range(7)) for hour in range(24)}
    upload_years: dict[str, int] = {}
    for month, count in sorted(figures.uploaded.items()):
        upload_years[month[:4]] = upload_years.get(month[:4], 0) + count
    found = {
        "taken": ("Photos by the year they were taken", years),
        "uploaded": ("Photos by the year of the upload", _filled(upload_years)),
        "weekdays": ("Uploads by weekday", rhythm_days),
        "hours": ("Uploads by hour", rhythm_hours),
        "licences": ("Photos by licence", _largest(figures.licenses)),
        "tags": ("Photos by tag", _largest(figures.tags)),
        "languages": ("Titles by language (ISO 639-3)", _largest(figures.languages)),
        "commenters": ("Comments by author", _largest(figures.commenters)),
    }
    return [
        Chart(name, title, tuple(bars.items())) for name, (title, bars) in found.items() if any(bars.values())
    ]


def _filled(years: Mapping[str, int]) -> dict[str, int]:
    """Return the years in order, with those between them that have no photos."""
    known = sorted(int(year) for year in years)
    every = range(known[0], known[-1] + 1) if known else ()
    return {str(year): years.get(f"{year:04}", 0) for year in every}


def _largest(counts: Mapping[str, int]) -> dict[str, int]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered[:MOST_BARS])


def svg(chart: Chart) -> str:
    """Return a chart as an SVG document."""
    most = max((value for _, value in chart.bars), default=0) or 1
    height = MARGIN * 3 + 20 + ROW * len(chart.bars)
    numbers = "; ".join(f"{label}: {value:,}" for label, value in chart.bars)
    shape = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" {shape}>',
        f'<title id="title">{_xml(chart.title)}</title>',
        f'<desc id="desc">{_xml(numbers)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="{MARGIN}" y="{MARGIN + 14}">{_xml(chart.title)}</text>',
    ]
    room = WIDTH - LABEL - 3 * MARGIN - 70
    for number, (label, value) in enumerate(chart.bars):
        y = MARGIN * 2 + 20 + ROW * number
        length = round(room * value / most, 1)
        lines.append(
            f'<text x="{LABEL}" y="{y + 14}" text-anchor="end">{_xml(label[:32])}</text>'
            f'<rect class="bar" x="{LABEL + MARGIN}" y="{y + 3}" width="{length}" height="{ROW - 7}"/>'
            f'<text x="{LABEL + MARGIN + length + 6}" y="{y + 14}">{value:,}</text>'
        )
    return "\n".join([*lines, "</svg>", ""])


def _xml(text: str) -> str:
    return escape("".join(char if char.isprintable() else " " for char in text))
