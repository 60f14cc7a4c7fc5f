"""When the outbox's file is open: always, or only while it is used."""

from __future__ import annotations

from contextlib import contextmanager
from os import stat
from sqlite3 import ProgrammingError
from threading import RLock
from typing import TYPE_CHECKING

from qlty.delivery._database import connect, connect_again
from qlty.errors import OutboxError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


class OutboxFile:
    """One connection at a time to the file, or to memory; any number of threads.

    In a process in which tests run the file is open only while it is used: SQLite would write into
    whatever has got the number of a descriptor that a test has closed.
    """

    def __init__(self, path: Path | None, *, held: bool) -> None:
        """Open it.

        Args:
            path: the file; ``None`` for memory.
            held: keep it open; else each use opens it, until :meth:`hold` is called.

        Raises:
            OutboxError, sqlite3.Error, OSError: it cannot be used.
        """
        self._path = path
        self._lock = RLock()
        self._held = held or path is None
        self._is_closed = False
        self._connection: sqlite3.Connection | None = connect(path)
        self._identity = self._look()
        if not self._held:
            self._let_go()

    def hold(self) -> None:
        """Keep the file open from now on."""
        self._held = True

    def close(self) -> None:
        """Close the file; it cannot be used afterwards."""
        self._is_closed = True
        self._let_go()

    def is_there(self) -> bool:
        """Say whether the file is still the one that was opened."""
        return self._look() == self._identity

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Open it, or use it open as it is.

        Raises:
            OutboxError: it was removed meanwhile.
            sqlite3.Error: it cannot be opened.
        """
        with self._lock:
            if self._connection is not None:
                yield self._connection
                return
            self._connection = self._open_again()
            try:
                yield self._connection
            finally:
                if not self._held:
                    self._let_go()

    def _open_again(self) -> sqlite3.Connection:
        if self._is_closed or self._path is None:
            raise ProgrammingError("the outbox is closed")
        if not self.is_there():
            raise OutboxError(f"the outbox {self._path} was removed during the run")
        return connect_again(self._path)

    def _let_go(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _look(self) -> tuple[int, int] | None:
        """Return what tells the file from another one in its place."""
        try:
            found = stat(self._path) if self._path is not None else None  # noqa: PTH116 -- no test replaces it
        except OSError:
            return None
        return None if found is None else (found.st_dev, found.st_ino)
