"""The address of a Dask scheduler, as a user gives it."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?:(?:tcp|tls|ucx|ws|wss|inproc)://)?[^\s/@]+(?::\d{1,5}|/\d+/\d+)", re.ASCII)


def check_scheduler(text: str) -> str:
    """Return the address of a scheduler or the path of its file. Raises `ValueError`."""
    if not (_ADDRESS.fullmatch(text) or text.endswith(".json")):
        raise ValueError(
            f"Invalid scheduler {text!r}: use an address such as tcp://10.0.0.1:8786, or the path of a scheduler file "
            "that ends with .json."
        )
    return text
