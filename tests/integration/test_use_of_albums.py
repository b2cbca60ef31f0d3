"""Albums in search, list, export, description and server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from flickr_mirror import Include, PhotoFilter, SearchIndex, import_export, open_mirror
from flickr_mirror.cli.commands.export import ExportPlan, run_export
from flickr_mirror.cli.commands.list_photos import Listing
from flickr_mirror.cli.commands.reports import list_mirror
from flickr_mirror.export.description.describe import describe
from flickr_mirror.export.names import NameTemplate
from flickr_mirror.simulator import SimulatedAlbum, write_export
from flickr_mirror.web.server import MirrorServer
from tests.support.mirroring import mirroring
from tests.support.plain_http import NO_CERTIFICATES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.mirroring import Run

pytestmark = pytest.mark.usefixtures("one_language")
TITLE = "Huế 1966"
ALL = frozenset({Include.ALBUMS})


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror 6 photos, of which three are in an album, in their own order."""
    async with mirroring(tmp_path / "cache", 6) as run:
        run.stream.albums.append(SimulatedAlbum("7215771", TITLE, photo_ids=members(run)))
        await run(info_level=1, include=ALL)
        yield run


def members(run: Run) -> list[str]:
    """Return the ids of the photos of the album, in its order."""
    return [run.stream.ids[4], run.stream.ids[0], run.stream.ids[2]]


async def test_the_reader_has_the_album_in_the_order_of_the_owner(run: Run) -> None:
    with open_mirror(run.root) as reader:
        [album] = reader.albums()
        assert (album.title, list(album.photo_ids), album.gone) == (TITLE, members(run), False)
        assert reader.find_album("huế 1966") == reader.find_album("7215771") == album
        assert reader.find_album("x") is None


async def test_photos_are_found_by_the_title_of_their_album(run: Run) -> None:
    with open_mirror(run.root) as reader, SearchIndex(reader) as index:
        index.update()
        found = {str(photo_id) for photo_id in index.search("album:hue", PhotoFilter()).photo_ids}
        assert found == set(members(run))
        chosen = index.search("", PhotoFilter(album=TITLE)).photo_ids
        assert {str(photo_id) for photo_id in chosen} == set(members(run))


async def test_a_renamed_album_is_found_by_its_new_title(run: Run) -> None:
    with open_mirror(run.root) as reader, SearchIndex(reader) as index:
        index.update()
    run.stream.albums[0].edit(title="Sài Gòn")
    await run(info_level=1, include=ALL)
    with open_mirror(run.root) as reader, SearchIndex(reader) as index:
        index.update()
        assert index.search("album:hue", PhotoFilter()).total == 0
        assert index.search("album:sai", PhotoFilter()).total == 3


async def test_a_missing_album_is_reported(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    listing = Listing(photo_filter=PhotoFilter(album="x"))
    assert list_mirror(run.stream.username, cache_path=run.root, listing=listing) == 4
    printed = capsys.readouterr().err
    assert f"There is no album 'x' in the mirror 'saigon_archive'. There are: '{TITLE}'." in printed


async def test_the_name_of_an_exported_photo_can_have_its_album(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "export"
    plan = ExportPlan(
        target=target,
        style="folders",
        template=NameTemplate("{album}/{id}"),
        xmp=True,
        embeds=False,
        copies=False,
        includes_private=False,
        photo_filter=PhotoFilter(),
        as_json=False,
    )
    assert run_export(run.root, None, plan) == 0
    found: dict[str, set[str]] = {}
    for path in target.rglob("*.jpg"):
        found.setdefault(path.parent.name, set()).add(path.stem)
    assert found == {TITLE: set(members(run)), "no album": set(run.stream.ids) - set(members(run))}
    [xmp] = (target / TITLE).glob(f"{members(run)[0]}.jpg.xmp")
    assert f"Flickr albums|{TITLE}" in xmp.read_text(encoding="utf-8")


async def test_the_description_lists_the_photos_of_the_album(run: Run) -> None:
    with open_mirror(run.root) as reader:
        describe(reader)
    lines = (run.root / run.stream.username / "albums.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split("\t")[3:5] for line in lines] == [
        [str(position), photo_id] for position, photo_id in enumerate(members(run), 1)
    ]


async def test_the_server_answers_for_albums(run: Run) -> None:
    async def call(method: str, **arguments: str) -> dict[str, Any]:
        query = {"method": f"flickr.{method}", "format": "json", "nojsoncallback": "1", **arguments}
        async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
            return dict((await client.get(f"{server.url}/services/rest/", params=query)).json())

    with open_mirror(run.root) as reader:
        async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
            sets = (await call("photosets.getList", user_id=run.stream.nsid))["photosets"]["photoset"]
            assert [(entry["id"], entry["title"]["_content"]) for entry in sets] == [("7215771", TITLE)]
            photos = (await call("photosets.getPhotos", photoset_id="7215771"))["photoset"]
            assert [photo["id"] for photo in photos["photo"]] == members(run)
            contexts = await call("photos.getAllContexts", photo_id=members(run)[0])
            assert [entry["id"] for entry in contexts["set"]] == ["7215771"]
            assert "set" not in await call("photos.getAllContexts", photo_id=run.stream.ids[1])
            assert (await call("photosets.getInfo", photoset_id="1"))["code"] == 1


async def test_albums_of_an_account_export_are_albums_of_the_mirror(tmp_path: Path) -> None:
    async with mirroring(tmp_path / "cache", 5) as run:
        paths = write_export(run.stream, tmp_path / "export")
        await import_export(list(paths), run.root)
        with open_mirror(run.root) as reader:
            [album] = reader.albums()
            known = {photo.id for photo in reader.photos()}
            assert album.title
            assert set(album.photo_ids) & known
            assert (run.root / run.stream.username / "account" / "albums" / f"{album.id}.json").is_file()
        run.log_in()
        run.stream.albums.append(SimulatedAlbum(album.id, "Renamed", photo_ids=[run.stream.ids[0]]))
        await run(include=ALL)
        await import_export(list(paths), run.root)
        with open_mirror(run.root) as reader:
            assert [found.title for found in reader.albums()] == ["Renamed"]
