"""All faults of a server and of a connection, each a value that answers one request on a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flickr_mirror.simulator.connection_faults import Broken, Drip, Endless, Excess, HangUp, Silence
from flickr_mirror.simulator.false_responses import (
    PLACEHOLDER_URL,
    PORTAL,
    THROTTLED,
    WRONG_JSON,
    Answer,
    Bomb,
    Rewritten,
    failing,
    page,
    placeholder,
    redirect,
    refusal,
    retry_at,
    throttling,
    wrong_json,
)

if TYPE_CHECKING:
    from aiohttp import web

    from flickr_mirror.simulator.connection_faults import Normal

__all__ = [
    "PLACEHOLDER_URL",
    "PORTAL",
    "THROTTLED",
    "WRONG_JSON",
    "Answer",
    "Bomb",
    "Broken",
    "Drip",
    "Endless",
    "Excess",
    "Fault",
    "HangUp",
    "Rewritten",
    "Silence",
    "failing",
    "page",
    "placeholder",
    "redirect",
    "refusal",
    "retry_at",
    "throttling",
    "wrong_json",
]


class Fault(Protocol):
    """A fault of one request; `normal` makes the response without it."""

    @property
    def kind(self) -> str:
        """The name by which this fault is counted."""
        ...

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Answer the request. What is returned is sent if the connection is still open."""
        ...
