"""The SQL of the outbox: one file (or memory), one connection at a time, any number of threads.

What a row goes through::

    waiting --lease--> sending --settle--> delivered | refused | lost
       ^                  |
       +--- put back -----+        waiting --> given_up | superseded | dropped

A row stays in the file while it is being sent. If its sender dies, the row's lease ends with the
process, and the next sender asks the remote before it sends anything again.
"""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import sha256
from json import loads
from typing import TYPE_CHECKING, Any

from qlty.delivery._file import OutboxFile
from qlty.delivery._leases import LEASE_SECONDS, seconds_until_free
from qlty.delivery._rows import ANSWER_LOST, COLUMNS, Row, State, from_record, sent_to_json, to_json
from qlty.runtime import clock

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from qlty.delivery._job import Sent

#: after so many failed attempts a row no longer holds up the ones behind it
STEP_ASIDE_AFTER = 10

#: so often in a row may a delivery's sender die before it counts as the cause
MOST_DEATHS = 3

#: the newest waiting deliveries that an integration may look at; a lane can hold a million
MOST_READ = 5_000

#: deliveries whose class path is looked at to know that of their lane
_CLASS_PATHS = 100

_OPEN = "state IN ('waiting', 'sending')"

_BLOCKED = (
    "CASE state WHEN 'waiting' THEN coalesce((SELECT blocked.reason FROM blocked "
    "WHERE blocked.integration = delivery.integration AND blocked.target = delivery.target), "
    "reason) ELSE reason END AS reason"
)
_ALL = ", ".join(_BLOCKED if name == "reason" else name for name in COLUMNS)


