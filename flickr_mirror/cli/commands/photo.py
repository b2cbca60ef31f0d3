"""`mirror_flickr photo`: fetches one photo, and prints the paths of its files."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from flickr_mirror.cli.exit_codes import EXIT_PHOTOS_FAILED, code_of_error
from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.cli.keys.lookup import find_keys
from flickr_mirror.cli.output.console import OutputOptions, echo, set_up
from flickr_mirror.cli.output.standard_streams import write_result
from flickr_mirror.cli.output.text import size_text
from flickr_mirror.cli.run_logins import choose_logins
from flickr_mirror.cli.runner import run_async
from flickr_mirror.engine.flickr_session import FlickrSession
from flickr_mirror.engine.photo_fetch import fetch_photo
from flickr_mirror.errors import CacheError, FlickrMirrorError
from flickr_mirror.models.event_log import log_events
from flickr_mirror.storage import filesystem
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.cli.keys.key_file import ApiKeys
    from flickr_mirror.cli.keys.login_choice import LoginChoice
    from flickr_mirror.engine.photo_fetch import FetchedPhoto
    from flickr_mirror.models.access_token import AccessToken
    from flickr_mirror.models.options import Limits


def fetch(
    photo_id: str,
    output: Path,
    cache_path: Path,
    api_url: str,
    given: tuple[str | None, str | None],
    login: LoginChoice,
    limits: Limits,
    **request: Any,  # noqa: ANN401 - the keywords of `fetch_photo`
) -> int:
    """Fetch a photo with the `given` or saved keys, print the paths of its files, and return the exit code.

    The calls are signed if a `login` is wanted.
    """
    set_up(OutputOptions())
    try:
        root = filesystem.home(cache_path)
        keys = find_keys(root, *given)
        token = _token(root, keys, login, api_url, limits)
        session = FlickrSession(
            keys.consumer_key,
            keys.consumer_secret,
            token=token,
            emit=log_events,
            budget=None,
            api_transport=None,
            image_transport=None,
        )

        async def fetch_it() -> FetchedPhoto:
            async with session.open(api_url, limits) as api:
                return await fetch_photo(api, photo_id, _absolute(output), limits=limits, **request)

        result = run_async(fetch_it)
    except FlickrMirrorError as error:
        return echo_failure(error)
    return _report(result, sum(session.calls.values()))


def _token(root: Path, keys: ApiKeys, login: LoginChoice, api_url: str, limits: Limits) -> AccessToken | None:
    if not login.is_wanted:
        return None
    if login.account is None:
        return login.given()
    logins = run_async(choose_logins, [login.account], root, keys, login, api_url, limits)
    chosen = logins[login.account]
    return chosen.token if chosen else None


def _absolute(output: Path) -> Path:
    try:
        return output.expanduser().absolute()
    except FileNotFoundError:
        place = os.environ.get("PWD", "")
        raise CacheError(
            f"The working folder {place} does not exist any more. Change to one that does (`cd`), or give an "
            "absolute path with --output."
        ) from None
    except RuntimeError:
        raise CacheError(f"{output}: there is no home folder. Set HOME, or give another --output.") from None


def _report(result: FetchedPhoto, calls: int) -> int:
    """Print the paths on standard output, and what happened on standard error; return the exit code."""
    paths = [*result.written, *result.there]
    write_result("".join(f"{plain(str(path))}\n" for path in paths))
    photo, owner = result.info.photo, result.info.owner
    title = json.dumps(plain(photo.raw_title), ensure_ascii=False)
    echo(
        f"Photo {photo.id} {title} by {plain(owner.username)}. Files written: {len(result.written)} "
        f"({size_text(result.bytes)}); there already: {len(result.there)}; API calls: {calls}."
    )
    if result.refused:
        echo(f"mirror_flickr: Flickr does not serve these sizes: {', '.join(result.refused)}.")
    elif not result.is_whole:
        echo("mirror_flickr: Flickr lists no film of this video: only its poster was fetched.")
    if result.taken:
        names = ", ".join(plain(str(path)) for path in result.taken)
        echo(
            f"mirror_flickr: Other files have these names, and were kept: {names}. Choose another folder with "
            "--output, or replace them with --force."
        )
        return code_of_error(CacheError(""))
    return 0 if result.is_whole else EXIT_PHOTOS_FAILED
