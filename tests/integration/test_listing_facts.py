"""Facts in a listing besides the texts: privacy, counts, the original, the names of people."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from flickr_mirror import Limits
from flickr_mirror.models.events import InfoStarted, PhotoUpdated
from flickr_mirror.simulator import Kind, Mix, SimulatedFlickr, payloads
from tests.integration.test_stored_mirrors import GONE, folder, stream
from tests.support.command import infos, tree
from tests.support.mirroring import Run, mirroring
from tests.support.timing import FAST

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.simulator import SimulatedPhoto, SimulatedPhotostream

__all__ = ["folder"]  # the fixture

pytestmark = pytest.mark.usefixtures("one_language")

PRIVACY = ("public", "friends", "family", "friends and family", "private")
LISTING, COMMENTS = "flickr.people.getPhotos", "flickr.photos.comments.getList"


def facts_of(mirror: Path) -> dict[str, dict[str, Any]]:
    """Return the facts of each photo in the catalogue."""
    database = sqlite3.connect(mirror / ".flickr_mirror" / "catalogue.sqlite")
    facts = {
        str(photo_id): json.loads(text) for photo_id, text in database.execute("SELECT id, facts FROM listed")
    }
    database.close()
    return facts


def counts(photos: SimulatedPhotostream, photo_id: str) -> dict[str, int]:
    """Return the counts that Flickr states for a photo now."""
    photo = photos.photo(photo_id)
    return {
        "views": photo.index * 7 % 5000 + photos.visits,
        "faves": photo.index % 9 + photos.visits // 10,
        "comments": len(photo.comments),
    }


def sidecar(run: Run, photo_id: str) -> dict[str, Any]:
    """Return the `flickr` object of a sidecar file."""
    document: dict[str, Any] = infos(run.root)[photo_id]["flickr"]
    return document


async def test_each_fact_is_in_the_file(tmp_path: Path) -> None:
    """A file states the privacy, the counts, the original that Flickr does not serve, and the owner."""
    words = dict(zip(range(5), PRIVACY, strict=True))
    async with mirroring(tmp_path, 5, mix=Mix({Kind.LIMITED: 1}), real_name="Ánh", commented=0.4) as run:
        run.log_in()
        ids = run.stream.ids
        for index, photo_id in enumerate(ids):
            run.stream.edit(photo_id, privacy=words[index], safety_level=index % 3)
        await run(info_level=2)

        for index, photo_id in enumerate(ids):
            photo, more = run.stream.photo(photo_id), sidecar(run, photo_id)
            assert (more["privacy"], more["safety_level"]) == (words[index], index % 3)
            assert more["can_download"] is False
            assert (more["original"]["width"], more["original"]["height"]) == photo.original_dims
            assert max(more["size"]["width"], more["size"]["height"]) == 1024 < max(photo.original_dims)
            assert more["counts"] == counts(run.stream, photo_id)
            assert more["dates"]["updated"] == photo.updated
            assert more["owner"] == {
                "nsid": run.stream.nsid,
                "username": run.stream.username,
                "real_name": "Ánh",
                "path_alias": run.stream.path_alias,
                "icon_server": 65535,
                "icon_farm": 66,
            }
            assert [
                (comment["author"], comment["author_name"], comment["real_name"], comment["path_alias"])
                for comment in more["comments"]
            ] == [
                (comment.author, comment.author_name, comment.real_name, comment.path_alias)
                for comment in photo.comments
            ]
            page = f"https://www.flickr.com/photos/{run.stream.path_alias}/{photo_id}/#comment"
            assert all(comment["permalink"].startswith(page) for comment in more["comments"])


async def test_another_privacy_is_an_update(tmp_path: Path) -> None:
    """A change of privacy is an edit: the file is written again."""
    async with mirroring(tmp_path, 5, commented=0) as run:
        run.log_in()
        await run(info_level=1)
        edited, *others = run.stream.ids
        run.stream.edit(edited, privacy="friends and family")
        before = {photo_id: run.path(photo_id, "json").read_bytes() for photo_id in others}
        report = await run(info_level=1)

        assert [event.photo_id for event in run.events_of(PhotoUpdated)] == [edited]
        assert report.infos == 1
        assert sidecar(run, edited)["privacy"] == "friends and family"
        assert before == {photo_id: run.path(photo_id, "json").read_bytes() for photo_id in others}


@pytest.mark.parametrize("full_scan", [False, True])
async def test_counts_are_current_in_the_catalogue_and_rewrite_no_file(
    tmp_path: Path, full_scan: bool
) -> None:
    """Each listing refreshes views and favourites, without a job, an update or a call."""
    async with mirroring(tmp_path, 12, commented=0.5) as run:
        await run(info_level=2)
        calls, before = dict(run.flickr.calls), tree(tmp_path)
        run.stream.visits = 1000
        run.stream.real_name = "Ánh"
        report = await run(info_level=2, full_scan=full_scan)

        assert tree(tmp_path) == before
        assert (report.updated, report.infos) == (0, 0)
        assert not run.events_of(InfoStarted)
        assert run.flickr.calls[COMMENTS] == calls[COMMENTS]
        facts = facts_of(tmp_path / run.stream.username)
        for photo_id in run.stream.ids:
            fresh = counts(run.stream, photo_id)
            assert (facts[photo_id]["views"], facts[photo_id]["faves"]) == (fresh["views"], fresh["faves"])
            assert facts[photo_id]["real_name"] == "Ánh"


async def test_a_file_rewritten_for_another_reason_has_current_counts(tmp_path: Path) -> None:
    """The counts in a file are those at the time of writing."""
    async with mirroring(tmp_path, 4, commented=0) as run:
        await run(info_level=1)
        edited, other, *_ = run.stream.ids
        old = sidecar(run, other)["counts"]
        run.stream.visits = 1000
        run.stream.edit(edited, title="Huế")
        await run(info_level=1)

        assert sidecar(run, edited)["counts"] == counts(run.stream, edited)
        assert sidecar(run, other)["counts"] == old != counts(run.stream, other)


async def test_an_upgrade_costs_only_the_listing(folder: Path) -> None:
    """Each file of the previous version gains the facts once: only pages are requested, no photo is updated."""
    photos = stream()
    async with SimulatedFlickr(photos) as flickr:
        run = Run(flickr, folder.parent)
        run.limits = Limits(page_size=3, attempts=2, timing=FAST)
        old = infos(folder)
        report = await run(info_level=2, info_only=True)  # one image failed, and would be tried again

        pages = flickr.calls.pop(LISTING)
        assert pages == 4  # 8 photos, and the newest page again
        assert flickr.calls == {"flickr.people.findByUsername": 1}
        assert (report.new, report.updated, report.infos) == (0, 0, 8)
        assert not run.events_of(PhotoUpdated)
        gained = infos(folder)
        for photo_id in photos.ids:
            more = gained[photo_id]["flickr"]
            assert (more["privacy"], more["safety_level"]) == ("public", 0)
            assert more["counts"] == counts(photos, photo_id)
            assert gained[photo_id]["comments"] == old[photo_id]["comments"]
            assert {comment["author_name"] for comment in more["comments"]} <= {""}
        assert gained[GONE] == old[GONE]

        before = tree(folder)
        flickr.calls.clear()
        report = await run(info_level=2, info_only=True, full_scan=True)
        assert flickr.calls.keys() == {"flickr.people.findByUsername", LISTING}
        assert (report.updated, report.infos) == (0, 0)
        assert tree(folder) == before

        commented = next(photo_id for photo_id in photos.ids if photos.photo(photo_id).comments)
        photos.add_comment(commented, "Great!")
        await run(info_level=2)
        assert flickr.calls[COMMENTS] == 1
        names = [comment["author_name"] for comment in infos(folder)[commented]["flickr"]["comments"]]
        assert names == [comment.author_name for comment in photos.photo(commented).comments]


async def test_an_interrupted_upgrade_is_continued(folder: Path) -> None:
    """Files that wait for their facts stay on the work list, also for runs that list nothing again."""
    photos = stream()
    async with SimulatedFlickr(photos) as flickr:
        run = Run(flickr, folder.parent)
        report = await run(image_only=True)
        assert report.infos == 0
        assert not any("privacy" in info["flickr"] for info in infos(folder).values())
        report = await run(info_level=2)
        assert (report.updated, report.infos) == (0, 8)
        assert all(infos(folder)[photo_id]["flickr"]["privacy"] == "public" for photo_id in photos.ids)
        assert COMMENTS not in flickr.calls


async def test_facts_that_flickr_omits_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without these keys the mirror lacks the facts; it gains them when the server states them."""

    def lacking(photo: SimulatedPhoto, photos: SimulatedPhotostream, extras: Any) -> Payload:
        entry = listed_photo(photo, photos, extras)
        added = {"ispublic", "views", "count_faves", "safety_level", "can_download", "o_width", "o_height"}
        added |= {"ownername", "realname", "pathalias", "iconserver", "iconfarm"}
        return {key: value for key, value in entry.items() if key not in added}

    listed_photo = payloads.listed_photo
    async with mirroring(tmp_path, 4, commented=0) as run:
        with monkeypatch.context() as patched:
            patched.setattr("flickr_mirror.simulator.rest_api.listed_photo", lacking)
            await run(info_level=1)
        for photo_id in run.stream.ids:
            more = sidecar(run, photo_id)
            assert (more["privacy"], more["safety_level"], more["can_download"]) == (None, None, None)
            assert more["original"] is None
            assert more["counts"] == {"views": None, "faves": None, "comments": 0}
            assert more["owner"]["username"] == run.stream.username
            assert (more["owner"]["real_name"], more["owner"]["icon_server"]) == ("", None)

        report = await run(info_level=1)
        assert (report.updated, report.infos) == (0, 4)
        assert all(sidecar(run, photo_id)["privacy"] == "public" for photo_id in run.stream.ids)
