"""The last outcomes of every test, in one small file that CI systems can cache."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager
from datetime import datetime, timedelta
from fcntl import lockf
from functools import cached_property
from os import close, fdopen, getpid
from pathlib import PurePath
from sys import intern
from time import sleep
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from qlty.errors import HistoryError
from qlty.masking import current_masker
from qlty.results import COLLECTION, collectors, split_nodeid
from qlty.runtime import clock
from qlty.runtime.files import open_own, reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import ModuleType

    from qlty.results import RunInfo, TestResult

#: seconds to wait for another run that writes the history
_LOCK_TIMEOUT = 5.0
_LOCK_POLL = 0.02

#: the version of the format that is written here
HISTORY_VERSION = 1

#: outcomes kept per test
KEPT = 20

#: a test that was not seen for so long has been removed or renamed
_FORGET_AFTER = timedelta(days=90)

_FAILED = {"failed", "error"}
_PASSED = {"passed", "flaky", "xpassed"}
_RAN = _FAILED | _PASSED

_Scope = tuple[str, str, str]


class _Entry(NamedTuple):
    """The outcomes of one test, oldest first, and which run was the newest, when."""

    outcomes: tuple[str, ...]
    run_id: str
    time: str


_NEVER_SEEN = _Entry((), "", "")


class History:
    """Outcomes of the same project in the same environment on the same branch.

    The file is JSON Lines: a header ``{"version": 1}``, then one object per test and scope with
    ``suite``, ``environment``, ``branch``, ``nodeid``, ``outcomes`` (oldest first, at most 20),
    ``run_id`` and ``time`` (of the newest: when the first test of that run ended).
    It is read when somebody asks, and passed through line by line when a run is recorded, so that
    a history of many tests costs the process that runs them no memory.
    What was recorded while a suite was called by its folder alone becomes the project's own.

    Attributes:
        trouble: why the file could not be read or written; ``None`` where all is well.
    """

    def __init__(self, path: Path, scope: _Scope, former: _Scope | None = None) -> None:
        self.path = path
        self.trouble: str | None = None
        self._scope = scope
        self._former = former
        self._new: dict[str, str] = {}
        self._collected: set[str] = set()
        self._run_id = ""
        self._time = clock.utc_now()

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        suite: str = "",
        environment: str | None = None,
        branch: str | None = None,
        former: tuple[str, str] | None = None,
    ) -> History:
        """Name the file; one that is missing, damaged or newer is an empty history.

        ``former`` are suite and branch as they were called before.
        """
        then = (former[0], environment or "", former[1]) if former else None
        return cls(path, (suite, environment or "", branch or ""), then)

    @classmethod
    def of_run(cls, path: Path, run: RunInfo) -> History:
        """Name the file for the facts of a run."""
        branch = run.get("former_branch")
        return cls.load(
            path,
            suite=run["project"],
            environment=run.get("environment"),
            branch=run.get("branch"),
            former=None if branch is None else (PurePath(run["rootdir"]).name, branch),
        )

    @property
    def known(self) -> bool:
        """Whether any earlier run of this project, environment and branch is known."""
        return bool(self._entries)

    def outcomes(self, nodeid: str) -> tuple[str, ...]:
        """Return the outcomes of earlier runs, oldest first; empty for a test never seen.

        They are those of ``TestResult["outcome"]``, and ``flaky`` for a pass after a rerun.
        """
        entry = self._entries.get(_stored(nodeid))
        return entry.outcomes if entry else ()

    def failed_once(self) -> dict[str, float]:
        """Return the node ids that failed, each with a time before its pass.

        Seconds since the epoch; 0.0 where the last outcome is no pass.
        """
        return {
            nodeid: _seconds(entry.time) if entry.outcomes[-1] in _PASSED else 0.0
            for nodeid, entry in self._entries.items()
            if not _FAILED.isdisjoint(entry.outcomes)
        }

    def failed_last(self) -> frozenset[str]:
        """Return the node ids that failed in the newest run; see :attr:`known`."""
        newest = max(((entry.time, entry.run_id) for entry in self._entries.values()), default=None)
        return frozenset(
            nodeid
            for nodeid, entry in self._entries.items()
            if newest and entry.run_id == newest[1] and entry.outcomes[-1] in _FAILED
        )

    def record(self, results: Iterable[TestResult], *, run_id: str) -> None:
        """Add a run's results; what was interrupted says nothing about its test.

        A test that passed or failed shows that its file could be collected.
        """
        self._run_id = run_id
        for result in results:
            if not result["interrupted"]:
                outcome = "flaky" if result["flaky"] else result["outcome"]
                self._new[_stored(result["nodeid"])] = outcome
                self._time = min(self._time, result["end_time"])
                class_key, test_key = split_nodeid(result["nodeid"])
                if outcome in _RAN and test_key != COLLECTION:
                    self._collected.add(class_key)

    def save(self) -> None:
        """Write what was recorded; what other runs have written meanwhile is kept."""
        vars(self).pop("_entries", None)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(self.path):
                reading(self.path).close()  # what is no file of ours is not replaced
            with self._locked(), self._scratch() as scratch:
                for line in self._merged():
                    scratch.write(line + b"\n")
        except OSError as error:
            self.trouble = f"the history {self.path} cannot be written: {error.strerror}"
        except HistoryError as error:
            self.trouble = str(error)

    @cached_property
    def _entries(self) -> dict[str, _Entry]:
        try:
            found: dict[str, _Entry] = {}
            for scope, nodeid, entry in self._records():
                # one may be there twice, where an older version has written meanwhile
                if scope == self._scope and entry.time >= found.get(nodeid, entry).time:
                    found[nodeid] = entry
            return found
        except (OSError, HistoryError) as error:
            reason = getattr(error, "strerror", None)
            self.trouble = (
                f"the history {self.path} cannot be read: {reason}" if reason else str(error)
            )
            return {}

    def _merged(self) -> Iterator[bytes]:
        encode = _json().encode
        oldest = (self._time - _FORGET_AFTER).isoformat()
        new, collected = dict(self._new), self._collectors()
        yield encode({"version": HISTORY_VERSION})
        for scope, nodeid, entry in self._records():
            if scope == self._scope and nodeid in self._new and nodeid not in new:
                continue  # it was there before
            outcome = new.pop(nodeid, None) if scope == self._scope else None
            if scope == self._scope and outcome is None and nodeid in collected:
                outcome = "passed"
            entry_now = entry if outcome is None else self._with(entry, outcome)
            if entry_now.time >= oldest:
                yield encode(_line(scope, nodeid, entry_now))
        for nodeid, outcome in new.items():
            yield encode(_line(self._scope, nodeid, self._with(_NEVER_SEEN, outcome)))

    def _collectors(self) -> set[str]:
        """Return the files and classes of which a test ran: nothing keeps it from that any more."""
        found = (collectors(f"{class_key}::test") for class_key in self._collected)
        return {_stored(nodeid) for nodeids in found for nodeid in nodeids}

    def _with(self, entry: _Entry, outcome: str) -> _Entry:
        # a run that is recorded twice, by itself and after its death, counts once
        seen = entry.outcomes if entry.run_id == self._run_id else (*entry.outcomes, outcome)
        return _Entry(seen[-KEPT:], self._run_id, self._time.isoformat(timespec="milliseconds"))

    def _records(self) -> Iterator[tuple[_Scope, str, _Entry]]:
        try:
            file = reading(self.path)
        except FileNotFoundError:
            return
        with file:
            header = file.readline()
            if header and _parse(header).get("version") != HISTORY_VERSION:
                raise HistoryError(f"the history {self.path} is of another version: it is not used")
            for line in file:
                found = _entry(_parse(line))
                if found is not None:
                    scope, nodeid, entry = found
                    yield (self._scope if scope == self._former else scope), nodeid, entry

    @contextmanager
    def _scratch(self) -> Iterator[IO[bytes]]:
        """A file that takes the place of the history once all is written."""
        scratch = self.path.with_name(f"{self.path.name}.{getpid()}")
        file = open_own(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            with fdopen(file, "wb") as stream:
                yield stream
            scratch.replace(self.path)
        finally:
            scratch.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = open_own(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT)
        try:
            self._wait_for(lock)
            yield
        finally:
            close(lock)

    def _wait_for(self, lock: int) -> None:
        deadline = clock.monotonic() + _LOCK_TIMEOUT
        while True:
            try:
                lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in {errno.EACCES, errno.EAGAIN}:
                    # without locks, of two runs that end at once one may miss the other's outcomes
                    return
                if clock.monotonic() >= deadline:
                    raise HistoryError(
                        f"the history {self.path} is not written: another process has held its "
                        f"lock for {_LOCK_TIMEOUT:g} s"
                    ) from error
                sleep(_LOCK_POLL)
            else:
                return


def _entry(record: dict[str, Any]) -> tuple[_Scope, str, _Entry] | None:
    outcomes, nodeid = record.get("outcomes"), record.get("nodeid")
    if not isinstance(nodeid, str) or not isinstance(outcomes, list) or not outcomes:
        return None
    suite, environment, branch = (
        intern(str(record.get(name, ""))) for name in ("suite", "environment", "branch")
    )
    entry = _Entry(
        tuple(intern(str(outcome)) for outcome in outcomes[-KEPT:]),
        intern(str(record.get("run_id", ""))),
        intern(str(record.get("time", ""))),
    )
    return (suite, environment, branch), nodeid, entry


def _line(scope: _Scope, nodeid: str, entry: _Entry) -> dict[str, Any]:
    suite, environment, branch = scope
    return {
        "suite": suite,
        "environment": environment,
        "branch": branch,
        "nodeid": nodeid,
        "outcomes": entry.outcomes,
        "run_id": entry.run_id,
        "time": entry.time,
    }


def _stored(nodeid: str) -> str:
    """Return how a node id is written: without secrets and lone surrogates, and still its own."""
    return current_masker().key(nodeid).encode("utf-8", "backslashreplace").decode()


def _seconds(time: str) -> float:
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        return 0.0


def _json() -> ModuleType:
    import msgspec.json

    return msgspec.json


def _parse(line: bytes) -> dict[str, Any]:
    try:
        record = _json().decode(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
