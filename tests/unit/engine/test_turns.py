"""Tasks with the same key take turns; other keys are independent."""

from __future__ import annotations

import anyio
import anyio.lowlevel

from flickr_mirror.engine.workers.turns import Turns


async def test_tasks_with_the_same_key_take_turns() -> None:
    """Each holds it alone; afterwards the lock is deleted."""
    turns, inside, most = Turns(), {"a": 0, "b": 0}, {"a": 0, "b": 0}

    async def hold(key: str) -> None:
        async with turns.of(key):
            inside[key] += 1
            most[key] = max(most[key], inside[key])
            await anyio.lowlevel.checkpoint()
            inside[key] -= 1

    async with anyio.create_task_group() as tasks:
        for key in "aabbab":
            tasks.start_soon(hold, key)
    assert most == {"a": 1, "b": 1}
    assert not turns._locks


async def test_another_key_does_not_wait() -> None:
    """A task that is cancelled while it waits leaves no lock."""
    turns = Turns()

    async def wait_in_vain() -> None:
        async with turns.of("a"):
            raise AssertionError("held twice")

    async with turns.of("a"), anyio.create_task_group() as tasks:
        async with turns.of("b"):
            pass
        tasks.start_soon(wait_in_vain)
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert not turns._locks
