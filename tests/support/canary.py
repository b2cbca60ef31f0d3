"""Secrets of the API key and of a login that must not be in any output of a run."""

from __future__ import annotations

import logging
import traceback
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from flickr_mirror import Event

KEY = "canary-key-0123456789"
SECRET = "canary-secret-9876"
TOKEN = "canary-token-72157600000000000"
TOKEN_SECRET = "canary-token-secret-5432"
CODE = "976-531-864"
STORE_KEY = "canary-access-0123456789"
STORE_SECRET = "canary-access-secret-9876"
FORBIDDEN = (
    *(KEY, SECRET, TOKEN, TOKEN_SECRET, CODE, STORE_KEY, STORE_SECRET),
    *("api_key=", "oauth_signature=", "oauth_verifier="),
)


class Canary(logging.Handler):
    """Collects the outputs of a test, and searches them for secrets; also a log handler."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Record a line of the log, including its traceback."""
        self.texts.append(f"{self.format(record)} {record.args!r}")

    def record(self, what: object) -> None:
        """Record a text, an event, or an error with its causes."""
        if isinstance(what, BaseException):
            self.texts += _words(what)
        self.texts += [str(what), repr(what)]

    def watch_errors(self, run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Return `run`, whose errors are recorded."""

        @wraps(run)
        async def watched(*arguments: Any, **options: Any) -> Any:
            try:
                return await run(*arguments, **options)
            except BaseException as error:
                self.record(error)
                raise

        return watched

    def watch_events(self, emit: Callable[[Any, Event], None]) -> Callable[[Any, Event], None]:
        """Return `emit`, whose events are recorded too."""

        def watched(mirror: Any, event: Event) -> None:
            self.record(event)
            emit(mirror, event)

        return watched

    def leaks(self, *folders: Path) -> list[str]:
        """Return the places where a secret was found."""
        found = [text[:1000] for text in self.texts if any(word in text for word in FORBIDDEN)]
        for folder in folders:
            for path in folder.rglob("*"):
                data = path.read_bytes() if path.is_file() else b""
                if any(word.encode() in data or word in path.name for word in FORBIDDEN):
                    found.append(str(path))
        return found


def _words(error: BaseException) -> Iterator[str]:
    yield "".join(traceback.format_exception(error))
    for one in _related(error, {}).values():
        yield f"{one} {one!r} {one.args!r} {getattr(one, '__notes__', '')}"
        for name in ("_request", "response", "request_info"):
            where = getattr(one, name, None)
            yield f"{where!r} {getattr(where, 'url', '')} {getattr(where, 'real_url', '')}"


def _related(error: BaseException, seen: dict[int, BaseException]) -> dict[int, BaseException]:
    if id(error) not in seen:  # a group can be the context of its members
        seen[id(error)] = error
        inside = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
        for one in (error.__cause__, error.__context__, *inside):
            if one is not None:
                _related(one, seen)
    return seen
