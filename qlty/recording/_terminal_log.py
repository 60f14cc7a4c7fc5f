"""The run's log: what the terminal showed, in one file."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty.results import clean
from qlty.runtime import AppendedFile, Owner

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

#: bytes; a longer log ends with a mark
LIMIT = 50_000_000
#: a line that never ends, such as a progress bar, is written in parts
_MOST_PIECES = 1_000
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

    @property
    def path(self) -> Path | None:
        """The file, ``None`` where there is none, or a test has removed it."""
        return self._path if self._path is not None and self._path.exists() else None

    def write(self, text: str) -> None:
        """Add text; it is written line by line, so that no secret is missed where texts meet."""
        if self._file is None or self._left <= 0 or not self._owner.is_here:
            return
        self._begun.append(text)
        if "\n" in text or len(self._begun) > _MOST_PIECES:
            self._flush()

    def _flush(self) -> None:
        text = clean(self._mask("".join(self._begun)))
        self._begun.clear()
        self._left -= len(text)
        try:
            if self._file is not None:
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
