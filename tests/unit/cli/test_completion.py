"""Completion of `--username`: the existing mirrors, in the format of each shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def offered(*words: str, program: str = "bash") -> list[str]:
    """Return the completions that a shell offers for the last word."""
    environment = {
        "_MIRROR_FLICKR_COMPLETE": f"complete_{program}",
        "COMP_WORDS": " ".join(["mirror_flickr", *words]),
        "COMP_CWORD": str(len(words)),
        "_TYPER_COMPLETE_ARGS": " ".join(["mirror_flickr", *words]),
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    start = "import sys; from flickr_mirror.__main__ import main; sys.argv[0] = 'mirror_flickr'; main()"
    answer = subprocess.run(
        [sys.executable, "-c", start],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert answer.stderr == ""
    return answer.stdout.split("\n")[:-1] if answer.stdout.strip() else []


def begin_mirror(root: Path, name: str) -> None:
    """Make a folder that resembles a mirror."""
    state = root / name / ".flickr_mirror"
    state.mkdir(parents=True)
    owner = {"format": 1, "nsid": "1@N01", "username": name, "asked_for": name, "depth": 4}
    (state / "owner.json").write_text(json.dumps(owner))


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
def test_existing_mirrors_are_offered(tmp_path: Path, home: Path) -> None:
    """Names come from the cache path: from the command line, the settings file, or the default."""
    for root, names in ((tmp_path / "nas", ("river light", "manhhai")), (home / ".flickr", ("home",))):
        for name in names:
            begin_mirror(root, name)
        (root / "no mirror").mkdir()
    place = ("--cache-path", str(tmp_path / "nas"))
    for command in ((), ("list",)):
        assert offered(*command, *place, "--username", "") == ["manhhai", r"river\ light"]
        assert offered(*command, "--username", "") == ["home"]
    assert offered("status", *place, "--username", "man") == ["manhhai"]
    assert offered("status", *place, "--username", "", program="fish") == ["manhhai", "river light"]
    assert offered("status", "--cache-path", str(tmp_path / "missing"), "--username", "") == []

    settings = home / ".config" / "mirror_flickr" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'cache-path = "{tmp_path}/nas"\n')
    if sys.platform == "linux":
        assert offered("status", "--username", "") == ["manhhai", r"river\ light"]
    assert offered("--config", str(settings), "--username", "") == ["manhhai", r"river\ light"]
    settings.write_text("what?")
    assert offered("--config", str(settings), "list", "--username", "") == ["home"]