class Store:
    """All reads and writes of one outbox file."""

    def __init__(self, path: Path | None, *, held: bool = True) -> None:
        """Open it.

        Args:
            path: the file; ``None`` for memory.
            held: see :class:`qlty.delivery._file.OutboxFile`.
        """
        self.path = path
        self._file = OutboxFile(path, held=held)
        self._opened, self.is_there = self._file.opened, self._file.is_there
        self.hold, self.close = self._file.hold, self._file.close

    # -- enqueue

    def insert(self, *, supersedes: bool, **values: Any) -> Row:
        """Add a delivery, or return the one that the key already has.

        With ``supersedes`` a newer state of the key is added, which takes the checkpoint of the
        older one along and replaces it if nobody has begun to send it.
        """
        with self._transaction():
            newest = self._newest(values["integration"], values["target"], values["key"])
            if newest is not None:
                if not supersedes or self._is_same(newest, values):
                    return newest
                self._supersede(newest)
            return self._insert((newest.generation if newest else 0) + 1, values)

    def _newest(self, integration: str, target: str, key: str) -> Row | None:
        return self._one(
            "integration = ? AND target = ? AND key = ? ORDER BY generation DESC LIMIT 1",
            [integration, target, key],
        )

    def _is_same(self, newest: Row, values: dict[str, Any]) -> bool:
        """Tell a replay of the same state (after a crash, say) from a newer one."""
        digest = self._execute("SELECT digest FROM delivery WHERE id = ?", [newest.id]).fetchone()
        # as it is stored: JSON has no tuples, and only strings for names
        known = digest[0] or _digest(to_json(newest.payload))
        new = _digest(to_json(values["payload"]))
        return (newest.run_id, known) == (values["run_id"], new)

    def _supersede(self, older: Row) -> None:
        # one that is being sent, or may have arrived, is settled first: the newer waits behind it
        self._execute(
            "UPDATE delivery SET state = 'superseded', payload = '{}', settled_at = ? "
            "WHERE id = ? AND state = 'waiting' AND doubt < ?",
            [clock.now(), older.id, ANSWER_LOST],
        )

    def _insert(self, generation: int, values: dict[str, Any]) -> Row:
        now = clock.now()
        payload = to_json(values["payload"])
        record = {
            **values,
            "generation": generation,
            "payload": payload,
            "digest": _digest(payload),
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
        with self._opened() as connection:
            record = connection.execute(
                "SELECT state, checkpoint FROM delivery WHERE id = ?", [row_id]
            ).fetchone()
        return (record[0], loads(record[1])) if record else None

    def rows(
        self,
        *,
        run_id: str | None = None,
        state: str | None = None,
        integration: str | None = None,
        target: str | None = None,
        settled_since: float | None = None,
    ) -> list[Row]:
        """Return rows in the order in which they were made."""
        given = {
            "run_id = ?": run_id,
            # the index of what is open is used where the condition is its own
            f"{_OPEN} AND state = ?" if state in ("waiting", "sending") else "state = ?": state,
            "integration = ?": integration,
            "target = ?": target,
            "settled_at >= ?": settled_since,
        }
        wanted = {text: value for text, value in given.items() if value is not None}
        where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
        with self._opened() as connection:
            cursor = connection.execute(
                f"SELECT {_ALL} FROM delivery {where} ORDER BY +id",  # noqa: S608 -- our own words
                list(wanted.values()),
            )
            return [from_record(record) for record in cursor]

    def tell_given_up(self, run_id: str) -> list[Row]:
        """Return what was given up since this was last asked, without that of one run."""
        with self._transaction() as connection:
            mark = connection.execute(
                "SELECT max(value) FROM meta WHERE name = 'given_up_told'"
            ).fetchone()
            since = float(mark[0] or 0)
            cursor = connection.execute(
                f"SELECT {_ALL} FROM delivery WHERE state = 'given_up' "  # noqa: S608
                "AND settled_at > ? ORDER BY +id",
                [since],
            )
            rows = [from_record(record) for record in cursor]
            newest = max((row.settled_at or 0.0 for row in rows), default=since)
            connection.execute(
                "INSERT OR REPLACE INTO meta (name, value) VALUES ('given_up_told', ?)",
                [repr(newest)],
            )
        return [row for row in rows if row.run_id != run_id]

    def payloads(self, integration: str, target: str, kind: str) -> list[dict[str, Any]]:
        """Return the payloads of a kind that wait in a lane, at most the newest of many."""
        with self._opened() as connection:
            cursor = connection.execute(
                f"SELECT payload FROM delivery WHERE {_OPEN} AND integration = ? "  # noqa: S608
                "AND target = ? AND kind = ? AND state = 'waiting' ORDER BY id DESC LIMIT ?",
                [integration, target, kind, MOST_READ],
            )
            return [loads(record[0]) for record in cursor][::-1]

    def lanes(self, run_id: str | None = None) -> list[tuple[str, str, str | None]]:
        """Return integration, target and class path of everything that is still to be sent.

        From one lane to the next by the index: a lane may hold a million rows that nobody sends.
        """
        found, place = [], ("", "")
        with self._opened() as connection:
            while True:
                record = connection.execute(
                    f"SELECT integration, target, id FROM delivery WHERE {_OPEN} "  # noqa: S608
                    "AND (integration, target) > (?, ?) ORDER BY integration, target, id LIMIT 1",
                    place,
                ).fetchone()
                if record is None:
                    break
                place = (record[0], record[1])
                head = self._lane_head(*place, run_id)
                if head is not None:
                    found.append((head[0], *place, head[1]))
        return [(integration, target, path) for _, integration, target, path in sorted(found)]

    def _lane_head(
        self, integration: str, target: str, run_id: str | None
    ) -> tuple[int, str | None] | None:
        """Return number of the first row of a lane, and the class path of the lane."""
        of_run = "AND run_id = ?" if run_id is not None else ""
        record = self._execute(
            "SELECT min(id), max(class_path) FROM (SELECT id, class_path "  # noqa: S608
            f"FROM delivery WHERE {_OPEN} AND integration = ? AND target = ? {of_run} "
            f"ORDER BY id LIMIT {_CLASS_PATHS})",
            [integration, target, *([run_id] if run_id is not None else [])],
        ).fetchone()
        return None if record[0] is None else (record[0], record[1])

    def counts(self, run_id: str | None = None) -> dict[str, int]:
        """Return how many rows are in each state."""
        of_run = "WHERE run_id = ?" if run_id is not None else ""
        with self._opened() as connection:
            cursor = connection.execute(
                f"SELECT state, count(*) FROM delivery {of_run} GROUP BY state",  # noqa: S608
                [run_id] if run_id is not None else [],
            )
            return {record[0]: record[1] for record in cursor}

    def waiting(self, run_id: str | None = None) -> list[tuple[str, str, bool, str, int]]:
        """Return what is still to be sent, by lane.

        Each with integration, target, whether that is another target than the one now set, why
        nobody tries to send it (empty where somebody does), and how many.
        """
        of_run = "AND delivery.run_id = ?" if run_id is not None else ""
        with self._opened() as connection:
            cursor = connection.execute(
                "SELECT integration, target, coalesce(elsewhere, 0), "  # noqa: S608
                "coalesce(blocked.reason, ''), count(*) FROM delivery "
                "LEFT JOIN blocked USING (integration, target) "
                f"WHERE {_OPEN} {of_run} GROUP BY integration, target",
                [run_id] if run_id is not None else [],
            )
            return [(row[0], row[1], bool(row[2]), row[3], row[4]) for row in cursor]

    def sendable(self, integrations: Collection[str] | None) -> int:
        """Return how many rows of some integrations (``None``: of all) somebody sends now."""
        lanes = {(name, target) for name, target, _ in self.lanes()}
        query = f"SELECT count(*) FROM delivery WHERE {_OPEN} AND integration = ? AND target = ?"  # noqa: S608
        with self._opened() as connection:
            lanes -= set(map(tuple, connection.execute("SELECT integration, target FROM blocked")))
            wanted = [one for one in lanes if integrations is None or one[0] in integrations]
            return sum(connection.execute(query, one).fetchone()[0] for one in wanted)

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
            died = state == "sending"
            deaths, progress = self._deaths(row_id, died=died)
            self._execute(
                "UPDATE delivery SET state = 'sending', owner = ?, leased_until = ?, "
                "attempts = attempts + 1, doubt = CASE WHEN ? THEN ? ELSE doubt END, "
                "deaths = ?, progress = ? WHERE id = ?",
                [owner, now + LEASE_SECONDS, died, ANSWER_LOST, deaths, progress, row_id],
            )
            return self._inherit_checkpoint(row_id)

    def _deaths(self, row_id: int, *, died: bool) -> tuple[int, str]:
        """Return how often in a row the sender died at the same step, and that step."""
        deaths, before, checkpoint = self._execute(
            "SELECT deaths, progress, checkpoint FROM delivery WHERE id = ?", [row_id]
        ).fetchone()
        # moments that a sender notes are no progress
        progress = _digest(to_json(loads(checkpoint, parse_float=lambda _: None)))
        if died:
            deaths = deaths + 1 if deaths < 0 or progress == before else 1
        return deaths, progress

    def set_deaths(self, row_id: int, owner: str, deaths: int) -> None:
        """Set how often the sender of a row has died; -1: its next death does not count."""
        self._execute(
            "UPDATE delivery SET deaths = ? WHERE id = ? AND owner = ?", [deaths, row_id, owner]
        )

    def seconds_until_work(
        self, integration: str, target: str, run_id: str | None = None
    ) -> float | None:
        """Return how long until :meth:`lease` may give a row, ``None`` where the lane is empty."""
        with self._opened():
            return self._head(integration, target, run_id, clock.now())[0]

    def _head(
        self, integration: str, target: str, run_id: str | None, now: float
    ) -> tuple[float | None, int | None, str]:
        """Return seconds to wait, number and state of the row that is next in a lane."""
        shortest: float | None = None
        for record in self._execute(
            "SELECT id, state, attempts, due_at, written_at, owner, leased_until "  # noqa: S608
            "FROM delivery WHERE integration = ? AND target = ? "
            f"AND {_OPEN} AND (? IS NULL OR run_id = ?) ORDER BY id",
            [integration, target, run_id, run_id],
        ):
            wait = seconds_until_free(record, now)
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
            "payload = '{}', doubt = 0, deaths = 0, owner = NULL, leased_until = NULL "
            "WHERE id = ? AND owner = ?",
            [sent_to_json(sent), clock.now(), row_id, owner],
        )

    def settle_failed(self, row_id: int, owner: str, state: State, reason: str, doubt: int) -> None:
        """Mark a row as one that will not be sent again unless somebody asks for it."""
        self._execute(
            "UPDATE delivery SET state = ?, reason = ?, doubt = ?, settled_at = ?, deaths = 0, "
            "owner = NULL, leased_until = NULL WHERE id = ? AND owner = ?",
            [state, reason, doubt, clock.now(), row_id, owner],
        )

    def put_back(self, row_id: int, owner: str, *, wait: float, reason: str, doubt: int) -> None:
        """Give a row back, to be sent again in ``wait`` seconds."""
        now = clock.now()
        self._execute(
            "UPDATE delivery SET state = 'waiting', due_at = ?, written_at = ?, reason = ?, "
            "doubt = ?, deaths = 0, owner = NULL, leased_until = NULL WHERE id = ? AND owner = ?",
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

    def explain(self, integration: str, target: str, reason: str, *, elsewhere: bool) -> None:
        """Say of all that waits in a lane why nobody tries to send it."""
        self._execute(
            "INSERT OR REPLACE INTO blocked (integration, target, reason, elsewhere) "
            "VALUES (?, ?, ?, ?)",
            [integration, target, reason, elsewhere],
        )

    def unblock(self, integration: str, target: str) -> None:
        """Say that somebody tries to send what waits in a lane."""
        self._execute(
            "DELETE FROM blocked WHERE integration = ? AND target = ?", [integration, target]
        )

    # -- what a person asks for

    def retry(self, row_id: int) -> bool:
        """Make a row due now, also one that was settled; ``False`` where it is on its way."""
        now = clock.now()
        cursor = self._execute(
            "UPDATE delivery SET state = 'waiting', attempts = 0, deaths = 0, due_at = ?, "
            "written_at = ?, "
            "expires_at = NULL, settled_at = NULL, doubt = CASE state WHEN 'lost' THEN 0 "
            "ELSE doubt END WHERE id = ? AND state NOT IN ('sending', 'delivered', 'superseded')",
            [now, now, row_id],
        )
        return cursor.rowcount == 1

    def drop_target(self, target: str) -> int:
        """Settle unsent all that waits for a target; return how many."""
        return self._execute(
            "UPDATE delivery SET state = 'dropped', settled_at = ? "
            "WHERE state = 'waiting' AND target = ?",
            [clock.now(), target],
        ).rowcount

    def drop(self, row_id: int) -> bool:
        """Settle a row unsent; ``False`` where it is being sent or is settled already."""
        cursor = self._execute(
            "UPDATE delivery SET state = 'dropped', settled_at = ? "
            "WHERE id = ? AND state NOT IN ('sending', 'delivered', 'superseded', 'dropped')",
            [clock.now(), row_id],
        )
        return cursor.rowcount == 1

    def prune(self, older_than: float, most: int = -1) -> int:
        """Delete what was settled more than ``older_than`` seconds ago; return how many.

        Args:
            older_than: seconds.
            most: so many at once; all if negative.
        """
        return self._execute(
            "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE settled_at IS NOT "
            "NULL AND settled_at <= ? AND state NOT IN ('waiting', 'sending') LIMIT ?)",
            [clock.now() - older_than, most],
        ).rowcount

    # -- plumbing

    def _one(self, condition: str, values: list[Any]) -> Row | None:
        with self._opened() as connection:
            record = connection.execute(
                f"SELECT {_ALL} FROM delivery WHERE {condition}",  # noqa: S608 -- our own words
                values,
            ).fetchone()
        return from_record(record) if record else None

    def _execute(self, statement: str, values: list[Any]) -> sqlite3.Cursor:
        with self._opened() as connection:
            return connection.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                # a full disk ends the transaction by itself
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _digest(payload: str) -> str:
    return sha256(payload.encode()).hexdigest()
