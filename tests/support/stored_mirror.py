"""The mirror that version 1 of the catalogue wrote, stored as an archive."""

from __future__ import annotations

import tarfile
from pathlib import Path

STORED = Path(__file__).parents[1] / "data" / "mirror_of_version_1.tar.gz"


def unpack(folder: Path) -> Path:
    """Unpack the stored mirror into `folder`; return the folder of the mirror."""
    with tarfile.open(STORED) as archive:
        # Python 3.11.0 to 3.11.3 have no filters, and later versions warn if none is chosen
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)  # noqa: S202 - our own archive
    return folder / "saigon_archive"
