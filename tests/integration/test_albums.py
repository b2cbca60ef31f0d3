"""Albums and collections: complete, in the owner's order, with calls only for what has changed."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from flickr_mirror import Include, Limits
from flickr_mirror.catalogue.albums import Albums
from flickr_mirror.cli.commands.status import show_status
from flickr_mirror.cli.exit_codes import code_of
from flickr_mirror.models.events import ListMirrored, Notice
from flickr_mirror.simulator import arguments_of, fill_albums
from flickr_mirror.simulator.data.texts import comment_of_a_visitor
from flickr_mirror.storage.mirror_folder import MirrorFolder
from tests.support.albums import account_of, check_albums, members, read_albums, visible
from tests.support.mirroring import Run, mirroring
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from flickr_mirror import MirrorReport

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")

ALBUMS = 12
LIST, PHOTOS, INFO, COMMENTS, TREE = (
    "flickr.photosets.getList",
    "flickr.photosets.getPhotos",
    "flickr.photosets.getInfo",
    "flickr.photosets.comments.getList",
    "flickr.collections.getTree",
)


class AlbumRun(Run):
    """A mirror that includes albums, in pages of ten; `calls` are the calls of the last run about albums."""

    limits = Limits(page_size=10, attempts=1, timing=FAST)

    async def __call__(self, **options: Any) -> MirrorReport:
        """Run once, for information and albums."""
        self.flickr.reset_counters()
        return await super().__call__(include=frozenset({Include.ALBUMS}), info_only=True, **options)

    @property
    def calls(self) -> dict[str, int]:
        """How many calls of each method the last run made, without those for the photostream."""
        return {
            name: count for name, count in self.flickr.calls.items() if "photosets" in name or name == TREE
        }

    @property
    def changed(self) -> int:
        """How many albums the last run found new or changed."""
        (event,) = self.events_of(ListMirrored)
        return int(event.changed)

    async def logged_in(self) -> MirrorReport:
        """Run once as the owner."""
        self.log_in()
        try:
            return await self()
        finally:
            self.token = None


@asynccontextmanager
async def albums_of(root: Path, count: int = 40) -> AsyncIterator[AlbumRun]:
    """Open a simulated account with photos and twelve albums, one of them hidden, and a mirror of it."""
    async with mirroring(root, count, commented=0) as run:
        fill_albums(run.stream, ALBUMS, 13 * ALBUMS)
        yield AlbumRun(run.flickr, root)


def rewriting(
    run: Run, change: Callable[[dict[str, str], dict[str, Any]], dict[str, Any] | None], method: str
) -> None:
    """Let `change` modify the answers to a method, or return another one, from its arguments."""

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        arguments = await arguments_of(request)
        if arguments.get("method") != method:
            return None
        answer = run.flickr.call(**arguments)
        return web.json_response(change(arguments, answer) or answer)

    run.flickr.intercept = intercept


async def test_albums_have_their_order_texts_and_collections(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        report = await run()
        check_albums(run)
        size = ALBUMS - 1
        assert run.calls == {LIST: 2, PHOTOS: 2 * size, TREE: 1}
        assert (report.lists, report.list_failures, code_of(report)) == ({"albums": size}, {}, 0)
        assert run.changed == size


async def test_a_second_run_requests_the_list_only(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        await run()
        before = {path: path.stat().st_mtime_ns for path in account_of(run).rglob("*.json")}
        await run()
        assert run.calls == {LIST: 2}
        assert run.changed == 0
        assert {path: path.stat().st_mtime_ns for path in account_of(run).rglob("*.json")} == before
        check_albums(run)


@pytest.mark.parametrize("change", ["title", "photos", "cover", "count", "description"])
async def test_a_changed_album_is_listed_again(tmp_path: Path, change: str) -> None:
    """A change of its time, its counts, its cover or its texts is enough."""
    async with albums_of(tmp_path) as run:
        await run()
        album = run.stream.albums[5]
        if change == "title":
            album.title = "Nouveau titre"
        elif change == "photos":
            album.edit(photo_ids=album.photo_ids[::-1])
        elif change == "cover":
            album.cover = album.photo_ids[0]
        elif change == "count":
            album.photo_ids.pop()
        else:
            album.description = "Une autre"
        await run()
        assert run.calls == {LIST: 2, PHOTOS: -(-len(album.photo_ids) // 10), TREE: 1}
        assert run.changed == 1
        check_albums(run)


async def test_a_full_scan_lists_all_albums_again(tmp_path: Path) -> None:
    """The order of photos can change without a change in the list of albums."""
    async with albums_of(tmp_path) as run:
        await run()
        run.stream.albums[2].photo_ids.reverse()
        await run()
        assert run.calls == {LIST: 2}
        await run(full_scan=True)
        assert run.calls == {LIST: 2, PHOTOS: 2 * (ALBUMS - 1), TREE: 1}
        assert run.changed == 1
        check_albums(run)
        await run()
        assert run.calls == {LIST: 2}


async def test_a_new_order_of_the_albums_is_stored(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        await run()
        run.stream.albums.reverse()
        run.stream.collections.reverse()
        await run()
        assert run.calls == {LIST: 2, TREE: 1}
        check_albums(run)


async def test_a_deleted_album_is_kept_and_marked_as_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with albums_of(tmp_path) as run:
        await run()
        kept = run.stream.albums.pop(1)
        await run()
        assert run.calls[INFO] == 1
        assert (
            f"Album {kept.id} ({kept.title!r}) is no longer on Flickr. It is kept in the mirror."
            in run.notices
        )
        document = read_albums(run)[kept.id]
        assert (document["photos"], document["flickr"]["gone"] > 0) == (kept.photo_ids, True)
        assert members(run.root / run.stream.username)[kept.id] == kept.photo_ids
        await run()
        assert run.calls == {LIST: 1}
        show_status(tmp_path, run.stream.username, max_age=None, as_json=False)
        assert "\nalbums    10, 1 gone from Flickr\n" in capsys.readouterr().out
        run.stream.albums.insert(1, kept)  # it was private for a while
        await run()
        check_albums(run)


@pytest.mark.parametrize(
    "answer",
    [
        {"photosets": {}, "stat": "ok"},
        {"photosets": {"total": 0, "pages": 0, "page": 1, "perpage": 10}, "stat": "ok"},
        {"photosets": {"total": "3", "pages": 1, "page": 1, "perpage": 10, "photoset": []}, "stat": "ok"},
    ],
    ids=["nothing", "no albums", "a short list"],
)
async def test_no_album_is_marked_as_gone_because_of_a_list(tmp_path: Path, answer: dict[str, Any]) -> None:
    async with albums_of(tmp_path) as run:
        await run()
        rewriting(run, lambda _, __: answer, LIST)
        await run()
        assert all(document["flickr"]["gone"] is None for document in read_albums(run).values())
        assert run.calls.get(INFO, 0) == (ALBUMS - 1 if answer["photosets"].get("total") == 0 else 0)
        assert ("Flickr counts 3 albums, and listed 0." in run.notices) == ("photoset" in answer["photosets"])
        run.flickr.intercept = None
        await run()
        check_albums(run)


async def test_one_bad_page_of_the_list_costs_a_call(tmp_path: Path) -> None:
    """A page that is short or repeats albums is requested once more."""
    async with albums_of(tmp_path) as run:
        asked: Counter[str] = Counter()

        def change(arguments: dict[str, str], answer: dict[str, Any]) -> None:
            page = arguments["page"]
            asked[page] += 1
            if asked[page] == 1:
                del answer["photosets"]["photoset"][: 4 if page == "1" else 1]

        rewriting(run, change, LIST)
        await run()
        assert asked == {"1": 2, "2": 2}
        check_albums(run)


async def test_albums_that_move_to_the_next_page_are_stored_once(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        new = run.stream.albums.pop()

        def change(arguments: dict[str, str], answer: dict[str, Any]) -> None:
            if arguments["page"] == "1" and new not in run.stream.albums:
                run.stream.albums.insert(0, new)

        rewriting(run, change, LIST)
        await run()
        assert sorted(members(run.root / run.stream.username)) != sorted(
            album.id for album in visible(run.stream)
        )
        await run()
        assert sorted(members(run.root / run.stream.username)) == sorted(
            album.id for album in visible(run.stream)
        )
        run.stream.collections = []
        await run(full_scan=True)
        check_albums(run)


async def test_photos_that_flickr_counts_but_does_not_list_are_requested_in_three_runs(
    tmp_path: Path,
) -> None:
    async with albums_of(tmp_path) as run:
        album = run.stream.albums[0]
        missing = album.photo_ids[3]

        def change(arguments: dict[str, str], answer: dict[str, Any]) -> None:
            photos = answer["photoset"]["photo"]
            photos[:] = [photo for photo in photos if photo["id"] != missing]

        await run()
        rewriting(run, change, PHOTOS)
        album.edit(title="Nouveau titre")
        others = [photo_id for photo_id in album.photo_ids if photo_id != missing]
        for number in range(2):
            await run()
            is_news = "Flickr counts 1 more photos in 1 albums than it lists there." in run.notices
            assert is_news == (number == 0)
            assert run.calls[PHOTOS] == 3  # two pages, one of them twice
            assert read_albums(run)[album.id]["photos"] == [*others, missing]
        await run()
        assert read_albums(run)[album.id]["photos"] == others
        assert read_albums(run)[album.id]["flickr"]["missing"] == 1
        await run()
        assert run.calls == {LIST: 2}


async def test_an_album_without_a_visible_photo_does_not_disturb_the_others(tmp_path: Path) -> None:
    """Flickr lists it and answers code 1 for its photos."""
    async with albums_of(tmp_path) as run:
        album = run.stream.albums[4]
        await run()
        album.edit(title="Caché")
        run.stream.albums[5].edit(title="Nouveau titre")
        refusal = {"stat": "fail", "code": 1, "message": "Photoset not found"}
        rewriting(run, lambda call, _: refusal if call["photoset_id"] == album.id else None, PHOTOS)
        report = await run()
        documents = read_albums(run)
        assert (report.list_failures, documents[album.id]["photos"]) == ({}, album.photo_ids)
        assert documents[album.id]["flickr"]["gone"] is not None
        assert documents[run.stream.albums[5].id]["title"]["content"] == "Nouveau titre"
        run.flickr.intercept = None
        await run()
        check_albums(run)


async def test_a_refused_album_is_reported_and_the_others_are_mirrored(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        album = run.stream.albums[0]
        refusal = {"stat": "fail", "code": 7, "message": "No"}
        rewriting(run, lambda call, _: refusal if call["photoset_id"] == album.id else None, PHOTOS)
        report = await run()
        assert f"album {album.id} ({album.title!r}): No (Flickr's code 7)" in report.list_failures["albums"]
        assert (code_of(report), len(read_albums(run))) == (3, ALBUMS - 2)
        run.flickr.intercept = None
        await run()
        assert run.calls == {LIST: 2, PHOTOS: 2, TREE: 1}
        check_albums(run)


async def test_comments_on_albums_are_mirrored_at_level_2(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        await run(info_level=1)
        assert "comments" not in read_albums(run)[run.stream.albums[0].id]
        await run(info_level=2)
        assert run.calls == {LIST: 2, COMMENTS: 3, TREE: 1}
        stored = read_albums(run)
        for album in visible(run.stream):
            assert [comment["content"] for comment in stored[album.id]["comments"]] == [
                comment.text for comment in album.comments
            ]
        assert stored[run.stream.albums[0].id]["flickr"]["comments"][0]["date"] == 1_600_000_000
        await run(info_level=2)
        assert run.calls == {LIST: 2}
        run.stream.albums[0].comments.append(comment_of_a_visitor("Magnifique", 1_700_000_000))
        await run(info_level=1)
        assert run.calls == {LIST: 2}
        await run(info_level=2)
        assert run.calls == {LIST: 2, COMMENTS: 1, TREE: 1}
        assert len(read_albums(run)[run.stream.albums[0].id]["comments"]) == 2


async def test_refused_comments_do_not_delay_an_album(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        rewriting(run, lambda _, __: {"stat": "fail", "code": 7, "message": "No"}, COMMENTS)
        await run(info_level=2)
        assert "were not mirrored: No. The next run tries again." in run.notices
        assert len(read_albums(run)) == ALBUMS - 1
        run.flickr.intercept = None
        await run(info_level=2)
        assert run.calls == {LIST: 2, COMMENTS: 3, TREE: 1}


async def test_unlisted_photos_are_kept_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with albums_of(tmp_path) as run:
        album = run.stream.albums[0]

        def change(arguments: dict[str, str], answer: dict[str, Any]) -> None:
            if arguments["photoset_id"] == album.id and arguments["page"] == "1":
                answer["photoset"]["photo"][0]["id"] = "54999999999"

        rewriting(run, change, PHOTOS)
        await run()
        assert (
            "1 photos of albums are in no listing: they are private, or newer than the listing."
            in run.notices
        )
        assert "keep their ids: 54999999999." in run.notices
        assert members(run.root / run.stream.username)[album.id][0] == "54999999999"
        show_status(tmp_path, run.stream.username, max_age=None, as_json=True)
        status = json.loads(capsys.readouterr().out)
        figures = [status[name] for name in ("albums", "albums_gone", "album_photos_unlisted")]
        assert figures == [ALBUMS - 1, 0, 1]


async def test_private_contents_stay_in_runs_without_the_login(tmp_path: Path) -> None:
    """Without the login, an album with private photos looks smaller, and a private one looks deleted."""
    async with albums_of(tmp_path) as run:
        private = run.stream.albums[0].photo_ids[0]
        run.stream.hide(private)
        whole = {album.id: album.photo_ids for album in run.stream.albums}
        await run.logged_in()
        assert members(run.root / run.stream.username) == whole
        report = await run()
        assert members(run.root / run.stream.username) == whole
        assert "11 albums were mirrored with a login, and are left as they are" in run.notices
        assert all(document["flickr"]["gone"] is None for document in read_albums(run).values())
        assert (run.calls, code_of(report)) == ({LIST: 2}, 0)
        await run.logged_in()
        assert run.calls == {LIST: 2}


async def test_a_login_adds_private_contents(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        run.stream.hide(run.stream.albums[0].photo_ids[0])
        await run()
        assert len(members(run.root / run.stream.username)) == ALBUMS - 1
        await run.logged_in()
        assert members(run.root / run.stream.username) == {
            album.id: album.photo_ids for album in run.stream.albums
        }


@pytest.mark.parametrize("method", [LIST, PHOTOS, TREE])
async def test_a_run_continues_where_it_lost_the_connection(tmp_path: Path, method: str) -> None:
    """Albums that were stored are not listed again."""
    async with albums_of(tmp_path) as run:
        left = 7 if method == PHOTOS else 1 if method == LIST else 0

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            nonlocal left
            if (await arguments_of(request)).get("method") != method:
                return None
            left -= 1
            return web.Response(status=500) if left < 0 else None

        run.flickr.intercept = intercept
        report = await run()
        assert list(report.list_failures) == ["albums"]
        assert any("The albums were not mirrored" in notice.text for notice in run.events_of(Notice))
        done = {LIST: 10, PHOTOS: 3, TREE: ALBUMS - 1}[method]
        run.flickr.intercept = None
        await run()
        assert run.calls[PHOTOS if done < ALBUMS - 1 else TREE] == max(2 * (ALBUMS - 1 - done), 1)
        check_albums(run)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    ("place", "nth"),
    [
        ("document", 5),
        ("row", 5),
        pytest.param("document", 0, marks=pytest.mark.slow),
        pytest.param("row", 10, marks=pytest.mark.slow),
        *(pytest.param(place, 0, marks=pytest.mark.slow) for place in ("order", "tree document", "tree")),
    ],
)
async def test_an_end_between_two_writes_repeats_one_album_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, nth: int
) -> None:
    """The document is written before the row. If a run ends after either, the next one completes both."""
    async with albums_of(tmp_path) as run:
        await run()
        for album in run.stream.albums:
            album.edit(title=f"{album.title} (1)")
        run.stream.albums.reverse()
        run.stream.collections.reverse()
        calls = Counter[str]()

        def ending(owner: Any, name: str, wanted: Callable[..., bool] = lambda *_: True) -> None:
            original = getattr(owner, name)

            def replaced(self: object, *arguments: Any, **named: Any) -> object:
                if wanted(*arguments):
                    calls[name] += 1
                    if calls[name] == nth + 1:
                        raise Killed
                return original(self, *arguments, **named)

            monkeypatch.setattr(owner, name, replaced)

        if place == "document":
            ending(MirrorFolder, "write_document")
        elif place == "tree document":
            ending(MirrorFolder, "write_document", lambda name, _: name == "collections")
        else:
            ending(Albums, {"row": "store", "order": "place", "tree": "store_tree"}[place])
        with pytest.raises(BaseException, match=r"^$|unhandled errors"):
            await run()
        monkeypatch.undo()
        await run()
        assert run.calls.get(PHOTOS, 0) == 2 * ((ALBUMS - 1 - nth) if place in ("document", "row") else 0)
        check_albums(run)


async def test_a_rebuilt_catalogue_has_the_albums(tmp_path: Path) -> None:
    """Their documents have all values that the next run compares."""
    async with albums_of(tmp_path) as run:
        await run(info_level=2)
        gone = run.stream.albums.pop(7)
        await run(info_level=2)
        (run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite").unlink()
        await run(info_level=2)
        assert run.calls == {LIST: 1, TREE: 1}
        found = members(run.root / run.stream.username)
        assert found.pop(gone.id) == gone.photo_ids
        assert found == {album.id: album.photo_ids for album in visible(run.stream)}


async def test_a_deleted_document_is_written_again(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        await run()
        (account_of(run) / "albums" / f"{run.stream.albums[0].id}.json").unlink()
        await run()
        assert run.calls == {LIST: 2, PHOTOS: 2, TREE: 1}
        check_albums(run)


async def test_an_account_without_albums_has_an_empty_tree(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        run.stream.albums, run.stream.collections = [], []
        report = await run()
        assert (run.calls, report.lists) == ({LIST: 1, TREE: 1}, {"albums": 0})
        await run()
        assert run.calls == {LIST: 1}


async def test_collections_that_need_a_login_are_left_out(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        refusal = {"stat": "fail", "code": 99, "message": "Insufficient permissions"}
        rewriting(run, lambda _, __: refusal, TREE)
        report = await run()
        assert "The collections of albums were not mirrored: " in run.notices
        assert (len(read_albums(run)), report.list_failures) == (ALBUMS - 1, {})
        run.flickr.intercept = None
        await run()
        check_albums(run)


async def test_one_incomplete_tree_deletes_no_collection(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        await run()
        answers = iter([{"collections": [], "stat": "ok"}])
        rewriting(run, lambda _, __: next(answers, None), TREE)
        await run(full_scan=True)
        assert run.calls[TREE] == 2
        check_albums(run)


async def test_a_run_without_include_requests_no_album(tmp_path: Path) -> None:
    async with albums_of(tmp_path) as run:
        await Run.__call__(run, info_only=True)
        assert run.calls == {}
        assert not account_of(run).exists()
