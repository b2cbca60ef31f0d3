"""The commands behind the flags: each sets up its output, does its work and returns the exit code."""

from __future__ import annotations

import gc
import logging
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.cli.batch import run_in_turn
from flickr_mirror.cli.commands.check import run_check
from flickr_mirror.cli.commands.describe import describe_after_run
from flickr_mirror.cli.exit_codes import worst
from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.cli.keys.key_file import save_keys
from flickr_mirror.cli.keys.lookup import find_keys
from flickr_mirror.cli.notifications import Notifier
from flickr_mirror.cli.output.console import OutputOptions, echo, set_up
from flickr_mirror.cli.output.json_lines import JsonLines
from flickr_mirror.cli.output.plan_text import echo_plan, plan_line
from flickr_mirror.cli.run_logins import choose_logins
from flickr_mirror.cli.run_view import RunView
from flickr_mirror.cli.runner import report_failed_start, run_async, run_mirror
from flickr_mirror.engine.cluster.dask_logging import silence_dask
from flickr_mirror.engine.list_mirror import ListMirror
from flickr_mirror.engine.mirror import PhotostreamMirror
from flickr_mirror.engine.shared_budget import shared_budget
from flickr_mirror.errors import CacheError, FlickrMirrorError
from flickr_mirror.models.events import PageScanned
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.cli.keys.key_file import ApiKeys
    from flickr_mirror.cli.keys.login_choice import LoginChoice
    from flickr_mirror.cli.keys.token_file import SavedLogin
    from flickr_mirror.flickr.rate_limiter import ApiBudget
    from flickr_mirror.models.events import Event
    from flickr_mirror.models.options import Limits, MirrorOptions
    from flickr_mirror.models.timing import Timing

VISIBLE_KEY = (
    "Other users of this machine can see the API key in the list of processes. Set FLICKR_CONSUMER_KEY and "
    "FLICKR_CONSUMER_SECRET instead, or save the keys once with `mirror_flickr keys set`."
)
VISIBLE_LOGIN = (
    "Other users of this machine can see the token of the login in the list of processes. Set FLICKR_OAUTH_TOKEN and "
    "FLICKR_OAUTH_TOKEN_SECRET instead, or log in with `mirror_flickr login`."
)


def mirror(
    usernames: list[str],
    options: MirrorOptions,
    limits: Limits,
    keys: tuple[str | None, str | None],
    *,
    is_key_visible: bool,
    login: LoginChoice,
    save: bool,
    watch: float | None,
    dry_run: bool,
    are_lists: bool,
    output: OutputOptions,
    notify: tuple[str | None, list[str]],
) -> Callable[[], int]:
    """Return a function that mirrors photostreams, or lists, in turn and returns the exit code.

    `keys` are the key and the secret if the user gave them; `is_key_visible` is whether other users of this machine
    can see them. `login` is the login that the user wants. `notify` is the URL of a monitor and the command of a
    hook. Raises `ValueError` for an invalid argument.
    """
    set_up(output)
    try:
        root = filesystem.home(options.cache_path)
        found = find_keys(root, *keys)
        logins = run_async(choose_logins, usernames, root, found, login, options.api_url, limits)
    except FlickrMirrorError as error:
        if dry_run:
            return partial(echo_failure, error)
        return partial(
            run_async, report_failed_start, error, usernames[0], _view(options, output, notify, limits)
        )
    saver = _KeySaver(found, root) if save else None
    budget = shared_budget(found.consumer_key, limits, options.api_url) if len(usernames) > 1 else None
    kind = ListMirror if are_lists else PhotostreamMirror
    open_mirror = _MirrorFactory(kind, options, output, notify, found, logins, saver, budget)
    # all of them before the first run, so that an invalid name is refused at once
    mirrors = [open_mirror(username, limits) for username in usernames]
    _warn_of_visible_secrets(is_key_visible=is_key_visible, is_login_visible=login.is_visible)
    _echo_logins(logins)
    if options.cluster:
        with suppress(ImportError):  # reported when the run opens the cluster
            silence_dask()
    gc.freeze()  # scanning the loaded modules for garbage would take 5 % of the time
    if dry_run:
        return partial(run_async, _print_plans, [mirror for mirror, _ in mirrors], output, limits.min_free)
    if len(mirrors) > 1:
        return partial(run_async, run_in_turn, usernames, limits, open_mirror)
    return partial(run_async, run_mirror, *mirrors[0], watch)


