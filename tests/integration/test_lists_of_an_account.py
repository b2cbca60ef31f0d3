"""Galleries, groups, contacts, tags and profile of an account in its mirror: calls, documents, removals, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flickr_mirror.simulator import (
    Rule,
    Script,
    SimulatedContact,
    SimulatedGallery,
    SimulatedGroup,
    faults,
)
from tests.support.account_lists import ListRun, mirroring_lists

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

POOL = "groups.pools.getPhotos"


def entries(run: ListRun, name: str) -> list[dict[str, Any]]:
    """Return the entries of a list in the mirror."""
    return list(run.document(name)[name.partition("/")[0]])


# Galleries


async def test_galleries_have_their_photos_in_order_with_the_comments_of_the_curator(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = run.other.ids[:3]
        run.stream.lists.galleries = [
            SimulatedGallery("721577", "Rivers", "All of them", photos=ids, comments={ids[1]: "Look here."}),
            SimulatedGallery("721578", "Empty"),
        ]
        report = await run.lists("galleries")
        assert report.lists == {"galleries": 2}
        assert [gallery["title"] for gallery in entries(run, "galleries")] == ["Rivers", "Empty"]
        gallery = run.document("galleries/721577")
        assert [photo["id"] for photo in gallery["photos"]] == ids
        assert [photo.get("comment", "") for photo in gallery["photos"]] == ["", "Look here.", ""]
        assert (gallery["description"], gallery["photo_count"]) == ("All of them", 3)


async def test_an_unchanged_gallery_is_not_listed_again(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        ids = run.other.ids[:3]
        galleries = [SimulatedGallery(f"72157{number}", "x", photos=ids[:2]) for number in range(3)]
        run.stream.lists.galleries = galleries
        await run.lists("galleries")
        assert run.calls("galleries.getPhotos") == 3
        galleries[1].photos, galleries[1].updated = ids, galleries[1].updated + 5
        report = await run.lists("galleries")
        assert (run.calls("galleries.getList"), run.calls("galleries.getPhotos")) == (1, 1)
        assert len(run.document("galleries/721571")["photos"]) == 3
        assert report.lists == {"galleries": 3}
        await run.lists("galleries", full_scan=True)
        assert run.calls("galleries.getPhotos") == 3


async def test_a_deleted_gallery_is_marked_and_its_document_kept(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        galleries = [SimulatedGallery(f"72157{number}", "x", photos=run.other.ids[:2]) for number in range(3)]
        run.stream.lists.galleries = galleries
        await run.lists("galleries")
        del galleries[0]
        await run.lists("galleries")
        assert [gallery["id"] for gallery in entries(run, "galleries") if "not_listed_since" in gallery] == [
            "721570"
        ]
        assert len(run.document("galleries/721570")["photos"]) == 2


# Groups


def groups_of(run: ListRun, count: int = 3) -> list[SimulatedGroup]:
    """Make the account a member of groups whose pools have its photos and those of another account."""
    groups = run.stream.lists.groups = [
        SimulatedGroup(
            f"3442{number}@N01",
            f"Boats &amp; rivers {number}",
            pool={photo_id: 100 + index for index, photo_id in enumerate(run.stream.ids[: number + 1])}
            | dict.fromkeys(run.other.ids[:5], 7),
        )
        for number in range(count)
    ]
    return groups


async def test_each_group_has_the_photos_of_the_account_in_its_pool(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        groups_of(run)
        report = await run.lists("groups")
        assert (report.lists, run.calls(POOL)) == ({"groups": 3}, 3)
        assert entries(run, "groups")[2]["name"] == "Boats & rivers 2"
        assert entries(run, "groups")[2]["photos"] == 3
        pool = run.document("groups/34422@N01")["photos"]
        first, second, third = run.stream.ids[:3]
        assert pool == [
            {"id": third, "added": 102},
            {"id": second, "added": 101},
            {"id": first, "added": 100},
        ]
        assert not {method for method in run.flickr.calls if "Contexts" in method}


async def test_a_pool_is_requested_again_only_if_its_total_changed(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        groups = groups_of(run)
        await run.lists("groups")
        await run.lists("groups")
        assert (run.calls("people.getPublicGroups"), run.calls(POOL)) == (1, 0)
        groups[1].pool[run.stream.ids[9]] = 999
        groups[2].pool[run.other.ids[9]] = 999
        await run.lists("groups")
        assert run.calls(POOL) == 2
        assert [photo["added"] for photo in run.document("groups/34421@N01")["photos"]] == [999, 101, 100]
        del groups[1].pool[run.stream.ids[9]]
        groups[1].pool[run.stream.ids[10]] = 1000  # the total is the same: found by a full scan
        await run.lists("groups", full_scan=True)
        assert [photo["added"] for photo in run.document("groups/34421@N01")["photos"]] == [1000, 101, 100]


async def test_a_hidden_pool_is_recorded_and_the_others_are_listed(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        groups = groups_of(run)
        groups[0].is_private = groups[1].is_members_only = True
        report = await run.lists("groups")
        assert not report.list_failures
        assert [bool(group["refusal"]) for group in entries(run, "groups")] == [True, True, False]
        run.log_in()
        await run.lists("groups", full_scan=True)
        assert [bool(group["refusal"]) for group in entries(run, "groups")] == [True, False, False]


async def test_groups_that_failed_are_continued_by_the_next_run(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        groups_of(run, 5)
        run.flickr.faults = Script(Rule(faults.failing(500), method=f"flickr.{POOL}", start=4, times=None))
        report = await run.lists("groups")
        assert list(report.list_failures) == ["groups"]
        run.flickr.faults = None
        report = await run.lists("groups")
        assert (run.calls(POOL), report.lists) == (2, {"groups": 5})


async def test_a_list_of_groups_that_times_out_is_one_failure(tmp_path: Path) -> None:
    """Flickr answers `people.getPublicGroups` with a gateway timeout for accounts with thousands of groups."""
    async with mirroring_lists(tmp_path) as run:
        groups_of(run)
        rule = Rule(faults.failing(504), method="flickr.people.getPublicGroups", times=None)
        run.flickr.faults = Script(rule)
        report = await run.lists("groups", "tags")
        assert list(report.list_failures) == ["groups"]
        assert "tags" in report.lists


# Contacts, tags, profile


async def test_contacts_are_the_public_ones_or_all_with_the_login(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        run.stream.lists.contacts = [
            SimulatedContact("1@N01", "anna", is_friend=True),
            SimulatedContact("2@N01", "ben", is_hidden=True),
        ]
        await run.lists("contacts")
        assert [contact["nsid"] for contact in entries(run, "contacts")] == ["1@N01"]
        run.log_in()
        await run.lists("contacts")
        assert [contact["is_friend"] for contact in entries(run, "contacts")] == [True, False]
        run.token = None
        report = await run.lists("contacts")
        assert report.lists == {"contacts": 2}
        assert [contact["is_friend"] for contact in entries(run, "contacts")] == [True, False]


async def test_contacts_beyond_one_page_are_listed(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        run.stream.lists.contacts = [SimulatedContact(f"{n}@N01", f"c{n}") for n in range(2100)]
        report = await run.lists("contacts")
        assert (run.calls("contacts.getPublicList"), report.lists) == (3, {"contacts": 2100})
        assert [contact["nsid"] for contact in entries(run, "contacts")] == [f"{n}@N01" for n in range(2100)]


async def test_tags_have_counts_and_with_the_login_all_spellings(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        for photo_id in run.stream.ids:
            run.stream.edit(photo_id, tags="river")
        run.stream.edit(run.stream.ids[0], tags="river boat")
        run.stream.lists.raw_tags = {"river": ["River", "RIVER"]}
        await run.lists("tags")
        assert entries(run, "tags") == [
            {"tag": "boat", "count": 1, "raw": []},
            {"tag": "river", "count": 12, "raw": []},
        ]
        run.log_in()
        report = await run.lists("tags")
        assert (sum(run.calls(f"tags.getListUser{end}") for end in ("", "Popular", "Raw")), report.lists) == (
            3,
            {"tags": 2},
        )
        assert [tag["raw"] for tag in entries(run, "tags")] == [["Boat"], ["River", "RIVER"]]


async def test_an_unused_tag_is_marked(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        for photo_id in run.stream.ids:
            run.stream.edit(photo_id, tags="river boat")
        await run.lists("tags")
        for photo_id in run.stream.ids:
            run.stream.edit(photo_id, tags="river")
        await run.lists("tags")
        assert ["not_listed_since" in tag for tag in entries(run, "tags")] == [False, True]


async def test_the_profile_keeps_values_that_are_not_shown_any_more(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        run.stream.lists.profile = {"occupation": "Archivist", "city": "Huế"}
        await run.lists("profile")
        run.stream.lists.profile = {"occupation": "", "city": "Đà Nẵng"}
        run.log_in()
        report = await run.lists("profile")
        profile = run.document("profile")
        assert (profile["occupation"], profile["city"], report.lists) == (
            "Archivist",
            "Đà Nẵng",
            {"profile": 1},
        )
        assert (profile["nsid"], profile["joined"]) == (run.stream.nsid, 1189000000)
        assert "owner@example.org" not in str(profile)


async def test_without_include_a_run_makes_no_call_for_lists(tmp_path: Path) -> None:
    async with mirroring_lists(tmp_path) as run:
        await run.lists()
        assert set(run.flickr.calls) == {
            "flickr.people.findByUsername",
            "flickr.people.getInfo",
            "flickr.people.getPhotos",
        }
        assert not (tmp_path / run.stream.username / "account").exists()


async def test_all_lists_together_take_few_calls(tmp_path: Path) -> None:
    """Without changes: profile 2, tags 2, contacts 1, favourites 1, galleries 1 and groups 1."""
    async with mirroring_lists(tmp_path) as run:
        groups_of(run)
        run.stream.lists.galleries = [SimulatedGallery("721577", "x", photos=run.other.ids[:2])]
        names = ("profile", "tags", "contacts", "favorites", "galleries", "groups")
        await run.lists()
        plain = (await run.lists()).api_calls
        first = (await run.lists(*names)).api_calls
        second = (await run.lists(*names)).api_calls
        assert (first - plain, second - plain) == (8 + 1 + 3, 8)
