"""The mirror of a list in use: its photos have several owners, and every command names the right one."""

from __future__ import annotations

import csv
import json
import string
from typing import TYPE_CHECKING, Any

import pytest
from anyio import to_thread

from flickr_mirror import open_mirror
from flickr_mirror.export.description.describe import describe
from flickr_mirror.export.description.texts import LIST_TEXTS, TEXTS
from flickr_mirror.simulator import SimulatedFlickr, SimulatedGallery, SimulatedGroup, SimulatedPhotostream
from flickr_mirror.simulator.data.lists import FIRST_FAVE
from flickr_mirror.web.gallery.builder import GalleryBuilder
from flickr_mirror.web.gallery.options import GalleryOptions
from flickr_mirror.web.server import MirrorServer
from tests.integration.test_serve import call, files
from tests.integration.test_sources import FAVORITES, FOLDERS, GALLERY, PEOPLE, POOL, SourceRun
from tests.support import canary
from tests.support.account_lists import OTHER, ListRun
from tests.support.calling import call as command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

THIRD = "9900001@N04"
NAMES = {OTHER: "other", THIRD: "third person"}
METHODS = {
    FAVORITES: ("favorites.getPublicList", "user_id"),
    GALLERY: ("galleries.getPhotos", "gallery_id"),
    POOL: ("groups.pools.getPhotos", "group_id"),
    PEOPLE: ("people.getPhotosOf", "user_id"),
}


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[ListRun]:
    """Simulate an account whose lists have four photos of each of two other accounts, two with one title."""
    streams = (
        SimulatedPhotostream(5),
        SimulatedPhotostream(6, nsid=OTHER, username="other", path_alias="other", commented=1.0),
        SimulatedPhotostream(6, nsid=THIRD, username=NAMES[THIRD], path_alias="third"),
    )
    ids = [
        photo_id
        for pair in zip(*(stream.ids[:4] for stream in streams[1:]), strict=True)
        for photo_id in pair
    ]
    for stream in streams[1:]:
        stream.edit(stream.ids[0], title="Boat")
    lists = streams[0].lists
    lists.favorites = {photo_id: FIRST_FAVE + number for number, photo_id in enumerate(ids)}
    lists.galleries = [SimulatedGallery("721577", "Rivers", photos=[*ids])]
    lists.groups = [SimulatedGroup("34427@N01", "Boats", "boats", pool=dict(lists.favorites))]
    lists.people = [*ids]
    async with SimulatedFlickr(*streams, api_secret=canary.SECRET) as flickr:
        yield ListRun(flickr, tmp_path / "first")


@pytest.fixture
async def favorites(run: ListRun) -> SourceRun:
    """Mirror the favourites with comments."""
    source = SourceRun(run, FAVORITES)
    await source(info_level=2)
    return source


