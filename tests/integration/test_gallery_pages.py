"""The pages of a gallery in a real browser, from disk and without a network."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import flickr_mirror
from flickr_mirror import open_mirror
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.models.includes import Include
from flickr_mirror.simulator.data.album_filling import fill_albums
from flickr_mirror.simulator.data.sizes import Kind
from flickr_mirror.web.gallery.builder import GalleryBuilder
from flickr_mirror.web.gallery.options import GalleryOptions
from flickr_mirror.web.gallery.words import plain_word, spellings_of
from tests.support.browser import BROWSERS, Pages, open_browser
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ASSETS = Path(flickr_mirror.__file__).parent / "web/gallery/assets"
HOSTILE = "<img src=x onerror=\"window.hit=1\"></script><script>window.hit=2</script>'\\u0027); window.hit=3; ('\u2028"
TITLES = (
    "Đườrong 1966 - the old purple market",
    "VỊNH HẠ LOONG 1944",
    "Duorong dua thuyen",
    "舊街 viêng",
    HOSTILE,
)
DESCRIPTION = (
    'By <a href="https://example.org/x">a friend</a> &amp; <b>me</b><script>window.hit=4</script>'
    '<a href="javascript:window.hit=5">bad</a><img src=x onerror="window.hit=6">'
)
pytestmark = pytest.mark.slow


async def _mirror(root: Path, titles: tuple[str, ...], albums: int) -> Path:
    async with mirroring(root, 60, commented=0.3) as run:
        stream = run.stream
        for photo_id, title in zip(stream.ids, titles, strict=False):
            stream.edit(photo_id, title=title)
        stream.edit(stream.ids[1], description=DESCRIPTION, tags="karst boat", taken="1944-01-01 00:00:00")
        stream.add_comment(stream.ids[2], f"Zeppelin over the bay {HOSTILE}")
        stream.upload(kind=Kind.VIDEO)
        if albums:
            fill_albums(stream, albums, 20)
        await run(info_level=2, include=frozenset({Include.ALBUMS} if albums else ()))
        folder = root / stream.username
    with open_mirror(folder) as reader:
        GalleryBuilder(reader, GalleryOptions(thumbnails=100)).build()
    return folder / "gallery"


def build(root: Path, titles: tuple[str, ...], albums: int = 0) -> Path:
    """Mirror 61 photos, one of them a film, and return their gallery. Playwright's loop runs in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_mirror(root, titles, albums))).result()


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a gallery of 61 photos, one of them a film."""
    return build(tmp_path_factory.mktemp("pages"), TITLES)


@pytest.fixture(scope="module", params=BROWSERS)
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Open each browser that is installed."""
    with open_browser(request.param) as browser:
        yield browser


@pytest.fixture
def pages(browser: Browser, gallery: Path) -> Iterator[Pages]:
    """Open a window; finally check that no script failed, no policy was violated, and no request used the network."""
    pages = Pages(browser, gallery)
    yield pages
    assert pages.errors == []
    assert not [address for address in pages.requests if not address.startswith(("file:", "about:"))]
    assert pages.page.evaluate("window.hit") is None
    pages.context.close()


def shown_titles(pages: Pages) -> list[str]:
    """Return the titles in the grid, as a screen reader reads them."""
    found = pages.page.evaluate("[...document.querySelectorAll('.grid img')].map((image) => image.alt)")
    return [str(title) for title in found]


def search(pages: Pages, query: str) -> list[str]:
    """Type a query, and return the titles of its results."""
    pages.page.fill("#query", query)
    pages.until(f"document.querySelector('#bar h1').textContent === {query.strip()!r}")
    return shown_titles(pages)


def test_the_stream_opens_from_disk(pages: Pages) -> None:
    """The newest photos are shown, each with a thumbnail and a text for screen readers."""
    page = pages.open()
    pages.until("[...document.querySelectorAll('.grid img')].every((image) => image.naturalWidth > 0)")
    assert pages.texts("#bar .count") == ["61 photos"]
    assert len(shown_titles(pages)) > 20
    assert all(shown_titles(pages))
    assert page.get_attribute(".grid", "aria-rowcount")


