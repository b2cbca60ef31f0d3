"""`serve` with everything that a mirror can include: a mirror of it is equal, and methods answer as at Flickr."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import httpx
import pytest

from flickr_mirror import Include, open_mirror
from flickr_mirror.models.photo_details import faves_in
from flickr_mirror.models.photo_info import people_in
from flickr_mirror.simulator import (
    SimulatedAlbum,
    SimulatedCollection,
    SimulatedContact,
    SimulatedGallery,
    SimulatedGroup,
    SimulatedPhotostream,
)
from flickr_mirror.simulator.data.lists import FIRST_FAVE
from flickr_mirror.simulator.data.sizes import Kind, Mix
from flickr_mirror.simulator.payloads import photo_info as simulated_info
from flickr_mirror.simulator.photo_details import exif_of, faves_of, people_of
from flickr_mirror.web.server import MirrorServer
from tests.integration.test_serve import call, files
from tests.support.account_lists import OTHER
from tests.support.hostile_requests import Target, hostile_query
from tests.support.mirroring import Run, mirroring
from tests.support.plain_http import NO_CERTIFICATES
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from flickr_mirror.reader.mirror_reader import MirrorReader

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")

ALL = frozenset(Include)
COUNT = 24
KINDS = Mix({Kind.PLAIN: 3, Kind.NO_ORIGINAL: 2, Kind.VIDEO: 1})


def fill(run: Run) -> None:
    """Give the account albums, collections, favourites, galleries, groups, contacts and a profile."""
    stream, others = run.stream, run.flickr.streams[1].ids
    commented = next(photo for photo in map(stream.photo, stream.ids) if photo.comments)
    stream.albums += [
        SimulatedAlbum("7215771", "Huế", [*stream.ids[4:9]], "Old", cover=stream.ids[5]),
        SimulatedAlbum("7215772", "Saigon", [*stream.ids[:3]], comments=list(commented.comments)),
        SimulatedAlbum("7215773", "Boats", [stream.ids[7]]),
    ]
    nested = SimulatedCollection("9-72", "South", "Rivers", album_ids=["7215772"])
    stream.collections += [
        SimulatedCollection("9-71", "Vietnam", album_ids=["7215771"], children=[nested]),
        SimulatedCollection("9-73", "Empty"),
    ]
    lists = stream.lists
    lists.favorites = {photo_id: FIRST_FAVE + 900_000 * number for number, photo_id in enumerate(others[:9])}
    lists.galleries = [
        SimulatedGallery("721577", "Rivers", "Wide", photos=[*others[3:8]], comments={others[4]: "Lovely"}),
        SimulatedGallery("721578", "Empty"),
    ]
    lists.groups = [
        SimulatedGroup("34420@N01", "Boats &amp;amp; rivers", pool=dict.fromkeys(stream.ids[1:4], 100)),
        SimulatedGroup("34421@N01", "Nothing of ours", pool=dict.fromkeys(others[:2], 5)),
        SimulatedGroup("34422@N01", "Closed", is_private=True),
    ]
    lists.contacts = [SimulatedContact(f"{number}@N01", f"friend {number}") for number in range(3)]
    lists.profile = {"occupation": "Archivist", "city": "Huế", "first_name": "Lan"}


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror an account with everything, without a login."""
    other = SimulatedPhotostream(20, nsid=OTHER, username="other", path_alias="other")
    # with this seed, Flickr refuses no film: a mirror can serve only its own film
    settings: dict[str, Any] = {"mix": KINDS, "commented": 0.5, "real_name": "Lan Nguyễn", "seed": 2}
    async with mirroring(tmp_path / "first", COUNT, accounts=[other], **settings) as run:
        fill(run)
        report = await run(info_level=2, include=ALL)
        assert (report.failures, report.list_failures) == ([], {})
        yield run


@pytest.fixture
async def server(run: Run) -> AsyncIterator[MirrorServer]:
    """Serve the mirror."""
    async with serving(run.root) as server:
        yield server


def sidecar(run: Run, photo_id: str) -> dict[str, Any]:
    """Return the `flickr` object in the JSON file of a photo."""
    found: dict[str, Any] = json.loads(run.path(photo_id, "json").read_text(encoding="utf-8"))["flickr"]
    return found


