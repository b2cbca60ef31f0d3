"""A photostream that changes between and during runs: no photo is missed, lost or fetched twice.

Each example is a list of steps: changes by the owner, and runs of the mirror. For more random examples, run
`CHANGING_STREAM_EXAMPLES=2000 python -m pytest tests/integration/test_changing_stream.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flickr_mirror import (
    ApiBudget,
    CachingStrategy,
    Event,
    Limits,
    MirrorOptions,
    MirrorReport,
    PhotostreamMirror,
)
from flickr_mirror.engine.dispatcher import Dispatcher
from flickr_mirror.engine.language_detector import LanguageDetector
from flickr_mirror.events import ImageCached, ImageStarted
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.models.languages import ENGLISH
from flickr_mirror.models.timing import Timing
from flickr_mirror.simulator import Kind, SimulatedFlickr, SimulatedPhotostream
from tests.support.command import infos, parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.models.languages import Locale

EXAMPLES = int(os.environ.get("CHANGING_STREAM_EXAMPLES", "0"))
START = 1_700_000_000
TICK = 3
"""Seconds that pass with each step, because an upload in the second of a listing is found by the next one."""
DAY = 86_400
PATIENCE = 3
"""Runs in a row with the same shortfall after which photos that Flickr does not list are assumed to be hidden."""
IMAGE_WORKERS = 4
KINDS = (Kind.PLAIN, Kind.GIF, Kind.PLAIN, Kind.PNG)


@dataclass(frozen=True)
class Change:
    """A change at Flickr: `what`, to the photo that `which` picks; `amount` is a number, a time or a variant."""

    what: str
    which: int = 0
    amount: int = 1


@dataclass(frozen=True)
class Run:
    """A run of the mirror.

    `false_kind` is the kind of false listings during it; one-time ones are answer number `at`. `meanwhile` happens
    at event number `at`, and at event number `stop_at` it is stopped (or cancelled, with `cancel`; with
    `kill`, nothing is written to the catalogue from then on). `clocks` are the seconds by which this
    computer's clock and Flickr's are ahead. `again` runs a second one right after it.
    `window` are two photos whose upload times limit it, `limits` may end it early.
    """

    strategy: CachingStrategy = CachingStrategy.LIFO
    content: str = "both"
    info_level: int = 0
    scan: str = ""
    false_kind: str = ""
    meanwhile: tuple[Change, ...] = ()
    at: int = 0
    stop_at: int = 0
    cancel: bool = False
    kill: bool = False
    clocks: tuple[int, int] = (0, 0)
    again: bool = False
    window: tuple[int, int] | None = None
    limits: tuple[tuple[str, Any], ...] = ()

    @property
    def is_faultless(self) -> bool:
        """Whether this run had no false answers, was not stopped, and was for all photos."""
        return not (self.false_kind or self.stop_at or self.window or self.limits or any(self.clocks))

    def options(self, root: Path, flickr: SimulatedFlickr, times: Sequence[int]) -> MirrorOptions:
        """Return the options of the engine for photos uploaded at these `times`."""
        moments = sorted(
            datetime.fromtimestamp(times[which % len(times)], UTC) for which in self.window or ()
        )
        return MirrorOptions(
            since=moments[0] if moments else None,
            until=moments[1] if moments else None,
            cache_path=root,
            api_url=flickr.api_url,
            strategy=self.strategy,
            image_only=self.content == "images",
            info_only=self.content == "information",
            info_level=self.info_level,
            full_scan=bool(self.scan),
            prune=self.scan == "pruning",
            accept_loss=self.scan in ("accepting", "pruning"),
        )


Step = Change | Run


@dataclass(frozen=True)
class Setting:
    """The initial state of a story."""

    photos: int = 6
    seed: int = 0
    page_size: int = 4
    settle_margin: int = 0
    has_numbers: bool = False


class Clock:
    """Flickr's clock and ours, which only tests advance; otherwise a copy of the module `time`.

    `ahead` are the seconds by which ours is ahead, `date_ahead` those of Flickr's answers.
    """

    def __init__(self) -> None:
        self.now = START
        self.ahead = self.date_ahead = 0

    def time(self) -> float:
        """Return the seconds since 1970 by our clock."""
        return self.now + self.ahead

    def flickr(self) -> float:
        """Return the seconds since 1970 by the clock in Flickr's answers."""
        return max(self.now + self.date_ahead, 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class Story:
    """A photostream, its mirror, and their invariants.

    `steady` are the photos that every run must find: always public since their upload, and visible then to
    a client that lists them within the margin.
    """

    def __init__(self, setting: Setting, flickr: SimulatedFlickr, clock: Clock, root: Path) -> None:
        self.flickr = flickr
        self.stream = flickr.streams[0]
        self.clock = clock
        self.root = root
        self.limits = Limits(
            page_size=setting.page_size,
            settle_margin=setting.settle_margin,
            attempts=2,
            image_workers=IMAGE_WORKERS,
            timing=Timing(catalogue_flush=0.01),
        )
        self.everyone = self.stream.ids
        self.steady = set(self.everyone)
        self.hidden: list[str] = []
        self.versions: defaultdict[str, set[str]] = defaultdict(set)
        for photo_id in self.everyone:
            self.note_version(photo_id)
        self.served: Counter[str] = Counter()
        self.excused = 0
        self.is_running = False
        self.doubtful = 0
        self.scan_is_open = False
        self.false_kind = ""
        self.victim = ""
        self.answers = self.false_at = 0
        self.has_numbers = setting.has_numbers
        self.unprocessed: set[str] = set()
        self.stream.clock = lambda: clock.now
        flickr.intercept = self.intercept

    # Changes at Flickr

    def change(self, change: Change) -> None:
        """Apply a change; ignore it if no photo is left for it."""
        self.clock.now += TICK
        getattr(self, change.what)(change.which, change.amount)

    def upload(self, which: int, amount: int) -> None:
        """Upload photos, in one second or with pauses between them."""
        for _ in range(amount):
            self.clock.now += (0, 1, 40)[which % 3]
            self.add(int(self.clock.now))

    def publish_late(self, which: int, amount: int) -> None:
        """Make photos visible that were uploaded, in one second, a while ago."""
        ago = which % (self.limits.settle_margin + 1)
        for _ in range(amount):
            self.add(int(self.clock.now) - ago)

    def add(self, uploaded: int) -> None:
        """Add a public photo."""
        (photo_id,) = self.stream.upload(at=uploaded)
        self.everyone.append(photo_id)
        self.steady.add(photo_id)
        self.note_version(photo_id)

    def fail_to_process(self, which: int, _: int) -> None:
        """Let all listings state that a photo is not processed, as for some videos of 2008."""
        photo_id = self.pick(which)
        self.unprocessed.add(photo_id)
        self.steady.discard(photo_id)

    def edit(self, which: int, amount: int) -> None:
        """Change a text of a photo."""
        text = f"edited at {self.clock.now}"
        name = ("title", "description", "tags")[amount % 3]
        self.stream.edit(self.pick(which), **{name: text})  # type: ignore[arg-type]

    def comment(self, which: int, amount: int) -> None:
        """Let visitors comment on a photo."""
        photo_id = self.pick(which)
        for number in range(amount):
            self.stream.add_comment(photo_id, f"comment {number} of {self.clock.now}")

    def replace(self, which: int, amount: int) -> None:
        """Replace a photo's image, possibly with one in another format."""
        photo_id = self.pick(which)
        self.excused += self.is_running  # it may be listed again while the new image is fetched
        self.stream.replace_image(photo_id)
        self.stream.edit(photo_id, kind=KINDS[amount % len(KINDS)])
        self.note_version(photo_id)

    def hide(self, which: int, amount: int) -> None:
        """Make neighbouring photos private, except the last one."""
        for photo_id in self.pick_some(which, amount):
            self.stream.hide(photo_id)
            self.hidden.append(photo_id)
            self.steady.discard(photo_id)

    def publish(self, which: int, _: int) -> None:
        """Make a private photo public again."""
        if self.hidden:
            self.stream.publish(self.hidden.pop(which % len(self.hidden)))

    def delete(self, which: int, amount: int) -> None:
        """Delete neighbouring photos, except the last one."""
        for photo_id in self.pick_some(which, amount):
            self.stream.delete(photo_id)
            self.steady.discard(photo_id)

    def redate(self, which: int, amount: int) -> None:
        """Change the upload time of a photo."""
        photo_id = self.pick(which)
        self.stream.redate(photo_id, int(self.clock.now) - amount * 7 * DAY)
        self.steady.discard(photo_id)

    def wait(self, which: int, _: int) -> None:
        """Let time pass."""
        self.clock.now += which

    def pick(self, which: int) -> str:
        """Return a public photo."""
        return self.stream.ids[which % len(self.stream)]

    def pick_some(self, which: int, amount: int) -> list[str]:
        """Return neighbouring public photos, and leave at least one."""
        first = which % len(self.stream)
        return self.stream.ids[first : first + min(amount, len(self.stream) - 1)]

    def note_version(self, photo_id: str) -> None:
        """Record the current image of a photo."""
        self.versions[photo_id].add(digest(self.flickr.file(photo_id)))

    # Flickr's answers

    async def intercept(self, request: web.Request) -> web.StreamResponse:
        """Answer, count the served pictures, and falsify listings as configured."""
        response = await self.flickr.answer(request)
        if request.path.startswith("/65535/") and response.status == web.HTTPOk.status_code:
            self.served[request.path] += 1
        elif request.query.get("method") == "flickr.people.getPhotos":
            assert isinstance(response, web.Response)
            answer = json.loads(response.text or "")
            for photo in answer["photos"]["photo"]:
                if photo["id"] in self.unprocessed:
                    photo["media_status"] = "failed"
            self.falsify(answer["photos"])
            self.answers += 1
            if self.has_numbers:
                for photo in answer["photos"].get("photo", ()):
                    photo["id"] = int(photo["id"])
            response.text = json.dumps(answer)
        return response

    def falsify(self, page: dict[str, Any]) -> None:
        """Falsify a page."""
        if self.false_kind not in FALSE_ONCE or self.answers == self.false_at:
            self.falsify_list(page)
            self.falsify_numbers(page)

    def falsify_list(self, page: dict[str, Any]) -> None:
        """Falsify the list of photos."""
        listed = page["photo"]
        others = [photo for photo in listed if photo["id"] != self.victim]
        match self.false_kind:
            case "empty" | "malformed":
                page["photo"] = [{"id": "0"} for _ in listed] if self.false_kind == "malformed" else []
            case "uncounted":
                page |= {"photo": others, "total": int(page["total"] or 0) - (len(listed) - len(others))}
            case "rotating":
                page["photo"] = [photo for n, photo in enumerate(listed) if n != self.answers % len(listed)]
            case "short":
                page["photo"] = others
            case "short once" if others != listed:
                page["photo"], self.false_kind = others, ""
            case "disorder":
                listed.reverse()

    def falsify_numbers(self, page: dict[str, Any]) -> None:
        """Falsify the counts."""
        match self.false_kind:
            case "empty":
                page["total"] = 0
            case "unusable":
                page.clear()
            case "too many":
                page["total"] = int(page["total"]) + 3
            case "too few":
                page["total"] = max(int(page["total"]) - 2, 0)
            case "no total":
                page["total"] = ""
            case "another page":
                page["page"] += 1

    # The mirror

    async def run(self, run: Run) -> None:
        """Run the mirror, and check the result."""
        self.clock.now += TICK
        if (run.false_kind or any(run.clocks)) and self.doubtful >= PATIENCE - 1:
            run = replace(run, false_kind="", clocks=(0, 0))
        public, steady, images, texts = (
            set(self.stream.ids),
            set(self.steady),
            self.images(),
            infos(self.root),
        )
        report = await self.mirror(run)
        if run.is_faultless and not run.meanwhile:
            self.doubtful = 0
        else:
            self.doubtful += 1
        if run.scan:
            self.scan_is_open = not (report and report.scanned)
        self.check_nothing_is_lost(run, images, texts, public & set(self.stream.ids))
        self.check_served()
        if not run.is_faultless:
            return
        assert report is not None
        assert report.complete
        self.check_steady(run, steady & self.steady)
        if run.again and not run.meanwhile:
            await self.check_idle(run)

    async def mirror(self, run: Run) -> MirrorReport | None:
        """Run the mirror; return its report, unless it was cancelled."""
        self.false_kind, self.victim, self.is_running = run.false_kind, self.pick(run.at), True
        self.answers, self.false_at = 0, run.at % 7
        self.clock.ahead, self.clock.date_ahead = run.clocks
        events = 0
        unfinished: set[str] = set()
        is_dead = False
        write = Dispatcher._write

        def write_unless_dead(work: Dispatcher, notes: list[Any]) -> None:
            if not is_dead:
                write(work, notes)

        def observe(event: Event) -> None:
            nonlocal events, is_dead
            events += 1
            if isinstance(event, ImageStarted):
                unfinished.add(event.photo_id)
            elif isinstance(event, ImageCached):
                unfinished.discard(event.photo_id)
            if events == run.at:
                for change in run.meanwhile:
                    self.change(change)
            if events == run.stop_at:
                is_dead = run.kill  # later files are on disk, and not in the catalogue
                scope.cancel() if run.cancel else mirror.stop(10 if run.kill else 0)

        times = [self.stream.photo(photo_id).uploaded for photo_id in self.stream.ids]
        mirror = PhotostreamMirror(
            self.stream.username,
            "key",
            "secret",
            options=run.options(self.root, self.flickr, times),
            limits=replace(self.limits, **dict(run.limits)),
            observer=observe,
            budget=ApiBudget(calls_per_second=10_000),
        )
        report = None
        with pytest.MonkeyPatch.context() as patch, anyio.CancelScope() as scope:
            patch.setattr(Dispatcher, "_write", write_unless_dead)
            report = await mirror.run()
        if not run.kill and events >= run.stop_at > 0:
            self.excused += len(unfinished)  # downloads in flight when the run was stopped
        self.false_kind, self.is_running = "", False
        self.clock.ahead = self.clock.date_ahead = 0
        return report

    async def end(self) -> None:
        """Run without faults until everything must be mirrored, and check that it is."""
        self.clock.now += 8 * DAY
        await self.run(Run(info_level=2, again=True))
        scan = Run(info_level=2, scan="accepting")
        if self.scan_is_open:  # the next scan finds changes since this one began
            await self.run(scan)
        await self.run(scan)
        self.check_all_is_current()
        await self.check_idle(scan)
        await self.run(replace(scan, scan="pruning"))
        assert set(infos(self.root)) == set(self.stream.ids)

    # Invariants

    def images(self) -> dict[str, list[Path]]:
        """Return the images in the mirror by photo id."""
        names = {inventory_number(photo_id): photo_id for photo_id in self.everyone}
        found = defaultdict(list)
        for path in self.root.rglob("*"):
            if path.suffix in (".jpg", ".png", ".gif") and ".flickr_mirror" not in path.parts:
                found[names[path.stem]].append(path)
        return dict(found)

    def check_nothing_is_lost(
        self, run: Run, images: dict[str, Any], texts: dict[str, Any], public: set[str]
    ) -> None:
        """No image is lost, unless it is gone from Flickr and the run prunes; every image is valid.

        `public` are the photos that were public when the run began, and are now.
        """
        assert parts(self.root) == []
        now = self.images()
        for photo_id, paths in now.items():
            for path in paths:
                assert digest(path.read_bytes()) in self.versions[photo_id], f"{path} was never at Flickr"
        lost = (images.keys() - now.keys()) | (texts.keys() - infos(self.root).keys())
        if lost:
            assert run.scan == "pruning"
            assert not lost & public, "public photos were moved to the trash"
        trash = {path.stem.partition(".")[0] for path in self.root.rglob(".flickr_mirror/trash/**/*.*")}
        for photo_id in lost:
            assert inventory_number(photo_id) in trash
            for served in [served for served in self.served if f"/{photo_id}_" in served]:
                del self.served[served]  # it may be fetched again later

    def check_served(self) -> None:
        """No image is fetched twice, except those that a stop interrupted."""
        twice = {path: count for path, count in self.served.items() if count > 1}
        repeats = sum(twice.values()) - len(twice)
        assert repeats <= self.excused, f"fetched more than once: {twice}"

    def check_steady(self, run: Run, steady: set[str]) -> None:
        """Photos that were always public are mirrored, within the limits of the run."""
        if run.content != "information":
            assert steady <= self.images().keys(), f"images missed: {steady - self.images().keys()}"
        if run.content != "images":
            texts = infos(self.root)
            assert steady <= texts.keys(), f"information missed: {steady - texts.keys()}"
            for photo_id in steady:
                assert run.info_level < 1 or "description" in texts[photo_id]
                assert run.info_level < 2 or "comments" in texts[photo_id]

    async def check_idle(self, run: Run) -> None:
        """A second run makes one call for the name, one for the listing, and no other."""
        self.flickr.reset_counters()
        served = self.served.total()
        await self.mirror(replace(run, scan=""))
        young = int(self.clock.now) - self.limits.settle_margin
        listed_again = sum(self.stream.photo(photo_id).uploaded >= young for photo_id in self.stream.ids)
        processing = sum(  # each run requests these, and Flickr may serve them now
            self.clock.now - self.stream.photo(photo_id).uploaded < 7 * DAY
            for photo_id in self.unprocessed
            if photo_id in self.stream
        )
        if listed_again < self.limits.page_size and not processing:
            assert self.flickr.calls.total() <= 2, self.flickr.calls
        assert self.served.total() - served <= processing

    def check_all_is_current(self) -> None:
        """Every public photo is in the mirror, in its current state."""
        images, texts = self.images(), infos(self.root)
        for photo_id in self.stream.ids:
            photo = self.stream.photo(photo_id)
            assert photo_id in images, f"{photo_id} was missed"
            assert [path.suffix for path in images[photo_id]] == [f".{photo.original_format}"]
            assert images[photo_id][0].read_bytes() == self.flickr.file(photo_id), f"{photo_id} is outdated"
            text = texts[photo_id]
            assert text["title"]["content"] == photo.title
            assert text["description"]["content"] == photo.description
            assert [comment["content"] for comment in text["comments"]] == [c.text for c in photo.comments]
            facts = text["flickr"]
            assert [comment["date"] for comment in facts["comments"]] == [c.date for c in photo.comments]
            assert facts["tags"] == photo.tags.split()
            assert facts["dates"]["uploaded"] == photo.uploaded
            assert (facts["size"]["width"], facts["size"]["height"]) == photo.best_dims


def digest(data: bytes) -> str:
    """Return a hash of an image."""
    return hashlib.sha256(data).hexdigest()


PAUSES = (60, 1800, 3600, 5000, 2 * DAY, 8 * DAY)
WHICH = st.integers(0, 40)
CHANGES = st.one_of(
    st.builds(Change, st.just("upload"), WHICH, st.integers(1, 9)),
    st.builds(Change, st.just("publish_late"), st.integers(0, 3600), st.integers(1, 9)),
    st.builds(Change, st.sampled_from(("edit", "comment", "replace", "redate")), WHICH, st.integers(1, 3)),
    st.builds(Change, st.sampled_from(("hide", "delete")), WHICH, st.integers(1, 7)),
    st.builds(Change, st.just("publish"), WHICH),
    st.builds(Change, st.just("wait"), st.sampled_from(PAUSES)),
    st.builds(Change, st.just("fail_to_process"), WHICH),
)
FALSE_ONCE = ("empty", "unusable", "malformed", "uncounted")
FALSE_KINDS = (
    *FALSE_ONCE,
    *("short", "short once", "rotating", "too many", "too few", "no total", "another page", "disorder"),
)
YEARS = 3650 * DAY
CLOCKS = ((0, YEARS), (0, -YEARS), (0, 30 * DAY), (0, -2 * DAY), (0, -START), (DAY, 0), (DAY, DAY), (-DAY, 0))


def runs(**disturbance: st.SearchStrategy[Any]) -> st.SearchStrategy[Run]:
    """Return runs with a disturbance; all options that it does not set are arbitrary."""
    contents = st.sampled_from(("both", "both", "images", "information"))
    scans = st.sampled_from(("", "", "", "plain", "accepting", "pruning"))
    return st.builds(
        Run,
        info_level=st.integers(0, 2),
        **{"strategy": st.sampled_from(CachingStrategy), "content": contents, "scan": scans, **disturbance},
    )


RUNS = st.one_of(
    runs(again=st.booleans()),
    runs(false_kind=st.sampled_from(FALSE_KINDS), at=WHICH),
    runs(clocks=st.sampled_from(CLOCKS)),
    runs(
        false_kind=st.sampled_from(FALSE_ONCE),
        at=WHICH,
        clocks=st.sampled_from(CLOCKS),
        meanwhile=st.lists(CHANGES, max_size=2).map(tuple),
    ),
    runs(stop_at=st.integers(1, 40), kill=st.just(value=True)),
    runs(meanwhile=st.lists(CHANGES, min_size=1, max_size=3).map(tuple), at=st.integers(1, 30)),
    runs(stop_at=st.integers(1, 40), cancel=st.booleans()),
    runs(limits=st.tuples(st.tuples(st.sampled_from(("max_photos", "max_bytes")), st.integers(1, 12)))),
    runs(window=st.tuples(WHICH, WHICH), scan=st.just("")),
    runs(window=st.tuples(WHICH, WHICH), scan=st.just(""), limits=st.just((("max_photos", 2),))),
)
FULL_SECONDS = st.tuples(
    st.builds(Change, st.just("upload"), st.just(0), st.integers(6, 9)),
    runs(
        meanwhile=st.tuples(st.builds(Change, st.just("hide"), st.integers(0, 8))),
        at=st.integers(4, 16),
    ),
)
"""More photos in one second than fit a page, one of which is hidden while they are listed."""
KILLED_REPLACEMENTS = st.tuples(
    runs(content=st.sampled_from(("information", "both"))),
    st.builds(Change, st.just("replace"), WHICH, st.integers(1, 3)),
    runs(
        content=st.sampled_from(("images", "both")),
        scan=st.just("plain"),
        stop_at=st.integers(4, 30),
        kill=st.just(value=True),
    ),
)
"""A listed photo is replaced, and the run that fetches the new image is killed."""

MOVED_DURING_SCANS = st.tuples(
    st.builds(Change, st.just("upload"), st.just(2), st.integers(6, 9)),
    runs(content=st.just("both")),
    runs(
        strategy=st.just(CachingStrategy.FIFO),
        scan=st.just("pruning"),
        meanwhile=st.tuples(st.builds(Change, st.just("redate"), st.integers(3, 9), st.just(20))),
        at=st.integers(2, 5),
    ),
)
"""While a full scan that prunes reads the pages, a photo moves from one that is not read yet to one that is."""


def flattened(parts: Sequence[Step | tuple[Step, ...]]) -> list[Step]:
    """Return the steps of a story, some of which are sequences."""
    return [step for part in parts for step in (part if isinstance(part, tuple) else (part,))]


SEQUENCES = st.one_of(FULL_SECONDS, KILLED_REPLACEMENTS, MOVED_DURING_SCANS)
STEPS = st.lists(st.one_of(CHANGES, RUNS, SEQUENCES), min_size=1, max_size=12).map(flattened)
SETTINGS = st.builds(
    Setting,
    photos=st.integers(1, 20),
    seed=st.integers(0, 5),
    page_size=st.sampled_from((4, 5)),
    settle_margin=st.sampled_from((0, 3600)),
    has_numbers=st.booleans(),
)


async def play(setting: Setting, steps: Sequence[Step]) -> tuple[set[str], set[str]]:
    """Play a story to its end; return the mirrored and the public photos."""
    clock = Clock()
    stream = SimulatedPhotostream(
        setting.photos, newest=START - DAY, seed=setting.seed, image_dims=(40, 30), commented=0.5
    )
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("flickr_mirror.") and getattr(module, "time", None) is time:
                patch.setattr(module, "time", clock)
        patch.setattr(LanguageDetector, "detect", in_english)
        async with SimulatedFlickr(stream, clock=clock.flickr) as flickr:
            story = Story(setting, flickr, clock, Path(folder))
            for step in steps:
                if isinstance(step, Run):
                    await story.run(step)
                else:
                    story.change(step)
            await story.end()
            return set(story.images()), set(story.stream.ids)


async def in_english(_: LanguageDetector, texts: Sequence[str]) -> list[Locale]:
    """Skip the detection of languages."""
    return [ENGLISH for _ in texts]


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(SETTINGS, STEPS)
def test_random_changes_leave_a_complete_mirror(setting: Setting, steps: list[Step]) -> None:
    """After any changes between and during runs, the mirror has every photo in its current state, fetched once."""
    mirrored, public = anyio.run(play, setting, steps)
    assert mirrored == public
