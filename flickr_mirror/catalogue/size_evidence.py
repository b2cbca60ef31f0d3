"""Which sizes listings have shown, and how often Flickr confirmed that the largest listed one is the best.

A listing shows the best size of most photos. Asking Flickr for the sizes of each photo costs one call of 3,600 an
hour, so the evidence is gathered by label: once enough answers agree with the listing, it is trusted for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.sizes import SAMPLE, FlickrPhotoSize, SizeEvidence, listing_proves

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flickr_mirror.catalogue.database import Database


class SizeEvidenceStore:
    """The evidence on sizes in the database of a catalogue. Call methods that change it inside of a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.query

    def listed_labels(self) -> set[str]:
        """Return the labels of the sizes that listings have shown."""
        return {row[0] for row in self._query("SELECT label FROM size_evidence WHERE listed")}

    def add_listed(self, labels: Iterable[str]) -> None:
        """Record the labels of sizes that a listing shows."""
        self._database.query_many(
            "INSERT INTO size_evidence (label, listed) VALUES (?, 1) ON CONFLICT DO UPDATE SET listed = 1",
            [(label,) for label in labels],
        )

    def add_answer(self, label: str, *, is_confirmed: bool) -> None:
        """Record whether Flickr confirmed that a label listed as the largest is the best size of a photo.

        Enough confirmations without a contradiction settle all photos whose largest listed size has that label.
        """
        column = "confirmed" if is_confirmed else "contradicted"
        confirmations, contradictions = self._query(
            f"INSERT INTO size_evidence (label, {column}) VALUES (?, 1) ON CONFLICT DO UPDATE"
            f" SET {column} = {column} + 1 RETURNING confirmed, contradicted",
            (label,),
        ).fetchone()
        if confirmations >= SAMPLE and not contradictions:
            self._settle(SizeEvidence.ASSUMED, "size_label = ?", (label,))

    def settle_proved(self) -> None:
        """Settle the photos whose best size the labels listed so far prove.

        A missing size proves something only if this server lists that size at all. Only the whole listing shows
        that, not the page that a photo was on.
        """
        labels = self.listed_labels()

        def proved(label: str | None, width: int, height: int) -> bool:
            size = FlickrPhotoSize(label, width, height, "") if label else None
            return listing_proves(size, original_listed=False, answered=labels)

        self._database.create_function("proved", proved, 3)
        self._settle(SizeEvidence.LISTING, "proved(size_label, width, height)")

    def _settle(self, evidence: SizeEvidence, condition: str, parameters: tuple[object, ...] = ()) -> None:
        # A sidecar that was written without a size is written again.
        self._query(
            f"UPDATE photos SET proof = {int(evidence)}, image_status = 1, info_status = iif(info_status IN (0, 2),"
            f" 1, info_status) WHERE image_status = 0 AND NOT video AND NOT proof AND {condition}",
            parameters,
        )
