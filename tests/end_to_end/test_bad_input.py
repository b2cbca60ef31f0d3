"""Bad input is reported in one sentence, with an exit code for scripts."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.command import IMPATIENT, KEYS, run, running, tree

if TYPE_CHECKING:
    from pathlib import Path


def sentence(text: str) -> str:
    """Return the one line that the command printed about a failure; there must be no traceback."""
    assert "Traceback" not in text
    lines = [line for line in text.splitlines() if line.startswith("mirror_flickr: ")]
    assert len(lines) == 1, text
    return lines[0]


@pytest.mark.slow
async def test_the_error_for_an_unknown_user_gives_advice(tmp_path: Path) -> None:
    """An unknown name, a name that would leave the folder: exit 4, nothing is written."""
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        for name in ("nobody at all", "../../etc", "/etc", "9@N00"):
            outcome = await run(flickr, tmp_path / "cache", "--username", name)
            assert outcome.code == 4, outcome.err
            assert "not found" in sentence(outcome.err)
        assert tree(tmp_path) == {}


async def test_a_deleted_user_is_reported(tmp_path: Path) -> None:
    """An account that was deleted: exit 4."""
    stream = SimulatedPhotostream(3, deleted=True)
    async with SimulatedFlickr(stream) as flickr:
        outcome = await run(flickr, tmp_path, "--username", stream.nsid)
        assert outcome.code == 4, outcome.err
        assert "deleted" in sentence(outcome.err).lower()


@pytest.mark.slow
async def test_a_mirrored_account_that_is_gone_is_named(tmp_path: Path) -> None:
    """An account that was mirrored and is gone: exit 4, its name, and that its mirror is kept."""
    stream = SimulatedPhotostream(2, username="old name", path_alias=None)
    async with SimulatedFlickr(stream) as flickr:
        assert (await run(flickr, tmp_path)).code == 0
        before = tree(tmp_path)
    async with SimulatedFlickr(SimulatedPhotostream(1, nsid="2@N02", username="other")) as flickr:
        for name in ("old name", stream.nsid):
            for more in ((), ("--dry-run",)):
                outcome = await run(flickr, tmp_path, "--username", name, *more)
                assert outcome.code == 4, outcome.err
                words = f"Flickr has no account {name!r}. Check the name or the address; if the account was deleted"
                assert words in sentence(outcome.err)
    assert tree(tmp_path) == before


async def test_an_account_without_photos_is_reported(tmp_path: Path) -> None:
    """A username without photos that is also another account's address: both are named, exit 4."""
    empty = SimulatedPhotostream(0, nsid="1@N01", username="library", path_alias="empty-one")
    full = SimulatedPhotostream(3, nsid="2@N02", username="The Library", path_alias="library")
    async with SimulatedFlickr(empty, full) as flickr:
        outcome = await run(flickr, tmp_path, "--username", "library")
        assert outcome.code == 4, outcome.err
        assert "2@N02" in sentence(outcome.err)
        assert "1@N01" in sentence(outcome.err)
        assert tree(tmp_path) == {}


@pytest.mark.slow
async def test_every_form_of_user_name_gives_the_same_folder(tmp_path: Path) -> None:
    """Username, NSID, path alias, and address of a photostream are one mirror; an alias is reported."""
    stream = SimulatedPhotostream(5, username="Old Photos", path_alias="oldphotos")
    async with SimulatedFlickr(stream) as flickr:
        for name in (
            "oldphotos",
            stream.nsid,
            "Old Photos",
            "https://www.flickr.com/photos/oldphotos/",
            "flickr.com/photos/" + stream.nsid,
        ):
            outcome = await run(flickr, tmp_path, "--username", name)
            assert outcome.code == 0, outcome.err
            if name == "oldphotos":
                assert "Old Photos" in outcome.err
        assert sum(flickr.requests.values()) == 5
        assert [path.name for path in tmp_path.iterdir()] == ["Old Photos"]
        flickr.reset_counters()
        assert (await run(flickr, tmp_path, "--username", stream.nsid)).code == 0
        assert sum(flickr.calls.values()) == 1


async def test_a_wrong_key_is_reported(tmp_path: Path) -> None:
    """A key that Flickr refuses: exit 5, and the key is not shown."""
    async with SimulatedFlickr(SimulatedPhotostream(3), api_key="the-right-one") as flickr:
        outcome = await run(flickr, tmp_path)
        assert outcome.code == 5, outcome.err
        assert "Invalid API Key" in sentence(outcome.err)
        assert KEYS[1] not in outcome.err


