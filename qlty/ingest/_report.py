"""What was read of all files: tests, warnings, holes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qlty.results import shorten, split_nodeid, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlty.ingest._rows import Row
    from qlty.results import TestCase, TestResult

#: characters of a name that comes from a file
_SHOWN = 200


@dataclass(frozen=True)
class Remark:
    """What somebody should know of a file.

    Attributes:
        file: its name as it was given.
        line: from 1; 0 where it is about the whole file.
        text: what is odd.
    """

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.text}"


@dataclass
class Report:
    """All that was read.

    Attributes:
        files: how many of them had results.
        rows: the tests, in the order of the files.
        warnings: what is odd, and costs nothing.
        holes: what is missing: a file that cannot be read, or ends too early.
    """

    files: int = 0
    rows: list[Row] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    holes: list[Remark] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Nothing is missing, and there is something."""
        return not self.holes and bool(self.rows)

    @property
    def failed(self) -> bool:
        """A test failed."""
        return any(status_of(row.outcome) == "failed" for row in self.rows)

    @property
    def seconds(self) -> float:
        """How long the tests took: from the first to the last, or all together."""
        times = [(row.started, row.started + row.seconds) for row in self.rows if row.started]
        if len(times) == len(self.rows) and times:
            return max(end for _, end in times) - min(start for start, _ in times)
        return sum(row.seconds for row in self.rows)

    def tests(self, now: float) -> Iterator[tuple[TestCase, TestResult]]:
        """Yield each test with its result, under a node id that no other one has.

        Args:
            now: seconds since the epoch, for tests of which no file has a time.
        """
        return (row.test(now) for row in self.rows)


class FileReport:
    """What is read of one file."""

    def __init__(self, name: str) -> None:
        """Begin with the file that is called so."""
        self.name = name
        self.rows: list[Row] = []
        self.warnings: list[Remark] = []
        self.holes: list[Remark] = []

    def warn(self, line: int, text: str) -> None:
        """Say that something is odd."""
        self.warnings.append(Remark(self.name, line, text))

    def hole(self, line: int, text: str) -> None:
        """Say that something is missing."""
        self.holes.append(Remark(self.name, line, text))


def shown(name: str) -> str:
    """Return a name that comes from a file, short enough for a message."""
    return shorten(name.replace("\n", " "), _SHOWN)


class Numbers:
    """Gives each test a node id of its own, over all files.

    What the files do not call attempts of one test stays apart, and is numbered.
    """

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, int]] = {}

    def add(self, file: FileReport) -> None:
        """Number the tests of the next file, and warn of names that it has in common."""
        again: list[Row] = []
        group: str | None = None
        names: dict[str, int] = {}
        for row in file.rows:
            if row.group is not group:
                group = row.group
                names = self._seen.setdefault(group, {})
            number = names.get(row.name)
            if number is None:
                names[row.name] = 1
                continue
            again.append(row)
            self._free(row, names, number + 1)
        if again:
            first = shown(again[0].nodeid)
            file.warn(
                again[0].line,
                f"{len(again)} more results of names that were there before, and nothing says that "
                f"they are attempts: they are numbered, beginning with {first}",
            )

    def _free(self, row: Row, names: dict[str, int], number: int) -> None:
        """Take the next number of which the node id is not another test's own."""
        while True:
            names[row.name] = row.more.number = number
            group, name = split_nodeid(row.nodeid)
            taken = self._seen.get(group, {}).get(name)
            if taken is None:
                self._seen.setdefault(group, {})[name] = 1
                return
            number += 1
