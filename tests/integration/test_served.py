"""Mirroring what the servers deliver: smaller sizes, other films, unknown formats; and later better files."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from PIL import Image

from flickr_mirror import Limits
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.catalogue.outcomes import Outcomes
from flickr_mirror.cli.commands.status import show_status, status_of
from flickr_mirror.cli.output.summary import summary_line, summary_of
from flickr_mirror.engine.workers.served_sizes import IN_A_ROW, PROBE, ServedSizes
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.sizes import FlickrPhotoSize, derived_size
from flickr_mirror.simulator import Kind, Mix, Rule, Script, faults
from tests.support.command import tree
from tests.support.media_files import box, jpeg_claiming
from tests.support.mirroring import Run, answering, jpeg, mirroring
from tests.support.parameters import with_slow_rest
from tests.support.stored_mirror import unpack
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")

LARGE = Mix({Kind.LARGE: 1})
FILMS = Mix({Kind.VIDEO: 1})
DAY = 86_400


class Refusing:
    """Refuses images of more than `longest` pixels on one side, as Flickr does for free accounts."""

    def __init__(self, run: Run, status: int = 403, longest: int = 1024) -> None:
        self.run = run
        self.status = status
        self.longest = longest
        self.refused: list[str] = []
        self.asked: list[str] = []
        run.flickr.intercept = self

    async def __call__(self, request: web.Request) -> web.StreamResponse | None:
        """Answer the requests for images that are too large."""
        for photo_id in self.run.stream.ids:
            for size in self.run.stream.photo(photo_id).pictures:
                if size.path == request.path:
                    self.asked.append(size.label)
                    if max(size.width, size.height) > self.longest:
                        self.refused.append(size.label)
                        return web.Response(status=self.status)
        return None

    def reset(self) -> None:
        """Reset the counters."""
        self.refused.clear()
        self.asked.clear()
        self.run.flickr.reset_counters()


def catalogue_of(run: Run) -> Path:
    """Return the path of the catalogue."""
    return run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite"


def let_pass(run: Run, seconds: int) -> None:
    """Move due times into the past."""
    database = sqlite3.connect(catalogue_of(run))
    with database:
        database.execute("UPDATE photos SET look_again = look_again - ?", (seconds,))
    database.close()


def pixels(path: Path) -> tuple[int, int]:
    """Return the pixels of an image."""
    with Image.open(path) as image:
        return image.size


def stored_size(run: Run, photo_id: str) -> dict[str, Any]:
    """Return the size in the sidecar of a photo."""
    stored: dict[str, Any] = json.loads(run.path(photo_id, "json").read_text())["flickr"]["size"]
    return stored


# Pictures


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_the_largest_served_size_is_mirrored(tmp_path: Path, status: int) -> None:
    """A better size that is refused after a fresh getSizes does not keep the photo from being mirrored."""
    async with mirroring(tmp_path, 3, mix=LARGE) as run:
        Refusing(run, status)
        report = await run(info_level=2)
        assert (report.images, report.failures, report.reduced, report.complete) == (3, [], 3, True)
        for photo_id in run.stream.ids:
            photo = run.stream.photo(photo_id)
            width, height = pixels(run.path(photo_id))
            assert max(width, height) == 1024
            assert stored_size(run, photo_id) == {
                "label": "Large",
                "width": width,
                "height": height,
                "reduced": True,
                "best": {"label": "Original", "width": photo.best.width, "height": photo.best.height},
            }
        status_now = status_of(tmp_path, run.stream.username)
        assert (status_now.images, status_now.reduced, status_now.damaged) == (3, 3, 0)
        summary = summary_of(report, 0)
        assert summary["reduced"] == 3
        assert " reduced=3 damaged=0 seconds=" in summary_line(summary)


async def test_information_of_photos_that_are_not_reduced_does_not_change(tmp_path: Path) -> None:
    """`size` of all other photos stays byte-identical."""
    async with mirroring(tmp_path, 2, mix=LARGE) as run:
        await run()
        for photo_id in run.stream.ids:
            best = run.stream.photo(photo_id).best
            assert stored_size(run, photo_id) == {
                "label": best.label,
                "width": best.width,
                "height": best.height,
            }


def reserved(payload: dict[str, Any]) -> None:
    """Give all photos of a listing the same licence."""
    for photo in payload["photos"]["photo"]:
        photo["license"] = "0"


async def test_a_free_account_costs_few_refused_requests(tmp_path: Path) -> None:
    """After some refused photos in a row, the others begin with the served size: no refusal, and no call."""
    count = 30
    async with mirroring(tmp_path, count, mix=LARGE) as run:
        run.limits = Limits(attempts=2, image_workers=1, size_workers=1, timing=FAST)
        run.flickr.faults = Script(
            Rule(faults.Rewritten(reserved), method="flickr.people.getPhotos", times=None)
        )
        refusing = Refusing(run)
        report = await run()
        assert (report.images, report.failures, report.reduced) == (count, [], count)
        assert run.flickr.calls["flickr.photos.getSizes"] <= IN_A_ROW + 1
        assert len(refusing.refused) <= count + (IN_A_ROW + 1) * 5
        assert refusing.asked.count("Large") == count
        refusing.reset()
        assert (await run()).images == 0
        assert refusing.asked == []


@pytest.mark.slow
async def test_refusals_do_not_count_as_a_lost_connection(tmp_path: Path) -> None:
    """Sixty photos in a row whose best size is refused end no run, with any number of parallel downloads."""
    async with mirroring(tmp_path, 60, mix=LARGE) as run:
        run.limits = Limits(attempts=1, image_workers=16, timing=FAST)
        Refusing(run)
        report = await run(image_only=True)
        assert (report.images, report.failures, report.complete) == (60, [], True)


async def test_a_full_scan_tries_the_better_size_once(tmp_path: Path) -> None:
    """A full scan makes one request for each reduced photo, and no call; the smaller file is not fetched again."""
    async with mirroring(tmp_path, 8, mix=LARGE) as run:
        refusing = Refusing(run)
        await run(info_level=2)
        before = tree(tmp_path)
        refusing.reset()
        report = await run(info_level=2, full_scan=True)
        assert refusing.asked == refusing.refused == ["Original"] * 8
        assert run.flickr.calls["flickr.photos.getSizes"] == 0
        assert (report.images, report.infos, report.reduced, report.failures) == (0, 0, 8, [])
        assert tree(tmp_path) == before


async def test_a_photo_that_is_tried_again_counts_as_mirrored(tmp_path: Path) -> None:
    """While a better file is requested, the file on disk counts, as long as it exists."""
    async with mirroring(tmp_path, 3, mix=LARGE) as run:
        Refusing(run)
        await run()
        database = sqlite3.connect(catalogue_of(run))
        with database:
            database.execute("UPDATE photos SET image_status = 1")
        assert status_of(tmp_path, run.stream.username).images == 3
        with database:
            database.execute(
                "UPDATE files SET bytes = -1 WHERE kind = 'image' AND photo_id = ?", (run.stream.ids[0],)
            )
        database.close()
        assert status_of(tmp_path, run.stream.username).images == 2


async def test_the_better_size_replaces_the_smaller_one(tmp_path: Path) -> None:
    """The better file is durable before the smaller one is removed, and the mark is cleared."""
    async with mirroring(tmp_path, 4, mix=LARGE) as run:
        refusing = Refusing(run)
        await run()
        refusing.longest = 10_000
        refusing.reset()
        assert (await run()).images == 0
        report = await run(full_scan=True)
        assert (report.images, report.reduced) == (4, 0)
        assert refusing.asked == ["Original"] * 4
        for photo_id in run.stream.ids:
            assert run.path(photo_id).read_bytes() == run.flickr.file(photo_id)
            assert stored_size(run, photo_id)["label"] == "Original"
            assert "reduced" not in stored_size(run, photo_id)


async def test_a_single_refused_photo_is_tried_after_a_day_and_a_week(tmp_path: Path) -> None:
    """A 403 can be temporary: a single reduced photo does not wait for a full scan."""
    async with mirroring(tmp_path, 2, mix=LARGE) as run:
        refusing = Refusing(run)
        await run()
        for seconds in (DAY, 7 * DAY):
            refusing.reset()
            let_pass(run, seconds - 60)
            await run()
            assert refusing.asked == []
            let_pass(run, 60)
            await run()
            assert refusing.asked == ["Original"] * 2
        refusing.reset()
        let_pass(run, 90 * DAY)
        await run()
        assert refusing.asked == []


async def test_a_placeholder_causes_no_smaller_size(tmp_path: Path) -> None:
    """A picture "photo unavailable" can have the pixels of a smaller size, and is never stored as that."""
    async with mirroring(tmp_path, 2, image_dims=(1600, 1200)) as run:
        gone = run.stream.ids[0]
        run.flickr.faults = Script(
            Rule(faults.placeholder(500, 375), kind="image", photo_id=gone, times=None)
        )
        report = await run()
        assert [(failure.photo_id, failure.lasting) for failure in report.failures] == [(gone, True)]
        assert not run.path(gone, "png").exists()
        assert not run.path(gone).exists()


async def test_a_replaced_image_is_not_replaced_by_a_smaller_one(tmp_path: Path) -> None:
    """If the best size of a replaced image is refused, the existing file stays."""
    async with mirroring(tmp_path, 2, mix=LARGE) as run:
        await run(image_only=True)
        replaced = run.stream.ids[0]
        before = run.path(replaced).read_bytes()
        run.stream.replace_image(replaced)
        Refusing(run)
        report = await run(image_only=True)
        assert [failure.photo_id for failure in report.failures] == [replaced]
        assert run.path(replaced).read_bytes() == before


async def test_a_reduced_photo_is_restored_after_the_loss_of_the_catalogue(tmp_path: Path) -> None:
    """The sidecar states the size on disk and the better one, so a rebuild downloads nothing again."""
    async with mirroring(tmp_path, 4, mix=LARGE) as run:
        refusing = Refusing(run)
        await run()
        before = tree(tmp_path)
        catalogue_of(run).unlink()
        refusing.reset()
        report = await run()
        assert (report.images, report.reduced, refusing.asked) == (0, 4, [])
        assert tree(tmp_path) == before
        refusing.longest = 10_000
        assert (await run(full_scan=True)).images == 4
        assert (await run()).reduced == 0


async def test_a_single_image_is_fetched_in_the_size_that_is_served(tmp_path: Path) -> None:
    """The library's call for one image also takes the largest served size."""
    async with mirroring(tmp_path, 1, mix=LARGE) as run:
        Refusing(run)
        path = await run.mirror().cache_photo_image(FlickrPhoto(run.stream.ids[0], ""))
        assert max(pixels(path)) == 1024


