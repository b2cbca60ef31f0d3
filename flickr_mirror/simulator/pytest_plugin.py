"""Fixtures for tests of programs that use this package: a Flickr on the loopback, and its photostream.

They are there for tests that ask for this plugin, in the `conftest.py` at the root of the tests:

    pytest_plugins = ["flickr_mirror.simulator.pytest_plugin"]

Nothing else imports this module, and so the package needs no pytest.
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
    """Return the photostream that is served: 20 photos of `saigon_archive`. Override it for another one."""
    return SimulatedPhotostream(20, username="saigon_archive")


@pytest.fixture
def simulated_flickr(simulated_photostream: SimulatedPhotostream) -> Iterator[SimulatedFlickr]:
    """Serve the photostream at `api_url`, from a thread: for tests that await, and for those that block."""
    with run_in_thread(SimulatedFlickr(simulated_photostream)) as flickr:
        yield flickr
