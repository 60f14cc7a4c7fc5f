"""The run's log: what the terminal showed, in one file."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty.results import clean, shorten
from qlty.runtime import AppendedFile, Owner, clock

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

#: bytes; a longer log ends with a mark
LIMIT = 50_000_000
#: characters of one text that is written; a longer one loses its middle
_LONGEST = 100_000
#: a line that never ends, such as a progress bar, is written in parts
_MOST_PIECES = 1_000
#: seconds between lines that are written each for itself: many of them go together
_PAUSE = 0.05
_MARK = "\n[... the log is cut here: it reached 50 MB ...]\n"


class TerminalLog:
    """Copies what pytest's terminal reporter writes and, with ``-s``, what tests print.

    File descriptors are left alone, and ``isatty()`` of the streams stays what it was.
    """

    def __init__(self, path: Path | None, mask: Callable[[str], str], limit: int = LIMIT) -> None:
        """Open the file.

        Args:
            path: the file; a temporary one if ``None`` or where it cannot be made.
            mask: takes the secrets out of a text.
            limit: characters.
        """
        self._path, self._file = _create(path)
        self._mask = mask
        self._left = limit
        self._owner = Owner()
        self._begun: list[str] = []
        self._next = 0.0
        self._undo: list[Any] = []

    def attach(self, config: pytest.Config) -> None:
        """Begin to copy."""
        teed = []
        if config.getoption("capture", "no") == "no":
            teed = [stream for stream in (sys.stdout, sys.stderr) if self._tee(stream)]
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        # with -s the reporter writes to a stream that is copied already
        if reporter is not None and reporter._tw._file not in teed:
            self._tee(reporter._tw)

    def close(self) -> None:
        """Stop copying; the file is complete. Closing it twice does no harm."""
        while self._undo:
            self._undo.pop()()
        if self._file is not None and self._owner.is_here:
            if self._left > 0:
                self._flush()
            self._file.close()
        self._file = None
        self._left = 0

    @property
    def path(self) -> Path | None:
        """The file, ``None`` where there is none, or a test has removed it."""
        return self._path if self._path is not None and self._path.exists() else None

    def write(self, text: str) -> None:
        """Add text; whole lines are written, so that no secret is missed where texts meet."""
        if self._left <= 0:
            return
        # a failure may have a million lines: nothing else is done for each of them
        self._begun.append(text if len(text) <= _LONGEST else shorten(text, _LONGEST))
        if len(self._begun) > _MOST_PIECES or ("\n" in text and clock.monotonic() >= self._next):
            self._flush()
            self._next = clock.monotonic() + _PAUSE

    def _flush(self) -> None:
        if self._file is None or not self._owner.is_here:
            self._begun.clear()
            return
        text = clean(self._mask("".join(self._begun)))
        self._begun.clear()
        self._left -= len(text)
        try:
            text = text if self._left > 0 else text[: self._left] + _MARK
            self._file.write(text.encode())
        except OSError:
            self._left = 0  # a full disk costs the log, not the run

    def _tee(self, target: Any) -> bool:
        """Copy what is written to a stream or a writer, which stays the object that it is."""
        original = target.write

        def write(text: str, *args: Any, **options: Any) -> Any:
            written = original(text, *args, **options)
            self.write(text)
            return written

        try:
            target.write = write
        except AttributeError:
            return False  # a stream of somebody else's that takes no attributes is not copied
        self._undo.append(lambda: vars(target).pop("write", None))
        return True


def _create(path: Path | None) -> tuple[Path | None, AppendedFile | None]:
    if path is not None:
        try:
            return path, AppendedFile(path, os.O_TRUNC)
        except OSError:
            pass  # read-only by now: the temporary folder stands in
    try:
        handle, name = tempfile.mkstemp(prefix="qlty-", suffix=".log")
        os.close(handle)
        return Path(name), AppendedFile(Path(name))
    except OSError:
        return None, None
