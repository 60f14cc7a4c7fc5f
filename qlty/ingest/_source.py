"""Opening one file or standard input, packed or not."""

from __future__ import annotations

import gzip
import os
import stat
import sys
import tempfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STDIN = "-"
CHUNK = 262_144
#: bytes of one file, unpacked; more is a gzip bomb
MOST_BYTES = 2_147_483_648
#: bytes that one byte of a packed file may become, once there are ``_FREE_BYTES`` of them:
#: results repeat themselves, but not as zeros do
_MOST_RATIO = 200
_FREE_BYTES = 67_108_864


class TooLarge(OSError):
    """A file becomes larger than any results are."""


class Source:
    """One file that can be read more than once.

    Attributes:
        name: as it was given.
        folder: where it is.
    """

    def __init__(self, name: str, progress: Callable[[str, float], None] | None = None) -> None:
        """Take a file, or standard input.

        Raises:
            OSError: it cannot be opened, or is no regular file.
        """
        self.name = "<stdin>" if name == STDIN else name
        self.folder = Path.cwd() if name == STDIN else Path(name).parent
        self._raw = _spooled() if name == STDIN else _regular(name)
        self._size = self._raw.seek(0, os.SEEK_END)
        self._progress = progress
        self._next = clock.monotonic() + 1.0

    def close(self) -> None:
        """Let go of it."""
        self._raw.close()

    @property
    def is_empty(self) -> bool:
        """Whether there is not one byte."""
        return self._size == 0

    def head(self, size: int = 65_536) -> bytes:
        """Return its first bytes, unpacked."""
        return _read(self._open(), size)

    def chunks(self) -> Iterator[bytes]:
        """Yield it from its beginning, unpacked.

        Raises:
            OSError: it cannot be read, it is cut off, or it becomes too large.
        """
        file, total = self._open(), 0
        while chunk := _read(file):
            total += len(chunk)
            self._check(total)
            yield chunk
            self._say_progress()

    def lines(self) -> Iterator[tuple[int, bytes, bool]]:
        """Yield number, line without its end, and whether it had one.

        Raises:
            OSError: as :meth:`chunks`.
        """
        number, rest = 0, b""
        for chunk in self.chunks():
            parts = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
            rest = parts.pop()
            for line in parts:
                number += 1
                yield number, line, True
        if rest:
            yield number + 1, rest, False

    def content(self) -> bytes:
        """Return all of it.

        Raises:
            OSError: as :meth:`chunks`.
        """
        return b"".join(self.chunks())

    def _open(self) -> IO[bytes] | gzip.GzipFile:
        self._raw.seek(0)
        packed = self._raw.read(2) == b"\x1f\x8b"
        self._raw.seek(0)
        return gzip.GzipFile(fileobj=self._raw) if packed else self._raw

    def _check(self, total: int) -> None:
        packed = max(self._raw.tell(), 1)
        if total > MOST_BYTES or (total > _FREE_BYTES and total > packed * _MOST_RATIO):
            raise TooLarge(f"it becomes larger than results are ({total:,} bytes and more)")

    def _say_progress(self) -> None:
        now = clock.monotonic()
        if self._progress is not None and now >= self._next:
            self._next = now + 1.0
            self._progress(self.name, self._raw.tell() / max(self._size, 1))


def _read(file: IO[bytes] | gzip.GzipFile, size: int = CHUNK) -> bytes:
    try:
        return file.read(size)
    except EOFError:
        raise OSError("its packed content is cut off") from None
    except zlib.error as error:
        raise OSError(f"its packed content is damaged: {error}") from None


def _regular(name: str) -> IO[bytes]:
    # a FIFO would wait for a writer for ever
    file = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError("it is no regular file")
    return os.fdopen(file, "rb")


def _spooled() -> IO[bytes]:
    copy: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the source closes it
    while chunk := sys.stdin.buffer.read(CHUNK):
        copy.write(chunk)
    return copy
