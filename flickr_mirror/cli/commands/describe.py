"""`mirror_flickr describe`: writes the README, the tables and the manifest of a mirror."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from flickr_mirror.cli.output.console import echo
from flickr_mirror.errors import FlickrMirrorError
from flickr_mirror.export.description.describe import describe, has_new_documents
from flickr_mirror.export.description.manifest_check import compare_manifest
from flickr_mirror.reader.mirror_reader import MirrorReader, open_mirror, require_files
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_lookup import get_mirror
from flickr_mirror.storage.owner import read_owner
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from pathlib import Path

MOST_SHOWN = 20
"""How many differences are printed."""


def run_describe(cache_path: Path, name: str) -> int:
    """Describe the mirror called `name`, print what was written, and return the exit code.

    Raises `PhotostreamError` if there is no such mirror, and `CacheError` if the description cannot be written.
    """
    store, owner = get_mirror(filesystem.home(cache_path).absolute(), name.strip())
    require_files(store)
    with MirrorReader(store, owner) as reader:
        report = describe(reader)
    what = ", ".join(report.written) or "nothing, because all files are up to date"
    sys.stdout.write(f"{plain(str(store.folder))}: wrote {what}.\n")
    if report.kept:
        echo(
            f"Not written, because you have changed them: {', '.join(report.kept)}. Move them to get new ones."
        )
    return 0


def describe_after_run(folder: Path, has_new_photos: bool) -> None:  # noqa: FBT001
    """Update the description of a mirror if its photos or documents are new; a failure is only printed."""
    try:
        if not has_new_photos and not has_new_documents(folder):
            return
        owner = read_owner(folder)
        if owner and owner.get("store"):  # a description is of the files beside it
            return
        with open_mirror(folder) as reader:
            describe(reader)
    except FlickrMirrorError as error:
        echo(f"The description of the mirror is not up to date: {error}")


def check_on_disk(cache_path: Path, name: str) -> int:
    """Return 0. Raises `CacheError` if the photos of the mirror are in a bucket, which has no manifest."""
    require_files(get_mirror(filesystem.home(cache_path).absolute(), name.strip())[0])
    return 0


def check_manifest(cache_path: Path, name: str) -> int:
    """Print the files about which manifest and catalogue differ; return 3 if there are some, else 0."""
    store, owner = get_mirror(filesystem.home(cache_path).absolute(), name.strip())
    require_files(store)
    with MirrorReader(store, owner) as reader:
        found = list(compare_manifest(reader))
    for difference in found[:MOST_SHOWN]:
        echo(f"{plain(difference.path)} {difference.text}")
    if len(found) > MOST_SHOWN:
        echo(f"And {len(found) - MOST_SHOWN:,} more files.")
    if not found:
        echo("The manifest agrees with the catalogue.")
    return 3 if found else 0
