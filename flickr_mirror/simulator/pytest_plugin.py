"""Fixtures for tests of programs that use this package: a simulated Flickr and its photostream.

To use them, name this plugin in the `conftest.py` at the root of the tests:

    pytest_plugins = ["flickr_mirror.simulator.pytest_plugin"]

No other module imports this one, so the package does not need pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flickr_mirror.simulator.data.stream import SimulatedPhotostream
from flickr_mirror.simulator.server import SimulatedFlickr, run_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def simulated_photostream() -> SimulatedPhotostream:
    """Return the photostream to serve: 20 photos of `saigon_archive`. Override this fixture to serve another one."""
    return SimulatedPhotostream(20, username="saigon_archive")


@pytest.fixture
def simulated_flickr(simulated_photostream: SimulatedPhotostream) -> Iterator[SimulatedFlickr]:
    """Serve the photostream at `api_url` from a thread, for async tests and for blocking ones."""
    with run_in_thread(SimulatedFlickr(simulated_photostream)) as flickr:
        yield flickr