async def test_missing_keys_without_a_terminal_are_an_error(tmp_path: Path) -> None:
    """No key and no terminal: exit 5, with the ways to provide one."""
    outcome = await run(None, tmp_path, "--username", "x")
    assert outcome.code == 5
    assert "FLICKR_CONSUMER_KEY" in sentence(outcome.err)
    assert "--save-api-keys" in sentence(outcome.err)


async def test_an_invalid_keys_file_is_reported_without_its_content(tmp_path: Path) -> None:
    """A broken keys file: exit 5, its name and the remedy, and none of its content."""
    (tmp_path / "flickr_keys").write_text("consumer_key = hunter2")
    outcome = await run(None, tmp_path, "--username", "x")
    assert outcome.code == 5
    assert "flickr_keys" in sentence(outcome.err)
    assert "hunter2" not in outcome.err


@pytest.mark.slow
async def test_saved_keys_are_used_by_the_next_run(tmp_path: Path) -> None:
    """--save-api-keys writes a private file, which the next run uses."""
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        assert (await run(flickr, tmp_path, "--save-api-keys")).code == 0
        keys = tmp_path / "flickr_keys"
        assert keys.stat().st_mode & 0o777 == 0o600
        assert json.loads(keys.read_text()) == {"consumer_key": KEYS[1], "consumer_secret": KEYS[3]}
        again = await run(None, tmp_path, "--username", "saigon_archive", FLICKR_API_URL=flickr.api_url)
        assert again.code == 0, again.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--fifo", "--lifo"), "--fifo and --lifo"),
        (("--image-only", "--info-only"), "--image-only and --info-only"),
        (("--info-level", "3"), "--info-level"),
        (("--cache-directory-depth", "33"), "--cache-directory-depth"),
        (("--calls-per-second", "50"), "--calls-per-second"),
        (("--info-only", "--verify-image"), "--info-only and --verify-image"),
        (("--username", ""), "--username"),
        (("--no-such-option",), "--no-such-option"),
        (("--api-url", "ftp://x"), "--api-url"),
    ],
)
async def test_contradictions_are_usage_errors(tmp_path: Path, arguments: tuple[str, ...], word: str) -> None:
    """Options that contradict each other or are out of range: exit 2, before anything is done."""
    line = arguments if "--username" in arguments else ("--username", "x", *arguments)
    outcome = await run(None, tmp_path, *KEYS, *line)
    assert outcome.code == 2
    assert word in outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


async def test_an_unusable_folder_is_reported_before_any_call(tmp_path: Path) -> None:
    """A cache path below a file: exit 7, and no call."""
    (tmp_path / "file").write_text("")
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        outcome = await run(flickr, tmp_path / "file" / "cache")
        assert outcome.code == 7, outcome.err
        assert str(tmp_path / "file") in sentence(outcome.err)
        assert not flickr.calls


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
async def test_a_read_only_folder_is_reported(tmp_path: Path) -> None:
    """A folder without write permission: exit 7."""
    tmp_path.chmod(0o500)
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        outcome = await run(flickr, tmp_path / "cache")
    assert outcome.code == 7
    assert "Permission denied" in sentence(outcome.err)


async def test_no_answer_is_a_temporary_failure(tmp_path: Path) -> None:
    """A lost connection: exit 75, after which a service manager tries again later."""
    line = ("--username", "x", *KEYS, "--api-url", "http://127.0.0.1:9/")
    async with running(None, tmp_path, *line, timing=IMPATIENT) as process:
        outcome = await process.wait()
    assert outcome.code == 75, outcome.err
    assert "127.0.0.1" in sentence(outcome.err) or "ConnectError" in sentence(outcome.err)


@pytest.mark.slow
async def test_the_folder_of_another_account_is_refused(tmp_path: Path) -> None:
    """A username that now belongs to another account: exit 4, both accounts named, nothing changed."""
    before = SimulatedPhotostream(3, nsid="1@N01")
    async with SimulatedFlickr(before) as flickr:
        assert (await run(flickr, tmp_path)).code == 0
    files = tree(tmp_path)
    async with SimulatedFlickr(SimulatedPhotostream(4, nsid="2@N02", seed=1)) as flickr:
        outcome = await run(flickr, tmp_path)
        assert outcome.code == 4, outcome.err
        assert "1@N01" in sentence(outcome.err)
        assert "2@N02" in sentence(outcome.err)
    assert tree(tmp_path) == files
