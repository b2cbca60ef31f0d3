"""Finds the scheduler of a cluster, and reports why it does not answer."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import anyio
from anyio import to_thread

from flickr_mirror.errors import ClusterError, FlickrMirrorError, SettingsError
from flickr_mirror.storage import filesystem

_POLL = 0.1
"""How often the file of a scheduler is looked for, in seconds."""


async def address_of(scheduler: str, patience: float) -> str:
    """Return the address of a scheduler, which may be in its file.

    Raises `ClusterError` if the file does not exist within `patience` seconds: Dask would wait for it without an end.
    """
    if not scheduler.endswith(".json"):
        return scheduler if "://" in scheduler else f"tcp://{scheduler}"
    path = await anyio.Path(scheduler).expanduser()
    with anyio.move_on_after(patience):
        while True:
            with suppress(OSError, ValueError, KeyError, TypeError):  # it is being written
                content = await to_thread.run_sync(lambda: filesystem.read(Path(path).resolve()))
                return str(json.loads(content)["address"])
            await anyio.sleep(_POLL)
    raise ClusterError(
        f"{path} is not the file of a scheduler: check the path, and that `dask scheduler --scheduler-file` has it and "
        "runs."
    )


def connection_failure(scheduler: str, error: BaseException) -> FlickrMirrorError:
    """Return the error that a scheduler cannot be reached, for what Dask raised."""
    if isinstance(error, TypeError):  # Dask has no certificates to use
        return SettingsError(
            f"The scheduler at {scheduler} needs TLS: set DASK_DISTRIBUTED__COMM__TLS__CA_FILE and the other variables "
            "of the certificates, as for the scheduler."
        )
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return ClusterError(
        f"The scheduler at {scheduler} does not answer: {reason}. Check the address, and that `dask scheduler` runs."
    )
