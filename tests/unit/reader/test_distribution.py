"""The figures of a list of numbers."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.reader.distribution import distribution

NUMBERS = st.lists(st.floats(-1e9, 1e9) | st.integers(-(10**9), 10**9), min_size=1)


def test_the_figures_of_known_numbers() -> None:
    found = distribution([2, 4, 4, 4, 5, 5, 7, 9])
    assert (found.count, found.total, found.mean, found.median) == (8, 40, 5, 4.5)
    assert (found.deviation, found.minimum, found.maximum) == (2, 2, 9)


def test_an_outlier_is_beyond_one_and_a_half_interquartile_ranges() -> None:
    found = distribution([*range(1, 12)])  # quartiles 3.5 and 8.5
    assert (found.low, found.high) == (-4, 16)
    assert [value for value in (-5, -4, 16, 17) if found.is_outlier(value)] == [-5, 17]


def test_no_numbers_have_no_mean() -> None:
    found = distribution([])
    assert (found.count, found.total, found.mean) == (0, 0, None)
    assert not found.is_outlier(0)


def test_a_single_number_is_no_outlier() -> None:
    found = distribution([7])
    assert (found.mean, found.deviation, found.is_outlier(7)) == (7, 0, False)


@given(NUMBERS)
def test_the_figures_agree_with_the_standard_library(values: list[float]) -> None:
    found = distribution(values)
    assert found.total == pytest.approx(math.fsum(values), abs=1e-3)
    assert found.median == statistics.median(values)
    assert found.minimum is not None
    assert found.maximum is not None
    assert found.mean is not None
    assert found.minimum - 1e-3 <= found.mean <= found.maximum + 1e-3
    assert found.low is not None
    assert not found.is_outlier(statistics.median(values))
