"""The JSON schema of `mirror_flickr --json`, generated from the event classes.

python -m tests.support.event_schema > docs/reference/events.schema.json
"""

from __future__ import annotations

import json
import sys
import types
import typing
from dataclasses import fields
from pathlib import Path
from typing import Any

from flickr_mirror.cli.output.json_lines import JsonLines, event_name
from flickr_mirror.cli.output.summary import summary_of
from flickr_mirror.engine.progress.engine_snapshot import EngineSnapshot
from flickr_mirror.engine.progress.run_stats import RunStats
from flickr_mirror.models import events
from flickr_mirror.models.events import Event
from flickr_mirror.models.reports import MirrorReport

FILE = Path(__file__).parents[2] / "docs" / "reference" / "events.schema.json"
_SIMPLE = {
    str: "string",
    Path: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
_STATUS: dict[str, dict[str, Any]] = {
    "eta_seconds": {"type": ["integer", "null"]},
    "eta_bound": {"enum": ["API", "line", None]},
}
_SUMMARY: dict[str, dict[str, Any]] = {
    "folder": {"type": ["string", "null"]},
    "last_success": {"type": ["string", "null"], "format": "date-time"},
    "error": {"type": ["string", "null"]},
    "calls": {"type": "object", "additionalProperties": {"type": "integer"}},
    "cluster": {"type": ["object", "null"], "additionalProperties": {"type": "integer"}},
    "lists": {"type": "object", "additionalProperties": {"type": "integer"}},
    "list_failures": {"type": "object", "additionalProperties": {"type": "string"}},
    "failures": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["id", "job", "reason", "lasting", "due"],
            "properties": {
                "id": {"type": "string"},
                "job": {"enum": ["image", "info"]},
                "reason": {"type": "string"},
                "lasting": {"type": "boolean"},
                "due": {"type": ["string", "null"], "format": "date-time"},
            },
        },
    },
}


def schema() -> dict[str, Any]:
    """Return the schema of one line; additional fields are allowed, because later versions may add some."""
    kinds = [_line(event_name(kind), _event_fields(kind), kind.__doc__) for kind in typing.get_args(Event)]
    kinds.append(_line("status", _status_fields(), "The progress of the run; written once per minute."))
    kinds.append(_line("summary", _summary_fields(), "The result of the run; the last line."))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of `mirror_flickr --json`",
        "oneOf": kinds,
    }


def _line(name: str, properties: dict[str, Any], doc: str | None) -> dict[str, Any]:
    common = {"event": {"const": name}, "time": {"type": "string", "format": "date-time"}}
    return {
        "title": name,
        "description": " ".join((doc or "").split()),
        "type": "object",
        "required": [*common, *properties],
        "properties": {**common, **properties},
    }


def _event_fields(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, {**vars(events), "Path": Path})
    return {field.name: _type(hints[field.name]) for field in fields(kind)}


def _type(hint: Any) -> dict[str, Any]:
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": _type(typing.get_args(hint)[0])}
    if typing.get_origin(hint) is dict:
        return {"type": "object", "additionalProperties": _type(typing.get_args(hint)[1])}
    if isinstance(hint, types.UnionType):
        return {"type": [_SIMPLE[part] for part in typing.get_args(hint)]}
    return {"type": _SIMPLE[hint]}


def _status_fields() -> dict[str, Any]:
    written: dict[str, Any] = {}

    class Lines(JsonLines):
        def _write(self, name: str, fields: dict[str, Any]) -> None:
            written.update(fields)

    snapshot = EngineSnapshot(0, 0, 0, 0)
    Lines().status(RunStats(images=True, info=True, snapshot=lambda: snapshot, seconds_for=float))
    return {name: _STATUS.get(name) or {"type": _SIMPLE[type(value)]} for name, value in written.items()}


def _summary_fields() -> dict[str, Any]:
    values = summary_of(MirrorReport(), 0)
    return {name: _SUMMARY.get(name) or {"type": _SIMPLE[type(value)]} for name, value in values.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
