"""Opening the outbox's SQLite file: permissions, journal mode, schema versions."""

from __future__ import annotations

import os
import sqlite3
from importlib.resources import files
from typing import TYPE_CHECKING

from qlty.errors import OutboxError
from qlty.runtime.files import open_own

if TYPE_CHECKING:
    from pathlib import Path

#: the newest schema that this version of QLTY Framework writes
SCHEMA_VERSION = 2

#: seconds to wait for another process's write; each is far shorter
_BUSY_TIMEOUT = 5.0


def connect(path: Path | None) -> sqlite3.Connection:
    """Open the outbox at ``path`` (``None``: in memory) and bring it to the newest schema.

    Raises:
        OutboxError: the file was written by a newer version.
        sqlite3.Error: the file is no outbox, is damaged, or cannot be written.
        OSError: the file cannot be made.
    """
    if path is not None:
        _create_private(path)
    connection = _open(path)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_again(path: Path) -> sqlite3.Connection:
    """Open the outbox at ``path`` that :func:`connect` has made ready before, for one use.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    connection = _open(path)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _open(path: Path | None) -> sqlite3.Connection:
    return sqlite3.connect(
        path if path is not None else ":memory:",
        timeout=_BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    connection.row_factory = sqlite3.Row
    _check_version(connection, path)
    if path is not None:
        _set_journal_mode(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    _migrate(connection)
    # a write now tells a read-only file before the run relies on it
    connection.execute("UPDATE meta SET value = value WHERE name = 'written_by'")


def _create_private(path: Path) -> None:
    """SQLite gives its side files the mode of the main one, so this covers all three."""
    os.close(open_own(path, os.O_RDWR | os.O_CREAT))


def _set_journal_mode(connection: sqlite3.Connection) -> None:
    # network file systems have no shared memory: SQLite then refuses WAL or fails with an error
    try:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    except sqlite3.OperationalError:
        mode = "error"
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = DELETE")


def _check_version(connection: sqlite3.Connection, path: Path | None) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version <= SCHEMA_VERSION:
        return
    try:
        needed = connection.execute("SELECT value FROM meta WHERE name = 'written_by'").fetchone()
    except sqlite3.Error:
        needed = None
    newer = f"QLTY Framework {needed[0]} or newer" if needed else "a newer QLTY Framework"
    raise OutboxError(
        f"the outbox {path} has schema {version}, this version knows up to {SCHEMA_VERSION}: "
        f"{newer} is needed to use it"
    )


def _migrate(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # asked again under the lock: another process may have been faster
        done = connection.execute("PRAGMA user_version").fetchone()[0]
        for version in range(done + 1, SCHEMA_VERSION + 1):
            _apply(connection, version)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _apply(connection: sqlite3.Connection, version: int) -> None:
    script = (files("qlty.delivery") / "schema" / f"{version:04}.sql").read_text("utf-8")
    # executescript() would commit the transaction that makes the whole step atomic
    for statement in _statements(script):
        connection.execute(statement)
    connection.execute(
        "INSERT OR REPLACE INTO meta (name, value) VALUES ('written_by', ?)", [_product_version()]
    )
    connection.execute(f"PRAGMA user_version = {version:d}")


def _statements(script: str) -> list[str]:
    statements, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements


def _product_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("qlty-framework")
    except PackageNotFoundError:
        return "0"
