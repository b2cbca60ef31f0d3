"""Rules and notices about logins: photos that are not public, and photos that only other logins see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

from flickr_mirror.catalogue.walk_result import names_text
from flickr_mirror.errors import LoginError
from flickr_mirror.models.events import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.engine.dispatcher import Dispatcher
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.models.events import Observer
    from flickr_mirror.storage.store import Store

IS_PRIVATE = "private"
"""The note in the catalogue of a mirror that has photos which are not public."""


async def keep_private(context: JobContext) -> None:
    """Let no other user of the computer read the mirror, because it gets photos that are not public."""
    await close_to_others(context.store, context.dispatcher, context.emit)


async def close_to_others(store: Store, dispatcher: Dispatcher, emit: Observer) -> None:
    """Let no other user of the computer read a mirror, and record that it has photos that are not public."""
    if not await to_thread.run_sync(store.keep_private):
        emit(
            Notice(
                "This mirror has photos that are not public, and other users of this computer can read them: their "
                "permissions cannot be removed. Restrict access to the folder, or mirror to another --cache-path."
            )
        )
    await dispatcher.call(dispatcher.catalogue.set_note, IS_PRIVATE, 1)


async def keep_private_again(context: JobContext) -> None:
    """Call `keep_private` again at the beginning of a run, if the mirror has such photos: it may have been copied."""
    if await context.dispatcher.call(context.catalogue.get_note, IS_PRIVATE):
        await keep_private(context)


async def report_login_only(context: JobContext, *, again: bool) -> None:
    """Report the photos that only other logins see, once everything is listed. Rounds that run `again` emit nothing."""
    count, logins = await context.dispatcher.call(context.catalogue.callers.unseen)
    context.report.login_only = count
    if count and not again:
        photos, them, they = (
            ("1 photo", "it", "it is") if count == 1 else (f"{count:,} photos", "them", "they are")
        )
        caller = context.api.caller
        run = f"logged in as {caller.username!r}" if caller else "not logged in"
        context.emit(
            Notice(
                f"{photos} can be seen only with the login of {names_text(logins)}; this run is {run} and leaves "
                f"{them} as {they}."
            )
        )


def withdrawn_sentence(count: int, logins: Sequence[str]) -> str:
    """Return the sentence about photos that a full scan did not find, and that other logins have listed."""
    return (
        f"Photos that this run cannot see any more: {count:,}. They are private or restricted now, or gone: "
        f"--full-scan with the login of {names_text(logins)} finds which are."
    )


async def check_login(api: AsyncFlickrApi, photo_ids: Sequence[str]) -> None:
    """Raise `LoginError` if a run with a login is not made as the account that it should be.

    It is called before Flickr is asked for `photo_ids`: only with the right login, a photo that is not found is gone.
    """
    if api.caller is None or not photo_ids:
        return
    found = await api.check_token()
    if found.nsid != api.caller.id:
        raise LoginError(
            f"This login is of the account {found.nsid}, and not of {api.caller.id}: log in again."
        )
