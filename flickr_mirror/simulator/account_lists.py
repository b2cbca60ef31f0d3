"""The answers of Flickr's REST API about the lists of an account, with numbers as `75` and `"150"` mixed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.simulator.photo_lists import all_groups, group_of, no_login, paged, stream_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.simulator.data.lists import SimulatedGroup
    from flickr_mirror.simulator.data.stream import SimulatedPhotostream

    Arguments = Mapping[str, str]


class AccountLists:
    """The methods for the lists of the accounts that own `streams`.

    Each method of `methods` takes the arguments of a call and the NSID of the account that signed it, or "".
    """

    def __init__(self, streams: Sequence[SimulatedPhotostream]) -> None:
        self._streams = streams
        self.methods: dict[str, Callable[[Arguments, str], Payload]] = {
            "flickr.people.getPublicGroups": self._get_public_groups,
            "flickr.people.getGroups": self._get_groups,
            "flickr.urls.lookupGroup": self._lookup_group,
            "flickr.groups.getInfo": self._get_group,
            "flickr.contacts.getPublicList": self._get_public_contacts,
            "flickr.contacts.getList": self._get_contacts,
            "flickr.tags.getListUser": self._get_tags,
            "flickr.tags.getListUserPopular": self._get_popular_tags,
            "flickr.tags.getListUserRaw": self._get_raw_tags,
            "flickr.profile.getProfile": self._get_profile,
        }

    # Groups

    def _get_public_groups(self, arguments: Arguments, _: str) -> Payload:
        return self._groups(stream_of(self._streams, arguments), all_of_them=False)

    def _get_groups(self, arguments: Arguments, caller: str) -> Payload:
        if not caller:
            raise no_login()
        return self._groups(
            stream_of(self._streams, {"user_id": caller, **arguments}),
            all_of_them=arguments.get("user_id") == caller,
        )

    def _groups(self, stream: SimulatedPhotostream, *, all_of_them: bool) -> Payload:
        groups = [group for group in stream.lists.groups if all_of_them or not group.is_hidden]
        if not groups:
            return {"groups": {}}
        return {"groups": {"group": [_listed_group(group) for group in groups]}}

    def _lookup_group(self, arguments: Arguments, _: str) -> Payload:
        parts = arguments.get("url", "").partition("/groups/")[2].split("/")
        for group in all_groups(self._streams):
            if parts[0] and parts[0] in (group.nsid, group.path_alias):
                return {"group": {"id": group.nsid, "groupname": {"_content": group.name}}}
        raise FlickrRefusal(1, "Group not found")

    def _get_group(self, arguments: Arguments, _: str) -> Payload:
        group = group_of(self._streams, arguments.get("group_id", ""))
        if group.is_private:
            raise FlickrRefusal(2, "Group not found")
        return {
            "group": {
                "id": group.nsid,
                "nsid": group.nsid,
                "path_alias": group.path_alias,
                "name": {"_content": group.name},
                "pool_count": {"_content": str(len(group.pool))},
            }
        }

    # The account

    def _get_public_contacts(self, arguments: Arguments, _: str) -> Payload:
        return _contacts(stream_of(self._streams, arguments), arguments, as_owner=False)

    def _get_contacts(self, arguments: Arguments, caller: str) -> Payload:
        if not caller:
            raise no_login()
        return _contacts(stream_of(self._streams, {"user_id": caller}), arguments, as_owner=True)

    def _get_tags(self, arguments: Arguments, _: str) -> Payload:
        stream = stream_of(self._streams, arguments)
        return _who(stream, [{"_content": tag} for tag in sorted(_tags(stream))])

    def _get_popular_tags(self, arguments: Arguments, _: str) -> Payload:
        stream = stream_of(self._streams, arguments)
        most = _tags(stream).most_common(to_int(arguments.get("count")) or 10)
        return _who(stream, [{"count": str(count), "_content": tag} for tag, count in sorted(most)])

    def _get_raw_tags(self, _: Arguments, caller: str) -> Payload:
        if not caller:
            raise no_login()
        stream = stream_of(self._streams, {"user_id": caller})
        raw = {tag: stream.lists.raw_tags.get(tag, [tag.capitalize()]) for tag in sorted(_tags(stream))}
        return _who(
            stream,
            [
                {"clean": tag, "raw": [{"_content": text} for text in spellings]}
                for tag, spellings in raw.items()
            ],
        )

    def _get_profile(self, arguments: Arguments, caller: str) -> Payload:
        stream = stream_of(self._streams, arguments)
        profile: Payload = {
            "id": stream.nsid,
            "nsid": stream.nsid,
            "join_date": "1189000000",
            "hometown": "",
            **stream.lists.profile,
        }
        return {"profile": profile | ({"email": "owner@example.org"} if caller == stream.nsid else {})}


def _listed_group(group: SimulatedGroup) -> Payload:
    return {
        "nsid": group.nsid,
        "name": group.name,
        "admin": "",
        "eighteenplus": 0,
        "invitation_only": int(group.is_private),
        "members": str(group.members),
        "pool_count": str(len(group.pool)),
        "is_member": 1,
        "is_moderator": 0,
        "is_admin": 0,
    }


def _contacts(stream: SimulatedPhotostream, arguments: Arguments, *, as_owner: bool) -> Payload:
    contacts = [contact for contact in stream.lists.contacts if as_owner or not contact.is_hidden]
    shown, numbers = paged(contacts, arguments, 1000)
    found = [
        {"nsid": contact.nsid, "username": contact.username, "ignored": 0, "rev_ignored": 0}
        | (
            {
                "realname": contact.realname,
                "friend": int(contact.is_friend),
                "family": int(contact.is_family),
                "path_alias": None,
                "location": "",
            }
            if as_owner
            else {}
        )
        for contact in stream.lists.contacts
        if contact in shown
    ]
    listed = {"contact": found} if found else {}
    return {"contacts": {**numbers, "per_page": numbers["perpage"], **listed}}


def _tags(stream: SimulatedPhotostream) -> Counter[str]:
    return Counter(tag for photo_id in stream.ids for tag in stream.photo(photo_id).tags.split())


def _who(stream: SimulatedPhotostream, tags: list[Payload]) -> Payload:
    return {"who": {"id": stream.nsid, "tags": {"tag": tags} if tags else {}}}