def photo_of(number: int, *, licence: str = "0", owner: str = "") -> FlickrPhoto:
    """Return a photo of a large original."""
    return FlickrPhoto(str(number), "", facts=PhotoMetadata(license=licence, secret="abc", owner=owner))


def original(width: int = 4000, height: int = 3000) -> FlickrPhotoSize:
    """Return the best size of a photo."""
    return FlickrPhotoSize("Original", width, height, "https://live.staticflickr.com/65535/1_xyz_o.jpg")


def test_served_sizes_are_learned_for_each_licence() -> None:
    """Free licences are served in all sizes; small originals prove nothing; one success resets the counter."""
    served, large = ServedSizes(), FlickrPhotoSize("Large", 1024, 768, "")
    for number in range(IN_A_ROW):
        assert served.label_for(photo_of(number), original()) == ""
        served.note(photo_of(number), original(), large)
    assert served.label_for(photo_of(9), original()) == "Large"
    assert served.label_for(photo_of(9), original(800, 600)) == ""
    assert served.label_for(photo_of(9, licence="4"), original()) == ""
    served.note(photo_of(9), original(800, 600), original(800, 600))
    labels = [served.label_for(photo_of(number), original()) for number in range(2 * PROBE)]
    assert labels.count("") == 2
    served.note(photo_of(9), original(), original())
    assert served.label_for(photo_of(9), original()) == ""


