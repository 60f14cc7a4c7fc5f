"""The quarantine: tests that are known to fail, whose it is, why, and until when."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._patterns import Patterns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: where it is looked for, from the project's root, if the setting says nothing
DEFAULT_FILE = "quarantine.toml"

_NEEDED = ("test", "owner", "reason", "until")


@dataclass(frozen=True)
class Entry:
    """One ``[[quarantine]]`` table.

    Attributes:
        test: path, node id or pattern; without parameters it means all of them.
        until: the last day on which it holds.
    """

    test: str
    owner: str
    reason: str
    until: date

    def __str__(self) -> str:
        return f"quarantined until {self.until} ({self.owner}: {self.reason})"


class Quarantine:
    """All entries; those whose day is over hold nothing back."""

    def __init__(self, entries: tuple[Entry, ...], today: date, say: Callable[[str], None]) -> None:
        self._entries = entries
        self._patterns = Patterns({number: entry.test for number, entry in enumerate(entries)})
        self._used: set[int] = set()
        self._today = today
        self._say = say

    @classmethod
    def load(
        cls, path: Path, *, named: bool, today: date, say: Callable[[str], None]
    ) -> Quarantine:
        """Read a file; what is wrong with it is said and quarantines nothing."""
        if not named and not path.exists():
            return cls((), today, say)
        try:
            tables = _tables(path)
        except (OSError, ValueError) as error:
            say(f"nothing is quarantined: {path.name} cannot be read: {error}")
            return cls((), today, say)
        entries = (_entry(table, path.name, say) for table in tables)
        return cls(tuple(entry for entry in entries if entry), today, say)

    def holds(self, nodeid: str) -> str:
        """Say why a failure of this test opens nothing; ``""`` where it does."""
        for number in self._patterns.covering(nodeid):
            entry = self._entries[number]
            if entry.until >= self._today:
                return str(entry)
            self._say(
                f"{nodeid} pages again: its quarantine ended on {entry.until} "
                f"({entry.owner}: {entry.reason})"
            )
        return ""

    def meet(self, nodeid: str) -> None:
        """Take note of a test, whatever became of it."""
        if len(self._used) < len(self._entries):
            self._used.update(self._patterns.covering(nodeid))

    @property
    def unused(self) -> list[str]:
        """What the entries name that was about no test so far."""
        return [entry.test for n, entry in enumerate(self._entries) if n not in self._used]


def _tables(path: Path) -> list[Any]:
    # tomli is tomllib before Python 3.11, and comes with pytest there
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    tables = toml.loads(path.read_text(encoding="utf-8")).get("quarantine", [])
    if not isinstance(tables, list):
        raise ValueError("'quarantine' is no list of tables: write [[quarantine]]")
    return tables


def _entry(table: Any, file: str, say: Callable[[str], None]) -> Entry | None:
    values = table if isinstance(table, dict) else {}
    missing = [name for name in _NEEDED if not values.get(name)]
    if missing:
        say(
            f"{file}: an entry for {values.get('test', 'nothing')!r} lacks {', '.join(missing)}: "
            "it quarantines nothing"
        )
        return None
    until = _day(values["until"])
    if until is None:
        say(
            f"{file}: until = {values['until']!r} of {values['test']!r} is no date such as "
            "2030-12-31: it quarantines nothing"
        )
        return None
    return Entry(str(values["test"]), str(values["owner"]), str(values["reason"]), until)


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
