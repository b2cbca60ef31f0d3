"""The registry of job types: one for each kind, with the values that existing catalogues hold."""

from __future__ import annotations

import pytest

from flickr_mirror import Include, Limits, MirrorOptions
from flickr_mirror.engine.job_types import JOB_TYPES
from flickr_mirror.models.job_kinds import JobKind


def test_every_kind_is_registered_once() -> None:
    """Jobs of a kind without an entry would never run."""
    assert [job_type.kind for job_type in JOB_TYPES] == [*JobKind]


def test_the_stored_values_do_not_change() -> None:
    """Catalogues have them in the table of failures, and events in `job`."""
    assert [str(kind) for kind in JobKind] == ["image", "info", "notes", "faves", "exif"]


def test_a_kind_waits_only_for_kinds_before_it() -> None:
    """Two kinds that waited for each other would never end."""
    for number, job_type in enumerate(JOB_TYPES):
        assert job_type.waits_for <= {earlier.kind for earlier in JOB_TYPES[:number]}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (MirrorOptions(), [JobKind.IMAGE, JobKind.INFO]),
        (MirrorOptions(image_only=True), [JobKind.IMAGE]),
        (MirrorOptions(info_only=True), [JobKind.INFO]),
        (
            MirrorOptions(include=frozenset({Include.FAVES, Include.ALBUMS, Include.NOTES})),
            [JobKind.IMAGE, JobKind.INFO, JobKind.NOTES, JobKind.FAVES],
        ),
    ],
)
def test_options_select_the_kinds(options: MirrorOptions, wanted: list[JobKind]) -> None:
    """The options image_only and info_only exclude one kind each."""
    assert [job_type.kind for job_type in JOB_TYPES if job_type.is_wanted(options)] == wanted


def test_limits_give_the_concurrency() -> None:
    """Each kind has its own limit."""
    limits = Limits(image_workers=7, min_image_workers=1, info_workers=3)
    assert [job_type.concurrency(limits) for job_type in JOB_TYPES] == [7, 3, 3, 3, 3]
