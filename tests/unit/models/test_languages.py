"""Locales and labels are values, and the same text always has the same language."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

from flickr_mirror.models.languages import ENGLISH, Label, Locale, detect_locale

# short and mixed texts, for which an unseeded langdetect returns different languages
WAVERING = [
    "Sit",
    "Hue 1968",
    "Saigon by night",
    "Hà Nội street",
    "la vie",
    "Tet",
    "Nam Dinh - Cau Bo",
    "Marie",
]

DETECT = """
import sys
from flickr_mirror.models.languages import detect_locale
for text in sys.argv[1:]:
    print(detect_locale(text))
"""


def test_locales_are_values() -> None:
    """Two locales with the same codes are equal."""
    assert Locale("fra", "CA") == Locale("fr", "ca") == Locale.from_string("FR-ca")
    assert Locale("fra") != Locale("fra", "CA")
    assert len({Locale("fra", "CA"), Locale.from_string("fra-CA"), Locale("vi"), Locale("vie")}) == 2


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("vi", "vie"),
        ("vie", "vie"),
        ("fra-CA", "fra-CA"),
        ("zh-cn", "zho-CN"),
        ("zh-tw", "zho-TW"),
        ("en", "eng"),
        ("fr-", "fra"),
    ],
)
def test_tags_are_written_by_the_standards(tag: str, expected: str) -> None:
    """Any code of langdetect or of a user is shown as ISO 639-3 with ISO 3166-1."""
    locale = Locale.from_string(tag)

    assert str(locale) == repr(locale) == expected
    assert Locale.from_string(str(locale)) == locale


def test_locales_and_labels_do_not_change() -> None:
    """Their values are immutable."""
    with pytest.raises(FrozenInstanceError):
        ENGLISH.language_code = "fra"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        Label("x").content = "y"  # type: ignore[misc]


@pytest.mark.parametrize("code", ["", "x", "xx", "qqq", "english", "xyzw"])
def test_a_language_that_does_not_exist_is_named(code: str) -> None:
    """A wrong language code is refused with a message that shows it."""
    with pytest.raises(ValueError, match=f"Invalid language code '{code}': use an ISO 639 code, such as"):
        Locale(code)


@pytest.mark.parametrize("code", ["X", "XX", "CAN", "CA-x", ""])
def test_a_country_that_does_not_exist_is_named(code: str) -> None:
    """A wrong country code is refused with a message that shows it."""
    with pytest.raises(
        ValueError, match=f"Invalid country code '{code}': use an ISO 3166-1 alpha-2 code, such as"
    ):
        Locale("fra", code)


def test_labels_are_values() -> None:
    """Two labels with the same text and language are equal; the default language is English."""
    assert Label("x") == Label("x", Locale("en"))
    assert Label("x") != Label("x", Locale("fra"))
    assert len({Label("x"), Label("x", ENGLISH), Label("y")}) == 2
    assert str(Label("x").locale) == "eng"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Những con đường của Hà Nội thật là đẹp", "vie"),
        ("Des rues vraiment magnifiques, merci beaucoup", "fra"),
        ("The streets of the old town in the morning", "eng"),
        ("Die Straßen der alten Stadt am frühen Morgen", "deu"),
        ("这是一张很漂亮的照片，谢谢你的分享", "zho-CN"),
        ("街の古い通りはとても美しいです", "jpn"),
    ],
)
def test_a_sentence_is_recognised(text: str, expected: str) -> None:
    """The language of a whole sentence is detected."""
    assert str(detect_locale(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\t",
        "1968",
        "12/05/1970 - 3",
        "🦆🦆🦆",
        "...",
        "?!",
        "https://www.flickr.com/photos/manhhai/",
    ],
)
def test_a_text_without_a_language_is_english(text: str) -> None:
    """An empty title, a date, an emoji or an address is English by convention."""
    assert detect_locale(text) == ENGLISH


@pytest.mark.slow
def test_the_same_text_always_has_the_same_language() -> None:
    """Sixty detections, also in another process, have the same result."""
    first = [str(detect_locale(text)) for text in WAVERING]
    for _ in range(60):
        detect_locale.cache_clear()
        assert [str(detect_locale(text)) for text in reversed(WAVERING)] == first[::-1]

    command = [sys.executable, "-c", DETECT, *WAVERING]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == first


def test_the_host_programs_langdetect_is_not_changed() -> None:
    """A program that uses langdetect itself keeps its own seed."""
    from langdetect import DetectorFactory

    detect_locale("Some words of English")

    assert DetectorFactory.seed is None
