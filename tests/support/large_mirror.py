"""A mirror of many photos, written directly: for benchmarks that read a mirror, not for those that write it.

    python -m tests.support.large_mirror FOLDER 100000

Sidecar files and catalogue are those of a finished run. The images are hard links to a few small files.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.catalogue.row_encoding import state_row
from flickr_mirror.catalogue.rows import RestoredPhoto, Status, StoredFile
from flickr_mirror.flickr.api import EXTRAS
from flickr_mirror.models.languages import Label, Locale
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.simulator import SimulatedPhotostream
from flickr_mirror.simulator.payloads import comments_of, listed_photo
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.sidecar import info_document
from tests.support.mirroring import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

IMAGES = 50
BATCH = 1000
PHRASE = (
    "Nguồn: Đường Lê Lợi, bưu ảnh cũ; a street of the old town, une rue de la ville, 舊街 и старая улица."
)
"""A text in four scripts that makes each description as long as those of historical collections."""


def build(root: Path, count: int, *, commented: float = 0.25) -> MirrorFolder:
    """Write a mirror of `count` photos below `root`, and return its folder."""
    stream = SimulatedPhotostream(count, commented=commented)
    return add_photos(root, stream, stream.ids)


def add_photos(root: Path, stream: SimulatedPhotostream, ids: Sequence[str]) -> MirrorFolder:
    """Write these photos of a photostream to its mirror below `root`, and return its folder."""
    user = FlickrUser(stream.nsid, stream.username)
    mirror = MirrorFolder.of(root, user, None)
    mirror.prepare(user, stream.username)
    sources = _images(mirror)
    with Catalogue(mirror.catalogue) as catalogue:
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            catalogue.photos.restore(list(_photos(stream, user, mirror, sources, batch)))
        catalogue.photos.end_restoring(user)
    return mirror


def _images(mirror: MirrorFolder) -> list[tuple[Path, int, bytes]]:
    folder = mirror.state / "sources"
    folder.mkdir(exist_ok=True)
    found = []
    for number in range(IMAGES):
        data = jpeg(240 + 8 * (number % 9), 160 + 4 * (number % 7))
        path = folder / f"{number}.jpg"
        path.write_bytes(data)
        found.append((path, len(data), hashlib.sha256(data).digest()))
    return found


def _photos(
    stream: SimulatedPhotostream,
    user: FlickrUser,
    mirror: MirrorFolder,
    sources: list[tuple[Path, int, bytes]],
    ids: Sequence[str],
) -> Iterator[RestoredPhoto]:
    extras = set(EXTRAS.split(","))
    for photo_id in ids:
        simulated = stream.photo(photo_id)
        photo = FlickrPhoto.from_json(listed_photo(simulated, stream, extras))
        comments = [
            FlickrComment.from_json(entry) for entry in comments_of(simulated, stream).get("comment", ())
        ]
        description = f"{photo.raw_description or ''} {PHRASE}"
        photo.description = description
        document = info_document(
            photo,
            user,
            photo.best_size,
            title=Label(photo.raw_title, Locale("vie")),
            description=Label(description, Locale("vie")),
            comments=[(comment, Label(comment.content, Locale("eng"))) for comment in comments],
        )
        data = json.dumps(document, ensure_ascii=False, indent=2).encode()
        path = mirror.path(photo_id, "json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        source, size, sha256 = sources[int(photo_id) % IMAGES]
        _link(source, mirror.path(photo_id, "jpg"))
        row = state_row(photo, set(), info_waits=False, now=int(time.time()))
        yield RestoredPhoto(
            photo,
            row._replace(image_status=Status.DONE, info_status=Status.DONE),
            2,
            [
                StoredFile("info", "json", len(data), hashlib.sha256(data).digest()),
                StoredFile("image", "jpg", size, sha256),
            ],
        )


def _link(source: Path, path: Path) -> None:
    """Make a hard link, or a copy if the file system allows no more links to the file."""
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno != errno.EMLINK:
            raise
        shutil.copyfile(source, path)


if __name__ == "__main__":
    begun = time.perf_counter()
    written = build(Path(sys.argv[1]), int(sys.argv[2])).folder
    sys.stdout.write(f"{written} {time.perf_counter() - begun:.1f} s\n")
