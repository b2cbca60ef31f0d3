"""The times that the caller of the command passed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.timing import Timing

if TYPE_CHECKING:
    import typer


def timing_of(context: typer.Context) -> Timing:
    """Return the times that `main` received, which are no options; the defaults if the app was called directly."""
    return context.find_object(Timing) or Timing()
