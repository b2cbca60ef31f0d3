"""The lists of a simulated account besides its photos: favourites, galleries, groups, contacts, tags and a profile."""

from __future__ import annotations

from dataclasses import dataclass, field

FIRST_FAVE = 1_400_000_000


@dataclass(slots=True)
class SimulatedGallery:
    """A gallery: photos of others by id, with the curator's comments on some of them."""

    id: str
    title: str
    description: str = ""
    created: int = FIRST_FAVE
    updated: int = FIRST_FAVE
    photos: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class SimulatedGroup:
    """A group; `pool` has the ids of its photos with the second in which each was added.

    The photos of a `private` group are not shown to anyone, those of a `members_only` pool to calls with a login.
    """

    nsid: str
    name: str
    path_alias: str = ""
    members: int = 2
    pool: dict[str, int] = field(default_factory=dict)
    is_private: bool = False
    is_members_only: bool = False
    is_hidden: bool = False
    """Whether an account does not show that it is a member."""


@dataclass(slots=True)
class SimulatedContact:
    """An account that another one follows; a `hidden` one is shown only to the latter."""

    nsid: str
    username: str
    realname: str = ""
    is_friend: bool = False
    is_family: bool = False
    is_hidden: bool = False


@dataclass(slots=True)
class SimulatedLists:
    """The lists of one account. `favorites` has the second in which each photo became one, by its id.

    `raw_tags` has other spellings of tags; `people` are the ids of photos that show the person.
    """

    favorites: dict[str, int] = field(default_factory=dict)
    galleries: list[SimulatedGallery] = field(default_factory=list)
    groups: list[SimulatedGroup] = field(default_factory=list)
    contacts: list[SimulatedContact] = field(default_factory=list)
    raw_tags: dict[str, list[str]] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)
    profile: dict[str, str] = field(default_factory=dict)
