"""Which runs died before they were reported, and who may report them.

The file is locked as long as its run lives: with ``lockf``, because such a lock belongs to the
process alone and no child that outlives the run holds it.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager
from fcntl import lockf
from os import close, fdopen, write
from typing import TYPE_CHECKING, Any

from qlty.delivery import is_alive
from qlty.errors import JournalError
from qlty.runs._format import parse, time_of, to_json
from qlty.runs._reader import read_content
from qlty.runtime import clock, logger
from qlty.runtime.files import open_own, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from qlty.runs._reader import RecordedRun
    from qlty.runs._state_dir import StateDir


#: how many processes may die of reporting a dead run before it is left alone
_MOST_TRIES = 3

#: bytes at the end of a file that are looked at for the line that closes it
_TAIL = 4096

#: seconds that a file may be without its first line
_BEGUN_JUST_NOW = 5.0

#: closing any descriptor of a file drops this process's lock on it: its own are never reopened
own: set[str] = set()


class DeadRun:
    """A run that died before it was reported, held so that nobody else reports it meanwhile."""

    def __init__(self, run: RecordedRun, file: int) -> None:
        self.run = run
        self._file = file

    def told(self, integrations: Iterable[str]) -> None:
        """Note who has been told of the run; the others are still to be told."""
        _append(self._file, {"event": "told", "integrations": sorted(integrations)})

    @property
    def age(self) -> float:
        """Seconds since the last test of the run ended, or since the run began."""
        times = [result["end_time"] for _, result in self.run.finished]
        try:
            last = max(times) if times else time_of(self.run.info["run"]["start"])
            return (clock.utc_now() - last).total_seconds()
        except (KeyError, TypeError, ValueError, AttributeError):
            return float("inf")

    def done(self) -> None:
        """Note that the run has been reported; without this it is found again."""
        _append(self._file, {"event": "recovered", "time": clock.utc_now()})


def dead_runs(
    state_dir: StateDir,
    mine: Callable[[RecordedRun], bool] = lambda _: True,
    on_trouble: Callable[[bool], None] = lambda _: None,
) -> Iterator[DeadRun]:
    """Yield the runs that died before they were reported, oldest first.

    Each is locked until the next one is asked for. What the caller does with it may be done again
    after another crash, so its deliveries need keys that are the same every time.
    A run that three processes died of reporting is left alone from then on.

    Args:
        state_dir: where.
        mine: says whether the caller is the one to report a run.
        on_trouble: called for each run that cannot be reported, and nobody is told of, with
            whether that is for good.
    """
    for path in dead_records(state_dir):
        with held(path) as file:
            found = _take_over(path, file, mine, on_trouble) if file is not None else None
            if found is not None:
                yield found


def _take_over(
    path: Path,
    file: int,
    mine: Callable[[RecordedRun], bool],
    on_trouble: Callable[[bool], None],
) -> DeadRun | None:
    # through the descriptor that holds the lock: opening and closing the file anew would drop it
    try:
        run = read_content(path, os.pread(file, os.fstat(file).st_size, 0))
    except JournalError as error:
        logger.warning("a killed run is not reported: %s", error)
        on_trouble(False)
        return None
    dead = DeadRun(run, file)
    if run.ended or not mine(run):
        return None
    if run.tries >= _MOST_TRIES:
        logger.warning("%s: %d processes died of reporting it: given up", path, run.tries)
        on_trouble(True)
        dead.done()
        return None
    _append(file, {"event": "recovery", "time": clock.utc_now()})
    return dead


@contextmanager
def held(path: Path) -> Iterator[int | None]:
    """Open and lock the record of a dead run; ``None`` where another process was faster.

    Without locks two processes may report one run: their deliveries have the same keys.
    """
    file = open_own(path, os.O_RDWR | os.O_APPEND)
    own.add(str(path))
    try:
        yield None if try_lock(file) is False else file
    finally:
        own.discard(str(path))
        close(file)


@contextmanager
def taken_over(path: Path, run: RecordedRun) -> Iterator[DeadRun | None]:
    """Hold a run that has just died, and of which everything is read already.

    Yields ``None`` where it has been reported, or another process was faster.

    Raises:
        OSError: its record is not there any more.
    """
    with held(path) as file:
        yield None if file is None or run.ended else DeadRun(run, file)


def _append(file: int, record: dict[str, Any]) -> None:
    """Add a line to the record of a dead run; the newline before it ends a torn last line."""
    write(file, b"\n" + to_json(record) + b"\n")


def dead_records(state_dir: StateDir) -> list[Path]:
    """Return the records of runs that ended without having been reported, oldest first."""
    return [path for path in sorted(state_dir.runs.glob("*.jsonl")) if _is_dead(path)]


def _is_dead(path: Path) -> bool:
    """Say whether the run of this record ended without having been reported."""
    return not is_over(path) and not _lives(path)


def is_over(path: Path) -> bool:
    """Say whether the run of this record has been reported."""
    if str(path) in own:
        return False
    try:
        with reading(path) as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            lines = file.read().rstrip(b"\n").splitlines()
    except OSError:
        return True
    return bool(lines) and lines[-1].startswith((b'{"event":"end"', b'{"event":"recovered"'))


def try_lock(file: int) -> bool | None:
    """Lock a file; ``False``: another process has it, ``None``: the file system has no locks."""
    try:
        lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in {errno.EACCES, errno.EAGAIN} else None
    return True


def _lives(path: Path) -> bool:
    if str(path) in own:
        return True
    locked = _is_locked(path)
    if locked:
        return True
    # the lock may be lost while the run lives; a record without a header was begun just now
    header = _header(path)
    if header is None:
        return clock.now() - path.stat().st_mtime < _BEGUN_JUST_NOW
    alive = is_alive(str(header.get("process", "")))
    # without locks, a process elsewhere cannot be told from a dead one
    return alive is True or (alive is None and locked is None)


def _is_locked(path: Path) -> bool | None:
    try:
        with fdopen(open_own(path, os.O_RDWR), "r+b") as file:
            free = try_lock(file.fileno())
    except OSError:
        return True
    return None if free is None else not free


def _header(path: Path) -> dict[str, Any] | None:
    with reading(path) as file:
        return parse(file.readline())
