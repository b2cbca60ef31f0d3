"""Flickr's licences: the names and addresses behind the numbers that listings state."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class License:
    """A licence: Flickr's number of it, its name, and the address of its text (empty if it has none)."""

    id: str
    name: str
    url: str = ""


_CC = "https://creativecommons.org"
LICENSES = {
    entry.id: entry
    for entry in (
        License("0", "All Rights Reserved"),
        License("1", "CC BY-NC-SA 2.0", f"{_CC}/licenses/by-nc-sa/2.0/"),
        License("2", "CC BY-NC 2.0", f"{_CC}/licenses/by-nc/2.0/"),
        License("3", "CC BY-NC-ND 2.0", f"{_CC}/licenses/by-nc-nd/2.0/"),
        License("4", "CC BY 2.0", f"{_CC}/licenses/by/2.0/"),
        License("5", "CC BY-SA 2.0", f"{_CC}/licenses/by-sa/2.0/"),
        License("6", "CC BY-ND 2.0", f"{_CC}/licenses/by-nd/2.0/"),
        License("7", "No known copyright restrictions", "https://www.flickr.com/commons/usage/"),
        License("8", "United States Government Work", "http://www.usa.gov/copyright.shtml"),
        License("9", "CC0 1.0", f"{_CC}/publicdomain/zero/1.0/"),
        License("10", "Public Domain Mark 1.0", f"{_CC}/publicdomain/mark/1.0/"),
        License("11", "CC BY 4.0", f"{_CC}/licenses/by/4.0/"),
        License("12", "CC BY-SA 4.0", f"{_CC}/licenses/by-sa/4.0/"),
        License("13", "CC BY-ND 4.0", f"{_CC}/licenses/by-nd/4.0/"),
        License("14", "CC BY-NC 4.0", f"{_CC}/licenses/by-nc/4.0/"),
        License("15", "CC BY-NC-SA 4.0", f"{_CC}/licenses/by-nc-sa/4.0/"),
        License("16", "CC BY-NC-ND 4.0", f"{_CC}/licenses/by-nc-nd/4.0/"),
    )
}
"""The licences by number, as `flickr.photos.licenses.getInfo` listed them in June 2025."""


def license_of(number: str) -> License:
    """Return the licence with this number; one that is not in the table is named by its number.

    >>> license_of("4").name
    'CC BY 2.0'
    """
    return LICENSES.get(number) or License(number, f"licence {number}" if number else "unknown")
