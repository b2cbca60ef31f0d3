"""Makes the coast lines of the gallery's map from Natural Earth's land, which is in the public domain.

    npm pack world-atlas@2 && tar xzf world-atlas-2.0.2.tgz
    python -m tests.support.coast_lines package/land-50m.json > flickr_mirror/web/gallery/assets/js/land.js

Each ring is simplified (Douglas-Peucker) and stored as differences of whole hundredths of a degree. Antarctica's ring
and borders of countries are as in the source: only land, no borders.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

TOLERANCE = 0.03
"""How far a simplified line may be from the original one, in degrees."""
SMALLEST = 0.06
"""Islands that are smaller than this in both directions are left out, in degrees."""
STEPS = 100
"""The steps of coordinates in a degree."""
HEAD = (
    "// Coast lines: Natural Earth 1:50m land (public domain, naturalearthdata.com), from npm world-atlas 2.0.2,\n"
    "// simplified by tests/support/coast_lines.py. Rings as zigzag varints of differences, in 1/{steps} degree.\n"
)
Point = tuple[float, float]


def rings(path: Path) -> list[list[Point]]:
    """Return the rings of the land in a TopoJSON file."""
    topology = json.loads(path.read_text())
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    found = []
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in polygons:
            for ring in polygon:
                line: list[Point] = []
                for index in ring:
                    points = arcs[index] if index >= 0 else arcs[~index][::-1]
                    line += points[1:] if line else points
                found.append(line)
    return found


def simplify(line: list[Point]) -> list[Point]:
    """Return a line with fewer points, none of the original ones farther than `TOLERANCE` from it."""
    keep = {0, len(line) - 1}
    stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        (ax, ay), (bx, by) = line[first], line[last]
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        far, most = 0, TOLERANCE**2
        for index in range(first + 1, last):
            px, py = line[index]
            share = ((px - ax) * dx + (py - ay) * dy) / length if length else 0
            share = min(1, max(0, share))
            distance = (px - ax - share * dx) ** 2 + (py - ay - share * dy) ** 2
            if distance > most:
                far, most = index, distance
        if far:
            keep.add(far)
            stack += [(first, far), (far, last)]
    return [line[index] for index in sorted(keep)]


def varint(value: int) -> bytes:
    """Return a signed number as a zigzag varint."""
    number = value * 2 if value >= 0 else -value * 2 - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def main() -> None:
    """Write the script to standard output."""
    data = bytearray()
    for ring in rings(Path(sys.argv[1])):
        xs, ys = zip(*ring, strict=True)
        if max(xs) - min(xs) < SMALLEST and max(ys) - min(ys) < SMALLEST:
            continue
        points = [(round(x * STEPS), round(y * STEPS)) for x, y in simplify(ring)]
        points = [point for index, point in enumerate(points) if not index or point != points[index - 1]]
        if len(points) < 4:
            continue
        data += varint(len(points))
        x = y = 0
        for px, py in points:
            data += varint(px - x) + varint(py - y)
            x, y = px, py
    text = base64.b64encode(data).decode()
    sys.stdout.write(HEAD.replace("{steps}", str(STEPS)))
    sys.stdout.write(f'flickrMirror.load("land", \'{{"steps":{STEPS},"rings":"{text}"}}\');\n')


if __name__ == "__main__":
    main()
