"""A mirror run by a package whose table of metadata has one more row, in its own process.

python -m tests.support.added_field ROW FOLDER STEP...

Each step is a run: `list`; `scan`, a full scan; `rebuild`, without the catalogue; `spoil`, the same after the views in
the sidecar files were replaced by a text. The views of all photos increase between them. The result of each step is a
line of JSON: the `rewritten` sidecar files, the photos `updated`, the `known` ones, the `new` one, and its `sidecar`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flickr_mirror.simulator import SimulatedPhotostream

MODULE = "flickr_mirror.models.metadata"
ANCHOR = '    """The number in the host name of that server."""'


def add(row: str) -> None:
    """Import the module of the table with one more row. To be called before anything else of the package is used."""
    spec = importlib.util.find_spec(MODULE)
    assert spec
    assert spec.origin
    source = Path(spec.origin).read_text(encoding="utf-8")
    assert source.count(ANCHOR) == 1
    assert MODULE not in sys.modules
    module = sys.modules[MODULE] = importlib.util.module_from_spec(spec)
    exec(compile(source.replace(ANCHOR, f"{ANCHOR}; {row}"), spec.origin, "exec"), vars(module))  # noqa: S102


async def run(folder: Path, photos: SimulatedPhotostream, steps: list[str]) -> None:
    """Run the steps, each with one more photo in the photostream."""
    from flickr_mirror.simulator import SimulatedFlickr, payloads
    from tests.support.command import infos, tree
    from tests.support.mirroring import Run

    views = 1_000
    payloads.EXTRAS["count_views"] = lambda _photo, _stream: {"count_views": str(views)}
    async with SimulatedFlickr(photos) as flickr:
        mirror = Run(flickr, folder.parent)
        for step in steps:
            if step == "spoil":
                spoil(folder)
            if step in ("rebuild", "spoil"):
                for path in (folder / ".flickr_mirror").glob("catalogue.sqlite*"):
                    path.unlink()
            before = tree(folder)
            (new,) = photos.upload(at=max(photos.photo(photo_id).uploaded for photo_id in photos.ids) + 60)
            report = await mirror(info_level=2, full_scan=step == "scan")
            after = tree(folder)
            result: dict[str, Any] = {
                "rewritten": [name for name in before if after.get(name) != before[name]],
                "updated": report.updated,
                "known": report.known,
                "new": report.new,
                "sidecar": infos(folder)[new]["flickr"],
            }
            sys.stdout.write(json.dumps(result) + "\n")
            views += 1_000


def spoil(folder: Path) -> None:
    """Replace the views in the sidecar files by a text."""
    for path in folder.rglob("*.json"):
        info = json.loads(path.read_text(encoding="utf-8"))
        if "all_views" in info.get("flickr", {}):
            info["flickr"]["all_views"] = "many"
            path.write_text(json.dumps(info), encoding="utf-8")


if __name__ == "__main__":
    added, place, *names = sys.argv[1:]
    add(added)

    from tests.integration.test_stored_mirrors import stream

    asyncio.run(run(Path(place), stream(), names))
