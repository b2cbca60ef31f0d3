"""The texts of a photo, composed from one number: the same number always gives the same texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from flickr_mirror.simulator.data.phrases import (
    COMMENTERS,
    COMMENTS,
    DETAILS,
    LATITUDES_AND_LONGITUDES,
    PECULIAR_TITLES,
    PLACES,
    SENTENCES,
    SOURCES,
    SUBJECTS,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Choice = TypeVar("Choice")

_LANGUAGES = ("vi",) * 9 + ("fr",) * 5 + ("en",) * 5 + ("zh", "ja", "ko", "ar", "ru")
_PLACE_NUMBERS = range(len(LATITUDES_AND_LONGITUDES))


class Dice:
    """A large random number that is consumed choice by choice."""

    def __init__(self, number: int) -> None:
        self._number = number

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Return one of the choices."""
        self._number, chosen = divmod(self._number, len(choices))
        return choices[chosen]


@dataclass(frozen=True, slots=True)
class Caption:
    """The texts of a photo, when it was taken (in Flickr's format), and where, if that is known."""

    title: str
    description: str
    tags: str
    taken: str
    place: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class SimulatedComment:
    """A comment: its author's NSID and names, its time, and its text."""

    author: str
    author_name: str
    real_name: str
    date: int
    text: str

    @property
    def path_alias(self) -> str:
        """The author's name in addresses, which not every author has."""
        return self.author_name.replace("_", "-") if "_" in self.author_name else ""


def compose_caption(dice: Dice) -> Caption:
    """Return the texts of a photo of Vietnam between 1865 and 1975."""
    language = dice.pick(_LANGUAGES)
    number = dice.pick(_PLACE_NUMBERS)
    year = dice.pick(range(1865, 1976))
    subject = dice.pick(SUBJECTS[language])
    if dice.pick(range(20)) == 0:
        names = {key: places[number] for key, places in PLACES.items()}
        title = dice.pick(PECULIAR_TITLES).format(year=year, **names)
    else:
        title = f"{PLACES[language][number].upper()} {year} - {subject}"
        if dice.pick(range(3)):
            title = f"{title} ({dice.pick(DETAILS[language])})"
    parts = (dice.pick(SENTENCES[language]), dice.pick(SENTENCES[language]), dice.pick(SOURCES))
    tag = PLACES["en"][number].replace(" ", "").lower()
    latitude, longitude = LATITUDES_AND_LONGITUDES[number]
    offset = dice.pick(range(1000)) / 100_000
    return Caption(
        title,
        "\n\n".join(filter(None, dict.fromkeys(parts))),
        f"vietnam {tag} {year}" if dice.pick(range(5)) else "",
        f"{year}-{dice.pick(range(1, 13)):02}-{dice.pick(range(1, 29)):02} 00:00:00",
        (latitude + offset, longitude - offset) if dice.pick(range(3)) == 0 else None,
    )


LONGEST_CONVERSATION = 4200
"""The seconds from an upload to the last of its first comments, at most."""


def compose_comments(dice: Dice, uploaded: int) -> tuple[SimulatedComment, ...]:
    """Return one to six comments on a photo, oldest first."""
    return tuple(
        SimulatedComment(*dice.pick(COMMENTERS), uploaded + 600 * number, dice.pick(COMMENTS))
        for number in range(1, dice.pick(range(2, 8)))
    )


def comment_of_a_visitor(text: str, date: int) -> SimulatedComment:
    """Return a comment of some visitor."""
    return SimulatedComment(*COMMENTERS[date % len(COMMENTERS)], date, text)
