"""Lists of an account with faults: after any single false answer, the documents are correct."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from flickr_mirror import TransportError
from flickr_mirror.simulator import Disturbance, Rule, Script, fill_lists
from flickr_mirror.simulator.false_responses import WRONG_JSON, Rewritten, wrong_json
from tests.support.account_lists import ListRun, mirroring_lists

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.simulator.faults import Fault

pytestmark = pytest.mark.usefixtures("one_language")

LISTS = ("profile", "tags", "contacts", "favorites", "galleries", "groups")
METHODS = (
    *("people.getInfo", "profile.getProfile", "tags.getListUser", "tags.getListUserPopular"),
    *("contacts.getPublicList", "favorites.getPublicList", "galleries.getList", "galleries.getPhotos"),
    *("people.getPublicGroups", "groups.pools.getPhotos"),
)


def part_of(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the object of an answer that has the list."""
    part = next(value for name, value in payload.items() if name != "stat")
    return dict(part["tags"]) if "tags" in part else dict(part)


def with_part(payload: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with another object."""
    name = next(name for name in payload if name != "stat")
    return {**payload, name: {"tags": part} if name == "who" else part}


def emptied(payload: dict[str, Any]) -> dict[str, Any]:
    """Say nothing."""
    return with_part(payload, {})


def shortened(payload: dict[str, Any]) -> dict[str, Any]:
    """Count all entries and list every second one."""
    part = part_of(payload)
    return with_part(
        payload, {key: value[::2] if type(value) is list else value for key, value in part.items()}
    )


def halved(payload: dict[str, Any]) -> dict[str, Any]:
    """Count and list every second entry."""
    part = part_of(shortened(payload))
    counts = {len(value) for value in part.values() if isinstance(value, list)}
    return with_part(payload, {**part, "total": max(counts, default=0), "pages": 1})


def none(payload: dict[str, Any]) -> dict[str, Any]:
    """Count and list nothing."""
    part = {key: value for key, value in part_of(payload).items() if not isinstance(value, list)}
    return with_part(payload, {**part, "total": 0, "pages": 0})


def invalid(payload: dict[str, Any]) -> dict[str, Any]:
    """List invalid entries."""
    part = part_of(payload)
    return with_part(
        payload, {key: [7, {}, "x"] if type(value) is list else value for key, value in part.items()}
    )


FALSE: dict[str, Fault] = {
    **{name: wrong_json(text) for name, text in WRONG_JSON.items()},
    **{change.__name__: Rewritten(change) for change in (emptied, shortened, halved, none, invalid)},
}


def documents(run: ListRun) -> dict[str, bytes]:
    """Return the documents of the mirror."""
    folder = run.root / run.stream.username / "account"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json")}


@pytest.mark.slow
@pytest.mark.parametrize("name", FALSE)
async def test_one_false_answer_of_each_method_changes_no_document(tmp_path: Path, name: str) -> None:
    async with mirroring_lists(tmp_path) as run:
        fill_lists(run.stream, [run.other], favorites=20)
        await run.lists(*LISTS)
        before = documents(run)
        run.flickr.faults = Script(*(Rule(FALSE[name], method=f"flickr.{method}") for method in METHODS))
        await run.lists(*LISTS, full_scan=True, prune=True)
        assert documents(run) == before
        assert {asked.method for asked, _ in run.flickr.faults.done} == {f"flickr.{name}" for name in METHODS}
        run.flickr.faults = None
        report = await run.lists(*LISTS, full_scan=True)
        assert (documents(run), report.list_failures) == (before, {})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
async def test_runs_with_faults_end_with_the_same_documents(tmp_path: Path, seed: int) -> None:
    """A quarter of all requests fail; a later run mirrors what a run could not."""
    async with mirroring_lists(tmp_path / "disturbed") as run:
        fill_lists(run.stream, [run.other], favorites=20)
        run.flickr.faults = Disturbance(0.25, seed)
        is_done = False
        for _ in range(30):
            with suppress(TransportError):  # before the lists, when the account is looked up
                is_done = not (await run.lists(*LISTS)).list_failures
            if is_done:
                break
        assert is_done
        calm = ListRun(run.flickr, tmp_path / "calm")
        run.flickr.faults = None
        await calm.lists(*LISTS)
        assert documents(run) == documents(calm)
