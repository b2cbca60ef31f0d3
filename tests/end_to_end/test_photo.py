"""The command `photo` on a terminal and in scripts."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.simulator import Rule, Script, SimulatedFlickr, SimulatedPhotostream, faults
from flickr_mirror.simulator.server import API_PATH
from tests.support import canary
from tests.support.command import THREAD, Outcome, start

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web


def environment(flickr: SimulatedFlickr) -> dict[str, str]:
    """Return the variables that give the keys and the address of the API."""
    return {
        "FLICKR_CONSUMER_KEY": canary.KEY,
        "FLICKR_CONSUMER_SECRET": canary.SECRET,
        "FLICKR_API_URL": flickr.api_url,
    }


async def photo(flickr: SimulatedFlickr, *arguments: str, **variables: str) -> Outcome:
    """Run `mirror_flickr photo` without a terminal."""
    process = start(["photo", *arguments], environment(flickr) | variables, settings=THREAD)
    try:
        outcome = await process.wait()
    finally:
        await process.close()
    assert canary.KEY not in outcome.err + outcome.out
    assert "Traceback" not in outcome.err
    return outcome


async def test_one_photo_is_fetched_by_the_address_of_its_page(tmp_path: Path) -> None:
    """The paths are on standard output; a second run finds them, and other files of these names are an error."""
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        photo_id = flickr.streams[0].ids[0]
        address = f"https://www.flickr.com/photos/saigon-archive/{photo_id}/in/dateposted/"
        outcome = await photo(flickr, address, "--output", str(tmp_path / "new"))
        image, document = tmp_path / "new" / f"Original_{photo_id}.jpg", tmp_path / "new" / f"{photo_id}.json"
        assert (outcome.code, outcome.out.splitlines()) == (0, [str(image), str(document)])
        assert image.read_bytes() == flickr.file(photo_id)
        assert "Files written: 2 (" in outcome.err
        assert "API calls: 2" in outcome.err
        outcome = await photo(flickr, photo_id, "--output", str(tmp_path / "new"))
        assert (outcome.code, len(outcome.out.splitlines())) == (0, 2)
        assert "Files written: 0 (0 B); there already: 2" in outcome.err
        image.write_text("mine")
        outcome = await photo(flickr, photo_id, "-o", str(tmp_path / "new"))
        assert (outcome.code, outcome.out.splitlines()) == (7, [str(document)])
        assert f"were kept: {image}. Choose another folder with --output, or replace them with --force." in (
            outcome.err
        )
        assert image.read_text() == "mine"
        assert (await photo(flickr, photo_id, "-o", str(tmp_path / "new"), "--force")).code == 0
        assert image.read_bytes() == flickr.file(photo_id)


async def test_a_login_signs_the_calls(tmp_path: Path) -> None:
    """With the saved login of --as, or with a token of the environment; a revoked one is a login error."""
    async with SimulatedFlickr(
        SimulatedPhotostream(2), api_key=canary.KEY, api_secret=canary.SECRET
    ) as flickr:
        stream, signed = flickr.streams[0], []

        async def note(request: web.Request) -> None:
            if request.path == API_PATH:
                signed.append("oauth_token" in request.headers.get("Authorization", ""))

        flickr.intercept = note
        issued = flickr.oauth.issue(stream.nsid)
        given = {"FLICKR_OAUTH_TOKEN": issued.token, "FLICKR_OAUTH_TOKEN_SECRET": issued.secret}
        arguments = (stream.ids[0], "-o", str(tmp_path))
        assert (await photo(flickr, *arguments, **given)).code == 0
        assert signed == [True, True]
        assert (await photo(flickr, *arguments, "--as", stream.username, **given)).code == 0
        assert signed == [True] * 5  # one call shows the account of the token
        assert (await photo(flickr, *arguments)).code == 0
        assert signed[5:] == [False, False]
        outcome = await photo(flickr, *arguments, "--as", "somebody")
        assert (outcome.code, "There is no login of 'somebody'" in outcome.err) == (5, True)
        flickr.oauth.revoke(issued.token)
        outcome = await photo(flickr, *arguments, **given)
        assert (outcome.code, "mirror_flickr login" in outcome.err) == (5, True)
        assert issued.token not in outcome.err


async def test_each_error_is_one_sentence(tmp_path: Path) -> None:
    """An address of something else, a missing photo, an unusable folder."""
    async with SimulatedFlickr(SimulatedPhotostream(1)) as flickr:
        outcome = await photo(flickr, "https://www.flickr.com/photos/manhhai/albums/7215760")
        assert (
            outcome.code,
            "use its id, such as 54000000001, or the address of its page" in outcome.err,
        ) == (
            2,
            True,
        )
        outcome = await photo(flickr, "123", "-o", str(tmp_path))
        assert (outcome.code, "Either it was deleted, or it is private" in outcome.err) == (4, True)
        (tmp_path / "file").write_text("")
        outcome = await photo(flickr, flickr.streams[0].ids[0], "-o", str(tmp_path / "file"))
        assert (outcome.code, str(tmp_path / "file") in outcome.err) == (7, True)
        assert (await photo(flickr, "123", "--api-url", "x")).code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_leaves_no_partial_file(tmp_path: Path, number: signal.Signals) -> None:
    """In the middle of a download."""
    async with SimulatedFlickr(SimulatedPhotostream(1)) as flickr:
        script = flickr.faults = Script(Rule(faults.Silence(0.5), kind="image", times=None))
        arguments = ["photo", flickr.streams[0].ids[0], "-o", str(tmp_path)]
        process = start(arguments, environment(flickr), settings=THREAD)
        try:
            with anyio.fail_after(30):
                while not script.done:  # noqa: ASYNC110
                    await anyio.sleep(0.005)
            process.signal(number)
            outcome = await process.wait()
        finally:
            await process.close()
    assert outcome.code == 128 + number
    assert list(tmp_path.iterdir()) == []
