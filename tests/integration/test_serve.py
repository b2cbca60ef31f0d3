"""`serve`: clients of Flickr read a mirror, private photos need a password, and nothing is written."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import anyio
import flickrapi  # type: ignore[import-untyped]
import httpx
import pytest

from flickr_mirror import AsyncFlickrApi, open_mirror
from flickr_mirror.errors import ServerError
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.web.gallery.builder import GalleryBuilder
from flickr_mirror.web.gallery.options import GalleryOptions
from flickr_mirror.web.server import MirrorServer
from tests.support.hostile_requests import Target, attack
from tests.support.mirroring import Run, mirroring
from tests.support.pages import ROOT
from tests.support.plain_http import NO_CERTIFICATES
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror 30 photos with comments."""
    async with mirroring(tmp_path / "first", 30, commented=0.5) as run:
        await run(info_level=2)
        yield run


@pytest.fixture
async def server(run: Run) -> AsyncIterator[MirrorServer]:
    """Serve the mirror."""
    async with serving(run.root) as server:
        yield server


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a mirror, without its state."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".flickr_mirror" not in path.parts
    }


async def call(server: MirrorServer, method: str, **arguments: object) -> dict[str, Any]:
    """Return the answer to an API call."""
    query = {"method": f"flickr.{method}", "format": "json", "nojsoncallback": "1", **arguments}
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
        response = await client.get(f"{server.url}/services/rest/", params=query)  # type: ignore[arg-type]
    assert response.status_code == 200
    return dict(response.json())


async def test_a_mirror_of_the_mirror_is_equal(run: Run, server: MirrorServer, tmp_path: Path) -> None:
    again = Run(run.flickr, tmp_path / "second")
    again.flickr = type("Served", (), {"api_url": f"{server.url}/services/rest/", "streams": [run.stream]})()
    before = files(run.root)
    report = await again(info_level=2)
    assert (report.images, report.infos, report.failures) == (30, 30, [])
    assert files(tmp_path / "second") == before
    assert files(run.root) == before


async def test_the_own_client_reads_it(run: Run, server: MirrorServer) -> None:
    async with AsyncFlickrApi("k", "s", api_url=f"{server.url}/services/rest/") as api:
        user = await api.find_user(run.stream.username)
        page = await api.get_page(user.id, per_page=7, page=2)
        assert [photo.id for photo in page.photos] == list(run.stream.ids[7:14])
        commented = next(photo_id for photo_id in run.stream.ids if run.stream.photo(photo_id).comments)
        comments = await api.get_comments(commented)
    expected = run.stream.photo(commented).comments
    assert [comment.content for comment in comments] == [comment.text for comment in expected]
    assert comments[0].author_name == expected[0].author_name


async def test_flickrapi_reads_it(run: Run, server: MirrorServer) -> None:
    """The library of sybrenstuvel reads XML, by POST, from another address."""

    def read() -> tuple[str, list[str]]:
        client = type("Client", (flickrapi.FlickrAPI,), {"REST_URL": f"{server.url}/services/rest/"})(
            "k", "s", store_token=False
        )
        photos = client.people.getPhotos(user_id=run.stream.nsid, per_page=500).find("photos")
        return photos.get("total"), [photo.get("id") for photo in photos]

    total, ids = await anyio.to_thread.run_sync(read)
    assert (total, ids) == ("30", list(run.stream.ids))


async def test_a_page_is_limited_and_one_beyond_the_last_is_the_last(run: Run, server: MirrorServer) -> None:
    photos = (await call(server, "people.getPhotos", user_id=run.stream.nsid, per_page=1000, page=9))[
        "photos"
    ]
    assert (photos["page"], photos["pages"], photos["perpage"], len(photos["photo"])) == (1, 1, 500, 30)
    newest = run.stream.photo(run.stream.ids[0]).uploaded
    photos = (await call(server, "people.getPhotos", user_id=run.stream.nsid, max_upload_date=newest - 1))[
        "photos"
    ]
    assert photos["total"] == "29"


async def test_the_search_finds_words_and_dates(run: Run, server: MirrorServer) -> None:
    title = run.stream.photo(run.stream.ids[3]).title
    found = (await call(server, "photos.search", user_id=run.stream.nsid, text=f'"{title}"'))["photos"]
    assert run.stream.ids[3] in [photo["id"] for photo in found["photo"]]
    assert (await call(server, "photos.search", text="x" * 5_000))["photos"]["total"] == "0"


async def test_methods_that_write_and_unknown_ones_are_refused(server: MirrorServer) -> None:
    assert (await call(server, "photos.delete", photo_id="1"))["code"] == 99
    assert (await call(server, "photos.nothing"))["code"] == 112
    assert (await call(server, "photos.getInfo", photo_id="../x"))["code"] == 1
    assert (await call(server, "people.getInfo", user_id="x"))["code"] == 1


