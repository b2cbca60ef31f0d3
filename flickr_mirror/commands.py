"""What the commands do, once their flags are read: a run, and the exit code."""

from __future__ import annotations

import gc
import logging
from functools import partial
from typing import TYPE_CHECKING

import anyio

from flickr_mirror import disk
from flickr_mirror.checking import run_check
from flickr_mirror.credentials import find_keys
from flickr_mirror.errors import CacheError, FlickrMirrorError
from flickr_mirror.keys import save_keys
from flickr_mirror.mirror import PhotostreamMirror
from flickr_mirror.progress import PageScanned
from flickr_mirror.session import View, run_mirror, say, say_failure, set_up_logging

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.keys import ApiKeys
    from flickr_mirror.options import Limits, MirrorOptions
    from flickr_mirror.progress import Event


def mirror(
    username: str,
    options: MirrorOptions,
    limits: Limits,
    keys: tuple[str | None, str | None],
    *,
    is_key_seen: bool,
    save: bool,
    watch: float | None,
    debug: int | None,
) -> Callable[[], int]:
    """Return what mirrors a photostream, and returns the exit code.

    `keys` are the key and the secret as far as they were given; `is_key_seen` is whether others on this machine
    can see them. Raises `ValueError` where an argument is none.
    """
    set_up_logging(debug)
    try:
        root = disk.home(options.cache_path)
        found = find_keys(root, *keys)
        view = View(options)
        mirror = PhotostreamMirror(
            username,
            found.consumer_key,
            found.consumer_secret,
            options=options,
            limits=limits,
            observer=_KeySaver(found, root, view) if save else view,
        )
    except FlickrMirrorError as error:
        return partial(say_failure, error)
    if is_key_seen:
        logging.getLogger("flickr_mirror").warning(
            "Other users of this machine can see the API key in the list of processes. Better set "
            "FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET, or save the keys once with `mirror_flickr keys set`."
        )
    gc.freeze()  # what is loaded by now stays: looking through it for garbage would take a twentieth of the time
    return partial(anyio.run, run_mirror, mirror, view, watch)


def demo(cache_path: Path) -> int:
    """Run the demonstration, and return the exit code."""
    from flickr_mirror.demonstration import demonstrate

    set_up_logging(None)
    try:
        folder = disk.home(cache_path)
    except CacheError as error:
        return say_failure(error)
    return anyio.run(demonstrate, folder)


def check(username: str, cache_path: Path, *, part: tuple[int, int], rebuild: bool, as_json: bool) -> int:
    """Check a mirror, and return the exit code."""
    set_up_logging(None)
    return anyio.run(partial(run_check, username, cache_path, part=part, rebuild=rebuild, as_json=as_json))


class _KeySaver:
    """An observer that saves the keys once Flickr has listed a page for them, and so accepts them."""

    def __init__(self, keys: ApiKeys, root: Path, view: View) -> None:
        self._keys: ApiKeys | None = keys
        self._root = root
        self._view = view

    def __call__(self, event: Event) -> None:
        self._view(event)
        if isinstance(event, PageScanned) and self._keys:
            keys, self._keys = self._keys, None
            try:
                say(f"The API keys are saved in {save_keys(self._root, keys)}, readable by you alone.")
            except CacheError as error:
                self._view.code = say_failure(error)