def test_served_sizes_are_learned_for_each_owner_in_a_mirror_of_a_list() -> None:
    served, large = ServedSizes(), FlickrPhotoSize("Large", 1024, 768, "")
    for number in range(IN_A_ROW):
        served.note(photo_of(number, owner="1@N01"), original(), large)
    assert served.label_for(photo_of(9, owner="1@N01"), original()) == "Large"
    assert served.label_for(photo_of(9, owner="2@N01"), original()) == ""


def test_only_addresses_with_the_common_secret_are_derived() -> None:
    """The address of a size above 1,024 pixels is unknown, and none is derived without a secret."""
    made_up = derived_size("Large", "1", "abc", original(4000, 2999))
    assert made_up == FlickrPhotoSize("Large", 1024, 768, "https://live.staticflickr.com/65535/1_abc_b.jpg")
    medium = derived_size("Medium", "1", "abc", original())
    assert medium is not None
    assert medium.url.endswith("/1_abc.jpg")
    assert derived_size("Large 1600", "1", "abc", original()) is None
    assert derived_size("Large", "1", "", original()) is None
    assert derived_size("Large", "1", "abc", original(640, 480)) is None


# Films


def film_of(run: Run, photo_id: str) -> dict[str, Any] | None:
    """Return the film in the sidecar of a video."""
    stored: dict[str, Any] | None = json.loads(run.path(photo_id, "json").read_text())["flickr"].get("film")
    return stored


