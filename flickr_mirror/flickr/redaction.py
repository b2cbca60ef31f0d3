"""Remove secrets from received texts: a server or a proxy can echo them anywhere in its response."""

from __future__ import annotations

import json
import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "***"
SHORTEST = 6
"""The length of the shortest secret to redact: a shorter one occurs in ordinary words. Flickr's keys have 32
characters, its secrets 16."""

_WIRE_LOGS = ("httpcore.connection", "httpcore.http11", "httpcore.proxy")
_guarding: WeakSet[Redactor] = WeakSet()


class Redactor:
    """Replaces secrets by `***`: as plain text and as encoded in addresses, in JSON and by Python's `repr`."""

    def __init__(self, *secrets: str) -> None:
        self._secrets = secrets
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)  # the longest first, because it may contain others
        self._encoded = [form.encode("utf-8", "surrogateescape") for form in self._forms]

    def including(self, *secrets: str) -> Redactor:
        """Return a redactor that also replaces these secrets."""
        return Redactor(*self._secrets, *secrets)

    def guard_logs(self) -> None:
        """Remove the secrets from the logs of the HTTP library, which show responses unchanged."""
        _guarding.add(self)
        for name in _WIRE_LOGS:
            logging.getLogger(name).addFilter(_redact_record)  # adding the same filter again has no effect

    def text(self, text: str) -> str:
        """Return a text without the secrets."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def data(self, data: bytes | bytearray) -> bytes | bytearray:
        """Return bytes without the secrets."""
        for form in self._encoded:
            if form in data:
                data = data.replace(form, MASK.encode())
        return data

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Remove the secrets from an error raised in the `with` block, and from its causes."""
        try:
            yield
        except Exception as error:
            self._clean(error, set())
            raise

    def _clean(self, error: BaseException | None, seen: set[int]) -> None:
        if error is None or id(error) in seen:
            return
        seen.add(id(error))
        error.args = tuple(self._cleaned(value, seen) for value in error.args)
        self._clean(error.__cause__, seen)
        self._clean(error.__context__, seen)

    def _cleaned(self, value: object, seen: set[int]) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes | bytearray):
            return self.data(value)
        if isinstance(value, BaseException):  # httpcore passes errors as arguments of errors
            self._clean(value, seen)
        return value


def _redact_record(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    for redactor in list(_guarding):
        message = redactor.text(message)
    record.msg, record.args = message, ()
    return True


def _forms(secret: str) -> Iterator[str]:
    raw = secret.encode("utf-8", "surrogateescape")
    for form in (secret, quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield form
        yield form.replace("%", "%25")  # an address within an address
        yield re.sub("%..", lambda match: match[0].lower(), form)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(raw)[2:-1]
