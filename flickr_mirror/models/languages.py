"""The languages of texts: `Locale`, `Label`, and language detection.

Only this module uses `langdetect` and `pycountry`. It imports them when they are first needed, because loading their
tables takes a third of a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

SEED = 0


@dataclass(frozen=True, slots=True, repr=False)
class Locale:
    """The language of a text, and optionally the country: `vie`, `fra-CA`.

    `language_code` is an ISO 639-3 alpha-3 code (an alpha-2 code is converted), `country_code` an ISO 3166-1
    alpha-2 code. Raises `ValueError` for a code that is not in these standards.

    >>> Locale("fr", "CA")
    fra-CA
    """

    language_code: str
    country_code: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "language_code", _alpha3(self.language_code))
        if self.country_code is not None:
            object.__setattr__(self, "country_code", _country(self.country_code))

    @staticmethod
    def from_string(locale: str) -> Locale:
        """Return the locale for a tag such as `fra`, `fr-CA` or `zh-cn`."""
        language_code, _, country_code = locale.partition("-")
        return Locale(language_code, country_code or None)

    def __str__(self) -> str:
        return f"{self.language_code}-{self.country_code}" if self.country_code else self.language_code

    __repr__ = __str__


@lru_cache(maxsize=1024)
def _alpha3(code: str) -> str:
    wanted = code.lower()
    if wanted == "eng":  # The default locale must not require the tables.
        return wanted

    import pycountry

    language = (
        pycountry.languages.get(alpha_2=wanted)
        if len(wanted) == 2
        else pycountry.languages.get(alpha_3=wanted)
    )
    if language is None:
        raise ValueError(f"Invalid language code {code!r}: use an ISO 639 code, such as 'vie' or 'vi'.")
    return str(language.alpha_3)


@lru_cache(maxsize=1024)
def _country(code: str) -> str:
    import pycountry

    country = pycountry.countries.get(alpha_2=code.upper()) if len(code) == 2 else None
    if country is None:
        raise ValueError(f"Invalid country code {code!r}: use an ISO 3166-1 alpha-2 code, such as 'CA'.")
    return str(country.alpha_2)


ENGLISH = Locale("eng")


@dataclass(frozen=True, slots=True, repr=False)
class Label:
    """A text for people, and the locale that it is written in (English by default)."""

    content: str
    locale: Locale = field(default=ENGLISH)

    @staticmethod
    def from_json(payload: dict[str, Any]) -> Label:
        """Return the label that `to_json` wrote. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        return Label(str(payload["content"]), Locale.from_string(payload["locale"]))

    def to_json(self) -> dict[str, str]:
        """Return the object for this label in the JSON files of a mirror."""
        return {"content": self.content, "locale": str(self.locale)}


@lru_cache(maxsize=1)
def _detectors() -> Any:  # noqa: ANN401 - langdetect has no types
    """Return a separate detector factory, so that the seed does not affect other uses of langdetect in the process."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    factory.set_seed(SEED)
    return factory


@lru_cache(maxsize=4096)
def detect_locale(text: str) -> Locale:
    """Return the locale that `text` is most likely written in; English if no language is detected.

    langdetect samples random n-grams; because it is seeded, the same text always gives the same result. A text takes
    0.4 to 12 ms of CPU time, so event loops use `engine.language_detector.LanguageDetector` instead.
    """
    from langdetect import LangDetectException

    if not any(character.isalpha() for character in text):
        return ENGLISH
    detector = _detectors().create()
    try:
        detector.append(text)
        tag = detector.detect()
    except LangDetectException:  # It has no n-gram of any language, as an address or a single symbol.
        return ENGLISH
    return ENGLISH if tag == detector.UNKNOWN_LANG else Locale.from_string(tag)
