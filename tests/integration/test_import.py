"""Mirrors that begin with an account export and continue with the API, or vice versa; nothing is fetched twice."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from flickr_mirror import (
    CacheFullError,
    CacheLockedError,
    CacheOwnerError,
    ExportError,
    ImportReport,
    PhotoFilter,
    SearchIndex,
    check_mirror,
    forget_photos,
    import_export,
    open_mirror,
    undo_forget,
)
from flickr_mirror.models.events import Imported, PhotoUpdated
from flickr_mirror.simulator import Kind, Mix, SimulatedPhotostream, write_export
from flickr_mirror.simulator.account_export import media_name, original_of
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.partial_file import PartialFile
from tests.support.command import infos, parts, tree
from tests.support.mirroring import Run, jpeg, mirroring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

SIZES = "flickr.photos.getSizes"
COMMENTS = "flickr.photos.comments.getList"
INFO = "flickr.photos.getInfo"


async def imported(run: Run, paths: Iterable[Path], **options: Any) -> ImportReport:
    """Import an export into the mirror of a run."""
    return await import_export(list(paths), run.root, observer=run.events.append, **options)


def exported(run: Run, folder: str = "export", **options: Any) -> list[Path]:
    """Write the export of a run's photostream outside of its mirrors."""
    return write_export(run.stream, run.root.parent / folder, **options)


def replace_in_zips(paths: list[Path], changes: dict[str, bytes | None]) -> None:
    """Replace files in zips, or remove them."""
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in {**files, **{name: changes[name] for name in files if name in changes}}.items():
                if data is not None:
                    archive.writestr(name, data)


