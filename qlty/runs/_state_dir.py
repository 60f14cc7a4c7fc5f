"""The folder in which a project's runs leave what must outlive them."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.runs.mkdir(mode=0o700, exist_ok=True)
            for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _CACHEDIR_TAG)):
                if not (self.path / name).exists():
                    (self.path / name).touch(mode=0o600)
                    (self.path / name).write_text(text, encoding="utf-8")
        except OSError as error:
            return f"the state folder {self.path} cannot be used: {error.strerror}"
        return None

    def prune(self, keep: int) -> None:
        """Delete what belongs to all but the newest ``keep`` runs.

        A run that is alive, or that nobody has reported yet, stays. Run ids sort by time.
        """
        from qlty.runs._alive import is_over

        for record in sorted(self.runs.glob("*.jsonl"))[: -keep or None]:
            if is_over(record):
                for file in self.runs.glob(f"{_escape(record.stem)}.*"):
                    file.unlink(missing_ok=True)


def _escape(name: str) -> str:
    from glob import escape

    return escape(name)
