"""The folder in which a project's runs leave what must outlive them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qlty.runtime.files import check_folder, is_own_file, open_own

if TYPE_CHECKING:
    from pathlib import Path

#: https://bford.info/cachedir/
_CACHEDIR_TAG = """\
Signature: 8a477f597d28d172789f06886806bc55
# This folder belongs to QLTY Framework: records of test runs and what is still to be delivered.
"""


class StateDir:
    """``.qlty-framework`` in a project: records, outbox, history.

    Attributes:
        path: the folder; made by :meth:`ensure`.
        runs: one record per run, and what else belongs to a run, as ``<run id>.<anything>``.
        outbox: deliveries.
        history: the last outcomes of each test.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs = path / "runs"
        self.outbox = path / "outbox.sqlite3"
        self.history = path / "history.jsonl"

    def ensure(self) -> str | None:
        """Make the folder, for its owner alone and hidden from git and backups.

        Returns:
            Why it could not be made, ``None`` where it is there.
        """
        try:
            for folder in (self.path, self.runs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                check_folder(folder)
            for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _CACHEDIR_TAG)):
                _write_new(self.path / name, text)
        except OSError as error:
            return f"the state folder {self.path} cannot be used: {error.strerror}"
        return None

    def is_private(self) -> bool:
        """Say whether the folder is there and nobody else can put files into it."""
        try:
            check_folder(self.path)
            check_folder(self.runs)
        except OSError:
            return False
        return True

    def prune(self, keep: int) -> None:
        """Delete what belongs to all but the newest ``keep`` runs.

        A run that is alive, or that nobody has reported yet, stays. Run ids sort by time.
        """
        from qlty.runs._alive import is_over

        for record in sorted(self.runs.glob("*.jsonl"))[: -keep or None]:
            if is_over(record):
                for file in self.runs.glob(f"{_escape(record.stem)}.*"):
                    if is_own_file(file):
                        file.unlink(missing_ok=True)


def _write_new(path: Path, text: str) -> None:
    try:
        file = open_own(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        stream.write(text)


def _escape(name: str) -> str:
    from glob import escape

    return escape(name)
