"""Where the sandbox keeps what it received: in memory, capped, and in a file where one is named.

Every table drops its oldest rows beyond its caps and counts them, so that a sandbox left
running for a week stays small and still says that something is missing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

Row = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Caps:
    """How much one table keeps: a number of rows and the bytes of their JSON."""

    rows: int = 20_000
    bytes: int = 48 * 1024 * 1024


@dataclass(frozen=True)
class Codec(Generic[T]):
    """How a row becomes bytes and comes back."""

    dump: Callable[[T], bytes]
    load: Callable[[bytes], T]


def _dump_json(row: Row) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode()


JSON: Codec[Row] = Codec(_dump_json, json.loads)
BYTES: Codec[bytes] = Codec(bytes, bytes)


class Table(Generic[T]):
    """Rows by key in the order of their first arrival; the oldest leave first."""

    def __init__(self, name: str, codec: Codec[T], caps: Caps, disk: Disk | None) -> None:
        self.name = name
        self.dropped = 0
        self.bytes = 0
        self._codec, self._caps, self._disk = codec, caps, disk
        self._rows: dict[str, T] = {}
        self._sizes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._rows.values()))

    def get(self, key: int | str) -> T | None:
        """The row with this key, or None."""
        return self._rows.get(str(key))

    def newest(self) -> T | None:
        """The row that came last, or None."""
        return self._rows[next(reversed(self._rows))] if self._rows else None

    def next_id(self) -> int:
        """One more than the newest key, for tables whose keys are numbers."""
        return int(next(reversed(self._rows))) + 1 if self._rows else self.dropped + 1

    def put(self, key: int | str, row: T) -> None:
        """Keep `row` under `key`, in place of what was there."""
        name, data = str(key), self._codec.dump(row)
        self._admit(name, row, len(data))
        if self._disk is not None:
            self._disk.write(self.name, name, data)
        while len(self._rows) > self._caps.rows or (
            self.bytes > self._caps.bytes and len(self._rows) > 1
        ):
            self._drop_oldest()

    def restore(self, key: str, data: bytes) -> None:
        """Take back a row that the file kept."""
        self._admit(key, self._codec.load(data), len(data))

    def clear(self) -> None:
        """Forget everything, the count of dropped rows too."""
        self._rows.clear()
        self._sizes.clear()
        self.bytes = self.dropped = 0

    def _admit(self, key: str, row: T, size: int) -> None:
        self.bytes += size - self._sizes.get(key, 0)
        self._rows[key], self._sizes[key] = row, size

    def _drop_oldest(self) -> None:
        key = next(iter(self._rows))
        del self._rows[key]
        self.bytes -= self._sizes.pop(key)
        self.dropped += 1
        if self._disk is not None:
            self._disk.delete(self.name, key)


class Disk:
    """The SQLite file behind a store; one row of it for each row of a table.

    Nobody but its owner may read it: what it holds was sent to somebody. SQLite gives the files
    beside it the same mode.
    """

    def __init__(self, path: Path) -> None:
        import sqlite3

        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db: sqlite3.Connection = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA schema_version")  # whatever is no database of ours stays as it is
        path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS rows (seq INTEGER PRIMARY KEY, name TEXT NOT NULL,"
            " key TEXT NOT NULL, data BLOB NOT NULL, UNIQUE (name, key))"
        )
        self._open = False

    def write(self, name: str, key: str, data: bytes) -> None:
        """Keep one row; visible in the file after `commit`."""
        self._begin()
        self._db.execute(
            "INSERT INTO rows (name, key, data) VALUES (?, ?, ?)"
            " ON CONFLICT (name, key) DO UPDATE SET data = excluded.data",
            (name, key, data),
        )

    def delete(self, name: str, key: str) -> None:
        """Drop one row."""
        self._begin()
        self._db.execute("DELETE FROM rows WHERE name = ? AND key = ?", (name, key))

    def rows(self) -> Iterator[tuple[str, str, bytes]]:
        """Every row that the file holds, oldest first."""
        yield from self._db.execute("SELECT name, key, data FROM rows ORDER BY seq")

    def clear(self) -> None:
        """Drop every row."""
        self._begin()
        self._db.execute("DELETE FROM rows")

    def commit(self) -> None:
        """End the transaction that the first write began."""
        if self._open:
            self._db.execute("COMMIT")
            self._open = False

    def _begin(self) -> None:
        if not self._open:
            self._db.execute("BEGIN")
            self._open = True


class Store:
    """All tables of a sandbox, and the number that grows with every change."""

    def __init__(self, path: Path | None = None, caps: Caps | None = None) -> None:
        self.version = 0
        self._caps = caps or Caps()
        self._disk = None if path is None else Disk(path)
        self._tables: dict[str, Table[Any]] = {}
        self._kept: dict[str, list[tuple[str, bytes]]] = {}
        for name, key, data in self._disk.rows() if self._disk else ():
            self._kept.setdefault(name, []).append((key, data))

    def table(self, name: str, caps: Caps | None = None) -> Table[Row]:
        """The table of JSON rows called `name`, made on first use; it may have caps of its own."""
        return self._make(name, JSON, caps or self._caps)

    def blobs(self, name: str) -> Table[bytes]:
        """The table of raw bytes called `name`; made on first use."""
        return self._make(name, BYTES, self._caps)

    def commit(self) -> None:
        """Write what changed to the file, if there is one, and count a new version."""
        self.version += 1
        if self._disk is not None:
            self._disk.commit()

    def clear(self) -> None:
        """Forget all rows of all tables."""
        for table in self._tables.values():
            table.clear()
        if self._disk is not None:
            self._disk.clear()
        self.commit()

    def sizes(self) -> dict[str, dict[str, int]]:
        """Rows, bytes and dropped rows of each table."""
        return {
            name: {"rows": len(table), "bytes": table.bytes, "dropped": table.dropped}
            for name, table in sorted(self._tables.items())
        }

    def _make(self, name: str, codec: Codec[T], caps: Caps) -> Table[T]:
        if name not in self._tables:
            table = Table(name, codec, caps, self._disk)
            for key, data in self._kept.pop(name, ()):
                table.restore(key, data)
            self._tables[name] = table
        return self._tables[name]
