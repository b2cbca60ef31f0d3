"""The safe observer: an observer that raises does not end the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.engine.safe_observer import SafeObserver
from flickr_mirror.models.events import Notice

if TYPE_CHECKING:
    import pytest

    from flickr_mirror import Event


def test_events_are_passed_on_until_the_observer_raises(caplog: pytest.LogCaptureFixture) -> None:
    """The exception is logged once, and no more events are passed on."""
    seen: list[Event] = []

    def observe(event: Event) -> None:
        seen.append(event)
        if len(seen) == 2:
            raise RuntimeError("broken bar")

    emit = SafeObserver(observe)
    events = [Notice("one"), Notice("two"), Notice("three")]
    for event in events:
        emit(event)
    assert seen == events[:2]
    assert caplog.text.count("The observer raised an exception and was disabled.") == 1
    assert "broken bar" in caplog.text
