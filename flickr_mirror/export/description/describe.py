"""Writes the description of a mirror into its folder: README, tables, manifest and RO-Crate metadata."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from flickr_mirror.export.description.tables import (
    account_files,
    album_lines,
    license_lines,
    manifest_lines,
    people_lines,
    photo_lines,
)
from flickr_mirror.export.description.texts import LANGUAGES, texts_of
from flickr_mirror.reader.search_index import SearchIndex
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.owner import STATE_FOLDER
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from flickr_mirror.reader.mirror_reader import MirrorReader

MANIFEST = "manifest-sha256.txt"
STATE = "description.json"
"""The file in the state folder with the SHA-256 of each file of the description, as it was written."""
NAMES = (
    "README.html",
    "README.txt",
    "photos.tsv",
    "albums.tsv",
    "people.tsv",
    "licences.txt",
    MANIFEST,
    "ro-crate-metadata.json",
)
"""The files of the description."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(slots=True)
class DescriptionReport:
    """The names of files that were written, and of files that were kept because a user changed them."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def describe(reader: MirrorReader) -> DescriptionReport:
    """Write the description of a mirror; files that are up to date, or that a user has changed, are left as they are.

    Raises `CacheError` if the folder cannot be written.
    """
    writer = _Writer(reader.folder, reader.store.state)
    with SearchIndex(reader) as index:
        index.update()
        writer.write("people.tsv", people_lines(reader, index.comments(reader.photo_ids)))
    writer.write("photos.tsv", photo_lines(reader))
    writer.write("albums.tsv", album_lines(reader))
    writer.write("licences.txt", license_lines(Counter(reader.catalogue.archive.count_licenses())))
    writer.write(MANIFEST, manifest_lines(reader))
    facts, is_list = _facts(reader), reader.source is not None
    before = {**facts, "date": writer.date_of("README.txt") or facts["date"]}
    if not writer.report.written and writer.is_equal("README.txt", [_text(before, is_list=is_list)]):
        facts = before  # the date alone is no reason to write
    writer.write("README.txt", [_text(facts, is_list=is_list)])
    writer.write("README.html", [_html(facts, is_list=is_list)])
    writer.write("ro-crate-metadata.json", [_crate(reader, facts)])
    writer.save()
    return writer.report


def has_new_documents(folder: Path) -> bool:
    """Return whether a document about the account was written after the description, so that its hash is another.

    Raises `CacheError` if the folder cannot be read.
    """
    with disk_errors(folder):
        try:
            described = (folder / STATE_FOLDER / STATE).stat().st_mtime_ns
        except FileNotFoundError:
            described = 0
        return any(path.stat().st_mtime_ns > described for path in account_files(folder))


def remove_description(folder: Path) -> None:
    """Delete the files of the description, which have texts of photos. Raises `CacheError`."""
    for name in NAMES:
        filesystem.remove(folder / name, folder)


class _Writer:
    """Writes the files of a description into `folder`, unless a user has changed them."""

    def __init__(self, folder: Path, state: Path) -> None:
        self._folder = folder
        self._path = state / STATE
        self.report = DescriptionReport()
        try:
            stored = json.loads(filesystem.read(self._path))
            self._hashes = {str(name): str(digest) for name, digest in stored.items()}
        except (OSError, ValueError, AttributeError):
            self._hashes = {}

    def date_of(self, name: str) -> str | None:
        """Return the first date in a file that was written before."""
        content = filesystem.content(self._folder / name)
        found = _DATE.findall(content.decode(errors="replace")) if content else []
        return found[-1] if found else None

    def is_equal(self, name: str, lines: Iterable[str]) -> bool:
        """Return whether a file has this content."""
        return filesystem.content(self._folder / name) == "".join(lines).encode()

    def write(self, name: str, lines: Iterable[str]) -> None:
        """Write a file unless it has this content, or is not as it was written before."""
        path = self._folder / name
        part = self._path.with_name(f"{name}.part")
        with disk_errors(path):
            if path.is_symlink() or (path.exists() and self._is_of_user(path)):
                self.report.kept.append(name)
                return
            try:
                if _write_changed(path, part, lines):
                    self._hashes[name] = _digest(part)
                    part.replace(path)
                    self.report.written.append(name)
                elif name not in self._hashes:
                    self._hashes[name] = _digest(path)
            finally:
                part.unlink(missing_ok=True)

    def _is_of_user(self, path: Path) -> bool:
        return self._hashes.get(path.name) not in (None, _digest(path)) or (
            path.name not in self._hashes and not _is_ours(path)
        )

    def save(self) -> None:
        """Record what was written."""
        data = json.dumps(self._hashes, indent=1, sort_keys=True).encode()
        if self.report.written:
            filesystem.write_file(self._path, data, base=self._folder)
        else:
            with suppress(OSError):  # `has_new_documents` then finds them again
                os.utime(self._path)


def _write_changed(path: Path, part: Path, lines: Iterable[str]) -> bool:
    """Write lines to `part` unless `path` has exactly these, and return whether they were written."""
    rest = iter(lines)
    equal, data = 0, b""
    if path.exists():
        with path.open("rb") as old:
            for line in rest:
                data = line.encode()
                if old.read(len(data)) != data:
                    break
                equal += len(data)
            else:
                data = b""
                if not old.read(1):
                    return False
    with part.open("wb") as new:
        if equal:
            with path.open("rb") as old:
                while new.tell() < equal:
                    new.write(old.read(min(1 << 20, equal - new.tell())))
        new.write(data)
        new.writelines(line.encode() for line in rest)
    return True


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_ours(path: Path) -> bool:
    """Return whether a file begins like those of a description, for mirrors that have lost their state folder."""
    with path.open("rb") as file:
        start = file.read(2000)
    marks = (
        b"flickr_mirror",
        b"id\tpath\tsha256",
        b"nsid\tname\t",
        b"album\ttitle\t",
        b"Flickr's licences",
        b"ro/crate",
    )
    return any(mark in start for mark in marks) or path.name == MANIFEST


def _facts(reader: MirrorReader) -> dict[str, str]:
    last, first = (next(reader.photos(ids), None) for ids in (reader.photo_ids[:1], reader.photo_ids[-1:]))
    # only a list of photos has several owners, and to read all photos takes seconds
    owners = {reader.owner_of(photo).nsid for photo in reader.photos()} if reader.source else {reader.nsid}
    shortfalls = reader.catalogue.coverage.shortfalls()
    example = (last.file("info") or last.files[0]).path if last else reader.store.path("1", "json")
    return {
        "user": reader.username,
        "nsid": reader.nsid,
        "url": reader.url,
        "owners": f"{len(owners):,}",
        "photos": f"{len(reader):,}",
        "first": _day(first.uploaded) if first else "-",
        "last": _day(last.uploaded) if last else "-",
        "gone": f"{reader.catalogue.archive.count_gone():,}",
        "unlisted": f"{sum(missing or 0 for _, missing in shortfalls):,}",
        "depth": str(reader.store.depth),
        "example": last.id if last else "1",
        "path": example.relative_to(reader.folder).as_posix(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _text(facts: dict[str, str], *, is_list: bool) -> str:
    """Return README.txt."""
    parts = []
    for language in LANGUAGES:
        lines = [text.format(**facts) for text in texts_of(language, is_list=is_list).values()]
        parts.append("\n\n".join([f"== {LANGUAGES[language]} ==", *lines]))
    return "\n\n\n".join(parts) + f"\n\nflickr_mirror {__version__}\n"


def _html(facts: dict[str, str], *, is_list: bool) -> str:
    """Return README.html, which needs no script and no network."""
    links = " · ".join(f'<a href="#{code}" lang="{code}">{name}</a>' for code, name in LANGUAGES.items())
    sections = []
    for code in LANGUAGES:
        texts = texts_of(code, is_list=is_list).values()
        title, *lines = (escape(text.format(**facts)) for text in texts)
        body = "".join(f"<p>{line}</p>" for line in lines)
        sections.append(f'<section id="{code}" lang="{code}"><h2>{title}</h2>{body}</section>')
    files = "".join(f'<li><a href="{name}">{name}</a></li>' for name in NAMES if name != "README.html")
    style = (
        "body{font:1.1em/1.5 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em;"
        "overflow-wrap:anywhere}"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f'<meta name="generator" content="flickr_mirror {__version__}"><title>{escape(facts["user"])}</title>'
        f"<style>{style}</style></head><body><h1>{escape(facts['user'])}</h1><nav>{links}</nav>"
        f"{''.join(sections)}<ul>{files}</ul></body></html>\n"
    )


def _crate(reader: MirrorReader, facts: dict[str, str]) -> str:
    """Return the RO-Crate metadata (https://www.researchobject.org/ro-crate/specification/1.1/)."""
    kinds = {".html": "text/html", ".txt": "text/plain", ".tsv": "text/tab-separated-values"}
    names = [name for name in NAMES if name != "ro-crate-metadata.json"]
    files: list[dict[str, Any]] = [
        {"@id": name, "@type": "File", "encodingFormat": kinds["." + name.rpartition(".")[2]]}
        for name in names
    ]
    texts = texts_of("en", is_list=reader.source is not None)
    author: dict[str, Any] = {"author": {"@id": facts["url"]}} if reader.source is None else {}
    graph: list[dict[str, Any]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": texts["title"].format(**facts),
            "description": texts["what"].format(**facts),
            "datePublished": facts["date"],
            "license": "See licences.txt and the licence of each photo in photos.tsv.",
            **author,
            "isBasedOn": facts["url"],
            "hasPart": [{"@id": name} for name in names],
        },
        *files,
    ]
    if author:
        graph.append(
            {"@id": facts["url"], "@type": "Person", "name": reader.username, "identifier": reader.nsid}
        )
    document = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
