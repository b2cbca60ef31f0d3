"""The favourites and contacts of an account export become documents of the mirror, which runs complete."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from flickr_mirror import ImportReport, check_mirror, import_export
from flickr_mirror.simulator import SimulatedContact, write_export
from flickr_mirror.simulator.data.lists import FIRST_FAVE
from tests.integration.test_serve import call
from tests.support.account_lists import mirroring_lists
from tests.support.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.account_lists import ListRun

pytestmark = pytest.mark.usefixtures("one_language")

DAY = 86_400


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the cache path, with a place for exports beside it."""
    return tmp_path / "mirrors"


def fill(run: ListRun, favorites: int = 60, contacts: int = 12) -> list[str]:
    """Give the account favourites and contacts, and return the ids of the former."""
    lists, ids = run.stream.lists, [*run.other.ids[:favorites]]
    lists.favorites = {photo_id: FIRST_FAVE + number * DAY for number, photo_id in enumerate(ids)}
    lists.contacts = [SimulatedContact(f"{number}@N01", f"c{number}") for number in range(contacts)]
    return ids


async def imported(
    run: ListRun, *, files: dict[str, bytes] | None = None, folder: str = "export"
) -> ImportReport:
    """Import the export of the account; `files` are added to it, or replace some of its JSON files."""
    paths = write_export(run.stream, run.root.parent / folder)
    with zipfile.ZipFile(paths[0]) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(paths[0], "w") as archive:
        for name, data in {**kept, **(files or {})}.items():
            archive.writestr(name, data)
    return await import_export(paths, run.root, observer=run.events.append)


def months(run: ListRun) -> dict[str, list[dict[str, Any]]]:
    """Return the favourites in the document of each month that has some."""
    folder = run.root / run.stream.username / "account" / "favorites"
    found = {path.stem: run.document(f"favorites/{path.stem}")["favorites"] for path in folder.iterdir()}
    return {month: entries for month, entries in found.items() if entries}


async def counting_more(request: web.Request) -> web.StreamResponse | None:
    """Answer with one of 30 contacts."""
    if "contacts.getList" not in request.query_string:
        return None
    part = {
        "page": 1,
        "pages": 1,
        "perpage": 1000,
        "total": 30,
        "contact": [{"nsid": "0@N01", "username": "c0"}],
    }
    return web.json_response({"contacts": part, "stat": "ok"})


async def test_the_lists_of_an_export_become_documents(root: Path) -> None:
    """All parts are read; the documents state that they are from the export, and nothing that it does not state."""
    async with mirroring_lists(root, others=80) as run:
        ids = fill(run)
        report = await imported(run)
        assert (report.lists, report.kept_lists, report.failed) == ({"favorites": 60, "contacts": 12}, [], [])
        assert run.document("favorites") == {
            "listed_as": "export",
            "count": 60,
            "newest": None,
            "months": ["undated"],
        }
        ordered = [{"id": photo_id, "added": None} for photo_id in sorted(ids, reverse=True)]
        assert months(run) == {"undated": ordered}
        contacts = run.document("contacts")
        assert (contacts["listed_as"], len(contacts["contacts"])) == ("export", 12)
        assert contacts["contacts"][1] == {"name": "c1", "address": "https://www.flickr.com/people/1@N01/"}
        check = await check_mirror(run.stream.username, root)
        assert (check.broken, check.complete) == ([], True)


async def test_an_account_without_lists_gets_no_documents(root: Path) -> None:
    async with mirroring_lists(root) as run:
        report = await imported(run)
        assert (report.lists, report.kept_lists) == ({}, [])
        assert not list((root / run.stream.username / "account").glob("[cf]*"))


async def test_a_run_with_the_login_replaces_the_lists_of_an_export(root: Path) -> None:
    """Each favourite gets its date, owner and title; one that was removed since is marked; contacts get their NSIDs."""
    async with mirroring_lists(root, others=80) as run:
        ids = fill(run)
        await imported(run)
        del run.stream.lists.favorites[ids[0]]
        run.log_in()
        report = await run.lists("favorites", "contacts")
        assert report.lists == {"favorites": 59, "contacts": 12}
        found = months(run)
        (gone,) = found.pop("undated")
        assert (gone["id"], gone["not_listed_since"] > 0) == (ids[0], True)
        listed = [entry for entries in found.values() for entry in entries]
        assert {entry["id"] for entry in listed} == set(ids[1:])
        assert {entry["owner_name"] for entry in listed} == {"other"}
        assert (run.document("favorites")["listed_as"], run.document("favorites")["count"]) == ("owner", 59)
        contacts = run.document("contacts")
        assert (contacts["listed_as"], [one["nsid"] for one in contacts["contacts"]][:2]) == (
            "owner",
            ["0@N01", "1@N01"],
        )
        await run.lists("favorites")
        assert run.calls("favorites.getList") == 1  # only what is new


async def test_a_run_without_the_login_does_not_change_the_lists_of_an_export(root: Path) -> None:
    """The owner made the export, and the public may see less of these lists: no entry is marked or pruned."""
    async with mirroring_lists(root, others=80) as run:
        ids = fill(run)
        await imported(run)
        before = (run.document("contacts"), months(run))
        run.stream.lists.favorites = {ids[0]: FIRST_FAVE}
        report = await run.lists("favorites", "contacts", full_scan=True, prune=True, accept_loss=True)
        assert (run.calls("favorites.getPublicList"), run.calls("contacts.getPublicList")) == (0, 0)
        assert report.lists == {"favorites": 60, "contacts": 12}
        assert (run.document("contacts"), months(run)) == before
        for name in ("favorites", "contacts"):
            assert (
                f"The {name} are those of the account export, which has more of them. Without the login of the "
                "account they stay as they are."
            ) in run.notices


