"""A mirror with or without a login, for test processes: it imports only what a run needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flickr_mirror import AccessToken, Limits, MirrorOptions, PhotostreamMirror
from tests.support import canary
from tests.support.timing import FAST


def mirror_of(url: str, root: str, token: list[str] | None, options: dict[str, Any]) -> PhotostreamMirror:
    """Return a mirror of the simulated photostream."""
    return PhotostreamMirror(
        "saigon_archive",
        canary.KEY,
        canary.SECRET,
        token=AccessToken(*token) if token else None,
        options=MirrorOptions(cache_path=Path(root), api_url=url, image_only=True, **options),
        limits=Limits(page_size=10, image_workers=4, timing=FAST),
    )
