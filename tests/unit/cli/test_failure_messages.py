"""Tests of `flickr_mirror.cli.failure_messages`: the advice fits the cause."""

from __future__ import annotations

import pytest

from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.errors import ClusterError, TransportError


@pytest.mark.parametrize("kind", [ClusterError, TransportError])
def test_only_flickr_is_named_as_the_cause_of_its_own_failures(
    kind: type[TransportError], capsys: pytest.CaptureFixture[str]
) -> None:
    """A scheduler that does not answer is no failure of Flickr."""
    assert echo_failure(kind("It does not answer.")) == 75
    printed = capsys.readouterr().err
    assert ("Flickr gave no usable answer." in printed) == (kind is TransportError)
    assert "Run the same command again later" in printed
