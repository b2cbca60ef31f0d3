"""The base of the events of a run: their values as JSON."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import PurePath
from typing import Any


class RunEvent:
    """The base of all events; each is a frozen dataclass."""

    __slots__ = ()

    def as_json(self) -> dict[str, Any]:
        """Return the event as values for JSON: its name under `event`, such as `run_started`, and its fields."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
        values = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        return {"event": name, **{key: _plain(value) for key, value in values.items()}}


def _plain(value: object) -> object:
    return str(value) if isinstance(value, PurePath) else value
