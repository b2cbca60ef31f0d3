"""Draw all photos of the demo into the package: `python -m tests.support.artwork`."""

from __future__ import annotations

from flickr_mirror.simulator import demo_photostream
from tests.support.artwork.demo_scenes import FOLDER, draw_file

if __name__ == "__main__":
    stream = demo_photostream()
    FOLDER.mkdir(exist_ok=True)
    for photo in map(stream.photo, stream.ids):
        (FOLDER / f"{photo.index:02}.jpg").write_bytes(draw_file(photo))
