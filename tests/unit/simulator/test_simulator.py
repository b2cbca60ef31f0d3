"""Tests of `flickr_mirror.simulator`: the Flickr of all other tests."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import re
import ssl
import struct
from array import array
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from aiohttp import web
from PIL import Image

from flickr_mirror import simulator
from flickr_mirror.models.sizes import LISTED_SIZES
from flickr_mirror.simulator import (
    Kind,
    Mix,
    SimulatedFlickr,
    SimulatedPhotostream,
    arguments_of,
    media_files,
    run_in_thread,
)
from flickr_mirror.simulator.__main__ import build_flickr, build_parser, main, serve
from flickr_mirror.simulator.data.sizes import NAMES
from tests.support.plain_http import NO_CERTIFICATES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from flickr_mirror.simulator import SimulatedPhoto, SimulatedSize
    from flickr_mirror.simulator.oauth import IssuedToken

KEY = "0123456789abcdef0123456789abcdef"
SIZE_EXTRAS = ",".join(f"url_{name.key}" for name in NAMES) + ",url_o"
BITS = ("ispublic", "isfriend", "isfamily")
ALL_EXTRAS = (
    "description,license,date_upload,date_taken,owner_name,icon_server,original_format,last_update,geo,tags,"
    f"machine_tags,o_dims,views,media,path_alias,count_comments,count_faves,rotation,{SIZE_EXTRAS}"
)
PLAIN_KEYS = {"id", "owner", "secret", "server", "farm", "title", "ispublic", "isfriend", "isfamily"}
MIXED = SimulatedPhotostream(100, mix=Mix.MIXED)


class Caller:
    """A client of a simulated Flickr, over HTTP."""

    def __init__(self, flickr: SimulatedFlickr, http: httpx.AsyncClient) -> None:
        self.flickr = flickr
        self.http = http

    async def call(self, method: str, **arguments: str) -> dict[str, Any]:
        form = {"method": method, "api_key": KEY, "format": "json", "nojsoncallback": "1", **arguments}
        response = await self.http.post(self.flickr.api_url, data=form)
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        return answer

    async def listed(self, extras: str = ALL_EXTRAS, **arguments: str) -> dict[str, dict[str, Any]]:
        """Return the entries of a page of the listing, by id."""
        nsid = self.flickr.streams[0].nsid
        arguments = {"user_id": nsid, "per_page": "500", "extras": extras, **arguments}
        answer = await self.call("flickr.people.getPhotos", **arguments)
        return {entry["id"]: entry for entry in answer["photos"]["photo"]}

    async def get(self, url: str, **options: Any) -> httpx.Response:
        return await self.http.get(url, **options)


@asynccontextmanager
async def calling(*streams: SimulatedPhotostream, **options: Any) -> AsyncIterator[Caller]:
    async with (
        SimulatedFlickr(*streams, **options) as flickr,
        httpx.AsyncClient(verify=NO_CERTIFICATES) as http,
    ):
        yield Caller(flickr, http)


def photos_of(stream: SimulatedPhotostream) -> list[SimulatedPhoto]:
    return [stream.photo(photo_id) for photo_id in stream.ids]


def first_of(stream: SimulatedPhotostream, kind: Kind) -> SimulatedPhoto:
    return next(photo for photo in photos_of(stream) if photo.kind is kind)


def size_of(photo: SimulatedPhoto, key: str) -> SimulatedSize:
    return next(size for size in photo.pictures if size.key == key)


def md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


# The photostream


def test_a_large_photostream_is_generated_on_demand() -> None:
    """Of 100,000 photos only those on a requested page are generated."""
    stream = SimulatedPhotostream(100_000)

    assert len(stream) == 100_000
    assert stream.photos_built == 0

    photos, _, pages, total = stream.page(page=200, per_page=500)

    assert (len(photos), pages, total) == (500, 200, 100_000)
    assert stream.photos_built == 500


def test_a_photostream_keeps_two_numbers_per_photo_and_index() -> None:
    """For a million photos only arrays of ids and times are stored, in three orders."""
    stream = SimulatedPhotostream(1_000_000)

    kept = [*vars(stream._table).values(), *vars(stream).values(), *vars(stream.seen_by(None)).values()]
    kept += vars(stream.seen_by(stream.nsid)).values()
    grown = [value for value in kept if hasattr(value, "__len__") and len(value) > 99]

    assert {type(value).__name__ for value in grown} == {"array", "UploadIndex"}
    assert sum(value.itemsize * len(value) for value in grown if isinstance(value, array)) == 48_000_000


def test_pages_together_show_every_photo_once_and_newest_first() -> None:
    """The pages of an unchanged photostream show all of it, in the order of uploads."""
    stream = SimulatedPhotostream(1234)
    photos = [photo for page in range(1, 14) for photo in stream.page(page=page, per_page=100)[0]]

    assert [photo.id for photo in photos] == stream.ids
    assert len({photo.id for photo in photos}) == 1234
    assert all(newer.uploaded >= older.uploaded for newer, older in pairwise(photos))


def test_upload_times_and_ids_resemble_flickrs() -> None:
    """Ids have 11 digits and roughly ascend with the upload times, a few of which are equal."""
    photos = photos_of(SimulatedPhotostream(2000))
    times = Counter(photo.uploaded for photo in photos)
    numbers = [int(photo.id) for photo in photos]

    assert all(re.fullmatch(r"[1-9]\d{10}", photo.id) for photo in photos)
    assert 0.85 < len(times) / len(photos) < 1
    assert 0 < sum(older > newer for newer, older in pairwise(numbers)) < 100
    assert min(times) > 1_075_000_000
    assert max(times) == 1_760_000_000


def test_the_same_seed_makes_the_same_photos() -> None:
    """Two photostreams with the same seed have equal texts and pixels; another seed generates others."""
    first, second, third = (photos_of(SimulatedPhotostream(50, seed=seed)) for seed in (7, 7, 8))

    def facts(photos: list[SimulatedPhoto]) -> list[tuple[object, ...]]:
        return [(photo.id, photo.title, photo.best_url, photo.comments, photo.uploaded) for photo in photos]

    assert facts(first) == facts(second)
    assert facts(first) != facts(third)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_photostreams_work(count: int) -> None:
    """An account with few photos or none needs no special case."""
    stream = SimulatedPhotostream(count, newest=1_500_000_000)

    assert len(photos_of(stream)) == count
    assert stream.page() == (photos_of(stream), 1, min(count, 1), count)
    assert stream.first_upload == (photos_of(stream)[-1].uploaded if count else None)


def test_bounds_of_upload_time_are_inclusive() -> None:
    """A window of upload times includes the photos of its first and its last second."""
    stream = SimulatedPhotostream(300)
    photos = photos_of(stream)
    newest, oldest = photos[100].uploaded, photos[200].uploaded
    expected = [photo.id for photo in photos if oldest <= photo.uploaded <= newest]

    found, _, _, total = stream.page(per_page=500, min_upload_date=oldest, max_upload_date=newest)

    assert [photo.id for photo in found] == expected
    assert total == len(expected)
    assert {photos[100].id, photos[200].id} <= set(expected)


def test_a_window_without_photos_is_empty() -> None:
    """Contradictory bounds, and bounds before the first upload, have no photos."""
    stream = SimulatedPhotostream(30)

    assert stream.page(min_upload_date=2_000_000_000, max_upload_date=1)[3] == 0
    assert stream.page(max_upload_date=1_000_000_000) == ([], 1, 0, 0)


def test_pages_beyond_the_last_are_empty_and_those_beyond_10000_are_page_10000() -> None:
    """Flickr clamps page numbers without an error, and states that only in `page`."""
    stream = SimulatedPhotostream(10_050)

    assert stream.page(page=40, per_page=500)[:2] == ([], 40)
    clamped, page, pages, _ = stream.page(page=10_020, per_page=1)
    assert (page, pages) == (10_000, 10_050)
    assert [photo.id for photo in clamped] == [stream.ids[9999]]


def test_many_photos_can_share_one_second() -> None:
    """A batch of uploads in one second can have any size."""
    photos = photos_of(SimulatedPhotostream(1000, same_second=700))

    assert max(Counter(photo.uploaded for photo in photos).values()) >= 700
    assert len({photo.uploaded for photo in photos}) > 200


@pytest.mark.parametrize(
    ("count", "share", "expected"), [(1000, 0.25, 250), (10, 0.1, 1), (100, 0.29, 29), (9, 0, 0)]
)
def test_the_share_of_photos_with_comments_is_exact(count: int, share: float, expected: int) -> None:
    """Exactly this share has comments, one to six each, none newer than its `updated`."""
    photos = [photo for photo in photos_of(SimulatedPhotostream(count, commented=share)) if photo.comments]

    assert len(photos) == expected
    assert all(1 <= len(photo.comments) <= 6 for photo in photos)
    assert all(photo.uploaded < photo.comments[-1].date <= photo.updated for photo in photos)


def test_titles_are_varied_and_in_many_scripts() -> None:
    """Titles are mostly distinct, and have the scripts and peculiarities of a worldwide archive."""
    titles = [photo.title for photo in photos_of(SimulatedPhotostream(3000))]
    everything = "\n".join(titles)

    assert len(set(titles)) > 2700
    assert "" in titles
    assert any(title.isdecimal() for title in titles)
    for letters in ("[ạ-ỹ]", "[éèà]", "[一-鿿]", "[ぁ-ヿ]", "[가-힣]", "[؀-ۿ]", "[а-я]", "[🌀-🫿]", "&quot;"):
        assert re.search(letters, everything), letters


def test_an_upload_appears_at_its_second() -> None:
    """A photo uploaded now comes first, one uploaded in the past at its time; ids only increase."""
    stream = SimulatedPhotostream(20)
    stream.clock = lambda: 1_800_000_000.9
    middle = stream.photo(stream.ids[10]).uploaded

    (now,) = stream.upload()
    earlier = stream.upload(2, at=middle)

    assert stream.ids[0] == now
    assert stream.photo(now).uploaded == 1_800_000_000
    assert stream.photo(now).comments == ()
    at_that_second = [photo.id for photo in photos_of(stream) if photo.uploaded == middle]
    assert at_that_second[:2] == earlier[::-1]
    assert int(earlier[0]) > int(now) > 54_000_000_000


def test_photos_can_be_edited_commented_replaced_and_redated() -> None:
    """Every change is visible in the photo, updates its `updated`, and changes nothing else."""
    stream = SimulatedPhotostream(20)
    stream.clock = lambda: 1_800_000_000
    photo_id = stream.ids[5]
    before = stream.photo(photo_id)

    stream.edit(photo_id, title="", tags="huế")
    stream.edit(photo_id, description="new")
    stream.add_comment(photo_id, "Đẹp quá!")
    stream.replace_image(photo_id)
    stream.redate(photo_id, 1_400_000_000)
    after = stream.photo(photo_id)

    assert (after.title, after.description, after.tags) == ("", "new", "huế")
    assert after.taken == before.taken
    assert [comment.text for comment in after.comments] == [*(c.text for c in before.comments), "Đẹp quá!"]
    assert {size.path for size in after.pictures}.isdisjoint(size.path for size in before.pictures)
    assert (after.uploaded, after.updated) == (1_400_000_000, 1_800_000_000)
    assert stream.photo(stream.ids[6]).changes.updated == 0


def test_hidden_photos_can_reappear_and_deleted_ones_cannot() -> None:
    """A hidden photo is not listed until it is published; a deletion is permanent."""
    stream = SimulatedPhotostream(20)
    ids = stream.ids

    stream.hide(ids[3])
    stream.hide(ids[4])
    stream.delete(ids[4])
    stream.delete(ids[5])

    assert stream.ids == ids[:3] + ids[6:]
    assert ids[3] not in stream
    assert stream.photo(ids[3]).id == ids[3]
    for photo_id in (ids[4], ids[5], "1", "Huế"):
        with pytest.raises(KeyError):
            stream.photo(photo_id)

    for photo_id in ids:
        stream.publish(photo_id)

    assert stream.ids == ids[:4] + ids[6:]


def test_a_changing_photostream_equals_a_sorted_list() -> None:
    """After any number of uploads, deletions, date changes and hidings, the pages are those of a sorted list."""
    stream, random = SimulatedPhotostream(200, same_second=40), Random(3)
    times = {photo.id: photo.uploaded for photo in photos_of(stream)}
    hidden: dict[str, int] = {}
    low, high = min(times.values()), max(times.values())
    for _ in range(400):
        photo_id, second = random.choice(list(times)), random.randint(low, high)
        match random.choice(("upload", "delete", "redate", "hide", "publish", "copy")):
            case "upload":
                times |= dict.fromkeys(stream.upload(2, at=second), second)
            case "delete":
                stream.delete(photo_id)
                del times[photo_id]
            case "redate":
                stream.redate(photo_id, second)
                times[photo_id] = second
            case "hide":
                stream.hide(photo_id)
                hidden[photo_id] = times.pop(photo_id)
            case "publish" if hidden:
                photo_id, uploaded = hidden.popitem()
                stream.publish(photo_id)
                times[photo_id] = uploaded
            case "copy":  # into the second of another photo
                stream.redate(photo_id, random.choice(list(times.values())))
                times[photo_id] = stream.photo(photo_id).uploaded

    found, _, _, total = stream.page(per_page=1000, min_upload_date=low, max_upload_date=high)

    assert {photo.id: photo.uploaded for photo in found} == times
    assert total == len(times) == len(stream)
    assert [photo.uploaded for photo in found] == sorted(times.values(), reverse=True)
    assert all(photo_id in stream for photo_id in times)


# The sizes


def test_labels_are_those_of_the_product() -> None:
    """The simulator and the product agree on the names of sizes in a listing, and on their sides."""
    names = {name.key: (name.label, name.longest) for name in NAMES}

    for key, size in LISTED_SIZES.items():
        assert names.get(key, ("Original", None)) == size


def test_a_mix_has_every_kind_in_its_share() -> None:
    """Every hundred photos of the mixed stream have the exact shares of each kind, in all shapes."""
    stream = SimulatedPhotostream(1000, mix=Mix.MIXED)
    photos = photos_of(stream)
    no_originals = {photo.best.label for photo in photos if photo.kind is Kind.NO_ORIGINAL}

    for start in (0, 100, 900):
        kinds = Counter(photo.kind for photo in photos[start : start + 100])
        assert set(kinds) == set(Kind) - {Kind.PLAIN}
        assert kinds[Kind.VIDEO] in (6, 7, 8)
    labels = {"Medium 800", "Large 2048", "X-Large 3K", "X-Large 4K", "X-Large 5K", "X-Large 6K"}
    assert no_originals == labels


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        (Kind.LARGE, "Original"),
        (Kind.SMALL, "Original"),
        (Kind.LIMITED, "Large"),
        (Kind.ROTATED, "Original"),
        (Kind.PNG, "Original"),
        (Kind.GIF, "Original"),
        (Kind.PANORAMA, "X-Large 4K F"),
        (Kind.TIED, "Original"),
    ],
)
def test_the_best_size_of_each_kind(kind: Kind, label: str) -> None:
    """The size for assertions of other tests is the one expected from Flickr's documentation."""
    photo = first_of(MIXED, kind)

    assert photo.best.label == label
    assert photo.best_url == f"{MIXED.base_url}{photo.best.path}"
    assert photo.best_dims == (photo.best.width, photo.best.height)