@pytest.mark.parametrize("is_owner", [True, False])
async def test_lists_from_the_api_are_kept(root: Path, is_owner: bool) -> None:
    """They state more, and are newer in most cases."""
    async with mirroring_lists(root, others=80) as run:
        fill(run, favorites=20, contacts=3)
        if is_owner:
            run.log_in()
        await run.lists("favorites", "contacts")
        before = (run.document("favorites"), run.document("contacts"), months(run))
        fill(run)
        report = await imported(run)
        assert (report.lists, report.kept_lists) == ({}, ["favorites", "contacts"])
        assert (run.document("favorites"), run.document("contacts"), months(run)) == before


async def test_an_interrupted_listing_is_kept(root: Path) -> None:
    """The months from the API are stored before the document that names them."""
    async with mirroring_lists(root, others=80) as run:
        fill(run)
        await run.lists("favorites")
        (root / run.stream.username / "account" / "favorites.json").unlink()
        before = months(run)
        report = await imported(run)
        assert (report.kept_lists, months(run)) == (["favorites"], before)
        assert not (root / run.stream.username / "account" / "favorites.json").exists()


async def test_two_exports_are_merged(root: Path) -> None:
    """A part of an export, or an older one, removes nothing."""
    async with mirroring_lists(root, others=80) as run:
        ids = fill(run, favorites=20, contacts=2)
        await imported(run)
        run.stream.lists.favorites = {run.other.ids[30]: FIRST_FAVE}
        run.stream.lists.contacts = [SimulatedContact("77@N01", "late")]
        report = await imported(run, folder="later")
        assert report.lists == {"favorites": 21, "contacts": 3}
        assert {entry["id"] for entry in months(run)["undated"]} == {*ids, run.other.ids[30]}
        assert [one["name"] for one in run.document("contacts")["contacts"]] == ["c0", "c1", "late"]


@pytest.mark.parametrize("trouble", ["few", "short"])
async def test_contacts_of_an_export_are_not_lost_to_a_doubtful_answer(root: Path, trouble: str) -> None:
    """A list that is much shorter, or shorter than Flickr's own count, does not replace them."""
    async with mirroring_lists(root) as run:
        fill(run, contacts=30)
        await imported(run)
        before = run.document("contacts")
        run.log_in()
        if trouble == "few":
            run.stream.lists.contacts = run.stream.lists.contacts[:4]
        else:
            run.flickr.intercept = counting_more
        report = await run.lists("contacts")
        assert (report.lists, run.document("contacts")) == ({"contacts": 30}, before)
        words = {"few": "more than a tenth, so they are kept", "short": "Flickr did not list all contacts."}
        assert words[trouble] in run.notices
        run.flickr.intercept = None
        await run.lists("contacts", full_scan=True, accept_loss=True)
        assert run.document("contacts")["listed_as"] == "owner"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("faves_part001.json", b"{", "is not a JSON file"),
        (
            "faves_part003.json",
            b'{"faves": "all"}',
            "is not a file of Flickr's export: it has no list of favorites.",
        ),
        (
            "faves_part003.json",
            b'{"faves": [{}, {"photo_id": "x"}]}',
            "2 of its entries name no photo or account",
        ),
        ("contacts_part001.json", b"[1]", "it has no names and addresses of contacts."),
        ("contacts_part002.json", b'{"contacts": {"a": "b"}}', "1 of its entries name no photo or account"),
    ],
)
async def test_a_broken_file_of_a_list_is_named_and_the_rest_imported(
    root: Path, name: str, data: bytes, words: str
) -> None:
    """It counts as failed, and the photos and the other files of the export are imported."""
    async with mirroring_lists(root, others=80) as run:
        fill(run)
        report = await imported(run, files={name: data})
        ((failed, reason),) = report.failed
        assert (failed, words in reason) == (name, True)
        assert (report.photos, report.complete) == (12, True)
        expected = {"favorites": 60, "contacts": 12}
        if name == "faves_part001.json":
            expected["favorites"] = 10
        elif name == "contacts_part001.json":
            del expected["contacts"]
        assert report.lists == expected


async def test_files_that_are_not_read_are_named(root: Path) -> None:
    """Mail, groups and unknown files stay in the zips."""
    async with mirroring_lists(root) as run:
        report = await imported(run, files={"sent_flickrmail_part001.json": b"{}", "new.json": b"x"})
        assert report.unread == ["galleries.json", "new.json", "sent_flickrmail_part001.json"]
        assert report.failed == []


async def test_a_server_does_not_answer_from_the_lists_of_an_export(root: Path) -> None:
    """They lack the owners and NSIDs that an answer of Flickr has."""
    async with mirroring_lists(root) as run:
        fill(run, favorites=5)
        await imported(run)
        async with serving(root) as server:
            for method in ("favorites.getPublicList", "contacts.getPublicList"):
                answer = await call(server, method, user_id=run.stream.nsid)
                assert "A run with --include" in answer["message"]
