"""A mirror of a simulated photostream, as tests of the engine run it."""

from __future__ import annotations

import io
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from PIL import Image

from flickr_mirror import (
    AccessToken,
    ApiBudget,
    Event,
    Limits,
    MirrorOptions,
    MirrorReport,
    PhotostreamMirror,
)
from flickr_mirror.models.events import Notice
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.simulator.oauth import IssuedToken
from tests.support import canary
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from aiohttp import web


class Run:
    """A mirror of a simulated photostream, and the events that its observer received."""

    limits = Limits(attempts=2, image_workers=4, timing=FAST)

    def __init__(self, flickr: SimulatedFlickr, root: Path) -> None:
        self.flickr = flickr
        self.stream = flickr.streams[0]
        self.root = root
        self.token: AccessToken | None = None
        self.events: list[Event] = []

    def log_in(self, stream: SimulatedPhotostream | None = None) -> AccessToken:
        """Sign the next runs with a login of the account, whose token is that of the canary, or of another one."""
        account = stream or self.stream
        issued = IssuedToken(canary.TOKEN, canary.TOKEN_SECRET, account.nsid, canary.KEY)
        if stream is not None:
            issued = self.flickr.oauth.issue(account.nsid)
        self.flickr.oauth.tokens[issued.token] = issued
        self.flickr.oauth.api_secret = canary.SECRET
        self.token = AccessToken(issued.token, issued.secret, account.nsid, account.username)
        return self.token

    def mirror(self, observer: Callable[[Event], None] | None = None, **options: Any) -> PhotostreamMirror:
        """Return a mirror with these options."""
        return PhotostreamMirror(
            self.stream.username,
            canary.KEY,
            canary.SECRET,
            token=self.token,
            options=MirrorOptions(**{"cache_path": self.root, "api_url": self.flickr.api_url, **options}),
            limits=self.limits,
            observer=observer or self.events.append,
            budget=ApiBudget(calls_per_second=10_000, timing=self.limits.timing),
        )

    async def __call__(self, **options: Any) -> MirrorReport:
        """Run once."""
        self.events.clear()
        return await self.mirror(**options).run()

    def events_of(self, kind: type[Event]) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def notices(self) -> str:
        """The texts of all notices."""
        return " ".join(event.text for event in self.events_of(Notice))

    def path(self, photo_id: str, extension: str = "jpg") -> Path:
        """Return the expected path of a file."""
        number = inventory_number(photo_id)
        return self.root.joinpath(self.stream.username, *number[:4], f"{number}.{extension}")


class PagedRun(Run):
    """A mirror with pages of ten photos, which ends at once without a connection."""

    limits = Limits(page_size=10, attempts=1, timing=FAST)


@asynccontextmanager
async def mirroring(root: Path, count: int = 12, **settings: Any) -> AsyncIterator[Run]:
    """Open a simulated Flickr, and a mirror of it; `accounts` are the photostreams of other accounts."""
    server = {
        name: settings.pop(name)
        for name in ("undocumented_extras", "count_comments", "content_length", "ssl", "faults")
        if name in settings
    }
    accounts = settings.pop("accounts", ())
    stream = SimulatedPhotostream(count, **settings)
    async with SimulatedFlickr(stream, *accounts, **server) as flickr:
        yield Run(flickr, root)


def answering(
    run: Run, match: str, *answers: Callable[[], web.StreamResponse], forever: bool = False
) -> None:
    """Send these answers to the first requests whose path contains `match`."""
    left = list(answers)

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        if match in request.path and left:
            return (left[0] if forever else left.pop(0))()
        return None

    run.flickr.intercept = intercept


def jpeg(width: int, height: int) -> bytes:
    """Return a complete JPEG of this size."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "JPEG")
    return file.getvalue()


def age_failures(path: Path) -> None:
    """Make failed photos due."""
    database = sqlite3.connect(path)
    database.execute("UPDATE failures SET due = 0")
    database.commit()
    database.close()