def test_the_special_kinds_are_special() -> None:
    """A rotated original is not upright, a tied one has an equal size, a panorama has no "X-Large 4K"."""
    rotated, tied, panorama = (first_of(MIXED, kind) for kind in (Kind.ROTATED, Kind.TIED, Kind.PANORAMA))
    upright = size_of(rotated, "k") if max(rotated.best_dims) > 1600 else size_of(rotated, "h")

    assert (upright.height, upright.width) == rotated.best_dims
    assert rotated.rotation == 90
    assert size_of(tied, "h")[2:4] == tied.best_dims
    assert size_of(tied, "h").path != tied.best.path
    assert [size.label for size in panorama.pictures][-2:] == ["X-Large 3K", "X-Large 4K F"]


def test_sizes_of_1600_pixels_and_more_have_their_own_secrets() -> None:
    """The address of a large size cannot be guessed from that of a small one."""
    photo = SimulatedPhotostream(1, mix=Mix({Kind.LARGE: 1}), image_dims=(6000, 4000)).page()[0][0]
    secrets: dict[str, set[str]] = {}
    for size in photo.pictures:
        secrets.setdefault(size.path.split("_")[1].removesuffix(".jpg"), set()).add(size.key)

    assert secrets[photo.secret] == {"sq", "q", "t", "s", "n", "w", "m", "z", "c", "l"}
    assert sorted(len(keys) for keys in secrets.values()) == [1, 1, 1, 1, 1, 1, 1, 10]
    assert size_of(photo, "6k")[2:4] == (6000, 4000)


