"""File names from a template such as `{album}/{taken:%Y-%m-%d} {title} {id}`: checked first, and safe everywhere."""

from __future__ import annotations

import re
import string
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pathvalidate import sanitize_filename

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.reader.mirror_reader import ArchivedPhoto

DEFAULT_TEMPLATE = "{taken:%Y}/{taken:%Y-%m-%d} {title} {id}"
NO_DATE, NO_ALBUM, NO_TITLE = "undated", "no album", "untitled"
MAX_NAME = 120
"""The longest part of a path in bytes, without the extension: some file systems allow 143 in all."""
_DIRECTIVES = {"%Y": 4, "%y": 4, "%m": 7, "%b": 7, "%B": 7, "%d": 10, "%H": 13, "%M": 16, "%S": 19, "%%": 0}
"""How much of `1966-03-01 10:00:00` must be known for each directive, in characters."""


class TemplateError(ValueError):
    """A template is invalid; the message states why and what to do."""


class NameTemplate:
    """A template for the paths of photos below a folder, without extension.

    Fields: `album`, `taken` and `uploaded` (with a format as of `strftime`), `title`, `id`, `license`, `user` (the
    name of the mirror), `owner` (that of the photo's owner). Raises `TemplateError` for another field or format, and
    for a path that would leave the folder.
    """

    FIELDS = ("album", "taken", "uploaded", "title", "id", "license", "user", "owner")

    def __init__(self, template: str) -> None:
        self.template = template
        try:
            self._parts = [list(string.Formatter().parse(part)) for part in template.split("/")]
        except ValueError:
            raise TemplateError(
                f"invalid template {template!r}: write a field as {{id}}, and '{{{{' or '}}}}' for a brace."
            ) from None
        fields = [field for part in self._parts for _, field, *_ in part if field is not None]
        for part in template.split("/"):
            if part.strip() in ("", ".", "..") or "\\" in part or "\0" in part:
                raise TemplateError(
                    f"invalid template {template!r}: use names between slashes, without '..', '\\' or an empty one."
                )
        for pieces in self._parts:
            for _, field, spec, conversion in pieces:
                self._check(field, spec or "", conversion)
        if not fields:
            raise TemplateError(f"invalid template {template!r}: use at least one field, such as {{id}}.")
        self.has_album = "album" in fields

    def _check(self, field: str | None, spec: str, conversion: str | None) -> None:
        if field is None:
            return
        if conversion:
            raise TemplateError(f"{{{field}!{conversion}}} has a conversion: use {{{field}}}.")
        if field not in self.FIELDS:
            names = ", ".join(f"{{{name}}}" for name in self.FIELDS)
            raise TemplateError(f"unknown field {{{field}}}: use some of {names}.")
        if field in ("taken", "uploaded"):
            for directive in re.findall("%.?", spec):
                if directive not in _DIRECTIVES:
                    known = " ".join(_DIRECTIVES)
                    raise TemplateError(
                        f"unknown directive {directive!r} in {{{field}:{spec}}}: use {known}."
                    )
        elif spec:
            raise TemplateError(f"{{{field}}} takes no format: use {{{field}}} without {':' + spec!r}.")

    def path(self, photo: ArchivedPhoto, album: str = "", user: str = "", owner: str = "") -> str:
        """Return the path of a photo below the folder, without extension. Every part is a valid name."""
        values: dict[str, Callable[[str], str]] = {
            "album": lambda _: album or NO_ALBUM,
            "taken": lambda spec: _moment(photo.taken, spec or "%Y-%m-%d"),
            "uploaded": lambda spec: _moment(_text_of(photo.uploaded), spec or "%Y-%m-%d"),
            "title": lambda _: photo.title.strip() or NO_TITLE,
            "id": lambda _: photo.id,
            "license": lambda _: photo.license.name,
            "user": lambda _: user,
            "owner": lambda _: owner or user,
        }
        return "/".join(
            safe_name(
                "".join(
                    literal + ("" if field is None else values[field](spec or ""))
                    for literal, field, spec, _ in part
                )
            )
            for part in self._parts
        )


def safe_name(text: str) -> str:
    """Return a name that all common file systems accept, at most `MAX_NAME` bytes long.

    >>> safe_name('  a/b: "c"? '), safe_name("CON"), safe_name("..")
    ('a-b- -c--', 'CON_', '_')
    """
    text = re.sub(r'[/\\:*?"<>|]', "-", unicodedata.normalize("NFC", text))
    text = "".join(char if char.isprintable() else " " for char in text)
    name = sanitize_filename(" ".join(text.split()), platform="universal").strip(" .")
    while len(name.encode()) > MAX_NAME:
        name = name[:-1]
    return name.strip(" .") or "_"


def _text_of(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _moment(text: str | None, spec: str) -> str:
    """Return a time of which `text` has the known part, such as `1966-03`, formatted as far as it is known."""
    if text is None:
        return NO_DATE
    known = len(text)
    kept = _known_format(spec, known)
    if not kept:
        return text[:4]
    padded = text + "0000-01-01 00:00:00"[known:]
    try:
        return datetime.strptime(padded, "%Y-%m-%d %H:%M:%S").strftime(kept)  # noqa: DTZ007 - a camera's time
    except ValueError:  # such as 0000-00-00, which Flickr has for some photos
        return NO_DATE


def _known_format(spec: str, known: int) -> str:
    """Return the beginning of a format up to the last directive whose value is known."""
    kept = ""
    for literal, directive in re.findall("([^%]*)(%.)?", spec):
        if directive and _DIRECTIVES[directive] > known:
            return kept
        kept += literal + directive
    return kept


def unique_paths(paths: dict[str, str]) -> dict[str, str]:
    """Return the paths of photos by id, with the id appended where several would have the same name.

    Names that differ only in case or Unicode form are the same, as on macOS and Windows.
    """
    groups: dict[str, dict[str, list[str]]] = {}
    for key, path in paths.items():
        groups.setdefault(_same(path), {}).setdefault(key.partition(" ")[0], []).append(key)
    found: dict[str, str] = {}
    taken = set(groups)
    for photos in groups.values():
        own = [photo_id for photo_id, keys in photos.items() if paths[keys[0]].endswith(f" {photo_id}")]
        keeper = next(iter(photos)) if len(photos) == 1 else next(iter(own), None)
        for photo_id, keys in photos.items():  # a photo in two albums of one title is one file
            path = paths[keys[0]]
            if photo_id != keeper:
                while _same(path) in taken:
                    path = f"{path} {photo_id}"
                taken.add(_same(path))
            found |= dict.fromkeys(keys, path)
    return found


def _same(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
