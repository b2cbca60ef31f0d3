"""The times of runs in tests."""

from __future__ import annotations

from flickr_mirror.models.timing import Timing

FAST = Timing(longest_retry_wait=0.01, first_pause=0.05, longest_pause=0.5, catalogue_flush=0.005)
"""Retries are immediate, pauses short, and changes are written to the catalogue soon."""