@pytest.mark.parametrize("undocumented", [True, False])
async def test_is_best_listed_is_right_for_every_kind(undocumented: bool) -> None:
    """It states whether one of the listed addresses is that of the best file."""
    async with calling(MIXED, undocumented_extras=undocumented) as caller:
        entries = await caller.listed()

        for photo in photos_of(MIXED):
            listed = {value for name, value in entries[photo.id].items() if name.startswith("url_")}
            assert (photo.best_url in listed) == photo.is_best_listed(undocumented_extras=undocumented)


# The pictures


@pytest.mark.slow
async def test_every_listed_picture_is_a_complete_image_of_its_size() -> None:
    """Each address of each kind of photo returns an image of the listed pixels and of its format."""
    seen = set()
    async with calling(MIXED) as caller:
        for photo in photos_of(MIXED):
            for size in photo.pictures:
                shape = (size.path[-3:], size.width, size.height)
                if shape not in seen:
                    response = await caller.get(photo.base_url + size.path)
                    image = opened(response.content)
                    assert image.size == (size.width, size.height)
                    assert response.headers["Content-Type"] == Image.MIME[image.format or ""]
                    assert response.headers["imagewidth"] == str(size.width)
                    assert response.headers["imageheight"] == str(size.height)
                    seen.add(shape)
    assert {extension for extension, _, _ in seen} == {"jpg", "png", "gif"}


