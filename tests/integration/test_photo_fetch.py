"""One photo, fetched into a folder from a simulated Flickr."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from PIL import Image

from flickr_mirror import ApiBudget, AsyncFlickrApi, Limits
from flickr_mirror.engine.photo_fetch import FetchedPhoto, fetch_photo
from flickr_mirror.errors import BadImageError, CacheError, NoSizeError, PhotoNotFoundError
from flickr_mirror.simulator import Rule, Script, SimulatedFlickr, SimulatedPhotostream, faults
from flickr_mirror.simulator.data.sizes import Kind, Mix
from tests.support.canary import KEY, SECRET
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")
LIMITS = Limits(attempts=2, timing=FAST)


class Fetching:
    """Fetches photos of one photostream into a folder."""

    def __init__(self, flickr: SimulatedFlickr, api: AsyncFlickrApi, folder: Path) -> None:
        self.flickr = flickr
        self.stream = flickr.streams[0]
        self.folder = folder
        self._api = api

    async def __call__(self, photo_id: str, **options: Any) -> FetchedPhoto:
        """Fetch one photo."""
        self.flickr.reset_counters()
        return await fetch_photo(self._api, photo_id, self.folder, limits=LIMITS, **options)

    @property
    def names(self) -> set[str]:
        """The names of the files in the folder."""
        return {path.name for path in self.folder.iterdir()}

    def document(self, photo_id: str) -> Any:
        """Return the JSON file of a photo."""
        return json.loads((self.folder / f"{photo_id}.json").read_bytes())


@asynccontextmanager
async def fetching(folder: Path, mix: Mix = Mix.PLAIN, count: int = 12) -> AsyncIterator[Fetching]:
    """Open a simulated Flickr and its API."""
    async with SimulatedFlickr(SimulatedPhotostream(count, mix=mix)) as flickr:
        budget = ApiBudget(calls_per_second=10_000, timing=FAST)
        async with AsyncFlickrApi(KEY, SECRET, budget=budget, api_url=flickr.api_url, limits=LIMITS) as api:
            yield Fetching(flickr, api, folder / "photos")


async def test_the_best_file_and_the_information_take_two_calls(tmp_path: Path) -> None:
    """The file is named by its size and id, and the JSON equals that of a mirror, with the details of the answer."""
    async with fetching(tmp_path, Mix({Kind.LARGE: 1})) as fetch:
        photo = fetch.stream.photo(fetch.stream.ids[1])
        result = await fetch(photo.id, info_level=1)
        assert fetch.names == {f"Original_{photo.id}.jpg", f"{photo.id}.json"}
        assert (fetch.folder / f"Original_{photo.id}.jpg").read_bytes() == fetch.flickr.file(photo.id)
        assert fetch.flickr.calls == {"flickr.photos.getInfo": 1, "flickr.photos.getSizes": 1}
        document = fetch.document(photo.id)
        assert (document["title"]["content"], document["description"]["content"]) == (
            photo.title,
            photo.description,
        )
        assert "comments" not in document
        assert document["flickr"]["size"]["label"] == "Original"
        assert document["flickr"]["owner"]["nsid"] == fetch.stream.nsid
        assert len(document["flickr"]["details"]["notes"]) == photo.index % 3
        assert (len(result.written), result.there, result.is_whole) == (2, [], True)


async def test_comments_and_people_take_a_call_each(tmp_path: Path) -> None:
    """Only if the first answer states that there are some."""
    async with fetching(tmp_path) as fetch:
        photos = [fetch.stream.photo(photo_id) for photo_id in fetch.stream.ids]
        for photo in photos:
            await fetch(photo.id, info_level=2)
            document = fetch.document(photo.id)
            has_people = photo.index % 7 == 0
            assert fetch.flickr.calls.total() == 2 + bool(photo.comments) + has_people
            assert [comment["content"] for comment in document["comments"]] == [
                comment.text for comment in photo.comments
            ]
            assert len(document["flickr"]["details"]["people"]) == 2 * has_people


async def test_all_sizes_are_the_files_that_flickr_lists(tmp_path: Path) -> None:
    """Each with its label and its pixels, cropped ones too; the films of a video, but not its player."""
    async with fetching(tmp_path, Mix({Kind.LARGE: 1, Kind.VIDEO: 1})) as fetch:
        for photo in (fetch.stream.photo(photo_id) for photo_id in fetch.stream.ids[:6]):
            await fetch(photo.id, all_sizes=True)
            listed = fetch.flickr.call(method="flickr.photos.getSizes", photo_id=photo.id)["sizes"]["size"]
            labels = {size["label"] for size in listed} - {"Video Player"}
            labels -= {video.label for video in photo.videos if video.refusal}
            found = {name.rpartition("_")[0] for name in fetch.names if photo.id in name} - {""}
            assert found == labels
            for size in photo.pictures:
                with Image.open(fetch.folder / f"{size.label}_{photo.id}.jpg") as image:
                    assert image.size == (size.width, size.height)


async def test_a_second_fetch_changes_nothing(tmp_path: Path) -> None:
    """The files are up to date, also if only the views have changed."""
    async with fetching(tmp_path) as fetch:
        photo_id = fetch.stream.ids[0]
        await fetch(photo_id, all_sizes=True)
        before = {path: (path.stat().st_ino, path.read_bytes()) for path in fetch.folder.iterdir()}
        result = await fetch(photo_id, all_sizes=True)
        assert (result.written, set(result.there)) == ([], set(before))
        assert {path: (path.stat().st_ino, path.read_bytes()) for path in fetch.folder.iterdir()} == before


async def test_another_file_stays_unless_replace_is_set(tmp_path: Path) -> None:
    """Other files with the names are reported, the rest is written; links and folders are not followed."""
    async with fetching(tmp_path) as fetch:
        photo_id = fetch.stream.ids[0]
        fetch.folder.mkdir()
        mine = fetch.folder / f"Original_{photo_id}.jpg"
        mine.write_text("mine")
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_text("elsewhere")
        (fetch.folder / f"{photo_id}.json").symlink_to(elsewhere)
        result = await fetch(photo_id)
        assert {path.name for path in result.taken} == {mine.name, f"{photo_id}.json"}
        assert (mine.read_text(), elsewhere.read_text()) == ("mine", "elsewhere")
        assert fetch.names == {mine.name, f"{photo_id}.json"}  # and no partial file
        result = await fetch(photo_id, replace=True)
        assert (result.taken, len(result.written)) == ([], 2)
        assert mine.read_bytes() == fetch.flickr.file(photo_id)
        assert elsewhere.read_text() == "elsewhere"


async def test_edited_texts_need_replace(tmp_path: Path) -> None:
    """The older JSON is kept unless `replace` is set."""
    async with fetching(tmp_path) as fetch:
        photo_id = fetch.stream.ids[0]
        await fetch(photo_id)
        before = fetch.document(photo_id)
        fetch.stream.edit(photo_id, title="Another title")
        assert [path.name for path in (await fetch(photo_id)).taken] == [f"{photo_id}.json"]
        assert fetch.document(photo_id) == before
        await fetch(photo_id, replace=True)
        assert fetch.document(photo_id)["title"]["content"] == "Another title"


async def test_the_largest_served_size_is_fetched_if_the_best_is_refused(tmp_path: Path) -> None:
    """The JSON states that, as in a mirror."""
    async with fetching(tmp_path, Mix({Kind.LARGE: 1})) as fetch:
        photo = fetch.stream.photo(fetch.stream.ids[0])

        async def refuse_best(request: web.Request) -> web.StreamResponse | None:
            return web.Response(status=403) if request.path == photo.best.path else None

        fetch.flickr.intercept = refuse_best
        result = await fetch(photo.id)
        second = sorted(photo.pictures, key=lambda size: size.width * size.height)[-2]
        assert fetch.names == {f"{second.label}_{photo.id}.jpg", f"{photo.id}.json"}
        size = fetch.document(photo.id)["flickr"]["size"]
        assert (size["label"], size["reduced"], size["best"]["label"]) == (second.label, True, "Original")
        assert (result.is_whole, result.refused) == (True, ["Original (HTTP 403)"])
        result = await fetch(photo.id, all_sizes=True)
        assert (result.is_whole, result.refused) == (False, ["Original (HTTP 403)"])


async def test_the_best_film_of_a_video_is_fetched_without_a_poster(tmp_path: Path) -> None:
    """If no film is served, the poster is fetched, and the result is incomplete."""
    async with fetching(tmp_path, Mix({Kind.VIDEO: 4, Kind.NOT_READY: 1}), 20) as fetch:
        for photo in (fetch.stream.photo(photo_id) for photo_id in fetch.stream.ids):
            result = await fetch(photo.id)
            (name,) = (path.name for path in result.written if path.suffix != ".json")
            assert result.is_whole == (photo.kind is Kind.VIDEO)
            assert name.startswith(f"{photo.best.label}_")
            assert (fetch.folder / name).read_bytes() == fetch.flickr.file(photo.id)


async def test_nothing_is_written_if_a_photo_cannot_be_fetched(tmp_path: Path) -> None:
    """A missing photo, a file that is not an image, a photo without sizes, a folder that is a file."""
    async with fetching(tmp_path) as fetch:
        with pytest.raises(PhotoNotFoundError):
            await fetch("123")
        photo_id = fetch.stream.ids[0]
        fetch.flickr.faults = Script(Rule(faults.page(), kind="image", times=None))
        with pytest.raises(BadImageError):
            await fetch(photo_id)
        fetch.flickr.faults = Script(
            Rule(
                faults.Rewritten(lambda answer: {**answer, "sizes": {"size": []}}),
                method="flickr.photos.getSizes",
                times=None,
            )
        )
        with pytest.raises(NoSizeError):
            await fetch(photo_id)
        assert fetch.names == set()
        fetch.folder.rmdir()
        fetch.folder.write_text("a file")
        fetch.flickr.faults = None
        with pytest.raises(CacheError):
            await fetch(photo_id)
        assert not fetch.flickr.calls
