"""The specification's examples, in the document's order, with its printed values.

Exempt are addresses, module prefixes and white space, and these errors of the document:

- waypoint 2: `Exception: an error occurred`: the class is a subclass of `Exception`, with the returned message;
- waypoint 6: `photo.sizes = size` assigns a name that does not exist; `sizes` is meant. The sizes listed there are
  another photo's, which has no effect;
- waypoint 7: the white space of the description differs between two lines of one example;
- waypoint 7: `photo.description.locale` prints `'vie'` once and `vie` once: the bare tag is right;
- waypoint 11: a private method is called from outside by its bare name ("fake method call"); its mangled name is used;
- waypoint 12: the log lines' times and hashes are of 2020; their format and order are asserted.
"""

from __future__ import annotations

import hashlib
import io
import logging
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx
from PIL import Image

from flickr_mirror import (
    CachingStrategy,
    FlickrApi,
    FlickrApiError,
    FlickrPhoto,
    FlickrUser,
    FlickrUserPhotostreamMirroringAgent,
    Label,
    Locale,
)
from flickr_mirror.cli.output.console import LOG_FORMAT
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.models.options import FLICKR_API_URL
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, run_in_thread
from tests.support.command import infos

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = ("fc8f309af6bf69bfea94628bce11eadb", "866597e43a98c8c5")
MANHHAI = {"id": "13476480@N07", "nsid": "13476480@N07", "username": {"_content": "manhhai"}}
SUFFIXES = {
    "Square": (75, 75, "c629a2f8ca_s"),
    "Large Square": ("150", "150", "c629a2f8ca_q"),
    "Thumbnail": (95, 100, "c629a2f8ca_t"),
    "Small": ("228", "240", "c629a2f8ca_m"),
    "Small 320": ("304", "320", "c629a2f8ca_n"),
    "Small 400": ("381", "400", "c629a2f8ca_w"),
    "Medium": ("476", "500", "c629a2f8ca"),
    "Medium 640": ("609", "640", "c629a2f8ca_z"),
    "Medium 800": ("761", "800", "c629a2f8ca_c"),
    "Large": ("974", "1024", "c629a2f8ca_b"),
    "Large 1600": ("1522", "1600", "c7e9e70192_h"),
    "Original": ("1522", "1600", "edb7355245_o"),
}
PRINTED_SIZES = """
- Square: 75x75 (https://live.staticflickr.com/65535/49499522706_c629a2f8ca_s.jpg)
- Large Square: 150x150 (https://live.staticflickr.com/65535/49499522706_c629a2f8ca_q.jpg)
- Thumbnail: 95x100 (https://live.staticflickr.com/65535/49499522706_c629a2f8ca_t.jpg)
- Small: 228x240 (https://live.staticflickr.com/65535/49499522706_c629a2f8ca_m.jpg)
- Small 320: 304x320 (https://live.staticflickr.com/65535/49499522706_c629a2f8ca_n.jpg)
- Small 400: 381x400 (https://live.staticflickr.com/65535/49499522706_c629a2f8ca_w.jpg)
- Medium: 476x500 (https://live.staticflickr.com/65535/49499522706_c629a2f8ca.jpg)
- Medium 640: 609x640 (https://live.staticflickr.com/65535/49499522706_c629a2f8ca_z.jpg)
- Medium 800: 761x800 (https://live.staticflickr.com/65535/49499522706_c629a2f8ca_c.jpg)
- Large: 974x1024 (https://live.staticflickr.com/65535/49499522706_c629a2f8ca_b.jpg)
- Large 1600: 1522x1600 (https://live.staticflickr.com/65535/49499522706_c7e9e70192_h.jpg)
- Original: 1522x1600 (https://live.staticflickr.com/65535/49499522706_edb7355245_o.jpg)
""".strip()
PAGE_10 = {
    "49499522706": "SAIGON 1938 - Nhà rồng (trụ sở hãng vận tải biển Messageries Maritimes tại Saigon)",
    "49499024083": "HẢI PHÒNG 1938 - Trụ sở hãng vận tải biển Messageries Maritimes tại Hải Phòng",
    "49496075888": "HANOI 1973 - Góc Phố Đinh Tiên Hoàng-Hàng Khay",
    "49501365086": "Phố Đinh Tiên Hoàng & Đồng Khánh HANOI",
    "49496564661": "HANOI 1973 - Cửa hàng Bách hóa Tổng hợp, góc Phố Tràng Tiền & Phố Hàng Bài",
}
CHOLON = ".\nnơi này thời Pháp thuộc:\n[http://www.flickr.com/photos/13476480@N07/4722795861/]"