@pytest.mark.parametrize("kind", [Kind.PLAIN, Kind.PNG, Kind.GIF, Kind.VIDEO])
async def test_pictures_depend_on_their_photo_and_address(kind: Kind) -> None:
    """No two photos have the same bytes; an address always returns the same ones, as in `file`."""
    stream = SimulatedPhotostream(12, mix=Mix({kind: 1}))
    async with calling(stream) as caller:
        bodies = {}
        for photo in photos_of(stream):
            first, second = [
                (await caller.get(photo.best_url, follow_redirects=True)).content for _ in range(2)
            ]
            assert first == second == caller.flickr.file(photo.id)
            bodies[first] = photo.id

        assert len(bodies) == 12
        assert caller.flickr.requests == Counter(dict.fromkeys(stream.ids, 2))
        assert caller.flickr.bytes_sent == 2 * sum(map(len, bodies))


async def test_pictures_have_the_recorded_headers() -> None:
    """A picture is sent in chunks, with its length in Flickr's own header, and an ETag that is not its MD5."""
    async with calling(SimulatedPhotostream(1)) as caller:
        response = await caller.get(caller.flickr.streams[0].page()[0][0].best_url)

        assert response.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in response.headers
        assert "Accept-Ranges" not in response.headers
        assert response.headers["x-ttdb-l"] == str(len(response.content))
        assert md5(response.content) not in response.headers["ETag"]


async def test_pictures_can_have_their_content_length() -> None:
    """A server can be set to send the length of pictures."""
    async with calling(SimulatedPhotostream(1), content_length=True) as caller:
        response = await caller.get(caller.flickr.streams[0].page()[0][0].best_url)

        assert response.headers["Content-Length"] == str(len(response.content))
        assert "Transfer-Encoding" not in response.headers


async def test_pictures_of_deleted_photos_and_old_secrets_are_404() -> None:
    """A wrong secret, a replaced image, a deleted photo: each is a 404 without a body. A private photo is served."""
    stream = SimulatedPhotostream(4)
    replaced, deleted, hidden, kept = photos_of(stream)
    async with calling(stream) as caller:
        stream.replace_image(replaced.id)
        stream.delete(deleted.id)
        stream.hide(hidden.id)
        stream.base_url = caller.flickr.url
        paths = [replaced.best.path, deleted.best.path, kept.best.path[:-8] + "ff_o.jpg"]

        for path in (*paths, "/65535/huế.jpg", "/"):
            response = await caller.get(caller.flickr.url + path)
            assert (response.status_code, response.content) == (404, b"")
        for photo_id in (replaced.id, hidden.id):
            assert (await caller.get(stream.photo(photo_id).best_url)).status_code == 200
        with pytest.raises(KeyError):
            caller.flickr.file(deleted.id)


def test_plain_pictures_are_small_and_noisy_ones_as_large_as_a_cameras() -> None:
    """Tests transfer a few kB per photo; benchmarks a fifth of a byte per pixel."""
    plain = SimulatedPhotostream(8)
    noisy = SimulatedPhotostream(1, image_dims=(2048, 1365), noise=True)
    (photo,) = photos_of(noisy)

    assert all(len(media_files.picture(photo, photo.best)) < 15_000 for photo in photos_of(plain))
    assert len(media_files.picture(photo, photo.best)) < 60_000
    assert photo.best_dims == (2048, 1365)
    assert 300_000 < len(media_files.picture(photo, photo.best, noise=True)) < 1_000_000


# The videos


def boxes(film: bytes) -> dict[bytes, bytes]:
    found, position = {}, 0
    while position < len(film):
        length, name = struct.unpack(">I4s", film[position : position + 8])
        found[name] = film[position + 8 : position + length]
        position += length
    assert position == len(film)
    return found


async def test_a_listing_of_a_video_has_posters_and_get_sizes_has_its_files() -> None:
    """`url_o` of a video is a JPEG; getSizes lists the files, which redirect to a complete MP4."""
    stream = SimulatedPhotostream(30, mix=Mix({Kind.VIDEO: 1}))
    async with calling(stream) as caller:
        for photo_id, entry in (await caller.listed()).items():
            assert (entry["media"], entry["media_status"]) == ("video", "ready")
            assert opened((await caller.get(entry["url_o"])).content).format == "JPEG"
            photo = stream.photo(photo_id)
            answer = await caller.call("flickr.photos.getSizes", photo_id=photo_id)
            rows = {row["label"]: row for row in answer["sizes"]["size"] if row["media"] == "video"}
            assert {"Video Player", "360p", "Site MP4"} <= set(rows)
            assert (rows["Site MP4"]["width"], rows["Site MP4"]["height"]) == ("", "")
            assert rows[photo.best.label]["source"] == photo.best_url

            redirect = await caller.get(photo.best_url)
            film = await caller.get(redirect.headers["Location"])

            assert redirect.status_code == 302
            assert set(boxes(film.content)) == {b"ftyp", b"moov", b"mdat"}
            assert b"mvhd" in boxes(boxes(film.content)[b"moov"])
            assert film.headers["Content-Length"] == str(len(film.content))
            assert film.headers["Accept-Ranges"] == "bytes"
            assert film.headers["ETag"].strip('"') == md5(film.content)


async def test_some_files_of_videos_are_for_their_owner_only() -> None:
    """The first file in getSizes may be refused, with a 403 or a 404; the best file is not."""
    stream = SimulatedPhotostream(60, mix=Mix({Kind.VIDEO: 1}))
    statuses: Counter[tuple[str, int]] = Counter()
    async with calling(stream) as caller:
        for photo in photos_of(stream):
            for video in photo.videos:
                response = await caller.get(caller.flickr.url + video.path, follow_redirects=True)
                assert response.status_code == (video.refusal or 200)
                statuses[video.label, response.status_code] += 1
            assert photo.best.refusal == 0
    refused = {("Video Original", 404), ("Video Original", 403), ("1080p", 403)}
    assert {key for key in statuses if key[1] != 200} == refused


async def test_the_signed_address_of_a_video_expires() -> None:
    """After 180 seconds, or with another signature, the address of a video answers 403."""
    now = 1_733_150_000.0
    stream = SimulatedPhotostream(1, mix=Mix({Kind.VIDEO: 1}))
    async with calling(stream, clock=lambda: now) as caller:
        (photo,) = photos_of(stream)
        address = (await caller.get(photo.best_url)).headers["Location"]
        path, _, token = address.partition("?s=")
        later = json.loads(base64.urlsafe_b64decode(token + "===")) | {"e": 2_000_000_000}
        forged = base64.urlsafe_b64encode(json.dumps(later).encode()).decode()

        for query in ("", "?s=", "?s=%%%", f"?s={forged}", "?s=bnVsbA"):
            assert (await caller.get(path + query)).status_code == 403
        now += 180
        assert (await caller.get(address)).status_code == 200
        now += 1
        assert (await caller.get(address)).status_code == 403
        assert (await caller.get(address.replace(photo.id, "1"))).status_code == 404


