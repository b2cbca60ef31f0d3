"""Finds the account of an export, and refuses exports of two accounts or of another one before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.errors import BadImageError, CacheOwnerError, ExportError
from flickr_mirror.models.account_export import owner_in, profile_of
from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.mirror_lookup import find_mirror
from flickr_mirror.storage.owner import find_folder, read_owner

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.storage.export_archive import ExportArchive, ExportEntry


def owner_of(archive: ExportArchive, root: Path, username: str) -> FlickrUser:
    """Return the account of an export, with the name that its mirror below `root` has.

    `username` is the account that the user named, or empty. Raises `ExportError` for exports of two accounts and for
    one without a profile if no account is named, `CacheOwnerError` if another account is named, and `CacheError`.
    """
    user = _single_owner(archive)
    named = find_mirror(root, username) if username else None
    if user is None:
        if named:
            return FlickrUser(named[1]["nsid"], named[1]["username"])
        if is_nsid(username):
            return FlickrUser(username, username)
        raise ExportError(
            "The export has no account_profile.json: add the zip that has it, or name the mirror or the account's "
            "NSID with --username. Nothing was imported."
        )
    named_id = named[1]["nsid"] if named else username
    if username and named_id not in (user.user_id, user.username):
        raise CacheOwnerError(
            f"The export is of {user.username!r} ({user.user_id}), not of {username!r}. Leave out --username to import "
            "it into the mirror of that account. Nothing was imported."
        )
    folder = find_folder(root, user.user_id)
    owner = read_owner(folder) if folder else None
    return FlickrUser(user.user_id, owner["username"]) if owner else user


def check_owner_of_photos(archive: ExportArchive, user: FlickrUser, path_alias: str) -> None:
    """Raise `CacheOwnerError` if an export without a profile has photos of another account than `user`.

    `path_alias` is that of `user`, empty if it is not known: then only the NSID is compared.
    """
    if archive.others.get("account_profile.json"):
        return
    known = {user.user_id.lower(), path_alias.lower()}
    for entry in archive.places.values():
        name = owner_in(_read(entry))
        if name and (path_alias or is_nsid(name.upper())) and name not in known:
            raise CacheOwnerError(
                f"The export has photos of {name!r}, and the mirror is of {user.username!r} ({user.user_id}): name the "
                "right account with --username, or add the zip that has account_profile.json. Nothing was imported."
            )


def _single_owner(archive: ExportArchive) -> FlickrUser | None:
    """Return the account that the profiles name, `None` without a profile. Raises `ExportError` if there are two."""
    profiles = {
        profile: entry
        for entry in archive.others.get("account_profile.json", ())
        if (profile := profile_of(_read(entry)))
    }
    # a part of an export has no profile, but the photos in it name their owner
    owners = {name: entry for entry in archive.places.values() if (name := owner_in(_read(entry)))}
    by_account = {profile.nsid: entry for profile, entry in profiles.items()}
    for found in (by_account, owners):
        if len(found) > 1:
            first, second, *_ = found.values()
            raise ExportError(
                f"The files are of two accounts: {first} and {second}. Import the export of one account at a time. "
                "Nothing was imported."
            )
    return next((FlickrUser(*profile) for profile in profiles), None)


def _read(entry: ExportEntry) -> object:
    try:
        return entry.read_json()
    except BadImageError as error:
        raise ExportError(
            f"{error} Download that zip from Flickr again, then run the same command. Nothing was imported."
        ) from error