async def test_a_mirror_of_the_mirror_has_everything(run: Run, server: MirrorServer, tmp_path: Path) -> None:
    """The same images and films, JSON files of photos, and documents about the account."""
    before = files(run.root)
    again = Run(run.flickr, tmp_path / "second")
    report = await again.mirror(info_level=2, include=ALL, api_url=f"{server.url}/services/rest/").run()
    assert (report.images, report.infos, report.failures, report.list_failures) == (COUNT, COUNT, [], {})
    assert report.lists == {
        "profile": 1,
        "albums": 3,
        "tags": len(json.loads((again.root / run.stream.username / "account/tags.json").read_text())["tags"]),
        "contacts": 3,
        "favorites": 9,
        "galleries": 2,
        "groups": 3,
    }
    copied = files(tmp_path / "second")
    assert copied.keys() == before.keys()
    assert [name for name in before if copied[name] != before[name]] == []
    assert files(run.root) == before


# One photo


INFO_KEYS = frozenset(
    {
        "id",
        "secret",
        "server",
        "farm",
        "dateuploaded",
        "isfavorite",
        "license",
        "safety_level",
        "rotation",
        "owner",
    }
    | {"title", "description", "visibility", "dates", "views", "editability", "publiceditability", "usage"}
    | {"comments", "notes", "people", "tags", "urls", "media"}
)
"""The keys that all recorded answers of photos.getInfo have."""


async def info_of(server: MirrorServer, photo_id: str) -> dict[str, Any]:
    """Return the answer of photos.getInfo."""
    photo: dict[str, Any] = (await call(server, "photos.getInfo", photo_id=photo_id))["photo"]
    return photo


async def test_photo_info_has_all_values_of_flickr(run: Run, server: MirrorServer) -> None:
    """Its notes, tags as typed, place and rights are those that Flickr answered."""
    kinds = set()
    for photo_id in run.stream.ids:
        photo = run.stream.photo(photo_id)
        expected, info = simulated_info(photo, run.stream), await info_of(server, photo_id)
        assert info.keys() >= INFO_KEYS
        assert info.keys() >= expected.keys() - {"video"}
        assert info["usage"] == expected["usage"]
        assert info["people"] == expected["people"]
        for key in ("author", "authorname", "x", "y", "w", "h", "_content", "photo_id"):
            assert values(info["notes"]["note"], key) == values(expected["notes"]["note"], key)
        for key in ("author", "raw", "_content"):
            assert values(info["tags"]["tag"], key) == values(expected["tags"]["tag"], key)
        if photo.caption.place:
            for key in ("latitude", "longitude"):
                assert float(info["location"].pop(key)) == float(expected["location"].pop(key))
            assert info["location"] == expected["location"]
            assert info["geoperms"] == expected["geoperms"]
        assert ("video" in info) == (photo.media == "video")
        kinds |= {photo.media, bool(photo.caption.place), bool(info["notes"]["note"])}
    assert kinds == {"photo", "video", True, False}


def values(entries: list[dict[str, Any]], key: str) -> list[object]:
    """Return the values of one key."""
    return [entry[key] for entry in entries]


async def test_people_faves_and_exif_are_those_of_flickr(run: Run, server: MirrorServer) -> None:
    answered = {"people": 0, "faves": 0, "exif": 0, "hidden": 0}
    for photo_id in run.stream.ids:
        photo, parts = run.stream.photo(photo_id), sidecar(run, photo_id)
        people = (await call(server, "photos.people.getList", photo_id=photo_id))["people"]
        assert people_in(people) == people_in(people_of(photo))
        assert "photo_width" not in people or max(people["photo_width"], people["photo_height"]) == 500
        faves = (await call(server, "photos.getFavorites", photo_id=photo_id, per_page=50))["photo"]
        assert faves_in(faves) == faves_in(faves_of(photo, 1, 50))
        answer = await call(server, "photos.getExif", photo_id=photo_id)
        if parts.get("exif"):
            assert answer["photo"]["exif"] == (exif_of(photo) or {})["exif"]
        else:  # the owner hides it, or the mirror has the original with its own EXIF
            assert (answer["code"], answer["message"][:17]) == (2, "Permission denied")
            assert "--include" not in answer["message"]
            is_original = parts["size"]["label"] == "Original"
            assert ("its original, which is mirrored" in answer["message"]) == is_original
            answered["hidden"] += "exif" in parts
        answered["people"] += bool(people["person"])
        answered["faves"] += bool(faves["person"])
        answered["exif"] += bool(parts.get("exif"))
    assert all(answered.values())