async def test_a_video_that_is_not_ready_becomes_ready() -> None:
    """A video that is being converted has neither addresses nor files; later it has."""
    stream = SimulatedPhotostream(3)
    (photo_id,) = stream.upload(kind=Kind.NOT_READY)
    async with calling(stream) as caller:
        pending = (await caller.listed())[photo_id]
        info = await caller.call("flickr.photos.getInfo", photo_id=photo_id)
        assert pending["media_status"] == "pending"
        assert not [name for name in pending if name.startswith("url_")]
        assert stream.photo(photo_id).videos == ()
        assert info["photo"]["video"]["pending"] == 1

        stream.edit(photo_id, kind=Kind.VIDEO)
        ready = (await caller.listed())[photo_id]

        assert ready["media_status"] == "ready"
        assert "url_o" in ready
        assert stream.photo(photo_id).best.media == "video"


# The API


async def test_a_listing_has_the_recorded_shape() -> None:
    """Without extras an entry has the nine recorded keys; the totals are those of the stream."""
    stream = SimulatedPhotostream(487)
    async with calling(stream) as caller:
        first = (await caller.call("flickr.people.getPhotos", user_id=stream.nsid))["photos"]
        second = (await caller.call("flickr.people.getPhotos", user_id=stream.nsid, page="2"))["photos"]

        assert [entry["id"] for entry in first["photo"]] == stream.ids[:100]
        assert [entry["id"] for entry in second["photo"]] == stream.ids[100:200]
        assert all(set(entry) == PLAIN_KEYS for entry in first["photo"])
        assert (first["page"], first["pages"], first["perpage"], first["total"]) == (1, 5, 100, "487")
        assert second["total"] == 487


async def test_a_listing_has_the_requested_extras_only() -> None:
    """Each extra adds its own keys, some of them under another name."""
    renamed = {
        "date_upload": {"dateupload"},
        "date_taken": {"datetaken", "datetakengranularity", "datetakenunknown"},
        "last_update": {"lastupdate"},
        "owner_name": {"ownername"},
        "path_alias": {"pathalias"},
        "original_format": {"originalsecret", "originalformat"},
        "o_dims": {"o_width", "o_height"},
        "media": {"media", "media_status"},
        "url_m": {"url_m", "height_m", "width_m"},
        "description": {"description"},
        "count_comments": {"count_comments"},
        "url_unheard_of": set(),
    }
    async with calling(SimulatedPhotostream(1)) as caller:
        for extra, keys in renamed.items():
            (entry,) = (await caller.listed(extra)).values()
            assert set(entry) - PLAIN_KEYS == keys, extra


async def test_a_listing_encodes_values_like_flickr() -> None:
    """Times and counts are strings, sizes are strings or numbers, descriptions are wrapped."""
    stream = SimulatedPhotostream(40, path_alias=None)
    async with calling(stream) as caller:
        entries = await caller.listed()

        sizes = {
            type(value) for entry in entries.values() for key, value in entry.items() if key[:6] == "width_"
        }
        assert sizes == {str, int}
        for photo in photos_of(stream):
            entry = entries[photo.id]
            assert entry["dateupload"] == str(photo.uploaded)
            assert entry["lastupdate"] == str(photo.updated)
            assert entry["count_comments"] == str(len(photo.comments))
            assert entry["description"] == {"_content": photo.description}
            assert entry["title"] == photo.title
            assert entry["pathalias"] is None
            assert ("geo_is_public" in entry) == (entry["latitude"] != 0)


async def test_forbidden_originals_show_only_their_dimensions() -> None:
    """Neither the listing nor getSizes has an original that the owner forbids; `o_dims` states its pixels."""
    async with calling(MIXED) as caller:
        entries = await caller.listed()

        for kind in (Kind.NO_ORIGINAL, Kind.LIMITED, Kind.PANORAMA):
            photo = first_of(MIXED, kind)
            sizes = (await caller.call("flickr.photos.getSizes", photo_id=photo.id))["sizes"]
            assert entries[photo.id].keys().isdisjoint(("url_o", "originalsecret", "originalformat"))
            width, height = photo.original_dims
            assert (entries[photo.id]["o_width"], entries[photo.id]["o_height"]) == (str(width), str(height))
            assert sizes["candownload"] == 0
            assert "Original" not in [size["label"] for size in sizes["size"]]


async def test_a_server_can_ignore_undocumented_extras() -> None:
    """Undocumented extras can be switched off, or the comment counts only."""
    stream = SimulatedPhotostream(3, mix=Mix({Kind.LARGE: 1}))
    undocumented = {"url_w", "url_h", "url_k", "count_comments", "count_faves", "rotation"}
    async with calling(stream) as caller:
        assert all(undocumented <= set(entry) for entry in (await caller.listed()).values())
    async with calling(stream, undocumented_extras=False) as caller:
        for entry in (await caller.listed()).values():
            assert undocumented.isdisjoint(entry)
            assert {"url_o", "url_l", "description"} <= set(entry)
    async with calling(stream, count_comments=False) as caller:
        assert all("count_comments" not in entry for entry in (await caller.listed()).values())


async def test_per_page_is_100_and_at_most_500() -> None:
    """A page has a hundred photos by default, and at most five hundred."""
    stream = SimulatedPhotostream(600)
    async with calling(stream) as caller:
        for asked, expected in (("", 100), ("7", 7), ("501", 500), ("0", 100), ("-1", 1), ("huế", 100)):
            assert len(await caller.listed("", per_page=asked)) == expected
        window = {"min_upload_date": "1", "max_upload_date": str(photos_of(stream)[-1].uploaded)}
        assert list(await caller.listed("", **window)) == [stream.ids[-1]]