def test_search_works_with_and_without_marks(pages: Pages) -> None:
    """A word without marks stands for all spellings, a word with marks for itself; comments are searched too."""
    pages.open()
    assert set(search(pages, "duorong")) == {TITLES[0], TITLES[2]}
    assert search(pages, "ĐƯỜRONG") == [TITLES[0]]
    assert search(pages, "dườrong") == []
    nfd = unicodedata.normalize("NFD", "đườrong")  # as a keyboard of macOS sends it
    assert search(pages, nfd) == [TITLES[0]]
    assert search(pages, "ha loong") == [TITLES[1]]
    assert search(pages, "舊街") == [TITLES[3]]
    assert search(pages, '"the old purple"') == [TITLES[0]]
    assert search(pages, '"old the purple"') == []
    assert search(pages, "zepp") == [TITLES[2]]
    assert search(pages, "title:zeppelin") == []
    assert search(pages, "tag:karst has:video") == []
    assert search(pages, "ha loong -vinh") == []
    assert TITLES[1] in search(pages, "year:1944")
    assert pages.texts("#status")[0].endswith("found")


def test_the_browser_and_the_index_separate_words_alike(pages: Pages) -> None:
    """The browser separates and folds any text into the same words as the index."""
    page = pages.open()
    texts = [
        *TITLES,
        "Ærøskøbing İstanbul ΣΊΣΥΦΟΣ straße Łódź ﬁne हिन्दी ไทย 한국어 émigré naïve 100% a_b c-d 日本語テスト नमस्ते",
        "x\u0301y \u202eabc\u202c 𝔘𝔫𝔦 e\u0301te\u0301 Việt Nam 🇻🇳 1966–1970",
    ]
    for text in texts:
        words = page.evaluate("(text) => flickrMirror.spellings(text)", text)
        assert words == spellings_of(text)
        folded = page.evaluate("(words) => words.map(flickrMirror.plain)", words)
        assert folded == [plain_word(word) for word in words]


def test_the_names_of_files_are_those_of_the_mirror(pages: Pages) -> None:
    """The browser computes the MD5 that names the files."""
    page = pages.open()
    for photo_id in ("49674775373", "1", "999999999999999999"):
        assert page.evaluate("(id) => flickrMirror.md5(`flickr.${id}`)", photo_id) == inventory_number(
            photo_id
        )


def test_a_photo_has_its_picture_texts_and_links(pages: Pages) -> None:
    """Harmless markup of Flickr's is kept, other markup is dropped."""
    pages.open("search/ha%20loong")
    pages.page.click(".grid a")
    pages.until("document.querySelector('#photo .text')")
    pages.until("document.querySelector('#photo .stage img:not(.small)').naturalWidth > 0")
    assert pages.texts("#photo h2") == [TITLES[1]]
    assert pages.texts("#photo .text") == ["By a friend & mebad"]
    links = pages.page.evaluate("[...document.querySelectorAll('#photo .text a')].map((link) => link.href)")
    assert links == ["https://example.org/x"]
    assert "1944" in pages.texts("#photo dd")[0]


def test_titles_and_comments_with_scripts_do_nothing(pages: Pages) -> None:
    """They are shown as text; the fixture checks that nothing was executed."""
    pages.open("search/zeppelin")
    pages.page.click(".grid a")
    pages.until("document.querySelector('#photo .comments')")
    assert "Zeppelin over the bay" in pages.texts("#photo .comments .text")[0]
    pages.open("search/onerror")
    assert HOSTILE.replace("\u2028", " ")[:30] in shown_titles(pages)[0]
    pages.page.click(".grid a")
    pages.until("document.querySelector('#photo[open]')")


def test_everything_works_with_the_keyboard(pages: Pages) -> None:
    """Search, move in the grid, open, continue, close: without a mouse, and the focus is restored."""
    page = pages.open()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "query"
    page.keyboard.type("duorong")
    pages.until("document.querySelectorAll('.grid a').length === 2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.index") == "1"
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    pages.until("document.querySelector('#photo[open]')")
    page.keyboard.press("ArrowRight")
    pages.until("document.querySelector('#photo').innerText.includes('2 of 2')")
    page.keyboard.press("Escape")
    pages.until("!document.querySelector('#photo[open]')")
    assert page.evaluate("document.activeElement.dataset.index") == "1"
    assert page.url.endswith("#/search/duorong")
    page.keyboard.press("?")
    pages.until("document.querySelector('#keys[open]')")