async def test_faves_are_divided_into_pages(run: Run, server: MirrorServer) -> None:
    photo_id = max(run.stream.ids, key=lambda photo_id: run.stream.photo(photo_id).faves)
    total = run.stream.photo(photo_id).faves
    assert total > 4
    first = (await call(server, "photos.getFavorites", photo_id=photo_id))["photo"]
    assert (first["perpage"], first["total"], first["pages"]) == (10, total, 1)
    most = (await call(server, "photos.getFavorites", photo_id=photo_id, per_page=500))["photo"]
    assert (most["perpage"], len(most["person"])) == (50, total)
    second = (await call(server, "photos.getFavorites", photo_id=photo_id, per_page=2, page=2))["photo"]
    assert second["person"] == most["person"][2:4]


async def test_a_mirror_without_details_refuses_them(tmp_path: Path) -> None:
    """It does not answer that there are none, except for photos.getInfo, which clients need."""
    async with mirroring(tmp_path, 8, mix=Mix({Kind.NO_ORIGINAL: 1})) as run:
        await run()
        photo_id = next(photo_id for photo_id in run.stream.ids if run.stream.photo(photo_id).faves)
        with open_mirror(run.root) as reader:
            async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
                for method, include in (
                    ("photos.getExif", "exif"),
                    ("photos.getFavorites", "faves"),
                    ("photos.people.getList", "notes"),
                ):
                    answer = await call(server, method, photo_id=photo_id)
                    assert (answer["stat"], answer["code"]) == ("fail", 2)
                    assert answer["message"].endswith(f"A run with --include {include} adds it.")
                for method, include in DOCUMENTS.items():
                    answer = await call(server, method, user_id=run.stream.nsid)
                    assert answer["code"] == 2
                    assert answer["message"].endswith(f"A run with --include {include} adds it.")
                info = await info_of(server, photo_id)
                assert info["notes"] == {"note": []}
                assert info["people"] == {"haspeople": 0}
                assert info["tags"]["tag"][0]["raw"] == info["tags"]["tag"][0]["_content"]


DOCUMENTS = {
    "collections.getTree": "albums",
    "contacts.getPublicList": "contacts",
    "favorites.getPublicList": "favorites",
    "galleries.getList": "galleries",
    "people.getPublicGroups": "groups",
    "profile.getProfile": "profile",
}
"""The methods that answer from documents, and what a mirror must include for each one."""


async def test_an_unknown_account_or_album_is_refused(server: MirrorServer) -> None:
    for method in (*DOCUMENTS, "photosets.comments.getList", "groups.pools.getPhotos"):
        answer = await call(server, method, user_id="1234567@N09", photoset_id="9", group_id="../x")
        assert (answer["stat"], answer["code"]) == ("fail", 1), method


async def test_a_reduced_film_has_its_own_label(tmp_path: Path) -> None:
    async with mirroring(tmp_path, 12, mix=Mix({Kind.VIDEO: 1})) as run:
        await run()
        films = {photo_id: sidecar(run, photo_id).get("film") for photo_id in run.stream.ids}
        reduced, film = next((photo_id, film) for photo_id, film in films.items() if film)
        with open_mirror(run.root) as reader:
            async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
                sizes = (await call(server, "photos.getSizes", photo_id=reduced))["sizes"]["size"]
        assert (sizes[-1]["label"], sizes[-1]["height"]) == (film["label"], film["height"])


# Albums, collections and lists


