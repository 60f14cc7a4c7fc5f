"""Writing the record of a run that is going on.

A line is handed to the operating system before the test's hooks are called, so it survives
whatever ends this process.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qlty.delivery import current_masker, identity
from qlty.runs._alive import own, try_lock
from qlty.runs._format import RECORD_VERSION, encode, short_case, short_result
from qlty.runs._memory import Memory
from qlty.runtime import AppendedFile, Owner, clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from qlty.delivery import Masker
    from qlty.results import Attempt, RunInfo, TestCase, TestResult
    from qlty.runs._state_dir import StateDir

#: fields of a result that hold a number, a time or one of our own words
_NO_TEXT = frozenset({"status", "outcome", "phase", "start_time", "end_time", "duration"}) | {
    "attempts",
    "flaky",
    "interrupted",
    "test_case_ids",
}


class RecordWriter:
    """The record of a run that is going on.

    Attributes:
        path: the file.
        place: where it can be read; elsewhere than ``path`` once that cannot be written.
        trouble: why it goes on in memory alone; ``None`` as long as all is well.
        on_move: called when ``place`` has changed.
    """

    def __init__(self, path: Path, masker: Masker | None = None) -> None:
        self.path = path
        self.place = path
        self.trouble: str | None = None
        self.on_move: Callable[[Path], None] = lambda _: None
        self._masker = masker
        self._owner = Owner()
        self._file: AppendedFile | Memory | None = None
        self._made = False
        self._memory: Memory | None = None
        #: facts that have been written, of the tests that are running
        self._known: dict[str, TestCase] = {}
        #: those of them in whose lines nothing had to be masked
        self._plain: set[str] = set()

    @classmethod
    def create(
        cls,
        state_dir: StateDir,
        run: RunInfo,
        integrations: Iterable[str] = (),
        masker: Masker | None = None,
    ) -> RecordWriter:
        """Begin the record of a run; never raises, see :attr:`trouble`.

        Args:
            state_dir: where.
            run: its facts; its ``id`` is unique and safe as a file name.
            integrations: class paths of those whom somebody else can tell of it.
            masker: what takes secrets out; by default that of this process.
        """
        record = cls(state_dir.runs / f"{run['id']}.jsonl", masker)
        record._open()
        record._write(
            {
                "event": "run",
                "version": RECORD_VERSION,
                "run_id": run["id"],
                "process": identity(),
                "run": dict(run),
                "integrations": list(integrations),
            }
        )
        return record

    def expect(self, nodeids: Iterable[str], left_out: Mapping[str, Iterable[str]]) -> None:
        """Note which tests are to run, and which are not, by whoever left them out."""
        masker = self._masker or current_masker()
        expected = [masker.key(nodeid) for nodeid in nodeids]
        others = {by: [masker.key(nodeid) for nodeid in ids] for by, ids in left_out.items()}
        record = {"event": "expected", "nodeids": expected, "left_out": others}
        self._write(record, tuple(others))

    def start(self, test_case: TestCase) -> None:
        """Note that a test begins, or what else became known of it."""
        self._lock()
        nodeid = test_case.nodeid
        record: dict[str, Any] = {"event": "start", "nodeid": nodeid}
        record["time"] = clock.utc_now()
        # what a test brings into the environment is not in its name: it has not run yet
        if self._write(record, self._add_facts(record, test_case), look=False):
            self._plain.add(nodeid)

    def attempt(self, test_case: TestCase, attempt: Attempt) -> None:
        """Note an attempt that is followed by another one."""
        said = {name: value for name, value in attempt.items() if name != "status"}
        record = {"event": "attempt", "nodeid": test_case.nodeid, "attempt": said}
        self._write(record, (test_case.nodeid, attempt["message"]))

    def finish(self, test_case: TestCase, result: TestResult) -> None:
        """Note the final outcome of a test."""
        record: dict[str, Any] = {"event": "finish", "nodeid": test_case.nodeid}
        facts = self._add_facts(record, test_case)
        record["result"] = short = short_result(result)
        texts = [value for name, value in short.items() if name not in _NO_TEXT]
        nodeid = test_case.nodeid
        # most tests just pass, and say nothing that an earlier line has not said
        says_nothing = not texts and "test_case" not in record and nodeid in self._plain
        self._write(record, () if says_nothing else (facts, texts))
        self._known.pop(nodeid, None)
        self._plain.discard(nodeid)

    def _add_facts(self, record: dict[str, Any], test_case: TestCase) -> Any:
        """Add the facts of a test where no line has them yet; return what may hold a secret."""
        if self._known.get(test_case.nodeid) == test_case:
            return test_case.nodeid
        self._known[test_case.nodeid] = test_case
        record["test_case"] = short_case(test_case)
        return tuple(vars(test_case).values())

    def without(self, integrations: Iterable[str]) -> None:
        """Note who takes no part after all: nobody needs to tell them."""
        self._write({"event": "without", "integrations": list(integrations)})

    def over(self, facts: Mapping[str, Any], elapsed: float, log_path: str | None) -> None:
        """Note that the last test is over, and what became known of the run since it began."""
        record = {"event": "over", "run": dict(facts), "elapsed": elapsed, "log_path": log_path}
        self._write(record, log_path)

    def told(self, integrations: Iterable[str], again: Iterable[str] = ()) -> None:
        """Note who has been told; the next run tells the others, and some again."""
        record = {"event": "told", "integrations": sorted(integrations), "again": sorted(again)}
        self._write(record)

    def end(self) -> None:
        """Note that the run has been reported: nobody needs to find it."""
        self._write({"event": "end"})
        if self.trouble is not None and self._made and self._owner.is_here:
            # without its last line, the next run would report it once more, as a killed one
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        self._close()

    def _close(self) -> None:
        if self._file is not None and self._owner.is_here:
            self._file.close()
            own.discard(str(self.path))
        self._file = None

    def _open(self) -> None:
        try:
            self._file = AppendedFile(self.path, os.O_EXCL)
            self._made = True
            own.add(str(self.path))
            self._lock()
        except OSError as error:
            self._give_up(error)

    def _lock(self) -> None:
        # again for each test: a test that reads this file makes the process lose its lock
        if self._file is not None and self._owner.is_here:
            # on a file system without locks, the process's name in the header remains
            with suppress(OSError):  # it is gone, as the next line that is written will tell
                try_lock(self._file.number)

    def _write(self, record: dict[str, Any], texts: Any = None, *, look: bool = True) -> bool:
        """Write a line, of which ``texts`` can hold a secret; say whether it holds none."""
        if self._file is None or not self._owner.is_here:
            return False
        line, is_plain = encode(record, self._masker or current_masker(look=look), texts)
        try:
            self._file.write(line)
        except OSError as error:
            self._give_up(error, line)
        return is_plain

    def _give_up(self, error: OSError, line: bytes = b"") -> None:
        """Go on in memory, with all that was written: a reporter can still follow."""
        self.trouble = f"the record {self.path} cannot be written: {error.strerror}"
        self._close()
        if self._memory is not None:
            return
        with suppress(OSError):
            written = self.path.read_bytes() if self._made else b""
            self._file = self._memory = Memory()
            self._memory.write(written[: written.rfind(b"\n") + 1] + line)
            self.place = self._memory.path
            self.on_move(self.place)