def catalogue_of(run: Run) -> Path:
    """Return the catalogue of a mirror."""
    return run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the cache path, which has a folder for exports beside it."""
    return tmp_path / "mirrors"


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
async def test_two_thousand_imported_photos_are_not_fetched(root: Path) -> None:
    """Issue 16: 2,000 photos in 5 zips without a call; then a run with the API fetches no image, in 6 calls."""
    async with mirroring(root, 2000, image_dims=(40, 30)) as run:
        paths = exported(run)
        assert len(paths) == 5
        report = await imported(run, paths)
        assert (report.photos, report.new, report.images, report.complete) == (2000, 2000, 2000, True)
        assert (report.missing, report.unmatched, report.smaller, report.failed) == ([], [], [], [])
        assert (run.flickr.calls.total(), run.flickr.requests.total()) == (0, 0)
        check = await check_mirror(run.stream.username, root)
        assert (check.files, check.broken, check.rebuilt) == (4001, [], False)  # and the document of an album
        mirrored = await run(info_level=2)
        assert run.flickr.requests.total() == 0
        assert run.flickr.calls.total() <= 6
        assert (mirrored.complete, mirrored.images, mirrored.new, mirrored.updated) == (True, 0, 0, 0)
        again = await imported(run, paths)
        assert (again.earlier, again.images, again.bytes) == (2000, 0, 0)


async def test_a_mirror_begins_with_an_import_and_continues_with_the_api(root: Path) -> None:
    """The files equal those of a run, and the API adds the facts that the export lacks."""
    async with mirroring(root, 30, commented=0.5) as run:
        report = await imported(run, exported(run))
        assert (report.new, report.images, report.albums) == (30, 30, 1)
        assert run.events_of(Imported)[-1] == Imported(30, 30)
        before = infos(root)
        mirrored = await run(info_level=2)
        assert (mirrored.images, mirrored.updated, mirrored.complete) == (0, 0, True)
        assert not run.flickr.requests
        assert run.flickr.calls[COMMENTS] == 0
        for photo_id, info in infos(root).items():
            photo = run.stream.photo(photo_id)
            assert run.path(photo_id).read_bytes() == run.flickr.file(photo_id)
            assert info["title"] == before[photo_id]["title"]
            assert [one["content"] for one in info["comments"]] == [one.text for one in photo.comments]
            assert info["flickr"]["comments"] == before[photo_id]["flickr"]["comments"]
            assert info["flickr"]["license"] == str(photo.index % 11)  # as the listing states it
            assert info["flickr"]["export"] == before[photo_id]["flickr"]["export"]
            assert info["flickr"]["export"]["notes"][0]["note"] == f"Note on {photo_id}"
            assert info["flickr"]["export"]["files"] == [media_name(photo)]
        run.flickr.reset_counters()
        assert (await run(info_level=2)).infos == 0
        assert run.flickr.calls.total() == 2


async def test_a_mirror_begins_with_the_api_and_continues_with_an_import(root: Path) -> None:
    """Existing files stay; notes and comments are added; the next run fetches and writes nothing."""
    async with mirroring(root, 20, commented=0.5) as run:
        await run()
        files = tree(root)
        report = await imported(run, exported(run))
        assert (report.new, report.kept, report.images, report.bytes) == (0, 20, 0, 0)
        after = tree(root)
        assert {name: after[name] for name in files if name.endswith(".jpg")} == {
            name: files[name] for name in files if name.endswith(".jpg")
        }
        for photo_id, info in infos(root).items():
            assert [one["content"] for one in info["comments"]] == [
                one.text for one in run.stream.photo(photo_id).comments
            ]
            assert info["flickr"]["license"] == str(run.stream.photo(photo_id).index % 11)
            assert info["flickr"]["export"]["notes"]
        run.flickr.reset_counters()
        mirrored = await run(info_level=2)
        assert (mirrored.infos, mirrored.updated, mirrored.complete) == (0, 0, True)
        assert run.flickr.calls.total() == 2
        assert tree(root) == after


async def test_comments_missing_in_the_export_are_fetched(root: Path) -> None:
    """The listing counts more comments than the export has: a run with comments requests those of that photo."""
    async with mirroring(root, 10, commented=0.0) as run:
        paths = exported(run)
        await run()
        commented, later = run.stream.ids[3], run.stream.ids[4]
        run.stream.add_comment(commented, "Well done")
        await run(full_scan=True)
        await imported(run, paths)
        run.stream.add_comment(later, "Me too")
        run.flickr.reset_counters()
        await run(info_level=2)
        assert run.flickr.calls[COMMENTS] == 2
        assert [one["content"] for one in infos(root)[commented]["comments"]] == ["Well done"]
        assert [one["content"] for one in infos(root)[later]["comments"]] == ["Me too"]


async def test_changes_since_the_export_are_found(root: Path) -> None:
    """A newer title and image come from the API, and importing the export again changes neither."""
    async with mirroring(root, 12) as run:
        paths = exported(run)
        await imported(run, paths)
        await run(info_level=2)
        edited, replaced = run.stream.ids[2], run.stream.ids[3]
        run.stream.edit(edited, title="Another title")
        run.stream.replace_image(replaced)
        await run(info_level=2)
        assert {event.photo_id for event in run.events_of(PhotoUpdated)} == {edited, replaced}
        files = tree(root)
        catalogue = sqlite3.connect(catalogue_of(run))
        catalogue.execute("UPDATE imported SET mark = ''")  # as after another export of the same photos
        catalogue.commit()
        catalogue.close()
        report = await imported(run, paths)
        assert (report.earlier, report.kept) == (0, 12)
        assert infos(root)[edited]["title"]["content"] == "Another title"
        assert run.path(replaced).read_bytes() == run.flickr.file(replaced)
        assert tree(root) == files


async def test_larger_originals_are_imported_and_stay(root: Path) -> None:
    """Flickr serves 1,024 pixels of a free account; the export has the originals, which no later run replaces."""
    async with mirroring(root, 12, mix=Mix.FREE) as run:
        await run()
        small = run.stream.ids[0]
        assert run.path(small).read_bytes() == run.flickr.file(small)
        report = await imported(run, exported(run))
        assert (report.images, report.kept) == (12, 0)
        run.flickr.reset_counters()
        mirrored = await run(full_scan=True)
        assert (mirrored.images, mirrored.complete) == (0, True)
        assert not run.flickr.requests
        for photo_id in run.stream.ids:
            photo = run.stream.photo(photo_id)
            assert run.path(photo_id).read_bytes() == original_of(run.stream, photo)
            assert infos(root)[photo_id]["flickr"]["size"]["label"] == "Original"
        assert (await check_mirror(run.stream.username, root)).broken == []


async def test_an_image_smaller_than_that_of_the_mirror_is_not_imported(root: Path) -> None:
    """It is reported, and the mirror keeps its own image."""
    async with mirroring(root, 3) as run:
        paths = exported(run)
        await run()
        files = tree(root)
        small = run.stream.ids[1]
        replace_in_zips(paths[1:], {media_name(run.stream.photo(small)): jpeg(60, 40)})
        report = await imported(run, paths)
        assert report.smaller == [small]
        assert (report.kept, report.images) == (3, 0)
        assert {name for name in tree(root).items() if name[0].endswith(".jpg")} == {
            name for name in files.items() if name[0].endswith(".jpg")
        }
        assert (await imported(run, paths)).smaller == [small]


async def test_an_image_that_is_larger_at_flickr_is_fetched(root: Path) -> None:
    """A small image of the export is imported, and replaced by a larger one from the API."""
    async with mirroring(root, 3) as run:
        paths = exported(run)
        small = run.stream.ids[1]
        replace_in_zips(paths[1:], {media_name(run.stream.photo(small)): jpeg(60, 40)})
        assert (await imported(run, paths)).images == 3
        mirrored = await run()
        assert (mirrored.images, set(run.flickr.requests)) == (1, {small})
        assert run.path(small).read_bytes() == run.flickr.file(small)


async def test_original_videos_are_imported_and_stay(root: Path) -> None:
    """The API serves smaller films. A run adds the poster, with a call for each video, and never the smaller film."""
    async with mirroring(root, 8, mix=Mix({Kind.VIDEO: 1})) as run:
        await run()
        report = await imported(run, exported(run))
        assert (report.videos, report.images) == (8, 0)
        run.flickr.reset_counters()
        assert (await run(full_scan=True)).complete
        assert not run.flickr.requests
        films = {photo_id: original_of(run.stream, run.stream.photo(photo_id)) for photo_id in run.stream.ids}
        assert {photo_id: run.path(photo_id, "mp4").read_bytes() for photo_id in films} == films


async def test_a_run_after_an_import_fetches_posters_only(root: Path) -> None:
    """An export has no posters of videos: a run fetches these, and not the films."""
    async with mirroring(root, 8, mix=Mix({Kind.VIDEO: 1})) as run:
        assert (await imported(run, exported(run))).videos == 8
        mirrored = await run()
        assert (mirrored.complete, run.flickr.calls[SIZES], run.flickr.requests.total()) == (True, 8, 8)
        for photo_id in run.stream.ids:
            film = original_of(run.stream, run.stream.photo(photo_id))
            assert run.path(photo_id, "mp4").read_bytes() == film
            assert run.path(photo_id, "jpg").exists()
        run.flickr.reset_counters()
        await run(full_scan=True)
        assert not run.flickr.requests


async def test_photos_without_a_file_are_reported_and_fetched(root: Path) -> None:
    """Users report thousands of missing files: the ids are listed, and a run fetches them without further calls."""
    async with mirroring(root, 20) as run:
        missing = set(run.stream.ids[4:7])
        report = await imported(run, exported(run, without=missing, strays=["IMG_1234.jpg", "notes.txt"]))
        assert set(report.missing) == missing
        assert [name.partition(" in ")[0] for name in report.unmatched] == ["IMG_1234.jpg", "notes.txt"]
        assert report.images == 17
        mirrored = await run()
        assert (mirrored.images, set(run.flickr.requests)) == (3, missing)
        assert run.flickr.calls.total() == 2
        # the mirror has them now
        assert (await imported(run, exported(run, without=missing))).missing == sorted(missing, key=int)


async def test_the_id_is_found_in_unusual_names(root: Path) -> None:
    """Slugs with digits and .NEF, upper case, no extension, a secret of digits: every photo gets its own file."""
    async with mirroring(root, 60, mix=Mix.MIXED) as run:
        report = await imported(run, exported(run))
        assert (report.photos, report.missing, report.unmatched, report.failed) == (60, [], [], [])
        for photo_id in run.stream.ids:
            photo = run.stream.photo(photo_id)
            extension = "mp4" if photo.media == "video" else photo.original_format
            assert run.path(photo_id, extension).read_bytes() == original_of(run.stream, photo)


async def test_private_photos_are_kept_and_not_requested(root: Path) -> None:
    """A full scan that cannot see private photos neither marks, prunes nor requests them, until they are public."""
    async with mirroring(root, 20) as run:
        private = run.stream.ids[:4]
        for photo_id in private:
            run.stream.hide(photo_id)
        missing = private[:1]
        report = await imported(run, exported(run, private=private, without=missing))
        assert (report.photos, report.missing) == (20, missing)
        for _ in range(2):
            mirrored = await run(full_scan=True, prune=True, accept_loss=True)
            assert (mirrored.gone, mirrored.pruned, mirrored.failures) == (0, 0, [])
            assert "fewer" not in run.notices
        assert run.flickr.calls[INFO] == run.flickr.calls[SIZES] == 0
        assert all(run.path(photo_id).exists() for photo_id in private[1:])
        catalogue_of(run).unlink()
        mirrored = await run(full_scan=True, prune=True, accept_loss=True)
        assert (mirrored.gone, mirrored.pruned) == (0, 0)
        assert all(run.path(photo_id).exists() for photo_id in private[1:])
        run.stream.publish(private[1])
        run.stream.publish(private[0])
        run.flickr.reset_counters()
        await run(full_scan=True)
        assert set(run.flickr.requests) == {private[0]}
        assert (root / run.stream.username).stat().st_mode & 0o077 == 0


async def test_a_public_photo_that_was_deleted_since_the_export_is_gone(root: Path) -> None:
    """It is imported, and a full scan marks it."""
    async with mirroring(root, 12) as run:
        paths = exported(run)
        run.stream.delete(run.stream.ids[5])
        assert (await imported(run, paths)).images == 12
        assert (await run(full_scan=True)).gone == 1


async def test_forgotten_photos_are_not_imported(root: Path) -> None:
    """A photo that was erased on request is not imported, and neither is its text."""
    async with mirroring(root, 6) as run:
        paths = exported(run)
        await imported(run, paths)
        erased = run.stream.ids[2]
        title = run.stream.photo(erased).title
        await forget_photos(run.stream.username, [erased], root)
        report = await imported(run, paths)
        assert (report.forgotten, report.photos, report.earlier) == (1, 5, 5)
        assert not run.path(erased).exists()
        assert title not in {info["title"]["content"] for info in infos(root).values()}
        assert (await run()).complete
        assert not run.path(erased).exists()


def html(_: bytes) -> bytes:
    return b"<html><body>Not found</body></html>"


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(("damage", "is_kept"), [(html, False), (cut, True), (lambda _: b"", False)])
async def test_damaged_media_is_named(root: Path, damage: Callable[[bytes], bytes], is_kept: bool) -> None:
    """A cut original is kept and marked, because Flickr has the same bytes; a page or an empty file is refused."""
    async with mirroring(root, 4) as run:
        paths = exported(run)
        broken = run.stream.ids[1]
        photo = run.stream.photo(broken)
        replace_in_zips(paths[1:], {media_name(photo): damage(original_of(run.stream, photo))})
        report = await imported(run, paths)
        assert run.path(broken).exists() is is_kept
        assert [photo_id for photo_id, _ in report.damaged] == [broken] * is_kept
        assert len(report.failed) == (not is_kept)
        assert report.missing == [broken] * (not is_kept)
        assert parts(root) == []
        assert (await check_mirror(run.stream.username, root)).broken == []
        replace_in_zips(paths[1:], {media_name(photo): original_of(run.stream, photo)})
        report = await imported(run, paths)
        assert (report.images, report.failed, report.damaged) == (1, [], [])
        assert run.path(broken).read_bytes() == original_of(run.stream, photo)


async def test_damaged_bytes_in_a_zip_fail_one_photo(root: Path) -> None:
    """The others are imported; with an intact zip, the same command imports the failed one."""
    async with mirroring(root, 6) as run:
        paths = exported(run, parts=1)
        whole = paths[1].read_bytes()
        name = media_name(run.stream.photo(run.stream.ids[2]))
        with zipfile.ZipFile(paths[1]) as archive:
            info = archive.getinfo(name)
        data = bytearray(whole)
        data[info.header_offset + 30 + len(name.encode()) + info.file_size // 2] ^= 0xFF
        paths[1].write_bytes(data)
        report = await imported(run, paths)
        assert report.images == 5
        assert report.failed[0][0].startswith(f"{name} in ")
        paths[1].write_bytes(whole)
        report = await imported(run, paths)
        assert (report.earlier, report.images, report.failed, report.missing) == (5, 1, [], [])


async def test_damaged_json_fails_one_photo(root: Path) -> None:
    """An unreadable file of albums is reported."""
    async with mirroring(root, 5) as run:
        paths = exported(run)
        odd, impossible = run.stream.ids[:2]
        huge = {"id": impossible, "name": "x", "rotation": 1 << 62, "date_imported": str(1 << 62)}
        changes = {f"photo_{odd}.json": b"{", "albums.json": b"\xff"}
        changes[f"photo_{impossible}.json"] = json.dumps(huge).encode()
        replace_in_zips(paths[:1], changes)  # type: ignore[arg-type]
        report = await imported(run, paths)
        assert {name for name, _ in report.failed} == {odd, "albums.json"}
        assert (report.photos, report.complete) == (4, True)
        assert (await run()).complete


async def test_exports_of_two_accounts_are_refused(root: Path) -> None:
    """With two profiles, or with photos of another account: one sentence, and nothing is written."""
    async with mirroring(root, 3) as run:
        paths = exported(run)
        other = SimulatedPhotostream(3, nsid="99@N01", username="other", path_alias="other")
        strange = write_export(other, root.parent / "other")
        with pytest.raises(ExportError, match=r"of two accounts: .* and .*Nothing was imported"):
            await imported(run, [*paths, *strange])
        replace_in_zips(strange[:1], {"account_profile.json": None})
        with pytest.raises(ExportError, match="of two accounts"):
            await imported(run, [*paths, *strange])
        assert not root.exists()


async def test_an_export_for_another_mirror_is_refused(root: Path) -> None:
    """With --username, and with a folder of another account with the same name."""
    async with mirroring(root, 3) as run:
        await run()
        files = tree(root)
        other = SimulatedPhotostream(3, nsid="99@N01", username="other", path_alias="other")
        strange = write_export(other, root.parent / "other")
        with pytest.raises(CacheOwnerError, match=r"is of 'other' \(99@N01\), not of 'saigon_archive'"):
            await imported(run, strange, username=run.stream.username)
        twin = SimulatedPhotostream(3, nsid="98@N01", username=run.stream.username, path_alias="twin")
        with pytest.raises(CacheOwnerError, match="is the mirror of the account 72157600@N07"):
            await imported(run, write_export(twin, root.parent / "twin"))
        assert tree(root) == files


async def test_without_a_profile_the_account_must_be_named(root: Path) -> None:
    """By the name of a mirror or by the NSID; the API continues with the same mirror."""
    async with mirroring(root, 3) as run:
        paths = exported(run)
        replace_in_zips(paths[:1], {"account_profile.json": None})
        with pytest.raises(ExportError, match=r"no account_profile\.json.* --username"):
            await imported(run, paths)
        with pytest.raises(ExportError, match="--username"):
            await imported(run, paths, username="unknown")
        assert not root.exists()
        report = await imported(run, paths, username=run.stream.nsid)
        assert (report.username, report.images) == (run.stream.nsid, 3)
        assert (await run()).images == 0
        assert not run.flickr.requests
        assert (await imported(run, paths, username=run.stream.username)).earlier == 3


async def test_photos_of_another_account_are_refused_without_a_profile(root: Path) -> None:
    """The addresses of the photos name their owner by the path alias, which the listing states too, or by the NSID."""
    async with mirroring(root, 3) as run:
        await run()
        before = tree(run.root)
        for alias, name in (("twin", "twin"), ("99@N01", "99@n01")):
            stream = SimulatedPhotostream(3, nsid="99@N01", username="other", path_alias=alias)
            paths = write_export(stream, root.parent / name)
            replace_in_zips(paths[:1], {"account_profile.json": None})
            with pytest.raises(CacheOwnerError, match=f"has photos of '{name}', and the mirror is of"):
                await imported(run, paths, username=run.stream.username)
        assert tree(run.root) == before


async def test_the_mirror_is_locked_during_an_import(root: Path) -> None:
    """An import during a run ends with the same error as a second run."""
    async with mirroring(root, 3) as run:
        paths = exported(run)
        await imported(run, paths)
        folder = root / run.stream.username
        with locked(folder / ".flickr_mirror" / "lock", folder), pytest.raises(CacheLockedError):
            await imported(run, paths)


async def test_an_import_ended_by_a_full_disk_is_continued(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imported files stay, and the same command imports the rest."""
    async with mirroring(root, 12) as run:
        paths = exported(run)
        written = []
        write = PartialFile.write

        async def fill(self: PartialFile, data: bytes) -> None:
            written.append(data)
            if len(written) > 12:
                raise CacheFullError("The disk is full.")
            await write(self, data)

        with monkeypatch.context() as patch:
            patch.setattr(PartialFile, "write", fill)
            report = ImportReport()
            with pytest.raises(CacheFullError):
                await imported(run, paths, report=report)
        assert not report.complete
        assert 0 < report.images < 12
        before = report.images
        report = await imported(run, paths)
        assert report.complete
        assert (report.photos, report.earlier >= before - 1, parts(root)) == (12, True, [])
        undisturbed = await import_export(paths, root.parent / "undisturbed")
        assert undisturbed.images == 12
        assert tree(root) == tree(root.parent / "undisturbed")


