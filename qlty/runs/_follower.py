"""Reading a record while another process writes it."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from qlty.runs._reader import RecordReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qlty.results import TestCase, TestResult
    from qlty.runs._reader import RecordedRun

_CHUNK = 1 << 20


class RecordFollower:
    """Follows the record of a living run.

    Raises:
        JournalError: it has no header, or a newer version has written it.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        """Read the first line of the record at ``path``, which must be there."""
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._rest = b""
        #: bytes of whole lines that have been read
        self._read = 0
        self._pending: deque[bytes] = deque()
        self._fetch()
        header = self._pending.popleft() if self._pending else b""
        self._reader = RecordReader(header, str(path))

    @property
    def run(self) -> RecordedRun:
        """What has been read by now."""
        return self._reader.run

    def follow(self) -> Iterator[tuple[TestCase, TestResult]]:
        """Yield each test that has ended since the last call."""
        self._fetch()
        while self._pending:
            ended = self._reader.feed(self._pending.popleft())
            if ended is not None:
                yield ended

    def move(self, path: Path) -> None:
        """Go on in a copy, which begins with the same whole lines."""
        os.close(self._file)
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        os.lseek(self._file, self._read, os.SEEK_SET)
        self._rest = b""

    def _fetch(self) -> None:
        while more := os.read(self._file, _CHUNK):
            *lines, self._rest = (self._rest + more).split(b"\n")
            self._read += sum(map(len, lines)) + len(lines)
            self._pending += lines
