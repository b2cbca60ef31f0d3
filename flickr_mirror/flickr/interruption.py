"""Waits that a stop ends at once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Iterator


class StoppedError(Exception):
    """The run was asked to stop before this request or download began. Not a failure."""


class InterruptibleWaits:
    """Waits that `stop` ends at once. Use it for waits during which no request is in flight."""

    def __init__(self) -> None:
        self.is_stopped = False
        self._scopes: set[anyio.CancelScope] = set()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait inside of this context. Raises `StoppedError` after `stop`."""
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                if self.is_stopped:
                    scope.cancel()
                yield
            finally:
                self._scopes.discard(scope)
        if scope.cancelled_caught:
            raise StoppedError("The run was asked to stop.")

    def stop(self) -> None:
        """End all waits, now and from now on."""
        self.is_stopped = True
        for scope in self._scopes:
            scope.cancel()
