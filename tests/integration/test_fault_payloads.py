"""Wrong answers of the API: rows 29 to 39 and 41 of the catalogue of faults, and rows 18 and 50."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from flickr_mirror import (
    AsyncFlickrApi,
    FlickrApiError,
    FlickrMirrorError,
    FlickrPhotoSize,
    InvalidCallError,
    InvalidKeyError,
    Limits,
    LoginError,
    PermissionDeniedError,
    PhotoNotFoundError,
    TransportError,
    UserNotFoundError,
)
from flickr_mirror.flickr.api_call import raise_failure
from flickr_mirror.flickr.http_client import HttpClient
from flickr_mirror.flickr.rate_limiter import ApiBudget
from flickr_mirror.models.events import PhotoFailed
from flickr_mirror.models.options import FLICKR_API_URL
from flickr_mirror.models.photos import FlickrPhoto, PhotoPage
from flickr_mirror.models.sizes import best_picture
from flickr_mirror.simulator import Kind, Mix, Rule, Script, SimulatedFlickr, SimulatedPhotostream, faults
from tests.support import canary
from tests.support.command import infos, tree
from tests.support.mirroring import Run, age_failures, mirroring
from tests.support.timing import FAST

if TYPE_CHECKING:
    import random
    from pathlib import Path

TINY = (40, 30)
LISTING = "flickr.people.getPhotos"
running = pytest.mark.usefixtures("canary", "one_language")


async def no_nap(_: float) -> None:
    """Do not sleep."""
    await anyio.lowlevel.checkpoint()


def open_api(url: str, attempts: int = 2) -> AsyncFlickrApi:
    """Return an API that does not wait."""
    budget = ApiBudget(calls_per_second=10, clock=iter(range(10**6)).__next__, sleep=no_nap)
    transport = HttpClient(
        canary.KEY, budget=budget, api_url=url, limits=Limits(attempts=attempts), sleep=no_nap
    )
    return AsyncFlickrApi(canary.KEY, canary.SECRET, http_client=transport)


def script(run: Run, *rules: Rule) -> Script:
    """Set the fault script of the server."""
    made = Script(*rules)
    run.flickr.faults = made
    return made


# Refusals

METHODS: dict[str, tuple[str, dict[int, type[FlickrApiError]]]] = {
    "people.findByUsername": ("find_user", {1: UserNotFoundError}),
    "urls.lookupUser": ("lookup_user", {1: UserNotFoundError}),
    "people.getInfo": ("get_profile", {1: UserNotFoundError, 5: UserNotFoundError}),
    "people.getPhotos": ("get_photos", dict.fromkeys((1, 2, 5), UserNotFoundError)),
    "photos.getSizes": ("get_photo_sizes", {1: PhotoNotFoundError, 2: PermissionDeniedError}),
    "photos.getInfo": ("get_photo_description", {1: PhotoNotFoundError}),
    "photos.comments.getList": ("get_comments", {1: PhotoNotFoundError}),
}
COMMON: dict[int, type[FlickrMirrorError]] = {
    **dict.fromkeys((95, 96, 97, 100), InvalidKeyError),
    **dict.fromkeys((98, 99), LoginError),
    **dict.fromkeys((111, 112, 114, 115, 116), InvalidCallError),
    **dict.fromkeys((105, 106, 201), TransportError),
    7777: FlickrApiError,
}
OUT_OF_ORDER = "Sorry, the Flickr API service is not currently available."


@pytest.mark.parametrize("method", METHODS)
async def test_the_meaning_of_a_code_depends_on_the_method(method: str) -> None:
    """Row 29: stat=fail, every row of section 4; row 30: the code as a number or as a text is the same."""
    call, own = METHODS[method]
    async with SimulatedFlickr(SimulatedPhotostream(1)) as flickr, open_api(flickr.api_url) as api:
        for code, kind in {**COMMON, **own}.items():
            for written in (code, str(code)):
                flickr.faults = asked = Script(Rule(faults.refusal(written, "No"), times=None))
                with pytest.raises(kind) as caught:
                    await getattr(api, call)("1")
                assert type(caught.value) is kind, code
                assert len(asked.asked) == (2 if kind is TransportError else 1), code
                if isinstance(caught.value, FlickrApiError):
                    assert (str(caught.value), caught.value.code) == ("No", code)
                    assert caught.value.method == f"flickr.{method}"
        for code in (0, 1, 105, 201):
            flickr.faults = asked = Script(Rule(faults.refusal(code, OUT_OF_ORDER), times=None))
            with pytest.raises(TransportError, match="not currently available"):
                await getattr(api, call)("1")
            assert len(asked.asked) == 2


@running
async def test_an_unknown_code_fails_its_photo_only_and_is_shown(tmp_path: Path) -> None:
    """Row 30: unknown code, message missing: the photo fails with the code shown, and is tried again later."""
    async with mirroring(tmp_path, 4, image_dims=TINY, commented=1) as run:
        bad, gone = run.stream.ids[:2]
        comments = "flickr.photos.comments.getList"
        script(
            run,
            Rule(faults.refusal("7777", None), method=comments, photo_id=bad, times=None),
            Rule(faults.refusal("1", None), method=comments, photo_id=gone, times=None),
        )
        report = await run(info_level=2)
        assert {(failure.photo_id, failure.lasting) for failure in report.failures} == {
            (bad, False),
            (gone, True),
        }
        (reason,) = [failure.reason for failure in report.failures if failure.photo_id == bad]
        assert "7777" in reason
        assert "without a reason" in reason
        assert (report.images, len(infos(tmp_path))) == (4, 4)


@running
@pytest.mark.parametrize(
    ("code", "kind"), [(98, LoginError), (99, LoginError), (100, InvalidKeyError), (112, InvalidCallError)]
)
async def test_refusals_for_every_photo_end_the_run(
    tmp_path: Path, code: int, kind: type[FlickrMirrorError]
) -> None:
    """Row 29: a refused key or login, and an invalid call, end the run and fail no photo."""
    async with mirroring(tmp_path, 8, image_dims=TINY, commented=1) as run:
        done = script(run, Rule(faults.refusal(code), method="flickr.photos.comments.getList", times=None))
        with pytest.raises(kind):
            await run(info_level=2)
        assert run.events_of(PhotoFailed) == []
        assert len(done.done) <= run.limits.info_workers
        run.flickr.faults = None
        assert (await run(info_level=2)).failures == []
        assert len(infos(tmp_path)) == 8


# Invalid answers


@running
@pytest.mark.parametrize("name", faults.WRONG_JSON)
async def test_an_invalid_answer_is_requested_again(tmp_path: Path, name: str) -> None:
    """Row 31: invalid JSON, truncated JSON, empty, BOM, JSONP, XML: a temporary failure, then one sentence."""
    async with mirroring(tmp_path, 1, image_dims=TINY) as run:
        wrong = faults.wrong_json(faults.WRONG_JSON[name])
        done = script(run, Rule(wrong, kind="api", each=True))
        assert (await run()).images == 1
        assert len(done.done) == 3
        script(run, Rule(wrong, kind="api", times=None))
        with pytest.raises(TransportError):
            await run()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["stat", "code", "message", "_content", "photo", "size", "id", "user", "total"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
PARTS = ("user", "person", "photos", "sizes", "photo", "comments")


@settings(deadline=None, max_examples=30)
@given(VALUES, st.booleans())
def test_no_answer_causes_an_unexpected_error(value: Any, is_whole: bool) -> None:
    """Row 31: for any JSON, each method returns, or raises an error of this package."""
    answer = value if is_whole else {"stat": "ok", **dict.fromkeys(PARTS, value)}
    text = json.dumps(answer).encode()

    async def ask() -> None:
        with respx.mock:
            respx.get(FLICKR_API_URL).mock(return_value=httpx.Response(200, content=text))
            async with open_api(FLICKR_API_URL, attempts=1) as api:
                for call, _ in METHODS.values():
                    try:
                        await getattr(api, call)("1")
                    except FlickrMirrorError as error:
                        refusals.append(str(error))

    refusals: list[str] = []
    anyio.run(ask)
    assert all(refusals)


@given(st.dictionaries(st.sampled_from(["stat", "code", "message"]), VALUES))
def test_no_refusal_causes_an_unexpected_error(answer: dict[str, Any]) -> None:
    """Row 30: code and message may be of any type, or missing."""
    answer.pop("stat", None)
    with pytest.raises(FlickrMirrorError) as caught:
        raise_failure(answer, "flickr.photos.getSizes", {1: PhotoNotFoundError})
    assert str(caught.value)


# Sizes

LABELS = ["Thumbnail", "Small", "Medium", "Large", "Large 1600", "Original"]


@given(
    st.lists(
        st.tuples(st.sampled_from(LABELS), st.integers(1, 3000), st.integers(1, 3000), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_the_best_size_is_the_largest_in_any_order(
    entries: list[tuple[str, int, int, bool]], order: random.Random
) -> None:
    """Row 32: strings for ints, mixed in one list; row 34: best is not last, the order is shuffled, areas tie."""
    sizes = [
        FlickrPhotoSize.from_json(
            {
                "label": label,
                "width": str(width) if as_text else width,
                "height": height if as_text else str(height),
                "source": f"https://live.staticflickr.com/1/2_3_{label}_{width}x{height}.jpg",
            }
        )
        for label, width, height, as_text in entries
    ]
    best = best_picture(sizes)
    assert best is not None
    most = max(width * height for _, width, height, _ in entries)
    assert best.area == most
    if any(label == "Original" and width * height == most for label, width, height, _ in entries):
        assert best.label == "Original"
    shuffled = [*sizes]
    order.shuffle(shuffled)
    again = best_picture(shuffled)
    assert again is not None
    assert (again.area, again.label == "Original") == (best.area, best.label == "Original")


def test_sizes_are_compared_as_numbers() -> None:
    """Row 32: strings for ints: "981" and "1533" are compared as numbers."""
    sizes = [
        FlickrPhotoSize.from_json({"label": label, "width": width, "height": "10", "source": "https://x/"})
        for label, width in (("Large", "981"), ("Original", "1533"))
    ]
    assert best_picture(sizes) == sizes[1]
    assert best_picture(sizes[::-1]) == sizes[1]


@running
@pytest.mark.parametrize("value", [None, "", 0, "0", -5, "NaN", {}, "no source"])
async def test_a_photo_without_a_usable_size_fails_alone(tmp_path: Path, value: object) -> None:
    """Row 33: width/height null, "", 0; entry without source: skipped; if none is left, the photo fails."""
    async with mirroring(tmp_path, 2, image_dims=TINY) as run:
        bad = run.stream.ids[0]

        def spoil(entry: dict[str, Any], *keys: str) -> None:
            for key in keys:
                entry[key] = value

        def sizes(answer: dict[str, Any]) -> None:
            for entry in answer["sizes"]["size"]:
                spoil(entry, *(("source",) if value == "no source" else ("width", "height")))
                if value == "no source":
                    del entry["source"]

        def listing(answer: dict[str, Any]) -> None:
            for entry in answer["photos"]["photo"]:
                if entry["id"] == bad:
                    for key in [key for key in entry if key.startswith(("url_", "width_", "height_"))]:
                        del entry[key]

        script(
            run,
            Rule(faults.Rewritten(sizes), method="flickr.photos.getSizes", photo_id=bad, times=None),
            Rule(faults.Rewritten(listing), method=LISTING, times=None),
        )
        report = await run()
        assert [(failure.photo_id, failure.lasting) for failure in report.failures] == [(bad, True)]
        assert (report.images, len(infos(tmp_path))) == (1, 2)


@running
async def test_a_film_is_never_the_best_picture(tmp_path: Path) -> None:
    """Row 33: media=video: the best picture is a picture, even if the film has more pixels."""
    async with mirroring(tmp_path, 1, mix=Mix({Kind.VIDEO: 1})) as run:
        (photo,) = (run.stream.photo(photo_id) for photo_id in run.stream.ids)
        answer = run.flickr.call(method="flickr.photos.getSizes", photo_id=photo.id)
        sizes = [FlickrPhotoSize.from_json(entry) for entry in answer["sizes"]["size"]]
        for size in sizes:
            assert size.media in ("photo", "video")
        best = best_picture([*sizes, FlickrPhotoSize("1080p", 9999, 9999, "https://x/", "video")])
        assert best is not None
        assert best.media == "photo"
        assert (await run()).images == 1


# Texts and numbers

OPTIONAL = ("title", "description", "owner", "tags", "ownername", "pathalias", "lastupdate", "media")


@running
async def test_missing_keys_do_not_stop_a_run(tmp_path: Path) -> None:
    """Row 35: missing keys: title, _content, comments, owner: defaults, no crash, and the mirror is complete."""
    async with mirroring(tmp_path, 3, image_dims=TINY, commented=1) as run:

        def listing(answer: dict[str, Any]) -> None:
            for entry in answer["photos"]["photo"]:
                for key in (*OPTIONAL, "count_comments"):
                    entry.pop(key, None)

        def comments(answer: dict[str, Any]) -> None:
            for entry in answer["comments"].get("comment", ())[:1]:
                entry.clear()

        def person(answer: dict[str, Any]) -> None:
            for key in [key for key in answer["person"] if key not in ("id", "nsid", "username")]:
                del answer["person"][key]

        script(
            run,
            Rule(faults.Rewritten(listing), method=LISTING, times=None),
            Rule(faults.Rewritten(comments), method="flickr.photos.comments.getList", times=None),
            Rule(faults.Rewritten(person), method="flickr.people.getInfo", times=None),
        )
        report = await run(info_level=2)
        assert (report.images, report.infos, report.failures) == (3, 3, [])
        for info in infos(tmp_path).values():
            assert info["title"]["content"] == ""


HALF = "caf\ud800\udfffe \ud800"
"""A whole pair and half a pair."""


@running
async def test_a_lone_surrogate_becomes_a_replacement_character(tmp_path: Path) -> None:
    """Row 36: lone surrogate in text: written as U+FFFD, in titles, descriptions, tags and comments."""
    async with mirroring(tmp_path, 2, image_dims=TINY, commented=1) as run:

        def listing(answer: dict[str, Any]) -> None:
            for entry in answer["photos"]["photo"]:
                entry.update(title=HALF, tags=HALF, description={"_content": HALF})

        def comments(answer: dict[str, Any]) -> None:
            for entry in answer["comments"]["comment"]:
                entry["_content"] = HALF

        script(
            run,
            Rule(faults.Rewritten(listing), method=LISTING, times=None),
            Rule(faults.Rewritten(comments), method="flickr.photos.comments.getList", times=None),
        )
        report = await run(info_level=2)
        assert (report.infos, report.failures) == (2, [])
        for info in infos(tmp_path).values():
            for text in (info["title"]["content"], info["description"]["content"]):
                assert text == "caf\U000103ffe \ufffd"
            assert "\ufffd" in info["comments"][0]["content"]


def test_odd_values_are_bounded() -> None:
    """Row 37: 1 MB title, deep nesting, 64-bit ids, NaN: read, or ignored, and ids are texts."""
    deep: Any = "x"
    for _ in range(500):
        deep = {"_content": deep}
    entry = {
        "id": "9" * 18,
        "title": "x" * (1 << 20),
        "description": deep,
        "width_o": float("nan"),
        "url_o": "u",
    }
    page = PhotoPage.from_json(
        {"page": float("nan"), "pages": float("inf"), "total": "1e3", "photo": [entry, {"id": "9" * 40}]}
    )
    (photo,) = page.photos
    assert (photo.id, len(photo.raw_title), photo.sizes[0].width) == ("9" * 18, 1 << 20, 0)
    assert (page.page, page.pages, page.total, page.malformed) == (1, 0, 0, 1)
    assert isinstance(FlickrPhoto.from_json(entry).raw_description, str)


@running
@pytest.mark.parametrize("wrong", [{"pages": 0}, {"total": 0}, {"pages": 99, "total": 7}, {"total": "x"}])
async def test_counts_that_disagree_hide_no_photo(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """Row 38: pages/total disagree, total=0, pages=0: ids are trusted, not counts."""
    async with mirroring(tmp_path, 25, image_dims=TINY) as run:
        run.limits = Limits(page_size=10, attempts=1, timing=FAST)
        script(
            run,
            Rule(faults.Rewritten(lambda answer: answer["photos"].update(wrong)), method=LISTING, times=None),
        )
        report = await run(info_only=True)
        assert (report.complete, report.infos) == (True, 25)


@running
async def test_an_echoed_page_ends_no_walk_early(tmp_path: Path) -> None:
    """Rows 38, 39: page echoed is not the requested one: every photo is listed, without an endless loop."""
    async with mirroring(tmp_path, 25, image_dims=TINY) as run:
        run.limits = Limits(page_size=10, attempts=1, timing=FAST)
        clamp = faults.Rewritten(lambda answer: answer["photos"].update(page=10_000))
        done = script(run, Rule(clamp, method=LISTING, start=2, times=3))
        with anyio.fail_after(20):
            await run(info_only=True)
            await run(info_only=True)
        assert len(done.asked) < 30
        assert len(infos(tmp_path)) == 25


async def test_a_gzip_bomb_is_refused() -> None:
    """Row 41: gzip bomb, 100 kB that unpack to 100 MB: given up at 50 MB, and the API stays usable."""
    async with SimulatedFlickr(stream := SimulatedPhotostream(1)) as flickr:
        flickr.faults = Script(Rule(faults.Bomb(100 << 20)))
        async with open_api(flickr.api_url, attempts=1) as api:
            with pytest.raises(TransportError, match="longer than"):
                await api.find_user(stream.username)
            assert (await api.find_user(stream.username)).user_id == stream.nsid


@running
async def test_an_endless_answer_is_aborted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 41: API response > cap: the connection is dropped, and another try works."""
    monkeypatch.setattr("flickr_mirror.flickr.api_endpoint.MAX_RESPONSE", 1 << 20)
    async with mirroring(tmp_path, 1, image_dims=TINY) as run:
        done = script(run, Rule(faults.Endless(), method=LISTING))
        assert (await run(image_only=True)).images == 1
        assert len(done.done) == 1