def shown(value: object) -> str:
    """Return the printed form of a value, without addresses and module prefixes."""
    text = re.sub(r" at 0x[0-9a-f]+", " at 0x0", repr(value))
    return re.sub(r"(<class '|<)(?:\w+\.)+(?=\w+(?: object| enum|'))", r"\1", text)


@pytest.fixture
def flickr() -> Iterator[respx.MockRouter]:
    """Answer calls to Flickr's API; tests set the answers by `answer`."""
    with respx.mock(assert_all_called=False) as router:
        yield router


def answer(flickr: respx.MockRouter, method: str, **payload: Any) -> None:
    """Set the answer of a method."""
    flickr.get(FLICKR_API_URL, params__contains={"method": f"flickr.{method}"}).mock(
        return_value=httpx.Response(200, json={"stat": "ok", **payload})
    )


def sizes_of(photo_id: str, entries: dict[str, tuple[Any, Any, str]]) -> dict[str, Any]:
    """Return the answer of photos.getSizes, with its mix of numbers and texts."""
    return {
        "canblog": 0,
        "candownload": 1,
        "size": [
            {
                "label": label,
                "width": width,
                "height": height,
                "media": "photo",
                "source": f"https://live.staticflickr.com/65535/{photo_id}_{suffix}.jpg",
                "url": f"https://www.flickr.com/photos/13476480@N07/{photo_id}/sizes/",
            }
            for label, (width, height, suffix) in entries.items()
        ],
    }


@pytest.fixture
def flickr_api() -> FlickrApi:
    """Return the API of the examples."""
    return FlickrApi("0123456789abcdef0123456789abcdef", "0123456789abcdef")


def test_waypoint_1_keys_are_private(flickr_api: FlickrApi) -> None:
    """The API does not show its keys."""
    with pytest.raises(AttributeError, match="'FlickrApi' object has no attribute 'consumer_key'"):
        flickr_api.consumer_key  # type: ignore[attr-defined]  # noqa: B018
    assert KEYS[0] not in repr(vars(FlickrApi(*KEYS)).keys())


def test_waypoint_2_users(flickr_api: FlickrApi, flickr: respx.MockRouter) -> None:
    """A user has an id and a name, comes from JSON, and is found by name."""
    user = FlickrUser("13476480@N07", "manhhai")
    assert shown(user.user_id) == "'13476480@N07'"
    assert shown(user.username) == "'manhhai'"
    with pytest.raises(AttributeError):
        user.username = "x"  # type: ignore[misc]
    user = FlickrUser.from_json(MANHHAI)
    assert (user.user_id, user.username) == ("13476480@N07", "manhhai")
    answer(
        flickr, "people.findByUsername", user={"nsid": "75571860@N06", "username": {"_content": "aleshurik"}}
    )
    user = flickr_api.find_user("aleshurik")
    assert shown(user.username) == "'aleshurik'"
    assert shown(user.user_id) == "'75571860@N06'"


def test_waypoint_2_errors(flickr_api: FlickrApi, flickr: respx.MockRouter) -> None:
    """A refusal of Flickr is an exception with the returned message."""
    answer(flickr, "people.findByUsername")
    flickr.get(FLICKR_API_URL).mock(
        return_value=httpx.Response(200, json={"stat": "fail", "code": 1, "message": "an error occurred"})
    )
    flickr.routes.clear()
    flickr.get(FLICKR_API_URL).mock(
        return_value=httpx.Response(200, json={"stat": "fail", "code": 1, "message": "an error occurred"})
    )
    with pytest.raises(FlickrApiError) as caught:
        flickr_api.find_user("Elena Shumilova")
    assert str(caught.value) == "an error occurred"


def test_waypoint_3_photos() -> None:
    """A photo has an id, and comes from JSON."""
    photo = FlickrPhoto("49510908217", "SAIGON 1974 - Rạch Bến Nghé, Bến Chương Dương")
    assert shown(photo.id) == "'49510908217'"
    payload = {
        "id": "49510908217",
        "owner": "13476480@N07",
        "secret": "6f78f65cfd",
        "server": "65535",
        "farm": 66,
        "title": "SAIGON 1974 - Rạch Bến Nghé, Bến Chương Dương",
        "ispublic": 1,
        "isfriend": 0,
        "isfamily": 0,
    }
    photo = FlickrPhoto.from_json(payload)
    assert shown(photo.id) == "'49510908217'"


