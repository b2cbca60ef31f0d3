"""`mirror_flickr export`: writes photos of a mirror to another folder, and prints what was written."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.cli.commands.reports import print_report
from flickr_mirror.cli.exit_codes import EXIT_PHOTOS_FAILED
from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.summary import counted
from flickr_mirror.cli.output.text import json_text, size_text
from flickr_mirror.export.bag import export_bag
from flickr_mirror.export.folders import FolderExport, FolderOptions
from flickr_mirror.reader.filters import PhotoFilter
from flickr_mirror.reader.mirror_reader import open_mirror
from flickr_mirror.reader.search_index import SearchIndex
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.placing import Way
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flickr_mirror.export.folders import ExportReport
    from flickr_mirror.export.names import NameTemplate
    from flickr_mirror.reader.mirror_reader import MirrorReader

PROGRESS = 1000
"""How many photos there are between two lines of progress on a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """What to export, where to, and how; one attribute for each flag."""

    target: Path
    style: str
    template: NameTemplate
    xmp: bool
    embeds: bool
    copies: bool
    includes_private: bool
    photo_filter: PhotoFilter
    as_json: bool


def run_export(cache_path: Path, name: str | None, plan: ExportPlan) -> int:
    """Export, print the summary, and return the exit code: 3 if photos could not be exported."""
    return print_report(partial(_export, cache_path, name, plan))


def _export(cache_path: Path, name: str | None, plan: ExportPlan) -> int:
    target = filesystem.home(plan.target, "--to")
    with open_mirror(cache_path, name) as reader:
        photo_ids = _chosen(reader, plan.photo_filter)
        if not plan.includes_private:
            photo_ids = _public(reader, photo_ids)
        report = _write(reader, target, photo_ids, plan)
    if plan.as_json:
        sys.stdout.write(f"{json_text({'folder': str(target), **asdict(report)}, 2)}\n")
    else:
        sys.stdout.write(f"{_sentence(report, target)}\n")
    if report.absent:
        echo(
            f"{counted(report.absent, 'photo')} left out, without an image in the mirror. A run downloads images."
        )
    if report.hidden:
        echo(
            f"{counted(report.hidden, 'document')} about the account left out: a login showed what the public does not "
            "see. Add --private to export them too."
        )
    for photo_id, reason in report.failures.items():
        echo(
            f"Photo {photo_id} was not exported: {reason}. Run `mirror_flickr check`, then the mirror again."
        )
    return EXIT_PHOTOS_FAILED if report.failures else 0


def _chosen(reader: MirrorReader, photo_filter: PhotoFilter) -> Sequence[int]:
    if photo_filter == PhotoFilter():
        return reader.photo_ids
    with SearchIndex(reader) as index:
        index.update()
        return index.search("", photo_filter).photo_ids


def _public(reader: MirrorReader, photo_ids: Sequence[int]) -> Sequence[int]:
    """Return the photos that are public, and print the number of the others."""
    public = reader.public_ids()
    kept = [photo_id for photo_id in photo_ids if photo_id in public]
    if left := len(photo_ids) - len(kept):
        echo(f"{counted(left, 'photo')} left out, not public at Flickr. Add --private to export them too.")
    return kept


def _write(reader: MirrorReader, target: Path, photo_ids: Sequence[int], plan: ExportPlan) -> ExportReport:
    total = len(photo_ids)

    def on_photo(done: int) -> None:
        if done % PROGRESS == 0 and sys.stderr.isatty():
            echo(f"{done:,} of {total:,} photos")

    way = Way.COPY if plan.copies else Way.LINK
    if plan.style == "bag":
        return export_bag(reader, target, photo_ids, way, on_photo, includes_private=plan.includes_private)
    options = FolderOptions(way=way, xmp=plan.xmp, embeds=plan.embeds, only_xmp=plan.style == "xmp")
    titles = reader.catalogue.albums.titles_by_photo()
    albums = {str(photo_id): found for photo_id, found in titles.items()}
    return FolderExport(reader, target, plan.template, options, albums).run(photo_ids, on_photo)


def _sentence(report: ExportReport, target: Path) -> str:
    parts = [
        f"{report.linked:,} linked" if report.linked else "",
        f"{report.copied:,} copied ({size_text(report.bytes)})" if report.copied else "",
        f"{report.written:,} written" if report.written else "",
        f"{report.unchanged:,} unchanged" if report.unchanged else "",
        f"{report.removed:,} removed" if report.removed else "",
    ]
    files = ", ".join(filter(None, parts)) or "none"
    return f"{counted(report.photos, 'photo')} exported to {plain(str(target))}. Files: {files}."