async def test_collections_are_a_tree(run: Run, server: MirrorServer) -> None:
    tree = (await call(server, "collections.getTree", user_id=run.stream.nsid))["collections"]["collection"]
    assert [(branch["id"], branch["title"]) for branch in tree] == [("9-71", "Vietnam"), ("9-73", "Empty")]
    assert [(album["id"], album["title"]) for album in tree[0]["set"]] == [("7215771", "Huế")]
    assert tree[0]["collection"][0]["set"][0]["id"] == "7215772"
    assert not {"set", "collection"} & tree[1].keys()
    arguments = {"user_id": run.stream.nsid, "collection_id": "9-72"}
    [branch] = (await call(server, "collections.getTree", **arguments))["collections"]["collection"]
    assert branch == tree[0]["collection"][0]
    info = (await call(server, "collections.getInfo", collection_id="9-71"))["collection"]
    assert (info["title"]["_content"], info["child_count"], info["iconphotos"]) == (
        "Vietnam",
        2,
        {"photo": []},
    )
    assert (await call(server, "collections.getInfo", collection_id="9-79"))["code"] == 1


async def test_favourites_have_their_dates(run: Run, server: MirrorServer) -> None:
    dates = run.stream.lists.favorites
    latest = sorted(dates, key=lambda photo_id: -dates[photo_id])
    answer = await call(server, "favorites.getPublicList", user_id=run.stream.nsid, per_page=4, page=2)
    assert [photo["id"] for photo in answer["photos"]["photo"]] == latest[4:8]
    since = dates[latest[1]]
    answer = await call(server, "favorites.getPublicList", user_id=run.stream.nsid, min_fave_date=since)
    assert values(answer["photos"]["photo"], "date_faved") == [
        str(dates[photo_id]) for photo_id in latest[:2]
    ]


async def test_a_mirrored_photo_of_a_list_has_its_image(run: Run, tmp_path: Path) -> None:
    """The favourites are in the mirror of one account, their photos in that of another one."""
    others = Run(run.flickr, run.root)
    others.stream = run.flickr.streams[1]
    await others()
    with open_mirror(run.root, "other") as other, open_mirror(run.root, run.stream.username) as own:
        async with MirrorServer([other, own], host="127.0.0.1", port=0) as server:
            answer = await call(
                server, "galleries.getPhotos", gallery_id="6000-721577", extras="url_o,owner_name"
            )
    shown = answer["photos"]["photo"]
    assert len(shown) == 5
    assert all(photo["url_o"].startswith(f"{server.url}/65535/{photo['id']}_") for photo in shown)
    assert values(shown, "ownername") == ["other"] * 5
    assert [photo["comment"]["_content"] for photo in shown if photo["has_comment"]] == ["Lovely"]


async def test_the_contexts_of_a_photo_are_albums_groups_and_galleries(
    run: Run, server: MirrorServer
) -> None:
    photo_id, other = run.stream.ids[2], run.flickr.streams[1].ids[4]
    contexts = await call(server, "photos.getAllContexts", photo_id=photo_id)
    assert [(album["id"], album["title"]) for album in contexts["set"]] == [("7215772", "Saigon")]
    assert [(pool["id"], pool["title"]) for pool in contexts["pool"]] == [("34420@N01", "Boats &amp; rivers")]
    assert (await call(server, "photos.getAllContexts", photo_id=run.stream.ids[12])) == {"stat": "ok"}
    galleries = (await call(server, "galleries.getListForPhoto", photo_id=other))["galleries"]
    assert [gallery["gallery_id"] for gallery in galleries["gallery"]] == ["721577"]
    assert galleries["total"] == 1
    none = (await call(server, "galleries.getListForPhoto", photo_id=photo_id))["galleries"]
    assert (none["total"], none["gallery"]) == (0, [])
    assert (await call(server, "galleries.getListForPhoto", photo_id="12345"))["code"] == 1


async def test_answers_are_xml_too(run: Run, server: MirrorServer) -> None:
    photo_id = next(photo_id for photo_id in run.stream.ids if sidecar(run, photo_id).get("exif"))
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
        for method in (*DOCUMENTS, "photos.getExif", "photos.getFavorites", "photos.getInfo"):
            query = {"method": f"flickr.{method}", "user_id": run.stream.nsid, "photo_id": photo_id}
            answer = await client.get(f"{server.url}/services/rest/", params=query)
            root = ElementTree.fromstring(answer.text)  # noqa: S314 - from our own server
            assert (root.get("stat"), len(root)) == ("ok", 1), method


# What is not public