def test_waypoint_4_locales_and_labels() -> None:
    """Locales and labels are as printed, and a photo's title has its language."""
    assert str(Locale("vie")) == "vie"
    assert str(Locale.from_string("fr-CA")) == "fra-CA"
    label = Label("Hello, World!")
    assert shown(label.content) == "'Hello, World!'"
    assert shown(type(label.locale)) == "<class 'Locale'>"
    assert str(label.locale) == "eng"
    label = Label("Rạch Bến Nghé, Bến Chương Dương", Locale("vie"))
    assert shown(label.content) == "'Rạch Bến Nghé, Bến Chương Dương'"
    assert str(label.locale) == "vie"
    photo = FlickrPhoto("49510908217", "SAIGON 1974 - Rạch Bến Nghé, Bến Chương Dương")
    assert shown(photo.title) == "<Label object at 0x0>"
    assert shown(photo.title.content) == "'SAIGON 1974 - Rạch Bến Nghé, Bến Chương Dương'"
    assert shown(photo.title.locale) == "vie"


def test_waypoint_5_pages(flickr_api: FlickrApi, flickr: respx.MockRouter) -> None:
    """A page of photos has the numbers of pages and of photos."""
    photos: list[Any] = [{"id": photo_id, "title": title} for photo_id, title in PAGE_10.items()]
    page = {"page": 10, "pages": 20380, "perpage": 5, "total": "101899", "photo": photos}
    answer(flickr, "people.getPhotos", photos=page)
    photos, page_count, photo_count = flickr_api.get_photos("13476480@N07", page=10, per_page=5)
    assert shown(page_count) == "20380"
    assert shown(photo_count) == "101899"
    printed = "\n".join([f"({photo.id}) {photo.title.content}" for photo in photos])
    assert printed == "\n".join(f"({photo_id}) {title}" for photo_id, title in PAGE_10.items())
    asked = flickr.calls.last.request.url.params
    assert (asked["page"], asked["per_page"], asked["user_id"]) == ("10", "5", "13476480@N07")
    flickr_api.get_photos("13476480@N07")
    asked = flickr.calls.last.request.url.params
    assert (asked["page"], asked["per_page"]) == ("1", "100")


def test_waypoint_6_sizes(flickr_api: FlickrApi, flickr: respx.MockRouter) -> None:
    """The sizes are listed as printed, and the best one is the first with the most pixels."""
    photos = [{"id": "49513950058", "title": "LAI THIEU 1974 - Fabrication de poteries"}]
    answer(flickr, "people.getPhotos", photos={"page": 1, "pages": 1019, "total": "101899", "photo": photos})
    answer(flickr, "photos.getSizes", sizes=sizes_of("49499522706", SUFFIXES))
    sizes = flickr_api.get_photo_sizes("49499522706")
    printed = [f"- {size.label}: {size.width}x{size.height} ({size.url})" for size in sizes]
    assert "\n".join(printed) == PRINTED_SIZES
    listed, _, _ = flickr_api.get_photos("13476480@N07")
    photo = listed[0]
    assert shown(photo.id) == "'49513950058'"
    assert shown(photo.title.content) == "'LAI THIEU 1974 - Fabrication de poteries'"
    photo.sizes = sizes
    assert photo.best_size is not None
    assert shown(photo.best_size.width) == "1522"
    assert shown(photo.best_size.height) == "1600"
    assert photo.best_size.url == "https://live.staticflickr.com/65535/49499522706_c7e9e70192_h.jpg"


def test_waypoint_7_description_and_comments(flickr_api: FlickrApi, flickr: respx.MockRouter) -> None:
    """Descriptions and comments are fetched as texts, and are labels of the photo."""
    comments = [CHOLON, "Cám ơn bạn", "Great shot!", "Đẹp quá", "Merci"]
    answer(flickr, "photos.getInfo", photo={"description": {"_content": ""}})
    answer(flickr, "photos.comments.getList", comments={"comment": [{"_content": text} for text in comments]})
    description, texts = flickr_api.get_photo_info("8967911298")
    assert shown(description) == "''"
    assert shown(len(texts)) == "5"
    assert texts[0] == CHOLON
    photo = FlickrPhoto(
        "8967911298", "CHOLON 1950 - Vòng xoay giao lộ Khổng Tử - Tổng Đốc Phương (ngã 5 Cholon)"
    )
    photo.comments = flickr_api.get_photo_comments("8967911298")
    assert shown(photo.comments) == "[" + ", ".join(["<Label object at 0x0>"] * 5) + "]"
    assert photo.comments[0].content == CHOLON
    assert shown(photo.comments[0].locale) == "vie"


