"""The SQL of the outbox: one file (or memory), one connection, any number of threads.

What a row goes through::

    waiting --lease--> sending --settle--> delivered | refused | lost
       ^                  |
       +--- put back -----+        waiting --> given_up | superseded | dropped

A row stays in the file while it is being sent. If its sender dies, the row's lease ends with the
process, and the next sender asks the remote before it sends anything again.
"""

from __future__ import annotations

from contextlib import contextmanager
from json import loads
from threading import RLock
from typing import TYPE_CHECKING, Any

from qlty.delivery._database import connect
from qlty.delivery._process import is_alive
from qlty.delivery._rows import ANSWER_LOST, COLUMNS, Row, State, from_record, sent_to_json, to_json
from qlty.runtime import clock

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from qlty.delivery._job import Sent

#: seconds that a lease lasts without renewal; counts only where its process cannot be watched
LEASE_SECONDS = 60.0

#: after so many failed attempts a row no longer holds up the ones behind it
STEP_ASIDE_AFTER = 10

#: seconds until a lane asks again whether another process has settled the row that it is sending
_BUSY_POLL = 0.2

_ALL = ", ".join(COLUMNS)
_OPEN = "state IN ('waiting', 'sending')"


class Store:
    """All reads and writes of one outbox file."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._connection = connect(path)
        self._lock = RLock()

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self._lock:
            self._connection.close()

    # -- enqueue

    def insert(self, *, supersedes: bool, **values: Any) -> Row:
        """Add a delivery, or return the one that the key already has.

        With ``supersedes`` a newer state of the key is added, which takes the checkpoint of the
        older one along and replaces it if nobody has begun to send it.
        """
        with self._transaction():
            newest = self._newest(values["integration"], values["target"], values["key"])
            if newest is not None:
                if not supersedes or _same_state(newest, values):
                    return newest
                self._supersede(newest)
            return self._insert((newest.generation if newest else 0) + 1, values)

    def _newest(self, integration: str, target: str, key: str) -> Row | None:
        return self._one(
            "integration = ? AND target = ? AND key = ? ORDER BY generation DESC LIMIT 1",
            [integration, target, key],
        )

    def _supersede(self, older: Row) -> None:
        # one that is being sent, or may have arrived, is settled first: the newer waits behind it
        self._execute(
            "UPDATE delivery SET state = 'superseded', settled_at = ? "
            "WHERE id = ? AND state = 'waiting' AND doubt < ?",
            [clock.now(), older.id, ANSWER_LOST],
        )

    def _insert(self, generation: int, values: dict[str, Any]) -> Row:
        now = clock.now()
        record = {
            **values,
            "generation": generation,
            "payload": to_json(values["payload"]),
            "created_at": now,
            "written_at": now,
            "due_at": values["due_at"] if values["due_at"] is not None else now,
        }
        names = ", ".join(record)
        marks = ", ".join("?" * len(record))
        cursor = self._execute(
            f"INSERT INTO delivery ({names}) VALUES ({marks})",  # noqa: S608 -- our own names
            list(record.values()),
        )
        row = self.get(cursor.lastrowid or 0)
        assert row is not None
        return row

    # -- reading

    def get(self, row_id: int) -> Row | None:
        """Return one row, ``None`` if there is none of this number."""
        return self._one("id = ?", [row_id])

    def progress(self, row_id: int) -> tuple[State, dict[str, Any]] | None:
        """Return how far a row has come, without reading its payload."""
        with self._lock:
            record = self._connection.execute(
                "SELECT state, checkpoint FROM delivery WHERE id = ?", [row_id]
            ).fetchone()
        return (record[0], loads(record[1])) if record else None

    def rows(
        self, *, run_id: str | None = None, state: str | None = None, integration: str | None = None
    ) -> list[Row]:
        """Return rows in the order in which they were made."""
        with self._lock:
            cursor = self._connection.execute(
                f"SELECT {_ALL} FROM delivery WHERE (?1 IS NULL OR run_id = ?1) "  # noqa: S608
                "AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR integration = ?3) ORDER BY id",
                [run_id, state, integration],
            )
            return [from_record(record) for record in cursor]

    def tell_given_up(self, run_id: str) -> list[Row]:
        """Return what was given up since this was last asked, without that of one run."""
        with self._transaction():
            mark = self._connection.execute(
                "SELECT max(value) FROM meta WHERE name = 'given_up_told'"
            ).fetchone()
            since = float(mark[0] or 0)
            cursor = self._connection.execute(
                f"SELECT {_ALL} FROM delivery WHERE state = 'given_up' "  # noqa: S608
                "AND settled_at > ? ORDER BY id",
                [since],
            )
            rows = [from_record(record) for record in cursor]
            newest = max((row.settled_at or 0.0 for row in rows), default=since)
            self._connection.execute(
                "INSERT OR REPLACE INTO meta (name, value) VALUES ('given_up_told', ?)",
                [repr(newest)],
            )
        return [row for row in rows if row.run_id != run_id]

    def lanes(self, run_id: str | None = None) -> list[tuple[str, str, str | None]]:
        """Return integration, target and class path of everything that is still to be sent."""
        with self._lock:
            return [
                (record[0], record[1], record[2])
                for record in self._connection.execute(
                    "SELECT integration, target, max(class_path) FROM delivery "  # noqa: S608
                    f"WHERE {_OPEN} AND (?1 IS NULL OR run_id = ?1) "
                    "GROUP BY integration, target ORDER BY min(id)",
                    [run_id],
                )
            ]

    def counts(self, run_id: str | None = None) -> dict[str, int]:
        """Return how many rows are in each state."""
        with self._lock:
            return {
                record[0]: record[1]
                for record in self._connection.execute(
                    "SELECT state, count(*) FROM delivery WHERE (?1 IS NULL OR run_id = ?1) "
                    "GROUP BY state",
                    [run_id],
                )
            }

    # -- sending

    def lease(
        self, integration: str, target: str, owner: str, run_id: str | None = None
    ) -> Row | float | None:
        """Take the next row of a lane for sending.

        Returns:
            The row, now ``sending``; or how many seconds to wait for one; or ``None`` where the
            lane is empty.
        """
        with self._transaction():
            now = clock.now()
            wait, row_id, state = self._head(integration, target, run_id, now)
            if row_id is None or wait is None or wait > 0:
                return wait
            # whoever was sending it died: only the remote knows how far that went
            self._execute(
                "UPDATE delivery SET state = 'sending', owner = ?, leased_until = ?, "
                "attempts = attempts + 1, doubt = CASE ? WHEN 'sending' THEN ? ELSE doubt END "
                "WHERE id = ?",
                [owner, now + LEASE_SECONDS, state, ANSWER_LOST, row_id],
            )
            return self._inherit_checkpoint(row_id)

    def seconds_until_work(
        self, integration: str, target: str, run_id: str | None = None
    ) -> float | None:
        """Return how long until :meth:`lease` may give a row, ``None`` where the lane is empty."""
        with self._lock:
            return self._head(integration, target, run_id, clock.now())[0]

    def _head(
        self, integration: str, target: str, run_id: str | None, now: float
    ) -> tuple[float | None, int | None, str]:
        """Return seconds to wait, number and state of the row that is next in a lane."""
        shortest: float | None = None
        for record in self._connection.execute(
            "SELECT id, state, attempts, due_at, written_at, owner, leased_until "  # noqa: S608
            "FROM delivery WHERE integration = ?1 AND target = ?2 "
            f"AND {_OPEN} AND (?3 IS NULL OR run_id = ?3) ORDER BY id",
            [integration, target, run_id],
        ):
            wait = _seconds_until_free(record, now)
            if wait <= 0:
                return 0.0, record["id"], record["state"]
            shortest = wait if shortest is None else min(wait, shortest)
            if record["state"] == "sending" or 0 < record["attempts"] < STEP_ASIDE_AFTER:
                break
        return shortest, None, ""

    def _inherit_checkpoint(self, row_id: int) -> Row:
        """Give a newer state of a key what the older one knows, such as the message to update."""
        row = self.get(row_id)
        assert row is not None
        if row.generation > 1 and not row.checkpoint:
            older = self._one(
                "integration = ? AND target = ? AND key = ? AND generation < ? "
                "AND checkpoint != '{}' ORDER BY generation DESC LIMIT 1",
                [row.integration, row.target, row.key, row.generation],
            )
            if older is not None:
                self._execute(
                    "UPDATE delivery SET checkpoint = ? WHERE id = ?",
                    [to_json(older.checkpoint), row_id],
                )
                return self.get(row_id) or row
        return row

    def renew(self, row_ids: Iterable[int], owner: str) -> None:
        """Prolong leases of rows that are still being sent."""
        until = clock.now() + LEASE_SECONDS
        for row_id in row_ids:
            self._execute(
                "UPDATE delivery SET leased_until = ? WHERE id = ? AND owner = ?",
                [until, row_id, owner],
            )

    def save_checkpoint(self, row_id: int, owner: str, checkpoint: dict[str, Any]) -> bool:
        """Store a sender's progress; ``False`` where the row is no longer its own."""
        cursor = self._execute(
            "UPDATE delivery SET checkpoint = ? WHERE id = ? AND owner = ?",
            [to_json(checkpoint), row_id, owner],
        )
        return cursor.rowcount == 1

    def settle_delivered(self, row_id: int, owner: str, sent: Sent | None) -> None:
        """Mark a row as done."""
        self._execute(
            "UPDATE delivery SET state = 'delivered', sent = ?, settled_at = ?, reason = '', "
            "doubt = 0, owner = NULL, leased_until = NULL WHERE id = ? AND owner = ?",
            [sent_to_json(sent), clock.now(), row_id, owner],
        )

    def settle_failed(self, row_id: int, owner: str, state: State, reason: str, doubt: int) -> None:
        """Mark a row as one that will not be sent again unless somebody asks for it."""
        self._execute(
            "UPDATE delivery SET state = ?, reason = ?, doubt = ?, settled_at = ?, "
            "owner = NULL, leased_until = NULL WHERE id = ? AND owner = ?",
            [state, reason, doubt, clock.now(), row_id, owner],
        )

    def put_back(self, row_id: int, owner: str, *, wait: float, reason: str, doubt: int) -> None:
        """Give a row back, to be sent again in ``wait`` seconds."""
        now = clock.now()
        self._execute(
            "UPDATE delivery SET state = 'waiting', due_at = ?, written_at = ?, reason = ?, "
            "doubt = ?, owner = NULL, leased_until = NULL WHERE id = ? AND owner = ?",
            [now + wait, now, reason, doubt, row_id, owner],
        )

    def give_up_expired(self) -> None:
        """Settle what is too old to be worth sending."""
        now = clock.now()
        self._execute(
            "UPDATE delivery SET state = 'given_up', settled_at = ?, reason = trim("
            "'too old to be sent' || CASE reason WHEN '' THEN '' ELSE '; last: ' || reason END) "
            "WHERE state = 'waiting' AND expires_at IS NOT NULL AND expires_at <= ?",
            [now, now],
        )

    def explain(self, integration: str, target: str, reason: str) -> None:
        """Say of all that waits in a lane why nobody tries to send it."""
        self._execute(
            "UPDATE delivery SET reason = ?1 WHERE integration = ?2 AND target = ?3 "
            "AND state = 'waiting' AND reason != ?1",
            [reason, integration, target],
        )

    # -- what a person asks for

    def retry(self, row_id: int) -> bool:
        """Make a row due now, also one that was settled; ``False`` where it is on its way."""
        now = clock.now()
        cursor = self._execute(
            "UPDATE delivery SET state = 'waiting', attempts = 0, due_at = ?, written_at = ?, "
            "expires_at = NULL, settled_at = NULL, doubt = CASE state WHEN 'lost' THEN 0 "
            "ELSE doubt END WHERE id = ? AND state NOT IN ('sending', 'delivered', 'superseded')",
            [now, now, row_id],
        )
        return cursor.rowcount == 1

    def drop(self, row_id: int) -> bool:
        """Settle a row unsent; ``False`` where it is being sent or is settled already."""
        cursor = self._execute(
            "UPDATE delivery SET state = 'dropped', settled_at = ? "
            "WHERE id = ? AND state NOT IN ('sending', 'delivered', 'superseded', 'dropped')",
            [clock.now(), row_id],
        )
        return cursor.rowcount == 1

    def prune(self, older_than: float) -> int:
        """Delete what was settled more than ``older_than`` seconds ago; return how many."""
        return self._execute(
            "DELETE FROM delivery WHERE settled_at IS NOT NULL AND settled_at <= ? "
            "AND state NOT IN ('waiting', 'sending')",
            [clock.now() - older_than],
        ).rowcount

    # -- plumbing

    def _one(self, condition: str, values: list[Any]) -> Row | None:
        with self._lock:
            record = self._connection.execute(
                f"SELECT {_ALL} FROM delivery WHERE {condition}",  # noqa: S608 -- our own words
                values,
            ).fetchone()
        return from_record(record) if record else None

    def _execute(self, statement: str, values: list[Any]) -> sqlite3.Cursor:
        with self._lock:
            return self._connection.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                # a full disk ends the transaction by itself
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _same_state(newest: Row, values: dict[str, Any]) -> bool:
    """Tell a replay of the same state (after a crash, say) from a newer one."""
    # as they are stored: JSON has no tuples, and only strings for names
    stored, new = to_json(newest.payload), to_json(values["payload"])
    return (newest.run_id, stored) == (values["run_id"], new)


def _seconds_until_free(record: sqlite3.Row, now: float) -> float:
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