# Other rows


@running
async def test_a_refused_image_is_tried_again_in_the_same_run(tmp_path: Path) -> None:
    """Row 18: 403 on a size that getSizes listed: tried at the end and by a later run, then marked as unavailable."""
    async with mirroring(tmp_path, 4, image_dims=TINY) as run:
        passing, lasting = run.stream.ids[:2]
        script(
            run,
            Rule(faults.failing(403), kind="image", photo_id=passing, times=4),
            Rule(faults.failing(403), kind="image", photo_id=lasting, times=None),
        )
        report = await run(image_only=True)
        assert report.images == 3
        assert [(failure.photo_id, failure.lasting) for failure in report.failures] == [(lasting, False)]
        age_failures(run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite")
        assert ((await run(image_only=True)).failures, run.events_of(PhotoFailed)[-1].photo_id) == (
            [],
            lasting,
        )
        run.flickr.reset_counters()
        assert (await run(image_only=True)).unavailable == 1
        assert not run.flickr.requests


@running
async def test_temporarily_refused_photos_are_not_lost(tmp_path: Path) -> None:
    """Row 18: 403 for all of the few images of a night: a later run fetches them."""
    async with mirroring(tmp_path, 5, image_dims=TINY) as run:
        script(run, Rule(faults.failing(403), kind="image", times=None))
        assert len((await run()).failures) == 5
        run.flickr.faults = None
        age_failures(run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite")
        report = await run()
        assert (report.images, report.failures, report.unavailable) == (5, [], 0)


@running
async def test_a_blocked_network_loses_no_photo(tmp_path: Path) -> None:
    """Row 18: 403 for every image: the run ends after some, and the next one fetches all of them."""
    async with mirroring(tmp_path, 60, image_dims=TINY) as run:
        done = script(run, Rule(faults.failing(403), kind="image", times=None))
        with pytest.raises(TransportError, match="20 photos in a row"):
            await run()
        assert len(done.done) < 100
        run.flickr.faults = None
        report = await run()
        assert (report.images, report.failures, report.unavailable) == (60, [], 0)


@running
@pytest.mark.parametrize("code", [1, 2, 5])
async def test_a_gone_account_leaves_its_mirror_unchanged(tmp_path: Path, code: int) -> None:
    """Row 50: user deleted (code 5/2) or unknown: the run ends with its reason, and the mirror is untouched."""
    async with mirroring(tmp_path, 3, image_dims=TINY) as run:
        await run(info_level=1)
        before = tree(tmp_path)
        script(run, Rule(faults.refusal(code, "User deleted"), kind="api", times=None))
        with pytest.raises(FlickrApiError, match="User deleted"):
            await run(info_level=1)
        assert tree(tmp_path) == before
        run.flickr.faults = None
        age_failures(tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite")
        report = await run(info_level=1)
        assert (report.images, report.infos, report.failures) == (0, 0, [])