def test_a_film_plays_or_states_why_it_cannot(pages: Pages) -> None:
    """A film has controls, its poster, and a link to its file where the browser cannot play it."""
    page = pages.open("search/has%3Afilm")
    page.click(".grid a")
    pages.until("document.querySelector('#photo video')")
    video = page.locator("#photo video")
    assert video.get_attribute("controls") is not None
    assert str(video.get_attribute("src")).endswith(".mp4")
    assert (pages.folder / str(video.get_attribute("src"))).is_file()
    assert page.evaluate("document.querySelector('#photo a[href$=\".mp4\"]') !== null")
    pages.until("document.querySelector('.stage video').hidden")  # the simulated film has no pictures
    assert page.locator(".stage img").is_visible()
    assert "cannot play this film" in page.locator(".stage .note").inner_text()
    pages.errors.clear()


def test_back_reload_and_a_shared_link_restore_the_position(pages: Pages) -> None:
    """The address identifies the view, and the position in the grid is kept."""
    page = pages.open()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    pages.until("history.state && history.state.top > 0")
    top = page.evaluate("history.state.top")
    page.reload()
    pages.until("flickrMirror.isWhole === true && scrollY > 0")
    assert page.evaluate("flickrMirror.grid.topIndex()") == top
    page.click("#sections a[data-name=tags]")
    pages.until("document.querySelector('.cloud')")
    page.go_back()
    pages.until("document.querySelector('.grid')")