async def test_the_reference_names_every_method(server: MirrorServer) -> None:
    text = (ROOT / "docs" / "reference" / "command.md").read_text(encoding="utf-8")
    methods = (await call(server, "reflection.getMethods"))["methods"]["method"]
    names = [method["_content"].removeprefix("flickr.") for method in methods]
    assert [name for name in names if f"`{name}`" not in text] == []


async def test_a_file_is_served_in_ranges(run: Run, server: MirrorServer) -> None:
    sizes = (await call(server, "photos.getSizes", photo_id=run.stream.ids[0]))["sizes"]["size"]
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
        whole = await client.get(sizes[0]["source"])
        part = await client.get(sizes[0]["source"], headers={"Range": "bytes=0-1"})
    assert whole.content == run.path(run.stream.ids[0]).read_bytes()
    assert (part.status_code, part.content) == (206, whole.content[:2])
    assert whole.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 421), ("evil.example:{port}", 421), ("localhost:{port}", 200), ("127.0.0.1", 200)],
)
async def test_another_host_name_is_refused(server: MirrorServer, host: str, status: int) -> None:
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
        response = await client.get(server.url, headers={"Host": host.format(port=server.port)})
    assert response.status_code == status


async def test_private_photos_need_a_password(run: Run, tmp_path: Path) -> None:
    run.stream.photo(run.stream.ids[0])
    hidden, shown = run.stream.ids[:2]
    with open_mirror(run.root) as reader:
        path = reader.store.catalogue
    import sqlite3

    with sqlite3.connect(path) as database:
        database.execute(
            "UPDATE listed SET facts = json_set(facts, '$.privacy', 'family') WHERE id = ?", (int(hidden),)
        )
    database.close()
    with open_mirror(run.root) as reader:
        async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
            listed = (await call(server, "people.getPhotos", user_id=run.stream.nsid))["photos"]
            assert listed["total"] == "29"
            assert (await call(server, "photos.getInfo", photo_id=hidden))["code"] == 1
            assert (await call(server, "photos.search", text=""))["photos"]["total"] == "29"
        async with MirrorServer([reader], host="127.0.0.1", port=0, password="open sesame") as server:
            arguments = {"method": "flickr.photos.getInfo", "photo_id": hidden, "format": "json"}
            async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
                address = f"{server.url}/services/rest/"
                assert (await client.get(address, params=arguments)).status_code == 401
                wrong = await client.get(address, params=arguments, auth=("mirror", "x"))
                assert wrong.status_code == 401
                right = await client.get(address, params=arguments, auth=("mirror", "open sesame"))
                assert '"isfamily":1' in right.text
                bad = base64.b64encode(b"\xff\xfe").decode()
                header = {"Authorization": f"Basic {bad}"}
                assert (await client.get(address, headers=header)).status_code == 401
    assert shown


@pytest.mark.parametrize("count", [300, pytest.param(4_000, marks=pytest.mark.slow)])
async def test_hostile_requests_get_no_file_outside_the_mirror(
    run: Run, server: MirrorServer, count: int
) -> None:
    """No request makes the server fail, reads a file that is not served, or changes a file."""
    gallery_of(run)
    secret = run.root.parent / "secret.txt"
    secret.write_text("do not serve this")
    folder = run.root / run.stream.username
    image = (await call(server, "photos.getSizes", photo_id=run.stream.ids[0]))["sizes"]["size"][0]["source"]
    await call(server, "photos.search", text="builds the index")
    before = {**files(run.root), **state(folder)}
    target = Target(
        server.url,
        [
            f"/{image.split('/', 3)[3]}",
            "/",
            "/gallery/index.html",
            f"/{run.path(run.stream.ids[0]).relative_to(folder)}",
        ],
        run.stream.nsid,
        run.stream.ids,
        [b"do not serve this", b"SQLite format 3", (folder / ".flickr_mirror/owner.json").read_bytes()],
    )
    statuses = await attack(target, count)
    assert sum(statuses.values()) == count
    assert {200, 206, 400, 404, 405, 416, 421} <= statuses.keys()
    assert {**files(run.root), **state(folder)} == before


