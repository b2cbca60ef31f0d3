"""The flags that exclude each other.

`MirrorOptions` checks the pairs that concern a library user too, such as `info_only` and `verify_image`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.cli.options.option_names import flag_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OPPOSITES = (
    ("lifo", "fifo"),
    ("image_only", "info_only"),
    ("username", "source"),
    ("as_", "no_login"),
)
"""Flags with opposite meanings: `--lifo` overrides `fifo = true` of the settings file."""

EXCLUSIONS = (
    ("fifo", "lifo"),
    ("quiet", "verbose"),
    ("quiet", "debug"),
    ("as_", "no_login"),
    ("dry_run", "watch"),
    ("dry_run", "save_api_keys"),
    *(("album", name) for name in ("full_scan", "prune", "since", "until", "watch")),
    *(("source", name) for name in ("username", "album", "include", "since", "until", "dry_run")),
)
"""Flags of which only one may be set, wherever its value comes from."""

STATUS_EXCLUSIONS = (("streams", "username"), ("as_json", "prometheus"))
"""The flags of `status` of which only one may be set."""

STATS_EXCLUSIONS = (
    ("as_json", "outliers"),
    ("as_json", "plots"),
    ("outliers", "plots"),
    *(
        ("pipe", name)
        for name in (
            *("plots", "zone", "tag", "since", "until", "taken", "album", "licence", "media", "language"),
            *("near", "commented"),
        )
    ),
)
"""The flags of `stats` of which only one may be set."""


def excluded_pair(
    flags: Mapping[str, Any], exclusions: Iterable[tuple[str, str]] = EXCLUSIONS
) -> tuple[str, str] | None:
    """Return the first two flags that exclude each other, such as `--quiet` and `--debug`; `None` if there are none."""
    for first, second in exclusions:
        if not any(flags[name] in (None, False, [], ()) for name in (first, second)):
            return flag_name(first), flag_name(second)
    return None
