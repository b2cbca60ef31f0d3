"""The progress of a run at one moment, for programs that embed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flickr_mirror.engine.progress.run_stats import RunStats


@dataclass(frozen=True, slots=True)
class RunProgress:
    """The progress of a run at one moment; a public record.

    `stage` describes the current step, empty while it mirrors. `done` of `total` photos have their image, or their
    information if images are not mirrored. `images_left` and `infos_left` count the files left to fetch, `failed` the
    photos that failed, `share` is the share of all work that is done, 0 to 1. `bytes` were downloaded by this run,
    `bytes_per_second` is the rate over the last minute. `eta_seconds` is the time left, `None` if it is not known;
    `eta_bound` is what limits it: `API` (Flickr's limit of calls) or `line` (the downloads), or empty.
    """

    stage: str
    done: int
    total: int
    images_left: int
    infos_left: int
    failed: int
    share: float
    bytes: int
    bytes_per_second: float
    eta_seconds: float | None
    eta_bound: str

    @staticmethod
    def of(stats: RunStats) -> RunProgress:
        """Return the progress that `stats` have counted."""
        left, eta = stats.left, stats.eta
        return RunProgress(
            stage=stats.stage,
            done=stats.done,
            total=stats.total,
            images_left=left.get("image", 0),
            infos_left=left.get("info", 0),
            failed=stats.counts.failed,
            share=stats.share,
            bytes=stats.counts.bytes,
            bytes_per_second=stats.rate,
            eta_seconds=eta.seconds if eta else None,
            eta_bound=eta.bound if eta else "",
        )