async def test_unpacked_parts_are_imported_too(root: Path) -> None:
    """Folders with the content of zips, together with zips."""
    async with mirroring(root, 8) as run:
        paths = exported(run)
        for path in paths[:3]:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(path.parent / path.stem)
            path.unlink()
        report = await imported(run, [paths[0].parent])
        assert (report.images, report.missing) == (8, [])
        assert (await imported(run, [paths[0].parent])).earlier == 8


async def test_two_exports_of_one_account_make_one_mirror(root: Path) -> None:
    """The later export adds new photos; photos that it lacks stay."""
    async with mirroring(root, 6) as run:
        first = exported(run)
        dropped = run.stream.ids[0]
        (new,) = run.stream.upload(1)
        run.stream.delete(dropped)
        second = exported(run, "later")
        await imported(run, first)
        report = await imported(run, second)
        assert (report.total, report.new, report.earlier) == (6, 1, 5)
        assert run.path(new).exists()
        assert run.path(dropped).exists()


async def test_a_damaged_image_does_not_replace_a_whole_one(root: Path) -> None:
    """Not even if it claims more pixels."""
    async with mirroring(root, 3) as run:
        paths = exported(run)
        await run()
        name = media_name(run.stream.photo(run.stream.ids[1]))
        replace_in_zips(paths[1:], {name: cut(jpeg(2000, 1500))})
        report = await imported(run, paths)
        assert (report.images, report.damaged, report.failed) == (0, [], [])
        assert run.path(run.stream.ids[1]).read_bytes() == run.flickr.file(run.stream.ids[1])


