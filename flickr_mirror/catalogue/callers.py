"""The callers that a mirror was listed as: visitors without a login, and the accounts that were logged in.

What Flickr lists depends on who asks: visitors see public and safe photos, friends and family some more, and the owner
all of them. So coverage, shortfalls, full scans and totals belong to one caller each, and each photo has the callers
that it was listed for (docs/decisions/0018-coverage-per-caller.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.catalogue.rows import Status
from flickr_mirror.errors import CatalogueError
from flickr_mirror.models.visibility import is_for_visitors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.users import FlickrUser

_IS_THERE = f"gone IS NULL AND image_status <> {int(Status.FORGOTTEN)}"
_IS_OPEN = (
    "EXISTS (SELECT 1 FROM listed AS texts WHERE texts.id = photos.id"
    " AND ifnull(json_extract(texts.facts, '$.privacy'), 'public') = 'public'"
    " AND ifnull(json_extract(texts.facts, '$.safety_level'), 0) = 0)"
)
"""The SQL condition for photos that are public and safe, by the last listing of any caller."""
VISITOR = 1
"""The bit of callers without a login."""
_LAST = 1 << 62
"""The last bit that an integer of SQLite has beside its sign."""
_NOTE = "caller"


class Callers:
    """The caller of the run, and the table of all callers.

    Each caller is one bit of the column `callers` of photos. Until `begin`, the caller is that of the last run.
    An account that is logged in also sees what visitors see: its photos are those listed for it or for visitors.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.query
        self._user: FlickrUser | None = None
        self._is_begun = self._is_owner = self._is_new = False
        self.bit = database.get_number(_NOTE) or VISITOR
        """The bit of the caller."""

    def begin(self, user: FlickrUser | None, owner_id: str) -> None:
        """Set the caller of a run: the account that is logged in, `None` without a login. Writes nothing.

        `owner_id` is the account that is mirrored.
        """
        nsid = user.id if user else ""
        row = self._query("SELECT bit FROM callers WHERE nsid = ?", (nsid,)).fetchone()
        (last,) = self._query("SELECT max(bit) FROM callers").fetchone()
        if row is None and last >= _LAST:
            raise CatalogueError(
                "This mirror was listed with 62 logins, which is the limit. Begin a new one in another --cache-path."
            )
        self.bit = int(row[0] if row else last * 2)
        self._user, self._is_owner, self._is_begun = user, nsid == owner_id, True
        self._is_new = self._is_any("TRUE") and not self._is_any(self.listed)

    def _is_any(self, condition: str) -> bool:
        return self._query(f"SELECT 1 FROM photos WHERE {condition} LIMIT 1").fetchone() is not None

    def store(self) -> None:
        """Record, inside of a transaction, that the mirror is listed as the caller."""
        if self._user is not None:
            self._insert(self.bit, self._user)
        self._database.set_note(_NOTE, self.bit)

    def _insert(self, bit: int, user: FlickrUser) -> None:
        self._query("INSERT OR REPLACE INTO callers VALUES (?, ?, ?)", (bit, user.id, user.username))

    @property
    def is_visitor(self) -> bool:
        """Whether the caller is not logged in."""
        return self.bit == VISITOR

    @property
    def listed(self) -> str:
        """The SQL condition for the photos of the caller."""
        return f"callers & {self.bit | VISITOR}"

    @property
    def scope(self) -> str:
        """The SQL condition for the photos that a run works on; all photos before `begin`.

        The first run of a caller also works on those that should be listed for it: the public and safe ones.
        """
        if not self._is_begun:
            return "TRUE"
        return f"({self.listed} OR {_IS_OPEN})" if self._is_new else self.listed

    @property
    def others(self) -> str:
        """The SQL condition for photos about which the caller cannot decide alone: another login has listed them.

        The owner sees all photos, and can always decide.
        """
        return "FALSE" if self._is_owner else f"callers & ~{self.bit | VISITOR}"

    def get_number(self, name: str) -> int | None:
        """Return the number stored for the caller under a name; `None` if there is none."""
        return self._database.get_number(self._note(name))

    def set_number(self, name: str, value: int | None) -> None:
        """Store a number for the caller under a name; `None` deletes it."""
        self._database.set_note(self._note(name), value)

    def drop_scan(self) -> None:
        """Let the caller's next full scan begin anew, instead of continuing one that was interrupted."""
        self.set_number("scan_begun", None)

    def _note(self, name: str) -> str:
        return name if self.is_visitor else f"{name} {self.bit}"

    @property
    def nsid(self) -> str | None:
        """The account of the caller; `None` without a login."""
        row = self._query("SELECT nsid FROM callers WHERE bit = ?", (self.bit,)).fetchone()
        return str(row[0]) or None if row else None

    def bits(self) -> list[int]:
        """Return the bits of all callers."""
        return [int(row[0]) for row in self._query("SELECT bit FROM callers")]

    def other_logins(self) -> list[str]:
        """Return the usernames of other logins that have listed the mirror; empty if the caller is the owner."""
        if self._is_owner:
            return []
        rows = self._query(f"SELECT username FROM callers WHERE bit & ~{self.bit | VISITOR} ORDER BY bit")
        return [str(row[0]) for row in rows]

    # Photos

    def add(self, photos: Collection[FlickrPhoto]) -> None:
        """Record, inside of a transaction, that photos were listed for the caller.

        If a login shows that a photo is not public or not safe, visitors do not see it any more.
        """
        self._mark((photo.id for photo in photos), f"callers | {self.bit}", f"NOT callers & {self.bit}")
        if not self.is_visitor:
            withdrawn = (photo.id for photo in photos if not is_for_visitors(photo))
            self._mark(withdrawn, f"callers & ~{VISITOR}", f"callers & {VISITOR}")

    def _mark(self, photo_ids: Iterable[str], callers: str, condition: str) -> None:
        if ids := list(photo_ids):
            marks = ", ".join("?" * len(ids))
            self._query(f"UPDATE photos SET callers = {callers} WHERE id IN ({marks}) AND {condition}", ids)

    def add_exported(self, photo: FlickrPhoto, owner: FlickrUser) -> None:
        """Record, inside of a transaction, that an account export of `owner` has a photo.

        One that is not for visitors counts as listed for the owner's login, and only that login can find whether it is
        gone.
        """
        if is_for_visitors(photo):
            self._mark([photo.id], f"callers | {VISITOR}", "TRUE")
            return
        bit, last = self._query(
            "SELECT (SELECT bit FROM callers WHERE nsid = ?), max(bit) FROM callers", (owner.id,)
        ).fetchone()
        if bit is None:
            bit = min(last * 2, _LAST)
            self._insert(bit, owner)
        self._mark([photo.id], f"callers | {bit}", "TRUE")

    def restore(self, photos: Collection[FlickrPhoto]) -> None:
        """Record, inside of a transaction, for whom photos restored from disk were listed, as far as that is known."""
        self._mark((photo.id for photo in photos if is_for_visitors(photo)), str(VISITOR), "TRUE")

    def end_restoring(self, owner: FlickrUser) -> None:
        """Count all restored photos, inside of a transaction, as listed for the `owner` if any is not for visitors.

        A mirror with such photos was made with a login. The files do not name it; only the owner sees all of them.
        """
        if self._is_any("callers = 0"):
            self._insert(VISITOR << 1, owner)
            self._query(f"UPDATE photos SET callers = callers | {VISITOR << 1}")
            self._database.set_note("private", 1)

    def unseen(self) -> tuple[int, list[str]]:
        """Return how many photos only other logins see, and the usernames of these logins."""
        hidden = f"{_IS_THERE} AND NOT {self.listed}"
        (count,) = self._query(f"SELECT count(*) FROM photos WHERE {hidden}").fetchone()
        names = self._query(
            f"SELECT username FROM callers AS c WHERE EXISTS (SELECT 1 FROM photos WHERE {hidden}"
            " AND photos.callers & c.bit) ORDER BY bit"
        )
        return int(count), [str(row[0]) for row in names]

    def count_login_only(self) -> int:
        """Return how many photos are not public or not safe."""
        row = self._query(f"SELECT count(*) FROM photos WHERE {_IS_THERE} AND NOT {_IS_OPEN}").fetchone()
        return int(row[0])
