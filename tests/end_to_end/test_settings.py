"""The real command with settings and keys that are not on its command line."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support import canary
from tests.support.command import run, tree

if TYPE_CHECKING:
    from pathlib import Path


SAVED = json.dumps({"consumer_key": canary.KEY, "consumer_secret": canary.SECRET})


async def test_a_run_needs_no_flag(home: Path, tmp_path: Path) -> None:
    """The file and variables can hold all options: a timer starts the bare command."""
    async with SimulatedFlickr(SimulatedPhotostream(3), api_key=canary.KEY) as flickr:
        file = home / ".config" / "mirror_flickr" / "config.toml"
        file.parent.mkdir(parents=True)
        file.write_text(f'username = "saigon_archive"\napi-url = "{flickr.api_url}"\nimage-only = true\n')
        environment = {"XDG_CONFIG_HOME": str(home / ".config"), "FLICKR_CONSUMER_KEY": canary.KEY}
        outcome = await run(None, tmp_path, **environment, MIRROR_FLICKR_CONSUMER_SECRET=canary.SECRET)
    assert outcome.code == 0, outcome.err
    assert len(tree(tmp_path)) == 3
    assert "[WARNING]" not in outcome.err  # other users cannot see a variable
    assert canary.KEY not in outcome.err


async def test_a_misspelt_key_in_the_file_stops_the_run(tmp_path: Path) -> None:
    """An unknown key: exit 2 and one line with the file, the key and a suggestion, before anything is done."""
    file = tmp_path / "settings.toml"
    file.write_text("info-levle = 2\n")
    outcome = await run(None, tmp_path / "cache", "--username", "x", "--config", str(file))
    assert outcome.code == 2
    assert outcome.err == f"mirror_flickr: {file}: unknown option 'info-levle'. Did you mean info-level?\n"
    assert not (tmp_path / "cache").exists()


async def test_a_misspelt_variable_is_reported(tmp_path: Path) -> None:
    """A variable that matches no option causes a warning and nothing else."""
    async with SimulatedFlickr(SimulatedPhotostream(1)) as flickr:
        outcome = await run(flickr, tmp_path, "--debug", "2", MIRROR_FLICKR_INFOLEVEL="2")
    assert outcome.code == 0
    assert "[WARNING] The variable MIRROR_FLICKR_INFOLEVEL is ignored" in outcome.err


async def test_the_configuration_is_shown_on_standard_output(tmp_path: Path) -> None:
    """--print-config answers on standard output, without a user, and shows no secret."""
    outcome = await run(None, tmp_path, "--print-config", FLICKR_CONSUMER_KEY=canary.KEY)
    assert (outcome.code, outcome.err) == (0, "")
    assert f'cache-path = "{tmp_path}"' in outcome.out
    assert "environment variable FLICKR_CONSUMER_KEY" in outcome.out
    assert canary.KEY not in outcome.out


@pytest.mark.slow
async def test_keys_are_saved_checked_used_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys from a pipe are saved in the keyring, used by a run, and removed; none is shown."""
    said = ""

    async def keys(*arguments: str, text: str = "") -> int:
        nonlocal said
        line = [sys.executable, "-m", "flickr_mirror", "keys", *arguments]
        process = await anyio.run_process(line, input=text.encode(), check=False, stderr=subprocess.STDOUT)
        said += process.stdout.decode()
        return process.returncode

    async with SimulatedFlickr(SimulatedPhotostream(2), api_key=canary.KEY) as flickr:
        monkeypatch.setenv("FLICKR_API_URL", flickr.api_url)
        monkeypatch.setenv("MIRROR_FLICKR_CACHE_PATH", str(tmp_path))
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.support.keyrings.FileKeyring")
        assert await keys("check") == 5
        assert await keys("set", "--stdin", "--keyring", text=SAVED) == 0
        assert await keys("check") == 0
        assert "from the keyring" in said
        assert not (tmp_path / "flickr_keys").exists()
        outcome = await run(None, tmp_path, "--username", "saigon_archive", "--image-only")
        assert outcome.code == 0, outcome.err
        assert await keys("forget") == 0
        assert (await run(None, tmp_path, "--username", "saigon_archive")).code == 5
    assert canary.KEY not in said
    assert canary.SECRET not in said


async def test_a_service_gets_its_keys_as_a_credential(tmp_path: Path) -> None:
    """systemd's LoadCredential=flickr_keys:... is enough, and takes precedence over a saved file."""
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "flickr_keys").write_text(SAVED)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "flickr_keys").write_text('{"consumer_key": "old", "consumer_secret": "old"}')
    async with SimulatedFlickr(SimulatedPhotostream(2), api_key=canary.KEY) as flickr:
        environment = {
            "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"),
            "FLICKR_API_URL": flickr.api_url,
        }
        outcome = await run(None, tmp_path / "cache", "--username", "saigon_archive", **environment)
    assert outcome.code == 0, outcome.err
