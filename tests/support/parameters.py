"""Parameters of tests that try many cases of the same kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def with_slow_rest(values: Iterable[Any], *fast: Any) -> list[Any]:
    """Return parameters of which only those in `fast` run by default; the rest is marked `slow`.

    For cases that use the same code: one or two of them find an error fast, and all of them together prove
    that none is an exception.
    """
    found = [
        value if _is_in(value, fast) else pytest.param(value, marks=pytest.mark.slow) for value in values
    ]
    assert len([value for value in found if _is_in(value, fast)]) == len(fast), (
        "a fast value is not among the values"
    )
    return found


def _is_in(value: Any, values: Collection[Any]) -> bool:
    return any(value == one for one in values)
