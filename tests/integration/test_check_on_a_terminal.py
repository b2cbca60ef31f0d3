"""`check` on a terminal: it asks about files that are missing."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from anyio import to_thread

from flickr_mirror import forgotten_photos
from tests.support.mirroring import mirroring
from tests.support.terminals import Typist

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")


@pytest.mark.parametrize(
    ("answer", "is_forgotten"),
    [("y", True), *(pytest.param(no, False, marks=pytest.mark.slow) for no in ("n", ""))],
)
async def test_the_user_is_asked_about_deleted_files(tmp_path: Path, answer: str, is_forgotten: bool) -> None:
    async with mirroring(tmp_path, 3) as run:
        await run()
        deleted = run.stream.ids[1]
        run.path(deleted).unlink()

        def check() -> str:
            with closing(Typist("check", "--cache-path", str(tmp_path), columns=200)) as terminal:
                terminal.wait(lambda: "on purpose?" in terminal.text)
                terminal.type(f"{answer}\n")
                terminal.leave()
                return terminal.text

        text = await to_thread.run_sync(check)
        assert f"Files of 1 photo are missing ({deleted})." in text
        forgotten = [stone.photo_id for stone in forgotten_photos(run.stream.username, tmp_path)]
        assert forgotten == ([deleted] if is_forgotten else [])
        report = await run()
        assert report.images == (0 if is_forgotten else 1)