def test_waypoint_7_language_of_a_description(flickr_api: FlickrApi, flickr: respx.MockRouter) -> None:
    """A description that is set as a text is read as a label with its language."""
    text = "Giờ thể dục của học sinh trường Thiếu sinh quân\nBinh Duong – Thu Dau Mot\n    Date : 1920-1929"
    answer(flickr, "photos.getInfo", photo={"description": {"_content": text}})
    photo = FlickrPhoto("49515206006", "THU DAU MOT - Ecole des enfants de troupe - La gymnastique -")
    description = flickr_api.get_photo_description("49515206006")
    assert description == text
    photo.description = description
    assert shown(photo.description) == "<Label object at 0x0>"
    assert photo.description is not None
    assert photo.description.content == text
    assert shown(photo.description.locale) == "vie"


def test_waypoint_10_the_agent_has_its_user(flickr: respx.MockRouter, tmp_path: Path) -> None:
    """The agent's user is looked up by the username, once."""
    answer(flickr, "people.findByUsername", user=MANHHAI)
    agent = FlickrUserPhotostreamMirroringAgent("manhhai", *KEYS, cache_root_path_name=tmp_path)
    assert shown(agent.user) == "<FlickrUser object at 0x0>"
    assert shown(agent.user.id) == "'13476480@N07'"
    assert shown(agent.user.username) == "'manhhai'"
    assert flickr.calls.call_count == 1


def test_waypoint_11_the_inventory_number() -> None:
    """The document's file name is the hash of "flickr." and the id."""
    assert hashlib.md5(b"flickr.49674775373", usedforsecurity=False).hexdigest() == (
        "fb2e16023f14649810da65b5fcbea02e"
    )
    assert inventory_number("49674775373") == "fb2e16023f14649810da65b5fcbea02e"


def test_waypoint_11_one_photo_at_its_path(flickr: respx.MockRouter, tmp_path: Path) -> None:
    """The best image of a photo is stored four folders deep, under the user's name."""
    file = io.BytesIO()
    Image.new("RGB", (3072, 2048)).save(file, "JPEG")
    url = "https://live.staticflickr.com/65535/49674775373_689e7ad3a2_3k.jpg"

    def image(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == url
        return httpx.Response(200, content=file.getvalue())

    answer(flickr, "people.findByUsername", user=MANHHAI)
    entries: dict[str, tuple[Any, Any, str]] = {
        "Large": (1024, 683, "689e7ad3a2_b"),
        "X-Large 3K": ("3072", "2048", "689e7ad3a2_3k"),
    }
    answer(flickr, "photos.getSizes", sizes=sizes_of("49674775373", entries))
    agent = FlickrUserPhotostreamMirroringAgent(
        "manhhai", *KEYS, tmp_path, image_transport=httpx.MockTransport(image)
    )
    photo = FlickrPhoto(
        "49674775373", Label("Huế 1920-1929 - Chez un grand mandarin : avant le repas", Locale("fra"))
    )
    agent._FlickrUserPhotostreamMirroringAgent__download_photo_image(photo)  # type: ignore[attr-defined]
    assert photo.best_size is not None
    assert photo.best_size.url == url
    assert shown(photo.image_filename) == "'fb2e16023f14649810da65b5fcbea02e.jpg'"
    found = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob(photo.image_filename)]
    assert found == ["manhhai/f/b/2/e/fb2e16023f14649810da65b5fcbea02e.jpg"]


def test_waypoint_12_the_strategies() -> None:
    """The enumeration is as printed."""
    assert repr(CachingStrategy) == "<enum 'CachingStrategy'>"
    assert repr(CachingStrategy.FIFO) == "<CachingStrategy.FIFO: 1>"
    assert repr(CachingStrategy.LIFO) == "<CachingStrategy.LIFO: 2>"