def sign_in(run: Run) -> Callable[[], web.StreamResponse]:
    """Return a redirect to a login page."""
    return lambda: web.Response(status=302, headers={"Location": f"{run.flickr.url}/signin/?next=film"})


FILM_REFUSALS: dict[str, Callable[[Run], Callable[[], web.StreamResponse]]] = {
    "401": lambda _: lambda: web.Response(status=401),
    "403": lambda _: lambda: web.Response(status=403),
    "500": lambda _: lambda: web.Response(status=500),
    "503": lambda _: lambda: web.Response(status=503),
    "page": lambda _: lambda: web.Response(text="<html>Log in</html>", content_type="text/html"),
    "redirect": sign_in,
    "identity": lambda _: (
        lambda: web.Response(status=302, headers={"Location": "https://identity.flickr.com/sign-in"})
    ),
}


@pytest.mark.parametrize("refusal", with_slow_rest(FILM_REFUSALS, "403", "page"))
async def test_the_next_film_is_mirrored(tmp_path: Path, refusal: str) -> None:
    """If the original requires a login, or fails, the next film is mirrored and marked."""
    async with mirroring(tmp_path, 12, mix=FILMS) as run:
        answer = FILM_REFUSALS[refusal](run)
        asked: list[str] = []

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            asked.append(request.path)
            return answer() if "/play/orig/" in request.path else None

        run.flickr.intercept = intercept
        report = await run()
        assert report.failures == []
        assert not [path for path in asked if "sign" in path]
        reduced = 0
        for photo_id in run.stream.ids:
            photo = run.stream.photo(photo_id)
            served = [size for size in photo.videos if size.key != "orig" and not size.refusal][-1]
            assert run.path(photo_id, "mp4").read_bytes() == run.flickr.file(photo_id, served)
            best = photo.videos[-1]
            reduced += served is not best
            film = film_of(run, photo_id)
            assert (film and (film["label"], film["reduced"], film["best"]["label"])) == (
                None if served is best else (served.label, True, best.label)
            )
        assert report.reduced == reduced > 0


