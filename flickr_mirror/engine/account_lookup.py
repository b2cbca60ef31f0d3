"""Finds the account that is mirrored, by Flickr and by the mirrors on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.flickr.accounts import find_account
from flickr_mirror.models.events import Notice
from flickr_mirror.storage.owner import photostreams

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.flickr.accounts import Account
    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.models.events import Observer


async def find_owner(api: AsyncFlickrApi, name: str, root: Path, emit: Observer) -> Account:
    """Return the account that `name` means, by Flickr and by the mirrors below `root`. Raises `UserNotFoundError`."""
    account = await find_account(api, name, list(photostreams(root)))
    if account.sentence:
        emit(Notice(account.sentence))
    return account
