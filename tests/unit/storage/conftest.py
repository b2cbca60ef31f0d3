"""Fixtures of the tests of stores: one server of each kind for all tests of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import object_servers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an S3 server that honours conditions, with a bucket named `archive`."""
    with object_servers.ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(scope="session")
def simple_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an S3 server that ignores conditions, with a bucket named `archive`."""
    with object_servers.rclone(tmp_path_factory.mktemp("rclone")) as url:
        yield url
