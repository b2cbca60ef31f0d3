# ruff: noqa: T201
"""The gallery of a large mirror: building it, and using it in Chromium or Firefox from disk, without a network.

    python tests/benchmarks/gallery.py 100000
    python tests/benchmarks/gallery.py 100000 --mirror FOLDER   # an existing mirror
    python tests/benchmarks/gallery.py 100000 --mirror FOLDER --built --browser firefox

Heap and long tasks are those of Chromium; Firefox states neither.

The budgets: built in 120 s without thumbnails and 90 MB at most, nothing written if nothing is new, again in 10 s with
one more photo (measured unless there is a mirror already); the first photos in
0.5 s, a key of the search in 0.1 s, a heap of 60 MB, no task over 0.2 s while scrolling.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flickr_mirror import open_mirror
from flickr_mirror.simulator import SimulatedPhotostream
from flickr_mirror.web.gallery.builder import GalleryBuilder
from flickr_mirror.web.gallery.options import GalleryOptions
from tests.support.browser import BROWSERS, Pages, open_browser
from tests.support.large_mirror import add_photos

QUERIES = (
    "duong",
    "đường",
    "hue",
    "cho",
    '"le loi"',
    "street -hue",
    "title:1908",
    "rue ville",
    "舊街",
    "ста",
)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=int)
    parser.add_argument("--mirror", type=Path)
    parser.add_argument("--browser", choices=BROWSERS, default="chromium")
    parser.add_argument("--built", action="store_true", help="use the existing gallery")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.mirror:
            gallery = arguments.mirror / "gallery" if arguments.built else build_twice(arguments.mirror)
        else:
            stream = SimulatedPhotostream(arguments.photos, commented=0.25)
            mirror = add_photos(Path(folder), stream, stream.ids[1:]).folder
            gallery = build_twice(mirror)
            add_photos(Path(folder), stream, stream.ids[:1])
            build_gallery(mirror, "with one more photo")
        with open_browser(arguments.browser) as browser:
            use(Pages(browser, gallery))


def build_twice(mirror: Path) -> Path:
    """Build a gallery and build it again, print the figures, and return its folder."""
    build_gallery(mirror, "first")
    gallery = build_gallery(mirror, "nothing new")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return gallery


def build_gallery(mirror: Path, state: str) -> Path:
    """Build the gallery of a mirror in this state, print the figures, and return its folder."""
    with open_mirror(mirror) as reader:
        begun, cpu = time.perf_counter(), time.process_time()
        report = GalleryBuilder(reader, GalleryOptions(thumbnails=0)).build()
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    print(
        f"build, {state}: {seconds:.1f} s, {cpu:.1f} s CPU, {report.written} files written,"
        f" {report.bytes / 1e6:.1f} MB"
    )
    return Path(report.folder)


def use(pages: Pages) -> None:
    """Open, scroll and search, and print the times."""
    first, whole = [], []
    for _ in range(5):
        page = pages.open()
        marks = page.evaluate("performance.getEntriesByType('mark').map((mark) => mark.startTime)")
        first.append(marks[0])
        whole.append(marks[1])
    print(f"first photos {statistics.median(first):.0f} ms, all photos {statistics.median(whole):.0f} ms")
    show_heap(page)
    scroll(page)
    for query in QUERIES:
        times = [typed(page, query[: length + 1]) for length in range(len(query))]
        print(f"search {query}: each key {statistics.median(times):.0f} ms, at most {max(times):.0f} ms")
    show_heap(page)


def scroll(page: Any) -> None:
    """Scroll to 100 places, and print the longest task (of Chromium) and the longest time between two frames."""
    page.evaluate(
        "window.tasks = []; new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) =>"
        " one.duration))).observe({type: 'longtask'}); window.gap = 0; let last = performance.now();"
        " (function next() { gap = Math.max(gap, performance.now() - last); last = performance.now();"
        " requestAnimationFrame(next); })()"
    )
    for number in range(100):
        page.evaluate(f"scrollTo(0, document.documentElement.scrollHeight * {number * 37 % 100} / 100)")
        page.mouse.wheel(0, 800)
        time.sleep(0.05)
    tasks, gap = page.evaluate("[tasks, gap]")
    print(f"scrolling: longest task {max(tasks, default=0):.0f} ms, {len(tasks)} over 50 ms")
    print(f"scrolling: longest time between two frames {gap:.0f} ms")


def typed(page: Any, text: str) -> float:
    """Return the milliseconds from a query to the grid of its results."""
    return float(
        page.evaluate(
            "async (text) => { const box = document.getElementById('query'); const begun = performance.now();"
            " const before = flickrMirror.grid; box.value = text; box.dispatchEvent(new Event('input'));"
            " while (flickrMirror.grid === before || !flickrMirror.grid) await new Promise((next) => setTimeout(next));"
            " return performance.now() - begun; }",
            text,
        )
    )


def show_heap(page: Any) -> None:
    """Print the megabytes of JavaScript's heap after a garbage collection, in Chromium."""
    if page.context.browser.browser_type.name != "chromium":
        return
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {
        metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]
    }
    print(f"heap {float(metrics['JSHeapUsedSize']) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
