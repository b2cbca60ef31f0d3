"""Tests of `flickr_mirror.storage`."""

import pytest

pytest.register_assert_rewrite("tests.unit.storage.store_contract")