async def test_sizes_are_listed_from_the_smallest_to_the_original() -> None:
    """getSizes lists label, pixels, address and media of every size, with numbers sometimes as strings."""
    stream = SimulatedPhotostream(1, image_dims=(3000, 2000))
    async with calling(stream) as caller:
        (photo,) = photos_of(stream)
        rows = (await caller.call("flickr.photos.getSizes", photo_id=photo.id))["sizes"]["size"]

        assert [row["label"] for row in rows] == [*(name.label for name in NAMES[:13]), "Original"]
        assert [(int(row["width"]), int(row["height"])) for row in rows[-3:]] == [
            (2048, 1365),
            (3000, 2000),
            (3000, 2000),
        ]
        assert {type(row[key]) for row in rows for key in ("width", "height")} == {str, int}
        assert rows[-1]["source"] == photo.best_url
        assert set(rows[0]) == {"label", "width", "height", "source", "url", "media"}


async def test_all_comments_are_listed() -> None:
    """comments.getList lists every comment, and leaves the key `comment` out if there is none."""
    stream = SimulatedPhotostream(8)
    silent, loud = (next(p for p in photos_of(stream) if bool(p.comments) is any_) for any_ in (False, True))
    async with calling(stream) as caller:
        nothing = await caller.call("flickr.photos.comments.getList", photo_id=silent.id)
        answer = await caller.call("flickr.photos.comments.getList", photo_id=loud.id)

        assert nothing == {"comments": {"photo_id": silent.id}, "stat": "ok"}
        listed = answer["comments"]["comment"]
        assert [comment["_content"] for comment in listed] == [comment.text for comment in loud.comments]
        assert listed[0]["datecreate"] == str(loud.comments[0].date)
        recorded = (
            "id author author_is_deleted authorname iconserver iconfarm datecreate permalink path_alias"
        )
        assert set(listed[0]) == {*recorded.split(), "realname", "_content"}
        assert [comment["path_alias"] for comment in listed] == [
            comment.path_alias or None for comment in loud.comments
        ]


async def test_photos_state_who_may_see_them() -> None:
    """The listing and getInfo have the same bits and the same safety level."""
    stream = SimulatedPhotostream(5)
    words = ("public", "friends", "family", "friends and family", "private")
    for photo_id, privacy in zip(stream.ids, words, strict=True):
        stream.edit(photo_id, privacy=privacy, safety_level=len(privacy) % 3)
    flickr = SimulatedFlickr(stream)
    own = partial(flickr.call, flickr.oauth.issue(stream.nsid))
    arguments = {"user_id": stream.nsid, "extras": "safety_level", "safe_search": "3"}
    entries = own(method="flickr.people.getPhotos", **arguments)["photos"]["photo"]
    bits = [tuple(entry[key] for key in BITS) for entry in entries]
    assert bits == [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (0, 0, 0)]
    for entry in entries:
        photo = own(method="flickr.photos.getInfo", photo_id=entry["id"])["photo"]
        assert photo["visibility"] == {key: entry[key] for key in BITS}
        assert photo["safety_level"] == entry["safety_level"] == str(stream.photo(entry["id"]).safety_level)


def test_each_account_sees_what_the_owner_allows() -> None:
    """Visitors see public and safe photos, contacts those for them, and the owner all photos; others are not found."""
    stream, friend = SimulatedPhotostream(6), SimulatedPhotostream(1, nsid="5@N05", username="friend")
    public, friends, family, both, private, restricted = stream.ids
    stream.edit(friends, privacy="friends")
    stream.edit(family, privacy="family")
    stream.edit(both, privacy="friends and family")
    stream.edit(private, privacy="private")
    stream.edit(restricted, safety_level=2)
    flickr = SimulatedFlickr(stream, friend)
    owner, contact = flickr.oauth.issue(stream.nsid), flickr.oauth.issue(friend.nsid)

    def seen(token: IssuedToken | None, **arguments: str) -> set[str]:
        answer = flickr.call(token, method="flickr.people.getPhotos", user_id=stream.nsid, **arguments)
        return {entry["id"] for entry in answer["photos"]["photo"]}

    assert seen(None, safe_search="3") == {public}
    assert seen(owner) == {public, friends, family, both, private}
    assert seen(owner, safe_search="3") == {public, friends, family, both, private, restricted}
    assert seen(contact, safe_search="3") == {public, restricted}
    stream.contacts[friend.nsid] = "friends"
    assert seen(contact, safe_search="3") == {public, restricted, friends, both}
    for token, code in ((None, 1), (contact, 1), (owner, None)):
        answer = flickr.call(token, method="flickr.photos.getSizes", photo_id=private)
        assert answer.get("code") == code


def test_recent_updates_are_the_callers_own_photos_latest_first() -> None:
    """Edits, comments and uploads count, at any position of the photostream; other photos are left out."""
    stream = SimulatedPhotostream(500)
    flickr = SimulatedFlickr(stream)
    owner = flickr.oauth.issue(stream.nsid)
    stream.edit(stream.ids[400], title="new", privacy="private", at=2_000_000_000)
    commented = stream.ids[300]
    stream.add_comment(commented, "Nice", at=2_000_000_100)
    stream.edit(stream.ids[200], title="old", at=1_900_000_000)
    (uploaded,) = stream.upload(at=2_000_000_200)
    edited = next(photo.id for photo in stream.updated_since(2_000_000_000) if photo.changes.title == "new")
    arguments = {"method": "flickr.photos.recentlyUpdated", "min_date": "2000000000"}

    answer = flickr.call(owner, **arguments)["photos"]
    assert [entry["id"] for entry in answer["photo"]] == [uploaded, commented, edited]
    assert int(answer["total"]) == 3
    assert len(flickr.call(owner, **arguments, per_page="2", page="2")["photos"]["photo"]) == 1
    assert flickr.call(**arguments)["code"] == 99
    assert flickr.call(owner, method="flickr.photos.recentlyUpdated")["code"] == 1


async def test_visits_are_counted_without_an_edit() -> None:
    """Views and favourites increase, and nothing else of an entry changes."""
    stream = SimulatedPhotostream(3)
    async with calling(stream) as caller:
        before = await caller.listed()
        stream.visits = 20
        after = await caller.listed()
        for photo_id, entry in after.items():
            assert int(entry["views"]) == int(before[photo_id]["views"]) + 20
            assert int(entry["count_faves"]) == int(before[photo_id]["count_faves"]) + 2
            old = before[photo_id]
            assert {**entry, "views": old["views"], "count_faves": old["count_faves"]} == old