@pytest.mark.parametrize(("strategy", "first"), [(CachingStrategy.LIFO, 1), (CachingStrategy.FIFO, 1026)])
def test_waypoint_12_the_first_page(
    flickr: respx.MockRouter,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    strategy: CachingStrategy,
    first: int,
) -> None:
    """A stream of 1,026 pages is scanned from its first page, or from its last."""
    photos = [{"id": str(10_000 + n), "title": "x", "dateupload": str(1_500_000_000 - n)} for n in range(500)]
    page = {"page": 1, "pages": 1026, "perpage": 500, "total": str(1026 * 500), "photo": photos}
    answer(flickr, "people.findByUsername", user=MANHHAI)
    answer(flickr, "people.getInfo", person={**MANHHAI, "photos": {"count": {"_content": "513000"}}})
    refusal = httpx.Response(200, json={"stat": "fail", "code": 7, "message": "enough"})
    pages = [httpx.Response(200, json={"stat": "ok", "photos": page}), refusal]
    if strategy is CachingStrategy.FIFO:  # page 1 shows only the number of pages
        last: dict[str, Any] = {**page, "page": 1026, "total": str(1026 * 500 - 499)}
        last["photo"] = [{**photo, "id": photo["id"] + "7"} for photo in photos]
        for photo in last["photo"]:
            photo["dateupload"] = str(int(photo["dateupload"]) - 10_000)
        pages.insert(1, httpx.Response(200, json={"stat": "ok", "photos": last}))
        pages.insert(2, pages[1])
    flickr.get(FLICKR_API_URL, params__contains={"method": "flickr.people.getPhotos"}).mock(side_effect=pages)
    caplog.set_level(logging.INFO, "flickr_mirror")
    agent = FlickrUserPhotostreamMirroringAgent(
        "manhhai", *KEYS, tmp_path, info_only=True, caching_strategy=strategy
    )
    with suppress(FlickrApiError):
        agent.run()
    record = next(record for record in caplog.records if "Scanning" in record.getMessage())
    line = logging.Formatter(LOG_FORMAT).format(record)
    assert re.fullmatch(
        rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d,\d{{3}} \[INFO\] Scanning page {first}/1026\.\.\.", line
    )


@pytest.mark.parametrize("strategy", CachingStrategy)
def test_waypoint_12_images_are_cached(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, strategy: CachingStrategy
) -> None:
    """`run` logs each photo by its inventory number, and stores it at its path."""
    caplog.set_level(logging.INFO, "flickr_mirror")
    stream = SimulatedPhotostream(16)
    with run_in_thread(SimulatedFlickr(stream)) as flickr:
        agent = FlickrUserPhotostreamMirroringAgent(
            stream.username,
            *KEYS,
            tmp_path,
            image_only=True,
            caching_strategy=strategy,
            api_url=flickr.api_url,
        )
        agent.run()
    numbers = [inventory_number(photo_id) for photo_id in stream.ids]
    lines = [record.getMessage() for record in caplog.records if "Caching image" in record.getMessage()]
    assert set(lines) == {f"Caching image of photo {number}..." for number in numbers}
    folder = tmp_path / stream.username
    files = {str(path.relative_to(folder)) for path in folder.rglob("*.jpg")}
    assert files == {"/".join((*number[:4], f"{number}.jpg")) for number in numbers}


@pytest.mark.slow
def test_waypoint_13_information_has_the_specified_shape(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Level 0 is the title, level 1 adds the description, level 2 the comments, each with its locale."""
    caplog.set_level(logging.INFO, "flickr_mirror")
    stream = SimulatedPhotostream(4)
    with run_in_thread(SimulatedFlickr(stream)) as flickr:
        for level, parts in enumerate(
            (["title"], ["title", "description"], ["title", "description", "comments"])
        ):
            FlickrUserPhotostreamMirroringAgent(
                stream.username, *KEYS, tmp_path, info_only=True, info_level=level, api_url=flickr.api_url
            ).run()
            for photo_id, document in infos(tmp_path).items():
                assert list(document) == [*parts, "flickr"]
                texts = [document["title"], *document.get("comments", [])]
                assert all(set(text) == {"content", "locale"} for text in texts)
                assert document["title"]["content"] == stream.photo(photo_id).title
    assert any(
        re.fullmatch(r"Caching information of photo [0-9a-f]{32}\.\.\.", record.getMessage())
        for record in caplog.records
    )
