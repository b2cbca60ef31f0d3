"""What the commands do, once their flags are read: keys in order, a run, and the exit code."""

from __future__ import annotations

import gc
import getpass
import logging
import sys
from functools import partial
from typing import TYPE_CHECKING

import anyio

from flickr_mirror import disk
from flickr_mirror.budget import shared_budget
from flickr_mirror.checking import run_check
from flickr_mirror.errors import CacheError, FlickrMirrorError, KeysError
from flickr_mirror.keys import FILE_NAME, ApiKeys, read_keys, save_keys
from flickr_mirror.mirror import PhotostreamMirror
from flickr_mirror.progress import PageScanned
from flickr_mirror.session import View, run_mirror, say, say_failure, set_up_logging
from flickr_mirror.several import run_in_turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.options import Limits, MirrorOptions
    from flickr_mirror.progress import Event


def mirror(
    usernames: list[str],
    options: MirrorOptions,
    limits: Limits,
    keys: tuple[str | None, str | None],
    *,
    is_key_seen: bool,
    save: bool,
    watch: float | None,
    debug: int | None,
) -> Callable[[], int]:
    """Return what mirrors photostreams, one after the other, and returns the exit code.

    `keys` are the key and the secret as far as they were given; `is_key_seen` is whether others on this machine
    can see them. Raises `ValueError` where an argument is none.
    """
    set_up_logging(debug)
    try:
        root = disk.home(options.cache_path)
        found = find_keys(root, *keys)
    except FlickrMirrorError as error:
        return partial(say_failure, error)
    saver = _KeySaver(found, root) if save else None
    budget = shared_budget(found.consumer_key, limits, options.api_url) if len(usernames) > 1 else None

    def open_mirror(username: str, limits: Limits) -> tuple[PhotostreamMirror, View]:
        view = View(options)
        mirror = PhotostreamMirror(
            username,
            found.consumer_key,
            found.consumer_secret,
            options=options,
            limits=limits,
            observer=partial(saver, view) if saver else view,
            budget=budget,
        )
        return mirror, view

    mirrors = [
        open_mirror(username, limits) for username in usernames
    ]  # names that are none are refused first
    if is_key_seen:
        logging.getLogger("flickr_mirror").warning(
            "Other users of this machine can see the API key in the list of processes. Better set "
            "FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET, or save the keys once with --save-api-keys."
        )
    gc.freeze()  # what is loaded by now stays: looking through it for garbage would take a twentieth of the time
    if len(mirrors) > 1:
        return partial(anyio.run, run_in_turn, usernames, limits, open_mirror)
    return partial(anyio.run, run_mirror, *mirrors[0], watch)


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


def find_keys(root: Path, consumer_key: str | None, consumer_secret: str | None) -> ApiKeys:
    """Return the API keys: from the command line or the environment, else from the file, else from a prompt.

    Only what is missing is looked for. Raises `KeysError` where there is no terminal to ask on.
    """
    if consumer_key and consumer_secret:
        return ApiKeys(consumer_key, consumer_secret)
    saved = read_keys(root)
    if saved:
        return ApiKeys(consumer_key or saved.consumer_key, consumer_secret or saved.consumer_secret)
    if not sys.stdin.isatty():
        raise KeysError(
            "There are no Flickr API keys. Set FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET, or run once on a "
            f"terminal with --save-api-keys, which writes them to {root / FILE_NAME}. "
            "Flickr gives keys at https://www.flickr.com/services/apps/create/ (to Pro members)."
        )
    try:
        key = consumer_key or getpass.getpass("Enter your Flickr API key: ").strip()
        secret = consumer_secret or getpass.getpass("Enter your Flickr API secret: ").strip()
    except EOFError:
        key = secret = ""
    if not (key and secret):
        raise KeysError("The API key and its secret must not be empty.")
    return ApiKeys(key, secret)


class _KeySaver:
    """An observer that saves the keys once Flickr has listed a page for them, and so accepts them."""

    def __init__(self, keys: ApiKeys, root: Path) -> None:
        self._keys: ApiKeys | None = keys
        self._root = root

    def __call__(self, view: View, event: Event) -> None:
        view(event)
        if isinstance(event, PageScanned) and self._keys:
            keys, self._keys = self._keys, None
            try:
                say(f"The API keys are saved in {save_keys(self._root, keys)}, readable by you alone.")
            except CacheError as error:
                view.code = say_failure(error)