async def test_info_contains_the_description_and_the_tags() -> None:
    """photos.getInfo wraps its texts, and contains the facts of the listing and a few more."""
    stream = SimulatedPhotostream(1)
    stream.edit(stream.ids[0], title="Huế", description="Sông Hương", tags="huế river")
    async with calling(stream) as caller:
        photo = (await caller.call("flickr.photos.getInfo", photo_id=stream.ids[0]))["photo"]

        assert (photo["title"], photo["description"]) == ({"_content": "Huế"}, {"_content": "Sông Hương"})
        assert [tag["_content"] for tag in photo["tags"]["tag"]] == ["huế", "river"]
        assert photo["originalformat"] == "jpg"
        assert photo["dates"]["posted"] == photo["dateuploaded"] == "1760000000"


async def test_a_username_is_not_a_path_alias() -> None:
    """findByUsername finds usernames, lookupUser addresses of photos and profiles; they can differ."""
    first = SimulatedPhotostream(2, nsid="1@N01", username="British Library", path_alias="britishlibrary")
    second = SimulatedPhotostream(0, nsid="2@N02", username="britishlibrary", path_alias=None)
    async with calling(first, second) as caller:
        for name, nsid in (("british library", "1@N01"), ("britishlibrary", "2@N02")):
            user = (await caller.call("flickr.people.findByUsername", username=name))["user"]
            assert user["id"] == user["nsid"] == nsid
        for url, nsid in (
            ("https://www.flickr.com/photos/britishlibrary/", "1@N01"),
            ("flickr.com/people/britishlibrary", "1@N01"),
            ("http://www.flickr.com/photos/2@N02/sets/1", "2@N02"),
        ):
            answer = await caller.call("flickr.urls.lookupUser", url=url)
            assert answer["user"]["id"] == nsid
        assert answer == {"user": {"id": "2@N02", "username": {"_content": "britishlibrary"}}, "stat": "ok"}


async def test_a_profile_contains_the_number_of_public_photos() -> None:
    """people.getInfo contains the names, the kind of account, the number of photos and the date of the first."""
    stream = SimulatedPhotostream(9, is_pro=False, real_name="Ánh")
    stream.hide(stream.ids[0])
    async with calling(stream, SimulatedPhotostream(0, nsid="2@N02")) as caller:
        person = (await caller.call("flickr.people.getInfo", user_id=stream.nsid))["person"]
        empty = (await caller.call("flickr.people.getInfo", user_id="2@N02"))["person"]

        assert (person["ispro"], person["username"]) == (0, {"_content": "saigon_archive"})
        assert person["realname"] == {"_content": "Ánh"}
        assert person["photos"]["count"] == {"_content": 8}
        assert person["photos"]["firstdate"] == {"_content": str(stream.first_upload)}
        assert empty["photos"] == {"count": {"_content": 0}}
        assert "realname" not in empty


REFUSALS = [
    ({"api_key": ""}, 100, "Invalid API Key (Key has invalid format)"),
    ({"api_key": "another"}, 100, "Invalid API Key (Key has invalid format)"),
    ({"method": "flickr.photos.search"}, 112, 'Method "flickr.photos.search" not found'),
    ({"format": "rest"}, 111, 'Format "rest" not found'),
    ({"method": "flickr.people.findByUsername", "username": "nobody"}, 1, "User not found"),
    ({"method": "flickr.people.findByUsername", "username": "gone"}, 1, "User not found"),
    ({"method": "flickr.people.findByUsername", "username": "saigon-archive"}, 1, "User not found"),
    ({"method": "flickr.urls.lookupUser", "url": "https://www.flickr.com/photos/gone/"}, 1, "User not found"),
    ({"method": "flickr.urls.lookupUser", "url": "https://example.org/"}, 1, "User not found"),
    ({"method": "flickr.people.getInfo", "user_id": "9@N09"}, 1, "User not found"),
    ({"method": "flickr.people.getInfo", "user_id": "5@N05"}, 5, "User deleted"),
    ({"method": "flickr.people.getPhotos"}, 1, "Required arguments missing"),
    ({"method": "flickr.people.getPhotos", "user_id": "9@N09"}, 2, "Unknown user"),
    ({"method": "flickr.people.getPhotos", "user_id": "5@N05"}, 5, "User deleted"),
    ({"method": "flickr.photos.getSizes", "photo_id": "1"}, 1, "Photo not found"),
    ({"method": "flickr.photos.getInfo"}, 1, "Photo not found"),
    ({"method": "flickr.photos.comments.getList", "photo_id": "huế"}, 1, "Photo not found"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), REFUSALS)
async def test_flickr_refuses_with_http_200(arguments: dict[str, str], code: int, message: str) -> None:
    """For any invalid call, the answer is HTTP 200 with Flickr's own code and message."""
    gone = SimulatedPhotostream(2, nsid="5@N05", username="gone", path_alias="gone", deleted=True)
    async with calling(SimulatedPhotostream(2), gone, api_key=KEY) as caller:
        answer = await caller.call(**{"method": "flickr.people.getInfo", **arguments})

        assert answer == {"stat": "fail", "code": code, "message": message}


async def test_the_photos_of_a_deleted_account_are_gone() -> None:
    """A deleted account has neither sizes nor pictures."""
    stream = SimulatedPhotostream(1)
    async with calling(stream) as caller:
        (photo,) = photos_of(stream)
        stream.deleted = True

        assert (await caller.get(photo.best_url)).status_code == 404
        assert (await caller.call("flickr.photos.getSizes", photo_id=photo.id))["code"] == 1


async def test_calls_can_use_get_and_jsonp() -> None:
    """The API reads arguments from the address too, and wraps its answer unless `nojsoncallback` is set."""
    stream = SimulatedPhotostream(3)
    arguments = {"method": "flickr.people.getInfo", "api_key": KEY, "user_id": stream.nsid, "format": "json"}
    async with calling(stream, clock=lambda: 1_733_150_000) as caller:
        plain = await caller.get(caller.flickr.api_url, params=arguments | {"nojsoncallback": "1"})
        wrapped = await caller.get(caller.flickr.api_url, params=arguments)

        assert plain.json()["person"]["nsid"] == stream.nsid
        assert wrapped.text == f"jsonFlickrApi({plain.text})"
        assert plain.headers["Date"] == "Mon, 02 Dec 2024 14:33:20 GMT"