@dataclass(frozen=True, slots=True)
class _MirrorFactory:
    """Opens the mirror of a user or of a list within limits, with a view that observes it."""

    kind: type[PhotostreamMirror]
    options: MirrorOptions
    output: OutputOptions
    notify: tuple[str | None, list[str]]
    keys: ApiKeys
    logins: dict[str, SavedLogin | None]
    saver: _KeySaver | None
    budget: ApiBudget | None

    def __call__(self, username: str, limits: Limits) -> tuple[PhotostreamMirror, RunView]:
        view = _view(self.options, self.output, self.notify, limits)
        login = self.logins[username]
        mirror = self.kind(
            username,
            self.keys.consumer_key,
            self.keys.consumer_secret,
            token=login.token if login else None,
            options=self.options,
            limits=limits,
            observer=partial(self.saver, view) if self.saver else view,
            budget=self.budget,
        )
        return mirror, view


def _warn_of_visible_secrets(*, is_key_visible: bool, is_login_visible: bool) -> None:
    """Log what other users of this machine can see in the list of processes."""
    for text, is_visible in ((VISIBLE_KEY, is_key_visible), (VISIBLE_LOGIN, is_login_visible)):
        if is_visible:
            logging.getLogger("flickr_mirror").warning(text)


def _echo_logins(logins: dict[str, SavedLogin | None]) -> None:
    """Print which login signs the run of which photostream."""
    for name, login in logins.items():
        if login:
            echo(f"The calls for {name!r} are signed with the login of {login.account} from {login.origin}.")


def _view(
    options: MirrorOptions, output: OutputOptions, notify: tuple[str | None, list[str]], limits: Limits
) -> RunView:
    notifier = Notifier(*notify, timing=limits.timing)
    view = RunView(options, output, notifier, max_photos=limits.max_photos, timing=limits.timing)
    if output.describes:
        view.on_end = describe_after_run
    return view


async def _print_plans(mirrors: list[PhotostreamMirror], output: OutputOptions, min_free: int | None) -> int:
    """Print the plans of runs on standard output, and return the exit code.

    The size of the downloads, and a warning if they do not fit on the disk, go to standard error.
    """
    codes = []
    lines = JsonLines()
    planned = 0
    for mirror in mirrors:
        try:
            plan = await mirror.estimate()
        except FlickrMirrorError as error:
            codes.append(echo_failure(error))
            continue
        user, nsid = mirror.report.username, mirror.report.user_id
        if output.as_json:
            lines.event(plan, user=user, nsid=nsid)
        else:
            sys.stdout.write(f"{plan_line(user, nsid, plan)}\n")
        if folder := mirror.report.folder:
            folder = None if mirror.has_bucket else folder
            echo_plan(plan, folder, min_free=min_free, before=planned)
        planned += plan.bytes or 0
    return worst(codes) or (0 if lines.is_open else 1)


def demo(cache_path: Path, timing: Timing) -> int:
    """Run the demo, and return the exit code."""
    from flickr_mirror.cli.commands.demo import demonstrate

    set_up(OutputOptions())
    try:
        folder = filesystem.home(cache_path)
    except CacheError as error:
        return echo_failure(error)
    return run_async(demonstrate, folder, timing)


def check(
    username: str,
    *,
    cache_path: Path,
    part: tuple[int, int],
    rebuild: bool,
    read: bool,
    as_json: bool,
    quiet: bool,
    timing: Timing,
) -> int:
    """Check a mirror, and return the exit code."""
    set_up(OutputOptions(quiet=quiet))
    return run_async(
        partial(
            run_check,
            username,
            cache_path,
            part=part,
            rebuild=rebuild,
            read=read,
            as_json=as_json,
            timing=timing,
        )
    )


class _KeySaver:
    """An observer that saves the keys when the first listed page shows that Flickr accepts them."""

    def __init__(self, keys: ApiKeys, root: Path) -> None:
        self._keys: ApiKeys | None = keys
        self._root = root

    def __call__(self, view: RunView, event: Event) -> None:
        view(event)
        if isinstance(event, PageScanned) and self._keys:
            keys, self._keys = self._keys, None
            try:
                echo(f"The API keys are saved in {save_keys(self._root, keys)}, readable by you alone.")
            except CacheError as error:
                view.outcome.exit_code = echo_failure(error)
