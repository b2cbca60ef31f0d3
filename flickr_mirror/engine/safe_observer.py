"""An observer that cannot end a run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flickr_mirror.models.events import Event, Observer

logger = logging.getLogger("flickr_mirror")


class SafeObserver:
    """Passes events to an observer until it raises an exception, which is logged."""

    def __init__(self, observer: Observer) -> None:
        self._observer: Observer | None = observer

    def __call__(self, event: Event) -> None:
        """Pass an event on."""
        if self._observer is None:
            return
        try:
            self._observer(event)
        except Exception:  # a broken progress bar must not end a run of days
            logger.exception("The observer raised an exception and was disabled.")
            self._observer = None
