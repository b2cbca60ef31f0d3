"""The address of a Dask scheduler, as a user gives it."""

from __future__ import annotations

import re
from pathlib import Path

from flickr_mirror.errors import ClusterError, FlickrMirrorError, SettingsError

_ADDRESS = re.compile(r"(?:(?:tcp|tls|ucx|ws|wss|inproc)://)?[^\s/@]+(?::\d{1,5}|/\d+/\d+)", re.ASCII)


def check_scheduler(text: str) -> str:
    """Return the address of a scheduler or the path of its file. Raises `ValueError`."""
    if not (_ADDRESS.fullmatch(text) or text.endswith(".json")):
        raise ValueError(
            f"Invalid scheduler {text!r}: use an address such as tcp://10.0.0.1:8786, or the path of a scheduler file "
            "that ends with .json."
        )
    return text


def scheduler_arguments(text: str) -> dict[str, str]:
    """Return the arguments of Dask's classes for a scheduler: its `address`, or its `scheduler_file`."""
    if text.endswith(".json"):
        return {"scheduler_file": str(Path(text).expanduser())}
    return {"address": text if "://" in text else f"tcp://{text}"}


def connection_failure(scheduler: str, error: BaseException) -> FlickrMirrorError:
    """Return the error that a scheduler cannot be reached, for what Dask raised."""
    if isinstance(error, TypeError):  # Dask has no certificates to use
        return SettingsError(
            f"The scheduler at {scheduler} needs TLS: set DASK_DISTRIBUTED__COMM__TLS__CA_FILE and the other variables "
            "of the certificates, as for the scheduler."
        )
    reason = " ".join(str(error).split()) or type(error).__name__
    return ClusterError(
        f"The scheduler at {scheduler} does not answer: {reason}. Check the address, and that `dask scheduler` runs."
    )
