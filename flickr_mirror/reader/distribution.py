"""The figures of a list of numbers: count, total, mean, median, standard deviation and outliers."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FENCE = 1.5
"""How many interquartile ranges from the quartiles an outlier is (J. W. Tukey, Exploratory Data Analysis, 1977)."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The figures of some numbers.

    `deviation` is the standard deviation of the numbers themselves (of a population). Outliers are below `low` or above
    `high`: more than 1.5 interquartile ranges from the quartiles. `mean` to `high` are `None` if there are no numbers.
    """

    count: int
    total: float
    mean: float | None = None
    median: float | None = None
    deviation: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    low: float | None = None
    high: float | None = None

    def is_outlier(self, value: float) -> bool:
        """Return whether a number is an outlier of this distribution."""
        return self.low is not None and self.high is not None and not self.low <= value <= self.high


def distribution(values: Sequence[float]) -> Distribution:
    """Return the figures of finite numbers.

    >>> found = distribution([1, 2, 3, 4, 100])
    >>> found.mean, found.median, found.is_outlier(100), found.is_outlier(4)
    (22, 3, True, False)
    """
    if not values:
        return Distribution(0, 0)
    first, _, third = statistics.quantiles(values, method="inclusive") if len(values) > 1 else [*values] * 3
    fence = FENCE * (third - first)
    total = sum(values) if all(isinstance(value, int) for value in values) else math.fsum(values)
    return Distribution(
        len(values),
        total,
        statistics.mean(values),
        statistics.median(values),
        statistics.pstdev(values),
        min(values),
        max(values),
        first - fence,
        third + fence,
    )
