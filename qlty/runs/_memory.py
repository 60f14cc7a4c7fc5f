"""A file that needs no disk and that another process can read."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from qlty.runtime import Descriptor


class Memory:
    """An open file.

    Attributes:
        path: where another process of the same user finds it.
    """

    def __init__(self) -> None:
        """Make an empty one: in memory or, where the system has none, among temporary files.

        Raises:
            OSError: there is no place at all.
        """
        self._temporary: Path | None = None
        if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
            self._end = Descriptor(os.memfd_create("qlty-record", os.MFD_CLOEXEC))
            self.path = Path(f"/proc/{os.getpid()}/fd/{self._end.number}")
        else:
            number, name = tempfile.mkstemp(prefix="qlty-", suffix=".jsonl")
            self._end = Descriptor(number)
            self.path = self._temporary = Path(name)

    @property
    def number(self) -> int:
        """Its descriptor."""
        return self._end.number

    def write(self, data: bytes) -> None:
        """Add bytes to it.

        Raises:
            OSError: a test closed it.
        """
        if not self._end.write(data):
            raise OSError(errno.EBADF, "a test has closed it")

    def close(self) -> None:
        """Let go of it; nothing is left behind."""
        self._end.close()
        if self._temporary is not None:
            with suppress(OSError):
                self._temporary.unlink()