@pytest.mark.parametrize(
    "browser", ["chromium"], indirect=True
)  # axe reads the same document in each browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible_and_fits_a_phone(browser: Browser, gallery: Path, scheme: str) -> None:
    """axe finds no violation, and 390 pixels are wide enough."""
    resources = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed.")
    axe = (Path(resources.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    pages = Pages(browser, gallery, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    for route in ("", "time", "time/1944", "map", "tags", "charts", "about", "help", "photo"):
        page = pages.open("search/ha%20loong" if route == "photo" else route)
        if route == "photo":
            page.click(".grid a")
            pages.until("document.querySelector('#photo .text')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, route
        page.evaluate(axe)
        found = page.evaluate(
            "axe.run({preload: false}).then((result) => result.violations.map((one) => [one.id, one.nodes[0].html]))"
        )
        assert found == [], route
    assert pages.errors == []
    pages.context.close()


def test_a_map_shows_the_places_and_opens_them(pages: Pages) -> None:
    """The clusters are links with the number of photos; the keys move and zoom the map."""
    page = pages.open("map")
    pages.until("document.querySelector('.clusters a')")
    before = page.get_attribute(".clusters a", "aria-label")
    assert "photo" in str(before)
    assert page.evaluate(
        "(() => { const canvas = document.querySelector('.map canvas');"
        " const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
        " return pixels.some((value) => value > 0); })()"
    )
    page.focus(".map")
    page.keyboard.press("-")
    pages.until("location.hash.split('/').length === 5")
    page.click(".clusters a")
    pages.until("document.querySelector('.grid a') || document.querySelector('#photo[open]')")


def test_clusters_do_not_overlap_and_open_as_many_photos_as_they_state(
    browser: Browser, gallery: Path
) -> None:
    pages = Pages(browser, gallery, viewport={"width": 390, "height": 844})
    page = pages.open("map")
    pages.until("document.querySelector('.clusters a')")
    circles = page.evaluate(
        "[...document.querySelectorAll('.clusters li')].map((item) => [parseFloat(item.style.left),"
        " parseFloat(item.style.top), parseFloat(item.style.getPropertyValue('--size'))])"
    )
    apart = [
        ((x - u) ** 2 + (y - v) ** 2) ** 0.5 - (size + other) / 2
        for (x, y, size), (u, v, other) in combinations(circles, 2)
    ]
    assert min(apart, default=0) > -12  # one that has absorbed another may touch a third
    links = page.evaluate(
        "[...document.querySelectorAll('.clusters a')].map((link) => [link.getAttribute('href'), link.textContent])"
    )
    several = [(href, int(count)) for href, count in links if count]
    assert any(";" in href for href, _ in several)  # of joined cells
    for href, count in several:
        pages.open(href.removeprefix("#/"))
        assert page.evaluate("flickrMirror.grid.list.length") == count
    pages.context.close()


def test_the_timeline_is_true_to_scale(pages: Pages) -> None:
    page = pages.open("time")
    pages.until("document.querySelector('.chart rect')")
    first, last = map(int, page.inner_text("#bar .count").split(" to "))
    assert page.locator(".chart rect").count() == last - first + 1


def test_a_picture_that_cannot_be_shown_is_reported(browser: Browser, tmp_path: Path) -> None:
    folder = build(tmp_path, TITLES)
    with open_mirror(folder.parent) as reader:
        photo = next(photo for photo in reader.photos() if photo.facts.media == "photo")
        photo.files[0].path.write_bytes(b"broken")
        GalleryBuilder(reader, GalleryOptions(thumbnails=0)).build()
    pages = Pages(browser, folder)
    page = pages.open(f"photo/{photo.id}")
    pages.until("document.querySelector('.stage .note')")
    assert "This browser cannot show the picture. Open its file." in page.inner_text(".stage .note")
    pages.context.close()


def test_albums_and_collections_are_shown(tmp_path: Path, browser: Browser) -> None:
    """An album has its cover, its photos in the owner's order, and is found by its title and its collection's."""
    pages = Pages(browser, build(tmp_path, TITLES, albums=3))
    page = pages.open("albums")
    assert page.locator(".cards li").count() == 3
    assert pages.texts("section h2") == ["Fonds 1"]
    assert pages.texts("section h3") == ["Carton 1"]
    title = pages.texts(".cards b")[0]
    page.click(".cards a")
    pages.until("flickrMirror.grid")
    with open_mirror(pages.folder.parent) as reader:
        album = next(album for album in reader.albums() if album.title == title)
    assert page.evaluate("[...flickrMirror.grid.list].map(flickrMirror.id)") == list(album.photo_ids)
    assert pages.texts("#bar h1") == [title]
    page.fill("#query", "carton")
    pages.until("document.querySelectorAll('.cards b').length === 3")
    page.fill("#query", 'album:"fonds 1"')
    pages.until("document.querySelector('#bar h1').textContent.startsWith('album:')")
    assert page.evaluate("flickrMirror.grid.list.length") > 0
    page.goto(f"{page.url.partition('#')[0]}#/photo/{album.photo_ids[0]}")
    pages.until("[...document.querySelectorAll('#photo h3')].some((head) => head.textContent === 'Albums')")
    assert pages.errors == []
    pages.context.close()


def test_titles_from_right_to_left_reverse_the_layout(tmp_path: Path, browser: Browser) -> None:
    """The first photo is at the right, the left arrow moves forward, and there is no horizontal scrolling."""
    titles = tuple(f"نهر الضوء {number}" for number in range(60))
    pages = Pages(browser, build(tmp_path, titles), viewport={"width": 390, "height": 844})
    page = pages.open()
    assert page.evaluate("document.documentElement.dir") == "rtl"
    first, second = (
        page.evaluate(f"document.querySelector('a[data-index=\"{index}\"]').getBoundingClientRect().left")
        for index in (0, 1)
    )
    assert first > second
    count = "getComputedStyle(document.querySelector('#bar .count'))"
    assert page.evaluate(f"{count}.unicodeBidi") == "plaintext"  # "61 photos", not "photos 61"
    page.focus('a[data-index="0"]')
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.index") == "1"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert pages.errors == []
    pages.context.close()


def test_the_scripts_cannot_execute_a_text() -> None:
    """No script parses HTML, evaluates text or uses the network, and no page has inline scripts or styles."""
    parsers = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    forbidden = rf"{parsers}|fetch\(|XMLHttpRequest|import\("
    for path in ASSETS.rglob("*.js"):
        assert not re.search(forbidden, path.read_text(encoding="utf-8")), path
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    page = (ASSETS / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|\sstyle=|<script(?![^>]*\ssrc=)|<style|https?://", page)
    assert "default-src 'none'" in page