async def test_a_full_scan_tries_the_better_film_once(tmp_path: Path) -> None:
    """It costs one request for each film, and no call; once the better film is served, it replaces the other."""
    async with mirroring(tmp_path, 6, mix=FILMS) as run:
        asked: list[str] = []
        refused = ["/play/orig/", "/play/1080p/"]

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if "/services/" not in request.path:
                asked.append(request.path)
            return web.Response(status=401) if any(part in request.path for part in refused) else None

        run.flickr.intercept = intercept
        count = (await run()).reduced
        before = tree(tmp_path)
        assert count > 0
        asked.clear()
        run.flickr.reset_counters()
        report = await run(full_scan=True)
        assert (len(asked), run.flickr.calls["flickr.photos.getSizes"], report.images) == (count, 0, 0)
        assert tree(tmp_path) == before
        refused.clear()
        await run(full_scan=True)
        for photo_id in run.stream.ids:
            best = run.stream.photo(photo_id).videos[-1]
            if not best.refusal:
                assert run.path(photo_id, "mp4").read_bytes() == run.flickr.file(photo_id, best)
                assert film_of(run, photo_id) is None


async def test_a_video_without_a_served_film_is_tried_again(tmp_path: Path) -> None:
    """If no film is served, and one of them fails temporarily, the video is not given up."""
    async with mirroring(tmp_path, 1, mix=FILMS) as run:
        answering(run, "/play/", lambda: web.Response(status=503), forever=True)
        report = await run()
        assert [failure.lasting for failure in report.failures] == [False]
        assert "503" in report.failures[0].reason


# Unknown formats

HEIC = box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(60)) + box(b"mdat", bytes(range(256)))
STRANGE: dict[str, tuple[bytes, str]] = {
    "HEIC": (HEIC, "heic"),
    "AVIF": (HEIC.replace(b"heic", b"avif"), "avif"),
    "big-endian BigTIFF": (b"MM\0+\0\x08\0\0" + bytes(range(200)), "tif"),
    "JPEG after a newline": (b"\n" + jpeg(640, 480), "jpg"),
    "something else": (b"\x93XYZ" + bytes(range(256)), "bin"),
}


@pytest.mark.parametrize("kind", STRANGE)
async def test_an_unknown_format_is_kept_after_two_downloads(tmp_path: Path, kind: str) -> None:
    """Bytes that arrive twice are kept under their own extension, marked, and not fetched again."""
    data, extension = STRANGE[kind]
    async with mirroring(tmp_path, 2) as run:
        odd = run.stream.ids[0]
        fault = faults.Answer(200, data, content_type="image/jpeg")
        script = Script(Rule(fault, photo_id=odd, kind="image", times=None))
        run.flickr.faults = script
        report = await run()
        assert (report.images, report.failures, len(script.done)) == (2, [], 2)
        assert run.path(odd, extension).read_bytes() == data
        assert "Not understood" in run.notices
        with Catalogue(catalogue_of(run)) as catalogue:
            (file,) = catalogue.files.of(odd)
        assert file.note.startswith("Not understood")
        assert (report.damaged, report.reduced) == (0, 0)
        let_pass(run, 90 * DAY)
        for options in ({}, {"full_scan": True}, {"verify_image": True}):
            assert (await run(**options)).images == 0
        assert len(script.done) == 2


PAGES = [
    b"",
    b"<html>no</html>",
    b'{"stat":"fail"}',
    b"Too Many Requests",
    bytes(3000),
    b"\x1f\x8b\x08" + bytes(99),
]


@pytest.mark.parametrize("data", PAGES)
async def test_an_html_page_is_never_kept_as_an_image(tmp_path: Path, data: bytes) -> None:
    """HTML, JSON, text, zeros and an empty body do not count as an unknown image format."""
    async with mirroring(tmp_path, 2) as run:
        odd = run.stream.ids[0]
        fault = faults.Answer(200, data, content_type="image/jpeg")
        run.flickr.faults = Script(Rule(fault, photo_id=odd, kind="image", times=None))
        report = await run()
        assert [failure.photo_id for failure in report.failures] == [odd]
        assert len([name for name in tree(tmp_path) if not name.endswith(".json")]) == 1


async def test_bytes_that_differ_each_time_are_not_kept(tmp_path: Path) -> None:
    """Bytes of an unknown format that differ at each download count as a transfer error."""
    async with mirroring(tmp_path, 1) as run:
        left = iter(range(999))

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            body = b"\x93XYZ" + bytes([next(left)]) * 9
            return web.Response(body=body) if "/65535/" in request.path else None

        run.flickr.intercept = intercept
        report = await run(image_only=True)
        assert len(report.failures) == 1
        assert tree(tmp_path) == {}


