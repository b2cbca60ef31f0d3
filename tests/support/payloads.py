"""Values that a JSON answer can have at any position."""

from __future__ import annotations

from hypothesis import strategies as st

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.just([]),
    st.just({}),
    st.just({"_content": 7}),
)
