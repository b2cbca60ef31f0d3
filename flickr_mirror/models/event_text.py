"""The wording of waits and outages, for the log and for the live view."""

from __future__ import annotations

import time

SERVERS = {"api": "Flickr", "images": "Flickr's image servers"}
"""The names of the servers in messages."""
REASONS = {
    "budget": "This hour's calls to Flickr are used up",
    "api": "Flickr asks for a pause",
    "images": "Flickr's image servers ask for a pause",
}
"""Why nothing is sent, in the log."""
SHORT_REASONS = {
    "budget": ("the hour's calls are used up, ", "hour's calls used up, ", ""),
    "api": ("calls paused by Flickr, ", "calls paused, ", ""),
    "images": ("images paused by Flickr, ", "images paused, ", ""),
}
"""The same in the live view: the longest text first."""


def waiting_text(cause: str, seconds: float) -> str:
    """Return why nothing is sent to Flickr, for how long, and until when (local time)."""
    resumes = time.strftime(", at %H:%M", time.localtime(time.time() + seconds))
    return f"{REASONS[cause]}: continuing in {duration_text(seconds)}{resumes if seconds >= 60 else ''}."


def outage_text(
    server: str, seconds: float, reason: str = "", *, reached: bool = False, ended: bool = False
) -> str:
    """Return the sentence about a server that does not answer; `ended` means that no further attempt is made."""
    what = "usable answer" if reached else "answer"
    text = f"No {what} from {SERVERS[server]} for {duration_text(seconds)}"
    if not ended:
        text += ", trying again" if reason else ", still waiting"
    return f"{text} ({reason.rstrip('.')})." if reason else f"{text}."


def recovery_text(server: str, seconds: float) -> str:
    """Return the sentence about a server that answers again after an outage."""
    verb = "answers" if server == "api" else "answer"
    return f"{SERVERS[server]} {verb} again, after {duration_text(seconds)}."


def duration_text(seconds: float) -> str:
    """Return a duration as it is written in a sentence.

    >>> duration_text(760), duration_text(8.2)
    ('12 min 40 s', '8 s')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