def owner_of(run: ListRun, photo_id: str) -> str:
    """Return the NSID of the account that has a photo."""
    return next(stream.nsid for stream in run.flickr.streams if photo_id in stream)


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of a table of the description."""
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


# serve


@pytest.mark.parametrize("address", FOLDERS)
async def test_a_mirror_of_the_mirror_of_a_list_is_equal(run: ListRun, tmp_path: Path, address: str) -> None:
    first = SourceRun(run, address)
    await first(info_level=2)
    again = SourceRun(ListRun(run.flickr, tmp_path / "second"), address)
    with open_mirror(first.folder) as reader:
        async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
            for news in (8, 0):
                report = await again.mirror(info_level=2, api_url=f"{server.url}/services/rest/").run()
                assert (report.new, report.failures, report.username) == (news, [], FOLDERS[address])
    assert files(again.folder) == files(first.folder)


@pytest.mark.parametrize("address", FOLDERS)
async def test_the_method_of_a_list_names_the_owner_of_each_photo(run: ListRun, address: str) -> None:
    source = SourceRun(run, address)
    await source()
    method, argument = METHODS[address]
    with open_mirror(source.folder) as reader:
        list_id = (reader.source or {})["id"]
        async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
            answer = await call(server, method, **{argument: list_id, "extras": "owner_name", "per_page": 5})
            unknown = await call(server, method, **{argument: "1234567@N09"})
            photo_id = answer["photos"]["photo"][0]["id"]
            info = (await call(server, "photos.getInfo", photo_id=photo_id))["photo"]
            person = await call(server, "people.getInfo", user_id=reader.nsid)
            photos = await call(server, "people.getPhotos", user_id=reader.nsid)
    shown = answer["photos"]["photo"]
    assert len(shown) == 5
    for entry in shown:
        assert entry["owner"] == owner_of(run, entry["id"])
        assert entry["ownername"] == NAMES[entry["owner"]]
    assert (unknown["stat"], unknown["code"]) == ("fail", 1)
    assert info["owner"]["nsid"] == owner_of(run, photo_id)
    page = f"https://www.flickr.com/photos/{info['owner']['nsid']}/{photo_id}/"
    assert info["urls"]["url"][0]["_content"] == page
    assert person["person"]["photos"]["count"]["_content"] == 0
    name = person["person"]["username"]["_content"]
    assert photos["message"] == f"The photostream of {name} is not mirrored, only: {FOLDERS[address]}"


async def test_a_photostream_and_the_favourites_of_one_account_are_distinguished(
    favorites: SourceRun,
) -> None:
    run = favorites.run
    await run()
    with open_mirror(favorites.folder) as listed, open_mirror(run.root, run.stream.username) as stream:
        async with MirrorServer([listed, stream], host="127.0.0.1", port=0) as server:
            photos = (await call(server, "people.getPhotos", user_id=run.stream.nsid))["photos"]["photo"]
            faves = (await call(server, "favorites.getList", user_id=run.stream.nsid))["photos"]["photo"]
            addresses = [gallery.address for gallery in server._galleries]
    assert {entry["id"] for entry in photos} == set(run.stream.ids)
    assert {entry["id"] for entry in faves} == set(run.stream.lists.favorites)
    assert addresses == [f"/favorites-{run.stream.nsid}/gallery/", f"/{run.stream.nsid}/gallery/"]


# describe


async def test_the_description_names_the_owner_of_each_photo(favorites: SourceRun) -> None:
    with open_mirror(favorites.folder) as reader:
        assert describe(reader).written
        assert describe(reader).written == []
    rows = table(favorites.folder, "photos.tsv")
    assert len(rows) == 8
    for row in rows:
        nsid = owner_of(favorites.run, row["id"])
        assert row["owner"] == NAMES[nsid]
        assert row["page"] == f"https://www.flickr.com/photos/{nsid}/{row['id']}/"
    people = {row["nsid"]: row for row in table(favorites.folder, "people.tsv")}
    for nsid, name in NAMES.items():
        assert (people[nsid]["name"], people[nsid]["photos"]) == (name, "4")
    assert favorites.run.stream.nsid not in people
    readme = (favorites.folder / "README.txt").read_text(encoding="utf-8")
    assert f"8 photos and videos of the list “{FOLDERS[FAVORITES]}” at {FAVORITES}." in readme
    assert "Number of owners: 2." in readme
    assert "has published" not in readme
    crate = json.loads((favorites.folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    (dataset,) = [entry for entry in crate["@graph"] if entry["@id"] == "./"]
    assert "author" not in dataset
    assert dataset["isBasedOn"] == FAVORITES


def test_the_sentences_about_a_list_are_in_all_languages() -> None:
    assert LIST_TEXTS.keys() == TEXTS.keys()
    for language, texts in LIST_TEXTS.items():
        assert texts.keys() == LIST_TEXTS["en"].keys() <= TEXTS[language].keys()
        for name, text in texts.items():
            assert fields_of(text) == fields_of(LIST_TEXTS["en"][name])


def fields_of(text: str) -> set[str]:
    """Return the names of the fields in a sentence."""
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


# gallery, export, list and search


async def test_the_gallery_of_a_list_names_the_list(favorites: SourceRun) -> None:
    with open_mirror(favorites.folder) as reader:
        GalleryBuilder(reader, GalleryOptions(thumbnails=0)).build()
    script = (favorites.folder / "gallery" / "data" / "first.js").read_text(encoding="utf-8")
    assert f'"owner":"{FOLDERS[FAVORITES]}","realName":"",' in script  # not the name of one of the owners
    assert f'"source":"{FAVORITES}"' in script


async def run_command(source: SourceRun, *arguments: str) -> int:
    """Run a command on the mirror of a list, and return its exit code."""
    where = ("--cache-path", str(source.run.root), "--username", source.folder.name)
    return await to_thread.run_sync(lambda: command(*arguments, *where))


async def test_an_export_has_a_folder_for_each_owner(favorites: SourceRun, tmp_path: Path) -> None:
    assert (
        await run_command(
            favorites, "export", "--to", str(tmp_path / "out"), "--names", "{owner}/{title}", "--xmp"
        )
        == 0
    )
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()} == set(NAMES.values())
    for name in NAMES.values():
        assert (tmp_path / "out" / name / "Boat.jpg").is_file()
        assert f"<rdf:li>{name}</rdf:li>" in (tmp_path / "out" / name / "Boat.jpg.xmp").read_text(
            encoding="utf-8"
        )


async def test_photos_of_two_owners_never_get_one_name(favorites: SourceRun, tmp_path: Path) -> None:
    assert await run_command(favorites, "export", "--to", str(tmp_path / "out"), "--names", "{title}") == 0
    exported = [path for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")]
    assert len(exported) == 8
    assert len([path for path in exported if path.name.startswith("Boat ")]) == 2


async def test_a_bag_of_a_list_names_the_list(favorites: SourceRun, tmp_path: Path) -> None:
    assert await run_command(favorites, "export", "--to", str(tmp_path / "bag"), "--as", "bag") == 0
    info = (tmp_path / "bag" / "bag-info.txt").read_text(encoding="utf-8")
    assert "Source-Organization: Flickr list favorites of saigon_archive" in info


async def test_list_and_search_print_the_owner(
    favorites: SourceRun, capsys: pytest.CaptureFixture[str]
) -> None:
    def rows() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert await run_command(favorites, "list", "--json", "--fields", "id,owner,url") == 0
    for row in rows():
        nsid = owner_of(favorites.run, row["id"])
        assert (row["owner"], f"/photos/{nsid}/" in row["url"]) == (NAMES[nsid], True)
    assert await run_command(favorites, "search", "boat", "--json", "--fields", "owner") == 0
    assert sorted(row["owner"] for row in rows()) == ["other", "third person"]