def state(folder: Path) -> dict[str, bytes]:
    """Return the files of the state folder, without those that SQLite has while a database is open."""
    return {
        path.name: path.read_bytes()
        for path in (folder / ".flickr_mirror").iterdir()
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


async def test_a_port_in_use_is_reported(run: Run, server: MirrorServer) -> None:
    with (
        open_mirror(run.root) as reader,
        pytest.raises(ServerError, match="Choose another address with --listen"),
    ):
        async with MirrorServer([reader], host="127.0.0.1", port=server.port):
            pass


async def test_changes_by_runs_are_shown(run: Run, server: MirrorServer) -> None:
    """Also after an earlier read, because SQLite opens a complete file as immutable."""
    for total in (30, 32, 34):
        photos = (await call(server, "people.getPhotos", user_id=run.stream.nsid))["photos"]
        assert photos["total"] == str(total)
        run.stream.upload(2)
        run.stream.edit(run.stream.ids[5], title=f"Boat {total}")
        await run(info_level=2)
        info = (await call(server, "photos.getInfo", photo_id=run.stream.ids[5]))["photo"]
        assert info["title"]["_content"] == f"Boat {total}"
        found = (await call(server, "photos.search", text=f'"Boat {total}"'))["photos"]["photo"]
        assert [photo["id"] for photo in found] == [run.stream.ids[5]]


async def test_a_title_is_text_on_the_page(run: Run, server: MirrorServer) -> None:
    run.stream.edit(run.stream.ids[0], title="<script>alert(1)</script>")
    await run(info_level=2)
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
        page = await client.get(server.url)
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_two_mirrors_are_two_accounts(tmp_path: Path) -> None:
    streams = (
        SimulatedPhotostream(3, username="anna"),
        SimulatedPhotostream(4, username="ben", nsid="7000001@N02"),
    )
    async with SimulatedFlickr(*streams) as flickr:
        for stream in streams:
            run = Run(flickr, tmp_path)
            run.stream = stream
            await run()
    with open_mirror(tmp_path, "anna") as anna, open_mirror(tmp_path, "ben") as ben:
        async with MirrorServer([anna, ben], host="127.0.0.1", port=0) as server:
            for stream in streams:
                person = (await call(server, "people.getInfo", user_id=stream.nsid))["person"]
                assert person["photos"]["count"]["_content"] == len(stream)


def gallery_of(run: Run, **options: bool) -> None:
    """Build the gallery of the mirror."""
    with open_mirror(run.root) as reader:
        GalleryBuilder(reader, GalleryOptions(thumbnails=0, **options)).build()  # type: ignore[arg-type]


async def get(server: MirrorServer, path: str, **options: Any) -> httpx.Response:
    """Return the answer for a path, which is sent unchanged."""
    async with httpx.AsyncClient(verify=NO_CERTIFICATES, **options) as client:
        return await client.get(f"{server.url}{path}")


async def test_every_photo_of_the_front_page_has_a_title_to_click(run: Run, server: MirrorServer) -> None:
    """A title of blanks is replaced by the id, and one of 64 kB is cut."""
    run.stream.edit(run.stream.ids[0], title="   ")
    run.stream.edit(run.stream.ids[1], title="x" * 65_000)
    await run(info_level=2, full_scan=True)
    page = (await get(server, "/")).text
    assert f">{run.stream.ids[0]}</a>" in page
    assert f">{'x' * 100}…</a>" in page
    assert "<p>30 photos</p>" in page


async def test_the_gallery_is_the_front_page(run: Run, server: MirrorServer) -> None:
    """The pages and the photos that they link are served, and no other files of the mirror."""
    assert not server.has_gallery
    assert "Run `mirror_flickr gallery`" in (await get(server, "/")).text
    assert (await get(server, "/")).status_code == 200
    assert (await get(server, "/gallery/")).status_code == 404
    gallery_of(run)
    front = await get(server, "/", follow_redirects=True)
    assert front.url.path == "/gallery/"
    assert "js/start.js" in front.text
    assert (await get(server, "/gallery/data/first.js")).text.startswith("flickrMirror.load(")
    photo = run.path(run.stream.ids[0])
    path = photo.relative_to(run.root / run.stream.username).as_posix()
    image = await get(server, f"/{path}", headers={"Range": "bytes=0-9"})
    assert (image.status_code, image.content) == (206, photo.read_bytes()[:10])
    for hostile in (
        f"/{path.removesuffix('jpg')}json",
        "/gallery/.gallery.sqlite",
        "/gallery/%2e%2e/.flickr_mirror/catalogue.sqlite",
        "/.flickr_mirror/catalogue.sqlite",
        "/gallery/data/../../.flickr_mirror/owner.json",
    ):
        assert (await get(server, hostile)).status_code == 404


async def test_a_gallery_with_private_photos_needs_a_password(run: Run, server: MirrorServer) -> None:
    """It is refused without a password, and so is the file of a photo that is not public."""
    hidden = run.path(run.stream.ids[0]).relative_to(run.root / run.stream.username).as_posix()
    run.stream.edit(run.stream.ids[0], privacy="family")
    run.log_in()
    await run(info_level=2, full_scan=True)
    gallery_of(run, private=True)
    assert (await get(server, "/gallery/index.html")).status_code == 404
    gallery_of(run)
    assert (await get(server, "/gallery/index.html")).status_code == 200
    assert (await get(server, f"/{hidden}")).status_code == 404
