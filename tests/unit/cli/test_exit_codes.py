"""Tests of `flickr_mirror.cli.exit_codes`: the worst of several codes is returned."""

from __future__ import annotations

import pytest

from flickr_mirror.cli.exit_codes import WORST_FIRST, code_text, for_each, worst


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((), 0),
        ((0, 0), 0),
        ((0, 3, 8), 8),
        ((3, 75, 4), 4),
        (WORST_FIRST, 5),
        ((0, 137), 137),
        ((5, 143, 0), 143),
        ((0, 6), 6),  # of a later version, or of Python itself
        ((6, 3), 3),
    ],
)
def test_the_worst_code(codes: tuple[int, ...], expected: int) -> None:
    assert worst(codes) == expected


def test_a_signal_ends_the_series() -> None:
    codes = iter([3, 130])
    assert for_each(["a", "b", "c"], lambda _: next(codes)) == 130


def test_a_code_is_explained() -> None:
    assert code_text(137) == "killed (SIGKILL), perhaps because memory ran out (exit 137)"
    assert (code_text(6), code_text(None)) == ("exit 6", "exit None")
