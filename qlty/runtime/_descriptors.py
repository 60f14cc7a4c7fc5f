"""Descriptors in a process in which tests close, and get, any number.

A test that closes every descriptor it finds gets the same numbers for its own files. So a
descriptor is looked at before it is used: nothing of ours is written into a file of the suite.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from fcntl import F_DUPFD_CLOEXEC, fcntl
from os import close, fstat, read, write
from typing import TYPE_CHECKING

from qlty.runtime.files import open_own

if TYPE_CHECKING:
    from pathlib import Path


class Descriptor:
    """A descriptor that is used only while its number still means what it meant."""

    def __init__(self, number: int) -> None:
        # above those of the standard streams, which may be closed: they are put there themselves
        self.number = fcntl(number, F_DUPFD_CLOEXEC, 3)
        close(number)
        self.identity = self._look()

    def _look(self) -> tuple[int, int] | None:
        try:
            found = fstat(self.number)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @property
    def is_ours(self) -> bool:
        """Whether it is open, and nobody else's by now."""
        return self.identity is not None and self._look() == self.identity

    def write(self, data: bytes) -> bool:
        """Write; say whether all of it was written."""
        try:
            return self.is_ours and write(self.number, data) == len(data)
        except OSError:
            return False

    def read(self) -> bytes | None:
        """Return what is there, ``b""`` at the end, ``None`` where nothing is known by now."""
        try:
            return read(self.number, 65_536) if self.is_ours else None
        except OSError:
            return None

    def close(self) -> None:
        """Close it, if it is ours."""
        if self.is_ours:
            with suppress(OSError):
                close(self.number)
        self.identity = None


class AppendedFile:
    """A file of ours that grows while tests run; opened again where a test closed it."""

    def __init__(self, path: Path, flags: int = 0) -> None:
        """Make it.

        Args:
            path: where.
            flags: further ones of ``os.open``, such as ``os.O_EXCL``.

        Raises:
            OSError: it cannot be made, or is no regular file of this user.
        """
        self.path = path
        self._end = self._open(os.O_CREAT | flags)
        self._identity = self._end.identity

    def _open(self, flags: int) -> Descriptor:
        return Descriptor(open_own(self.path, flags | os.O_WRONLY | os.O_APPEND))

    @property
    def number(self) -> int:
        """Its descriptor.

        Raises:
            OSError: a test closed it, and it is not where it was.
        """
        if not self._end.is_ours:
            self._end = self._open(0)
            if self._end.identity != self._identity:
                self._end.close()
                raise OSError(errno.ENOENT, "a test has replaced it")
        return self._end.number

    def write(self, data: bytes) -> None:
        """Add bytes to it.

        Raises:
            OSError: it cannot be written, or not all of it.
        """
        if write(self.number, data) < len(data):
            raise OSError(errno.ENOSPC, "the disk is full")

    def close(self) -> None:
        """Let go of it."""
        self._end.close()
