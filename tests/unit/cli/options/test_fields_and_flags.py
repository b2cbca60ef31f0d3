"""The flags of the command and the fields that they set: all exist, and their defaults are equal."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest

from flickr_mirror.cli.app import mirror_flickr
from flickr_mirror.engine.account_lists import ACCOUNT_LISTS
from flickr_mirror.models.includes import LISTS
from flickr_mirror.models.options import Limits, MirrorOptions

OTHERWISE = {
    "album_id": "from --album",
    "strategy": "from --lifo and --fifo",
    "include": "a missing option is None, not an empty set",
    "store": "the same, not an empty text",
    "cluster": "the same",
}
"""The fields of `MirrorOptions` whose flag has another name or default, with the reason."""
LIBRARY_ONLY = {"page_size", "settle_margin", "passes", "timeout", "attempts", "max_wait", "timing"}
"""The limits that are not options of the command."""
DEFAULTS = {name: one.default for name, one in inspect.signature(mirror_flickr).parameters.items()}


@pytest.mark.parametrize("kind", [MirrorOptions, Limits])
def test_each_field_has_a_flag_with_the_same_default(kind: type[MirrorOptions | Limits]) -> None:
    """A flag with another name would have no effect."""
    expected = {one.name: one.default for one in fields(kind) if one.name not in {*OTHERWISE, *LIBRARY_ONLY}}
    assert {name: DEFAULTS[name] for name in expected} == expected


def test_each_list_that_can_be_included_is_mirrored() -> None:
    """A name without an entry in the registry would have no effect."""
    assert {entry.include for entry in ACCOUNT_LISTS} == LISTS
