# ruff: noqa: T201
"""Export and description of a large mirror, each twice: the second run writes nothing.

    python tests/benchmarks/export.py 100000
    python tests/benchmarks/export.py 100000 --mirror FOLDER   # the cache path of a mirror of `large_mirror`

The budgets at 100,000 photos: exported as links in 2 minutes; nothing written the second time. `large_mirror` links few
files often, and ext4 allows 65,000 links to one file: beyond these, files are copied.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flickr_mirror.export.description.describe import remove_description
from tests.benchmarks.measuring import measure
from tests.support.large_mirror import build


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=int)
    parser.add_argument("--mirror", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.mirror or Path(folder, "cache")
        if not arguments.mirror:
            root.mkdir()
            build(root, arguments.photos)
        [mirror] = [path.parent for path in root.glob("*/.flickr_mirror")]
        measure_twice(
            ["search", "title:1908", "--limit", "1"], root, mirror
        )  # builds the index, which `describe` reads
        remove_description(mirror)
        measure_twice(["describe"], root, mirror)
        # beside the mirror, because links do not reach another disk
        target = Path(tempfile.mkdtemp(dir=root.parent))
        try:
            measure_twice(["export", "--as", "folders", "--to", str(target / "export")], root, target)
        finally:
            shutil.rmtree(target)


def measure_twice(arguments: list[str], root: Path, written: Path) -> None:
    """Run a command twice, and print its cost and the number of files that it writes."""
    for title in ("first", "again"):
        before = files(written)
        line = [sys.executable, "-m", "flickr_mirror", *arguments, "--cache-path", str(root)]
        cost = measure(line, root)
        after = files(written)
        changed = [path for path in after if before.get(path) != after[path]]
        print(
            f"{arguments[0]}, {title}: {cost.seconds:.1f} s, {cost.cpu:.1f} s CPU, {cost.memory:.0f} MB,"
            f" {len(changed):,} files written"
        )


def files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return the inode and time of each file, except those that SQLite has while it is open."""
    found = ((path, path.lstat()) for path in folder.rglob("*") if not path.name.endswith(("-shm", "-wal")))
    return {path: (status.st_ino, status.st_mtime_ns) for path, status in found if not path.is_dir()}


if __name__ == "__main__":
    main()