@pytest.fixture
async def private_run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror an account with its login: with a private photo, an album of it alone, and hidden lists."""
    other = SimulatedPhotostream(20, nsid=OTHER, username="other", path_alias="other")
    async with mirroring(tmp_path / "first", 8, accounts=[other], mix=Mix({Kind.NO_ORIGINAL: 1})) as run:
        fill(run)
        hidden = hidden_photo(run)
        run.stream.edit(hidden, privacy="family")
        run.stream.albums += [
            SimulatedAlbum("7215779", "Secret", [hidden]),
            SimulatedAlbum("7215780", "Mixed", [hidden, run.stream.ids[0]], cover=hidden),
        ]
        run.stream.collections.append(SimulatedCollection("9-79", "Secrets", album_ids=["7215779"]))
        run.log_in()
        await run(info_level=2, include=ALL)
        assert sidecar(run, hidden)["privacy"] == "family"
        yield run


HIDDEN = 2
"""The position of the photo that becomes private, which has EXIF."""


def hidden_photo(run: Run) -> str:
    """Return the private photo."""
    return str(run.stream.seen_by(run.stream.nsid).ids[HIDDEN])


def texts_of(answer: dict[str, Any]) -> str:
    """Return an answer as text, without the arguments of the call."""
    return json.dumps(answer, ensure_ascii=False)


async def test_nothing_of_a_private_photo_is_shown(private_run: Run) -> None:
    run = private_run
    hidden = hidden_photo(run)
    with open_mirror(run.root) as reader:
        async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
            names = (await call(server, "reflection.getMethods"))["methods"]["method"]
            for name in (entry["_content"].removeprefix("flickr.") for entry in names):
                for arguments in every_call(run, hidden):
                    if name == "test.echo":
                        continue
                    answer = await call(server, name, **arguments)
                    assert hidden not in texts_of(answer), (name, arguments)
                    assert "Secret" not in texts_of(answer), (name, arguments)
            for name in ("getInfo", "getExif", "getFavorites", "people.getList", "comments.getList"):
                assert (await call(server, f"photos.{name}", photo_id=hidden))["code"] == 1
            for name in ("getInfo", "getPhotos", "comments.getList"):
                assert (await call(server, f"photosets.{name}", photoset_id="7215779"))["code"] == 1
            mixed = (await call(server, "photosets.getInfo", photoset_id="7215780"))["photoset"]
            assert (mixed["count_photos"], mixed["primary"]) == (1, run.stream.ids[0])


def every_call(run: Run, hidden: str) -> list[dict[str, str]]:
    """Return the arguments of all calls that could return a photo."""
    account = {"user_id": run.stream.nsid, "username": run.stream.username, "per_page": "500"}
    return [
        {**account, "photo_id": hidden, "photoset_id": "7215780", "collection_id": "9-79"},
        {**account, "photoset_id": "7215779", "extras": "url_o,tags,geo", "group_id": "34420@N01"},
        {**account, "sort": "date-taken-asc", "gallery_id": "721577"},
    ]


def make_private(reader: MirrorReader, photo_id: str) -> None:
    """Let the catalogue of a mirror state that a photo is private."""
    with closing(sqlite3.connect(reader.store.catalogue)) as database, database:
        database.execute(
            "UPDATE listed SET facts = json_set(facts, '$.privacy', 'family') WHERE id = ?", (int(photo_id),)
        )


async def test_a_photo_of_another_mirror_that_became_private_is_not_listed(run: Run) -> None:
    """The gallery of one account was listed while the photo of another one was public; both are mirrored."""
    others = Run(run.flickr, run.root)
    others.stream = run.flickr.streams[1]
    await others()
    hidden = others.stream.ids[5]
    with open_mirror(run.root, "other") as other, open_mirror(run.root, run.stream.username) as own:
        async with MirrorServer([other, own], host="127.0.0.1", port=0) as server:
            for count in (5, 4):
                gallery = (await call(server, "galleries.getPhotos", gallery_id="721577"))["photos"]
                faves = (await call(server, "favorites.getList", user_id=run.stream.nsid))["photos"]
                assert (gallery["total"], faves["total"]) == (str(count), str(count + 4))
                shown = {photo["id"] for photo in (*gallery["photo"], *faves["photo"])}
                assert (hidden in shown) == (count == 5)
                make_private(other, hidden)


async def test_a_photo_that_became_private_is_in_no_pool(run: Run) -> None:
    """The groups were listed for everyone while the photo was public."""
    hidden = run.stream.ids[1]
    arguments = {"group_id": "34420@N01", "user_id": run.stream.nsid}
    with open_mirror(run.root) as reader:
        async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
            photos = (await call(server, "groups.pools.getPhotos", **arguments))["photos"]["photo"]
            assert {photo["id"] for photo in photos} == set(run.stream.ids[1:4])
            make_private(reader, hidden)
            photos = (await call(server, "groups.pools.getPhotos", **arguments))["photos"]["photo"]
            assert {photo["id"] for photo in photos} == set(run.stream.ids[2:4])


async def test_lists_mirrored_with_a_login_need_the_private_option(private_run: Run) -> None:
    """The login shows hidden entries, which are not marked as such."""
    run = private_run
    lists = [method for method in DOCUMENTS if method not in LISTED_FOR_ALL]
    with open_mirror(run.root) as reader:
        async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
            for method in lists:
                answer = await call(server, method, user_id=run.stream.nsid)
                assert (answer["code"], "--private" in answer["message"]) == (2, True)
        async with MirrorServer([reader], host="127.0.0.1", port=0, password="open sesame") as server:
            for method in (*DOCUMENTS, "photosets.getList", "photos.getExif"):
                query = {"method": f"flickr.{method}", "user_id": run.stream.nsid, "format": "json"}
                query["photo_id"] = hidden_photo(run)
                async with httpx.AsyncClient(
                    verify=NO_CERTIFICATES, auth=("mirror", "open sesame")
                ) as client:
                    answered = await client.get(f"{server.url}/services/rest/", params=query)
                assert '"stat":"ok"' in answered.text
                assert method != "photosets.getList" or "Secret" in answered.text


LISTED_FOR_ALL = ("collections.getTree", "galleries.getList", "profile.getProfile")
"""The methods whose documents do not depend on a login."""


# Search


async def found(server: MirrorServer, **arguments: object) -> list[str]:
    """Return the ids of the photos that a search finds."""
    answer = await call(server, "photos.search", per_page=500, **arguments)
    assert answer["stat"] == "ok", answer
    return [photo["id"] for photo in answer["photos"]["photo"]]


async def test_any_of_several_tags_matches_unless_all_are_required(tmp_path: Path) -> None:
    async with mirroring(tmp_path, 4) as run:
        for photo_id, tags in zip(run.stream.ids, ("river", "river boat", "boat", "tree"), strict=True):
            run.stream.edit(photo_id, tags=tags)
        await run()
        a, b, c, _ = run.stream.ids
        with open_mirror(run.root) as reader:
            async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
                assert await found(server, tags="river, Boat") == [a, b, c]
                assert await found(server, tags="river,boat", tag_mode="any") == [a, b, c]
                assert await found(server, tags="river,boat", tag_mode="all") == [b]
                assert await found(server, tags="river,boat", tag_mode="any", text="tag:boat") == [b, c]


async def test_photos_are_found_by_the_time_they_were_taken(tmp_path: Path) -> None:
    """A photo with a known year only counts as taken on its first day."""
    async with mirroring(tmp_path, 4) as run:
        years = ("1966-01-01 00:00:00", "1967-05-02 10:00:00", "1968-01-01 00:00:00", "1969-12-31 23:59:59")
        for photo_id, taken in zip(run.stream.ids, years, strict=True):
            run.stream.edit(photo_id, taken=taken)
        await run()
        a, b, c, d = run.stream.ids
        with open_mirror(run.root) as reader:
            assert [photo.taken for photo in reader.photos()] == ["1966", "1967", "1968", "1969"]
            async with MirrorServer([reader], host="127.0.0.1", port=0) as server:
                assert await found(server, min_taken_date="1967-01-01 00:00:00") == [b, c, d]
                assert await found(server, max_taken_date="1967-01-01 00:00:00") == [a, b]
                assert await found(server, min_taken_date="1967-01-01", max_taken_date="1968-06-01") == [b, c]
                assert await found(server, min_taken_date="1967-01-02 00:00:00") == [c, d]
                assert await found(server, min_taken_date=-63158400) == [c, d]  # 1968-01-01
                assert await found(server, sort="date-taken-asc") == [a, b, c, d]
                assert await found(server, sort="date-taken-desc") == [d, c, b, a]


async def test_photos_are_found_by_their_place(run: Run, server: MirrorServer) -> None:
    places = {photo_id: run.stream.photo(photo_id).caption.place for photo_id in run.stream.ids}
    known = {photo_id: place for photo_id, place in places.items() if place}
    assert 0 < len(known) < COUNT
    assert await found(server, has_geo=1) == [*known]
    assert await found(server, has_geo=0) == [photo_id for photo_id in places if photo_id not in known]
    south = [photo_id for photo_id, (latitude, _) in known.items() if latitude < 14]
    assert 0 < len(south) < len(known)
    assert await found(server, bbox="100,-10,120,14") == south
    assert await found(server, bbox="120,-90,100,90") == []
    assert await found(server, bbox="170,-90,120,90") == [*known]  # across the 180th meridian
    latitude, longitude = known[south[0]] or (0, 0)
    near = {"lat": latitude, "lon": longitude}
    assert south[0] in await found(server, **near, radius=1)
    far = set(await found(server, **near, radius=1000, radius_units="mi"))
    assert far >= set(await found(server, **near, radius=1000, radius_units="km"))


IMPOSSIBLE: list[tuple[dict[str, str], str]] = [
    ({"group_id": "34420@N01"}, "A mirror cannot search by group_id=34420@N01."),
    ({"machine_tags": "geo:lat="}, "A mirror cannot search by machine_tags=geo:lat=."),
    ({"safe_search": "1"}, "A mirror cannot search by safe_search=1."),
    ({"tags": "river,-boat"}, "Invalid tags: a mirror cannot search for photos without a tag."),
    (
        {"sort": "interestingness-desc"},
        "Invalid sort: a mirror knows date-posted-desc, date-posted-asc, ",
    ),
    ({"tag_mode": "some"}, "Invalid tag_mode: a mirror knows any, all."),
    (
        {"min_taken_date": "long ago"},
        "Invalid min_taken_date: use seconds since 1970, or a time such as ",
    ),
    (
        {"max_upload_date": "9" * 30},
        "Invalid max_upload_date: use seconds since 1970, or a time such as ",
    ),
    ({"bbox": "1,2,3"}, "Invalid bbox: use four numbers"),
    ({"bbox": "1,2,3,nan"}, "Invalid bbox: use four numbers"),
    ({"lat": "1"}, "Invalid lat: lat, lon and radius are numbers, and the first two come together."),
    ({"license": "4,x"}, "Invalid license: use numbers of licences, such as 0, 1, 2."),
    ({"media": "songs"}, "Invalid media: a mirror knows all, photos, videos."),
    ({"has_geo": "yes"}, "Invalid has_geo: a mirror knows 0, 1."),
    ({"tags": ",".join("abcdefghijklmnopqrstuvwxyz")}, "Too many tags: 26, and the most are 20."),
]


async def test_a_search_that_a_mirror_cannot_do_is_refused(server: MirrorServer) -> None:
    for arguments, message in IMPOSSIBLE:
        answer = await call(server, "photos.search", **arguments)
        assert answer["stat"] == "fail", message
        assert answer["message"].startswith(message)


async def test_a_search_accepts_arguments_without_an_effect(run: Run, server: MirrorServer) -> None:
    everything = {"safe_search": 3, "content_type": 7, "media": "all", "text": "", "license": ""}
    assert await found(server, **everything) == [*run.stream.ids]


async def test_hostile_arguments_are_answered_by_every_method(run: Run, server: MirrorServer) -> None:
    """Each method gets invalid numbers, dates, ids and queries in each argument, and answers or refuses."""
    methods = (await call(server, "reflection.getMethods"))["methods"]["method"]
    target = Target(server.url, ["/"], run.stream.nsid, run.stream.ids, [])
    dice, refused = Random(17), 0
    for method in [entry["_content"] for entry in methods] * 12:
        arguments = dict(parse_qsl(hostile_query(target, dice), keep_blank_values=True))
        fixed = {"method": method, "format": "json", "nojsoncallback": "1"}
        async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
            answer = await client.post(f"{server.url}/services/rest/", data=arguments | fixed)
        assert answer.status_code == 200, (method, arguments)
        refused += answer.json()["stat"] == "fail"
    assert refused
