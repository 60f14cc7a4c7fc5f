"""For how long a row belongs to the process that is sending it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.delivery._process import is_alive

if TYPE_CHECKING:
    import sqlite3

#: seconds that a lease lasts without renewal; counts only where its process cannot be watched
LEASE_SECONDS = 60.0

#: seconds until a lane asks again whether another process has settled the row that it is sending
_BUSY_POLL = 0.2


def seconds_until_free(record: sqlite3.Row, now: float) -> float:
    """Return how long until a row may be taken, by its state and the moment that it is due."""
    if record["state"] == "sending":
        return _seconds_until_lease_ends(record, now)
    if now < record["written_at"]:
        return 0.0
    return float(record["due_at"]) - now


def _seconds_until_lease_ends(record: sqlite3.Row, now: float) -> float:
    alive = is_alive(record["owner"].rpartition("|")[0])
    left = record["leased_until"] - now
    # a lease that ends later than any lease can was written before the clock was set back
    over = left <= 0 or left > LEASE_SECONDS * 10
    return 0.0 if alive is False or (alive is None and over) else _BUSY_POLL
