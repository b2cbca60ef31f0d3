"""The photos that are mirrored damaged or in a reduced size, and when each is fetched again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.catalogue.row_encoding import reduced_text
from flickr_mirror.catalogue.rows import Stale

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.models.sizes import Reduced

DAY = 86_400
_LATEST = 7 * DAY
_IS_MARKED = "(damaged OR reduced IS NOT NULL)"
# the address of a better film is known; all others must be requested
_FETCH_OR_ASK = "iif(proof AND (NOT video OR NOT damaged AND reduced IS NOT NULL), 1, 0)"


class Refetches:
    """The photos that Flickr serves damaged, or in a smaller size than the best one that it lists.

    Call its methods inside of a transaction.
    """

    def __init__(self, database: Database) -> None:
        self._query = database.query
        self._query_many = database.query_many

    def record(
        self,
        stored: StoredPhoto,
        reduced: Mapping[str, Reduced],
        *,
        is_damaged: bool,
        is_due_soon: bool,
        now: int,
    ) -> None:
        """Record which files of a photo were stored at `now` in place of better ones, and whether one is damaged.

        Such a photo is due at each full scan, and if `is_due_soon` also after a day and after a week.
        """
        text = reduced_text(reduced)
        if text is None and not is_damaged and not stored.is_second_best:
            return
        looks = f"iif({_IS_MARKED} AND NOT stale & {int(Stale.IMAGE)}, looks, 0)"
        self._query(
            f"UPDATE photos SET look_again = iif(?, CASE {looks} WHEN 0 THEN ? WHEN 1 THEN ? END, NULL),"
            f" looks = iif(?, {looks} + 1, 0), reduced = ?, damaged = ?,"
            # a sidecar that was written already describes another file
            " info_status = iif(info_status = 2 AND reduced IS NOT ?, 1, info_status)"
            f" WHERE id = ? AND (revision = ? OR NOT stale & {int(Stale.IMAGE)})",
            (
                is_due_soon and (is_damaged or text is not None),
                now + DAY,
                now + _LATEST,
                is_damaged or text is not None,
                text,
                is_damaged,
                text,
                stored.photo.id,
                stored.revision,
            ),
        )

    def requeue_due(self, now: int, window: str) -> None:
        """Put the photos that are due on the work list, if the SQL condition `window` holds for them."""
        # A due time beyond the longest delay was written while the clock was wrong: it counts as due.
        self._query(
            f"UPDATE photos SET image_status = {_FETCH_OR_ASK} WHERE image_status = 2 AND gone IS NULL AND {window}"
            " AND look_again IS NOT NULL AND (look_again <= ? OR look_again > ?)",
            (now, now + _LATEST),
        )

    def requeue_seen(self, photo_ids: Iterable[str], caller: int) -> None:
        """Put those of some photos on the work list that the full scan of a caller lists for the first time."""
        self._query_many(
            f"UPDATE photos SET image_status = {_FETCH_OR_ASK} WHERE id = ? AND NOT seen & {caller}"
            f" AND image_status = 2 AND {_IS_MARKED}",
            [(photo_id,) for photo_id in photo_ids],
        )
