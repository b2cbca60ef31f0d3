"""The profile of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.engine.lists.documents import read, write
from flickr_mirror.flickr.account_lists import get_profile_document
from flickr_mirror.models.list_result import ListResult

if TYPE_CHECKING:
    from flickr_mirror.engine.workers.jobs import JobContext


async def mirror_profile(context: JobContext, full: bool) -> ListResult:  # noqa: FBT001
    """Write the document `profile`. A value that Flickr does not show any more, or not to this run, is kept."""
    found = await get_profile_document(context.api.http_client, context.user.id)
    stored = await read(context, "profile")
    shown = {key: value for key, value in found.items() if value not in ("", None)}
    is_new = await write(context, "profile", {**found, **stored, **shown})
    return ListResult(1, int(is_new))