async def test_a_replaced_image_is_not_imported_from_an_older_export(root: Path) -> None:
    """A listing has shown the new image, which was not fetched yet, so the old one of the export is not imported."""
    async with mirroring(root, 3) as run:
        await run()
        paths = exported(run)
        replaced = run.stream.ids[1]
        replace_in_zips(paths[1:], {media_name(run.stream.photo(replaced)): jpeg(2000, 1500)})
        run.stream.replace_image(replaced)
        await run(info_only=True)
        assert (await imported(run, paths)).images == 0
        run.flickr.reset_counters()
        await run()
        assert set(run.flickr.requests) == {replaced}
        assert run.path(replaced).read_bytes() == run.flickr.file(replaced)


async def test_a_broken_file_is_imported_again(root: Path) -> None:
    """A check has moved it away: the same export restores it, without a key."""
    async with mirroring(root, 4) as run:
        paths = exported(run)
        await imported(run, paths)
        broken = run.path(run.stream.ids[1])
        whole = broken.read_bytes()
        broken.write_bytes(whole[:-50])
        assert len((await check_mirror(run.stream.username, root)).broken) == 1
        report = await imported(run, paths)
        assert (report.earlier, report.images) == (3, 1)
        assert broken.read_bytes() == whole
        check = await check_mirror(run.stream.username, root)
        assert (check.broken, check.waiting) == ([], 0)


async def test_a_photo_can_be_imported_after_forgetting_it_is_undone(root: Path) -> None:
    """The catalogue keeps no row of the import of a forgotten photo, and is valid afterwards."""
    async with mirroring(root, 4) as run:
        paths = exported(run)
        await imported(run, paths)
        erased = run.stream.ids[1]
        await forget_photos(run.stream.username, [erased], root)
        database = sqlite3.connect(catalogue_of(run))
        assert database.execute("SELECT 1 FROM imported WHERE photo_id = ?", (erased,)).fetchall() == []
        database.close()
        await undo_forget(run.stream.username, [erased], root)
        report = await imported(run, paths)
        assert (report.earlier, report.new, report.images) == (3, 1, 1)
        assert "damaged" not in run.notices


async def test_the_notes_of_an_export_are_found(root: Path) -> None:
    """A search finds a photo by a note that only the export has, before and after a run."""
    async with mirroring(root, 4) as run:
        await imported(run, exported(run))
        for _ in range(2):
            with open_mirror(root) as reader, SearchIndex(reader) as index:
                index.update()
                (found,) = index.search(f"note:{run.stream.ids[1]}", PhotoFilter()).photo_ids
            assert str(found) == run.stream.ids[1]
            await run()
