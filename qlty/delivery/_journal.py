"""What a run has seen so far, one JSON object per line; ``docs/journal-format.md`` has the format.

A line is handed to the operating system before the test's hooks are called, so it survives
whatever ends this process. The file is locked as long as its run lives: with ``lockf``, because
such a lock belongs to the process alone and no child that outlives the run holds it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from qlty.delivery._masking import Masker, current_masker
from qlty.delivery._process import identity, is_alive
from qlty.runtime import Owner, clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from qlty.delivery._state_dir import StateDir
    from qlty.results import TestCase, TestResult

#: the version of the format that is written here
JOURNAL_VERSION = 1

#: bytes at the end of a file that are looked at for the line that closes it
_TAIL = 4096

#: fields of a result that hold a number, a time or one of our own words
_NO_TEXT = frozenset({"status", "outcome", "phase", "start_time", "end_time", "duration"}) | {
    "attempts",
    "flaky",
    "interrupted",
    "test_case_ids",
}

# closing any descriptor of a file drops this process's lock on it, so its own are never reopened
_own: set[str] = set()


class Journal:
    """The journal of a run that is going on.

    Attributes:
        path: the file.
        trouble: why nothing more is written; ``None`` as long as all is well.
    """

    def __init__(self, path: Path, masker: Masker | None = None) -> None:
        self.path = path
        self.trouble: str | None = None
        self._masker = masker
        self._owner = Owner()
        self._file: int | None = None
        self._made = False

    @classmethod
    def create(
        cls, state_dir: StateDir, run_id: str, info: Mapping[str, Any], masker: Masker | None = None
    ) -> Journal:
        """Begin the journal of a run; never raises, see :attr:`trouble`.

        Args:
            state_dir: where.
            run_id: unique, safe as a file name.
            info: what whoever finds the run dead must know to report it.
            masker: what takes secrets out; by default that of this process.
        """
        journal = cls(state_dir.runs / f"{run_id}.jsonl", masker)
        journal._open()
        journal._write(
            {
                "event": "run",
                "version": JOURNAL_VERSION,
                "run_id": run_id,
                "process": identity(),
                "info": dict(info),
            }
        )
        return journal

    def start(self, test_case: TestCase) -> None:
        """Note that a test begins, or what else became known of it."""
        self._lock()
        now = clock.utc_now()
        record = {"event": "start", "nodeid": test_case.nodeid, "time": now, "test_case": test_case}
        # what a test brings into the environment is not in its name: it has not run yet
        self._write(record, tuple(vars(test_case).values()), look=False)

    def finish(self, test_case: TestCase, result: TestResult) -> None:
        """Note the final outcome of a test."""
        record = {"event": "finish", "test_case": test_case, "result": result}
        texts = [value for name, value in result.items() if name not in _NO_TEXT]
        self._write(record, (tuple(vars(test_case).values()), texts))

    def told(self, integrations: Iterable[str]) -> None:
        """Note who has been told; the next run tells the others."""
        self._write({"event": "told", "integrations": sorted(integrations)})

    def end(self) -> None:
        """Note that the run has been reported: nobody needs to find it."""
        self._write({"event": "end"})
        if self.trouble is not None and self._made and self._owner.is_here:
            # without its last line, the next run would report it once more, as a killed one
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None and self._owner.is_here:
            with suppress(OSError):  # a test may have closed every descriptor that it found
                os.close(self._file)
            _own.discard(str(self.path))
        self._file = None

    def _open(self) -> None:
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self.path, flags, 0o600)
            self._made = True
            _own.add(str(self.path))
            self._lock()
        except OSError as error:
            self._give_up(error)

    def _lock(self) -> None:
        # again for each test: a test that reads this file makes the process lose its lock
        if self._file is not None and self._owner.is_here:
            # on a file system without locks, the process's name in the header remains
            _try_lock(self._file)

    def _write(self, record: dict[str, Any], texts: Any = None, *, look: bool = True) -> None:
        if self._file is None or not self._owner.is_here:
            return
        line = encode(record, self._masker or current_masker(look=look), texts)
        try:
            written = os.write(self._file, line)
        except OSError as error:
            self._give_up(error)
            return
        if written < len(line):
            self._give_up(OSError(0, "the disk is full"))

    def _give_up(self, error: OSError) -> None:
        self.trouble = f"the journal {self.path} cannot be written: {error.strerror}"
        self.close()


def encode(record: dict[str, Any], masker: Masker, texts: Any = None) -> bytes:
    """Return a record as one line of JSON without secrets.

    Args:
        record: what is written.
        masker: what takes secrets out.
        texts: all of it that can hold a secret; by default everything. Most of the line of a test
            that passed are names of fields, and looking through those costs more than all else.
    """
    line = _to_json(record)
    if masker.suspects((line if texts is None else _to_json(texts)).decode()):
        line = _to_json(masker.mask_json(json.loads(line)))
    return line + b"\n"


def _to_json(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        # lone surrogates: only the standard library writes them, as escapes
        plain = msgspec.to_builtins(value, enc_hook=_odd_value)
        return json.dumps(plain, ensure_ascii=True, separators=(",", ":")).encode()


def _odd_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else repr(value)


_ENCODER = msgspec.json.Encoder(enc_hook=_odd_value)


def _try_lock(file: int) -> bool | None:
    """Lock a file; ``False``: another process has it, ``None``: the file system has no locks."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in {errno.EACCES, errno.EAGAIN} else None
    return True


@contextmanager
def held(path: Path) -> Iterator[int | None]:
    """Open and lock the journal of a dead run; ``None`` where another process was faster.

    Without locks two processes may report one run: their deliveries have the same keys.
    """
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    _own.add(str(path))
    try:
        yield None if _try_lock(file) is False else file
    finally:
        _own.discard(str(path))
        os.close(file)


def append(file: int, record: dict[str, Any]) -> None:
    """Add a line to the journal of a dead run; the newline before it ends a torn last line."""
    os.write(file, b"\n" + _to_json(record) + b"\n")


def dead_journals(state_dir: StateDir) -> list[Path]:
    """Return the journals of runs that ended without having been reported, oldest first."""
    return [path for path in sorted(state_dir.runs.glob("*.jsonl")) if is_dead(path)]


def is_dead(path: Path) -> bool:
    """Say whether the run of this journal ended without having been reported."""
    return not is_over(path) and not _lives(path)


def is_over(path: Path) -> bool:
    """Say whether the run of this journal has been reported."""
    if str(path) in _own:
        return False
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            lines = file.read().rstrip(b"\n").splitlines()
    except OSError:
        return True
    return bool(lines) and lines[-1].startswith((b'{"event":"end"', b'{"event":"recovered"'))


def _lives(path: Path) -> bool:
    if str(path) in _own:
        return True
    locked = _is_locked(path)
    if locked:
        return True
    # the lock may be lost while the run lives; a journal without a header was begun just now
    header = _header(path)
    if header is None:
        return clock.now() - path.stat().st_mtime < 5
    alive = is_alive(str(header.get("process", "")))
    # without locks, a process elsewhere cannot be told from a dead one
    return alive is True or (alive is None and locked is None)


def _is_locked(path: Path) -> bool | None:
    try:
        with path.open("r+b") as file:
            free = _try_lock(file.fileno())
    except OSError:
        return True
    return None if free is None else not free


def _header(path: Path) -> dict[str, Any] | None:
    with path.open("rb") as file:
        try:
            header = json.loads(file.readline())
        except ValueError:
            return None
    return header if isinstance(header, dict) else None