async def test_a_gigapixel_image_is_kept_if_the_listing_agrees(tmp_path: Path) -> None:
    """41,000 x 25,000 pixels are accepted if Flickr lists them: downloaded once, and not marked."""
    data = jpeg_claiming(41_000, 25_000)
    async with mirroring(tmp_path, 2) as run:
        large = run.stream.ids[0]

        def enlarge(payload: dict[str, Any]) -> None:
            for photo in payload.get("photos", {}).get("photo", []):
                if photo["id"] == large:
                    photo.update(width_o="41000", height_o=25000)

        script = Script(
            Rule(faults.Rewritten(enlarge), method="flickr.people.getPhotos", times=None),
            Rule(
                faults.Answer(200, data, content_type="image/jpeg"), photo_id=large, kind="image", times=None
            ),
        )
        run.flickr.faults = script
        report = await run()
        assert (report.images, report.failures, report.damaged) == (2, [], 0)
        assert [asked.kind for asked, _ in script.done].count("image") == 1
        assert run.path(large).read_bytes() == data
        assert (await run(verify_image=True)).images == 0


# Files damaged at Flickr


class Damaged:
    """Serves half a JPEG in place of one photo, for as long as `data` is set."""

    def __init__(self, run: Run) -> None:
        self.photo_id = run.stream.ids[0]
        self.whole = run.flickr.file(self.photo_id)
        self.data: bytes | None = self.whole[: len(self.whole) // 2]
        self.requests = 0
        run.flickr.intercept = self

    async def __call__(self, request: web.Request) -> web.StreamResponse | None:
        """Answer a request for the photo."""
        if f"/{self.photo_id}_" not in request.path:
            return None
        self.requests += 1
        return None if self.data is None else web.Response(body=self.data, content_type="image/jpeg")


async def test_a_photo_damaged_at_flickr_is_tried_after_a_day_and_a_week(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stays marked and counted; the same bytes again change nothing on disk, after one download."""
    async with mirroring(tmp_path, 2) as run:
        damaged = Damaged(run)
        report = await run()
        assert (report.images, report.damaged, damaged.requests) == (2, 1, 2)
        assert summary_of(report, 0)["damaged"] == 1
        show_status(tmp_path, run.stream.username, max_age=None, as_json=False)
        assert "1 damaged at Flickr" in capsys.readouterr().out
        before, written = tree(tmp_path), run.path(damaged.photo_id).stat().st_mtime_ns
        for seconds in (DAY, 7 * DAY):
            damaged.requests = 0
            let_pass(run, seconds - 60)
            assert (await run()).damaged == 1
            assert damaged.requests == 0
            let_pass(run, 60)
            report = await run()
            assert (report.images, report.damaged, damaged.requests) == (0, 1, 1)
        damaged.requests = 0
        let_pass(run, 90 * DAY)
        assert (await run()).damaged == 1
        assert damaged.requests == 0
        assert (await run(full_scan=True)).damaged == 1
        assert damaged.requests == 1
        assert tree(tmp_path) == before
        assert run.path(damaged.photo_id).stat().st_mtime_ns == written


@pytest.mark.parametrize("by", ["day", "scan"])
async def test_a_good_copy_replaces_a_damaged_one(tmp_path: Path, by: str) -> None:
    """Once an edge server has the complete file, it is fetched, and the mark is cleared."""
    async with mirroring(tmp_path, 2) as run:
        damaged = Damaged(run)
        await run()
        damaged.data = None
        if by == "day":
            let_pass(run, DAY)
        report = await run(full_scan=by == "scan")
        assert (report.images, report.damaged) == (1, 0)
        assert run.path(damaged.photo_id).read_bytes() == damaged.whole
        damaged.requests = 0
        assert (await run(full_scan=True)).images == 0
        assert damaged.requests == 0


async def test_other_damage_does_not_replace_the_file(tmp_path: Path) -> None:
    """Neither a worse file nor, after a refusal, a smaller size replaces the file on disk."""
    async with mirroring(tmp_path, 2, mix=LARGE) as run:
        damaged = Damaged(run)
        await run()
        before = run.path(damaged.photo_id).read_bytes()
        damaged.data = damaged.whole[:2000]
        assert (await run(full_scan=True)).damaged == 1
        assert run.path(damaged.photo_id).read_bytes() == before
        refusing = Refusing(run)
        report = await run(full_scan=True)
        assert (report.damaged, report.failures, refusing.asked) == (1, [], ["Original"])
        assert run.path(damaged.photo_id).read_bytes() == before


def test_a_damaged_photo_of_an_earlier_version_is_tried_again(tmp_path: Path) -> None:
    """The mark of version 1 is the note of the file; the next run fetches such a photo once more."""
    path = unpack(tmp_path) / ".flickr_mirror" / "catalogue.sqlite"
    database = sqlite3.connect(path)
    with database:
        (photo_id,) = database.execute(
            "UPDATE files SET note = 'This JPG is cut.' WHERE kind = 'image' AND photo_id = (SELECT max(id) FROM photos"
            " WHERE NOT video AND image_status = 2 AND gone IS NULL) RETURNING photo_id"
        ).fetchone()
    database.close()
    with Catalogue(path) as catalogue:
        assert catalogue.statistics.counts().damaged == 1
        catalogue.work_list.begin_run(1, images=True, info_level=0)
        page: dict[str, Any] = {"newest_first": True, "frontier": None, "busy": (), "limit": 99}
        assert str(photo_id) in {stored.photo.id for stored in catalogue.work_list.images_to_fetch(**page)}


# Kills between the rename and the row


class KilledError(Exception):
    """Ends a run like a kill."""


async def killed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run, and stop before any row claims the file that was just renamed."""

    def die(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(Outcomes, "mark_image_done", die)
        await run(image_only=True)


async def test_a_replaced_photo_that_was_fetched_is_not_fetched_again_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photo is replaced after its listing, fetched, and the run killed between rename and row."""
    async with mirroring(tmp_path, 1) as run:
        photo_id = run.stream.ids[0]
        await run(info_only=True)
        run.stream.replace_image(photo_id)
        await killed(run, monkeypatch)
        assert run.flickr.requests[photo_id] == 1
        report = await run(image_only=True)
        assert (run.flickr.requests[photo_id], report.adopted) == (1, 1)
        assert run.path(photo_id).read_bytes() == run.flickr.file(photo_id)
        assert (await run(image_only=True)).images == 0


async def test_an_outdated_file_is_never_adopted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a killed run that is older than Flickr's image is always replaced."""
    async with mirroring(tmp_path, 1) as run:
        photo_id = run.stream.ids[0]
        for _ in range(3):  # first before an announcement, then after it
            await killed(run, monkeypatch)
            run.stream.replace_image(photo_id)
        run.flickr.reset_counters()
        report = await run(image_only=True)
        assert (run.flickr.requests[photo_id], report.adopted) == (1, 0)
        assert run.path(photo_id).read_bytes() == run.flickr.file(photo_id)


async def test_a_reduced_file_is_adopted_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The smaller file of a killed run is found, and not fetched again."""
    async with mirroring(tmp_path, 1, mix=LARGE) as run:
        refusing = Refusing(run)
        await killed(run, monkeypatch)
        refusing.reset()
        report = await run(image_only=True)
        assert (report.adopted, report.reduced) == (1, 1)
        assert "Large" not in refusing.asked


async def test_the_better_file_is_adopted_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a run is killed after the better file replaced the smaller one, it is not fetched again."""
    async with mirroring(tmp_path, 1, mix=LARGE) as run:
        refusing = Refusing(run)
        await run(image_only=True)
        refusing.longest = 10_000
        let_pass(run, DAY)
        await killed(run, monkeypatch)
        refusing.reset()
        report = await run(image_only=True)
        assert (report.adopted, report.reduced, refusing.asked) == (1, 0, [])
        assert run.path(run.stream.ids[0]).read_bytes() == run.flickr.file(run.stream.ids[0])
