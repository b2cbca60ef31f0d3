"""The methods of Flickr's API about the lists of an account: profile, contacts, groups, galleries, tags."""

from __future__ import annotations

import html
from collections import Counter
from typing import TYPE_CHECKING

from flickr_mirror.models.payloads import text_of, to_int
from flickr_mirror.web.account_documents import document_of, gallery_of, listed_in
from flickr_mirror.web.paging import page_of

if TYPE_CHECKING:
    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.web.account_methods import AccountMethods
    from flickr_mirror.web.paging import Arguments, Method

_NOT_IN_PROFILE = (
    *("nsid", "username", "realname", "path_alias", "location", "description", "photos_url", "profile_url"),
    *("is_pro", "first_taken", "first_uploaded", "timezone", "joined"),
)
"""The keys of the document that come from `people.getInfo`, or have another name in `profile.getProfile`."""
MOST_CONTACTS = 1000


class AccountListMethods:
    """Answers calls about the lists of accounts; `accounts` finds the mirror of an account."""

    def __init__(self, accounts: AccountMethods) -> None:
        self._accounts = accounts
        self.methods: dict[str, Method] = {
            "flickr.contacts.getPublicList": self._get_contacts,
            "flickr.galleries.getList": self._get_galleries,
            "flickr.people.getPublicGroups": self._get_groups,
            "flickr.profile.getProfile": self._get_profile,
            "flickr.tags.getListUser": self._get_tags,
            "flickr.tags.getListUserPopular": self._get_popular_tags,
        }

    def _get_contacts(self, arguments: Arguments, _: str) -> Payload:
        index = self._accounts.photostream(arguments)
        contacts = listed_in(document_of(index, "contacts", "contacts"), "contacts")
        page = page_of(arguments, len(contacts), usual=MOST_CONTACTS, most=MOST_CONTACTS)
        entries = [_contact(contact, is_owner=index.shows_private) for contact in page.of(contacts)]
        answer = {**page.numbers, "per_page": page.size}
        return {"contacts": {**answer, **({"contact": entries} if entries else {})}}

    def _get_galleries(self, arguments: Arguments, _: str) -> Payload:
        index = self._accounts.photostream(arguments)
        galleries = listed_in(document_of(index, "galleries", "galleries"), "galleries")
        page = page_of(arguments, len(galleries))
        entries = [gallery_of(gallery, index.reader.username) for gallery in page.of(galleries)]
        numbers = {**page.numbers, "per_page": page.size, "user_id": index.reader.nsid}
        return {"galleries": {**numbers, "gallery": entries}}

    def _get_groups(self, arguments: Arguments, _: str) -> Payload:
        index = self._accounts.photostream(arguments)
        entries = [_group(group) for group in listed_in(document_of(index, "groups", "groups"), "groups")]
        return {"groups": {"group": entries} if entries else {}}

    def _get_profile(self, arguments: Arguments, _: str) -> Payload:
        document = document_of(self._accounts.photostream(arguments), "profile", "profile")
        more = {key: text_of(value) for key, value in document.items() if key not in _NOT_IN_PROFILE}
        nsid = text_of(document.get("nsid"))
        return {"profile": {"id": nsid, "nsid": nsid, "join_date": text_of(document.get("joined")), **more}}

    # Tags

    def _tags(self, arguments: Arguments) -> tuple[str, Counter[str]]:
        index = self._accounts.photostream(arguments)
        counts: Counter[str] = Counter()
        for photo in index.photos(index.ids()):
            counts.update(photo.tags)
        return index.reader.nsid, counts

    def _get_tags(self, arguments: Arguments, _: str) -> Payload:
        nsid, counts = self._tags(arguments)
        return {"who": {"id": nsid, "tags": {"tag": [{"_content": tag} for tag in sorted(counts)]}}}

    def _get_popular_tags(self, arguments: Arguments, _: str) -> Payload:
        nsid, counts = self._tags(arguments)
        most = to_int(arguments.get("count")) or 10
        tags = [{"count": str(count), "_content": tag} for tag, count in counts.most_common(most)]
        return {"who": {"id": nsid, "tags": {"tag": tags}}}


def _contact(contact: Payload, *, is_owner: bool) -> Payload:
    entry = {
        "nsid": text_of(contact.get("nsid")),
        "username": text_of(contact.get("username")),
        "iconserver": "0",
        "iconfarm": 0,
        "ignored": int(bool(contact.get("is_ignored"))) if is_owner else 0,
        "rev_ignored": 0,
    }
    entry |= {
        key: text for key in ("realname", "path_alias", "location") if (text := text_of(contact.get(key)))
    }
    if is_owner:  # only the account itself sees them
        entry |= {key: int(bool(contact.get(f"is_{key}"))) for key in ("friend", "family")}
    return entry


def _group(group: Payload) -> Payload:
    is_admin = int(bool(group.get("is_admin")))
    return {
        "nsid": text_of(group.get("nsid")),
        "name": html.escape(text_of(group.get("name"))),  # names come escaped, as recorded
        "iconfarm": 0,
        "iconserver": "0",
        "admin": "1" if is_admin else "",
        "eighteenplus": int(bool(group.get("adults_only"))),
        "invitation_only": int(bool(group.get("invitation_only"))),
        "members": text_of(group.get("members")),
        "pool_count": text_of(group.get("pool")),
        "is_member": 1,
        "is_moderator": int(bool(group.get("is_moderator"))),
        "is_admin": is_admin,
    }