# The server


async def test_calls_are_counted_by_method() -> None:
    """The counters count requests and can be reset; `answer` and `file` are not counted."""
    stream = SimulatedPhotostream(3)
    async with calling(stream) as caller:
        await caller.listed()
        await caller.listed()
        await caller.call("flickr.photos.getSizes", photo_id=stream.ids[0])
        await caller.get(stream.page()[0][0].best_url)
        caller.flickr.call(method="flickr.people.getInfo", user_id=stream.nsid)

        assert caller.flickr.calls == {"flickr.people.getPhotos": 2, "flickr.photos.getSizes": 1}
        assert caller.flickr.requests == {stream.ids[0]: 1}
        assert caller.flickr.bytes_sent == len(caller.flickr.file(stream.ids[0]))

        caller.flickr.reset_counters()

        assert (caller.flickr.calls, caller.flickr.requests, caller.flickr.bytes_sent) == ({}, {}, 0)


async def test_an_interceptor_can_replace_responses() -> None:
    """An interceptor answers instead of the server, passes requests on, or changes its answers."""
    stream = SimulatedPhotostream(3)
    async with calling(stream) as caller:

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            arguments = await arguments_of(request)
            if arguments.get("method") == "flickr.people.getInfo":
                return web.Response(status=502, text="<html>Bad Gateway</html>")
            if arguments.get("method") == "flickr.people.getPhotos":
                answer = caller.flickr.call(**arguments)
                del answer["photos"]["photo"][1:]
                return web.json_response(answer)
            return None

        caller.flickr.intercept = intercept

        broken = await caller.get(f"{caller.flickr.api_url}?method=flickr.people.getInfo")
        assert broken.status_code == 502
        assert list(await caller.listed()) == stream.ids[:1]
        assert (await caller.get(stream.page()[0][0].best_url)).status_code == 200
        assert caller.flickr.calls.total() == 2


async def test_latencies_delay_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    """API calls and pictures have separate latencies."""
    waits: list[float] = []

    async def sleep(delay: float) -> None:
        waits.append(delay)

    stream = SimulatedPhotostream(1)
    async with calling(stream, api_latency=0.2, image_latency=0.3) as caller:
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "sleep", sleep)
            await caller.listed()
            await caller.get(stream.page()[0][0].best_url)

    assert [wait for wait in waits if wait] == [0.2, 0.3]


async def test_a_server_can_restart_at_its_address() -> None:
    """A stopped server starts again on the same port, with the same photos."""
    flickr = SimulatedFlickr(SimulatedPhotostream(1))
    urls = []
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as http:
        for _ in range(2):
            async with flickr:
                urls.append(flickr.streams[0].page()[0][0].best_url)
                assert (await http.get(urls[-1])).status_code == 200
            with pytest.raises(httpx.ConnectError):
                await http.get(urls[-1])

    assert urls[0] == urls[1]


async def test_a_port_in_use_is_an_error() -> None:
    """Starting on the port of another server raises an error, and leaves nothing open."""
    async with SimulatedFlickr() as flickr:
        with pytest.raises(OSError, match="in use"):
            await SimulatedFlickr(port=flickr.port).__aenter__()


def test_a_blocking_caller_can_run_it_in_a_thread() -> None:
    """Blocking code gets a server that answers while it blocks."""
    stream = SimulatedPhotostream(5)

    with run_in_thread(SimulatedFlickr(stream)) as flickr, httpx.Client(verify=NO_CERTIFICATES) as http:
        response = http.get(stream.photo(stream.ids[2]).best_url)
        assert response.content == flickr.file(stream.ids[2])
    with pytest.raises(httpx.ConnectError):
        httpx.get(flickr.url)


def test_addresses_are_https_with_a_certificate() -> None:
    """With a TLS context every address begins with https."""
    flickr = SimulatedFlickr(port=8443, ssl=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    assert flickr.api_url == "https://127.0.0.1:8443/services/rest/"


def test_the_simulator_shares_little_code_with_the_product() -> None:
    """It shares only the reader of numbers and the encoder of answers."""
    package = Path(simulator.__file__).parent
    imported = {
        match
        for module in package.glob("*.py")
        for match in re.findall(
            r"^\s*(?:from|import) (flickr_mirror[\w.]*)", module.read_text("utf-8"), re.MULTILINE
        )
    }

    others = {name for name in imported if not name.startswith("flickr_mirror.simulator")}
    assert others == {"flickr_mirror.models.payloads", "flickr_mirror.models.rest_answers"}
    assert sorted(simulator.__all__) == simulator.__all__
    assert all(hasattr(simulator, name) for name in simulator.__all__)


# The command


@pytest.mark.parametrize(
    ("argv", "count", "kinds"),
    [
        (["--photos", "7"], 7, {Kind.PLAIN}),
        (["--photos", "3", "--mix", "free"], 3, {Kind.LIMITED}),
        (["--demo"], 60, {Kind.PLAIN, Kind.VIDEO}),
    ],
)
async def test_the_command_prints_the_address_of_the_api(
    argv: list[str], count: int, kinds: set[Kind], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m flickr_mirror.simulator` prints the address of its API on standard output."""
    announced = asyncio.Event()

    class Output(io.StringIO):
        def flush(self) -> None:
            announced.set()

    output = Output()
    monkeypatch.setattr("sys.stdout", output)
    flickr = build_flickr(build_parser().parse_args(argv))
    serving = asyncio.create_task(serve(flickr))
    await asyncio.wait_for(announced.wait(), 10)
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as http:
        answer = await http.get(output.getvalue().strip(), params={"nojsoncallback": "1"})
    serving.cancel()

    assert answer.json()["code"] == 100
    assert len(flickr.streams[0]) == count
    assert {photo.kind for photo in photos_of(flickr.streams[0])} == kinds
    with pytest.raises(asyncio.CancelledError):
        await serving


def test_the_command_ends_quietly_when_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the command without a traceback."""

    served: list[SimulatedFlickr] = []

    async def interrupted(flickr: SimulatedFlickr) -> None:
        served.append(flickr)
        raise KeyboardInterrupt

    monkeypatch.setattr("flickr_mirror.simulator.__main__.serve", interrupted)

    main(["--photos", "1"])
    assert len(served[0].streams[0]) == 1
