"""Reading a record: all of it, or line by line while it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qlty.errors import JournalError
from qlty.results import TestCase, TestResult, add_result, interrupted_result, split_nodeid
from qlty.runs._format import (
    RECORD_VERSION,
    attempt_of,
    parse,
    result_of_version_1,
    time_of,
    whole_case,
    whole_result,
)
from qlty.runtime.files import reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from qlty.results import Attempt, TestResults


@dataclass
class RecordedRun:
    """What a record tells of a run.

    Attributes:
        info: ``run``: its facts as JSON; ``integrations``: the class paths of those that took part.
        expected: node ids of the tests that were to run; ``None`` where that was not known.
        left_out: node ids of those that were not, by who left them out.
        finished: every test whose final outcome is known, in the order in which they ended.
        in_flight: by node id, tests that began and did not end, with the time of their start.
        ended: whether the run was reported.
        damaged: lines that could not be read, apart from a torn last one.
        tries: how often somebody has begun to report it after its death, and died of that.
        told: class paths of the integrations that have been told of its death.
        over: facts of its end, ``None`` where it did not come to its end.
    """

    run_id: str
    info: dict[str, Any] = field(default_factory=dict)
    expected: list[str] | None = None
    left_out: dict[str, list[str]] = field(default_factory=dict)
    finished: list[tuple[TestCase, TestResult]] = field(default_factory=list)
    in_flight: dict[str, tuple[TestCase, datetime]] = field(default_factory=dict)
    ended: bool = False
    damaged: int = 0
    tries: int = 0
    told: set[str] = field(default_factory=set)
    over: dict[str, Any] | None = None

    @property
    def results(self) -> TestResults:
        """All results, those in flight as ``error`` and ``interrupted``."""
        results: TestResults = {}
        for _, result in [*self.finished, *self.interrupted()]:
            add_result(results, result)
        return results

    def interrupted(self) -> list[tuple[TestCase, TestResult]]:
        """Return the tests during which the run died."""
        return [(case, interrupted_result(case, at)) for case, at in self.in_flight.values()]


class RecordReader:
    """Reads the lines of one record, in their order.

    Attributes:
        run: what they told up to now.

    Raises:
        JournalError: it has no header, or a newer version has written it.
    """

    def __init__(self, header: bytes, name: str) -> None:
        """Read the first line of the record ``name``."""
        self._version, self.run = _begin(header, name)
        #: of each test that is running, what earlier lines told
        self._cases: dict[str, TestCase] = {}
        self._attempts: dict[str, list[Attempt]] = {}

    def feed(self, line: bytes, *, torn: bool = False) -> tuple[TestCase, TestResult] | None:
        """Take one line; return the test that it ends, ``None`` where it does not end any.

        Args:
            line: without its newline.
            torn: it had no newline: a process was writing it when it died.
        """
        if not line:
            return None
        record = parse(line)
        try:
            if record is None:
                raise ValueError("not a JSON object")
            take = _EVENTS.get(record["event"])
            return take(self, record) if take is not None else None
        except (ValueError, KeyError, TypeError, AttributeError):
            self.run.damaged += not torn
            return None

    def _expected(self, record: dict[str, Any]) -> None:
        self.run.expected = list(record["nodeids"])
        self.run.left_out = {by: list(nodeids) for by, nodeids in record["left_out"].items()}

    def _start(self, record: dict[str, Any]) -> None:
        nodeid = record["nodeid"]
        case = self._case(nodeid, record.get("test_case"))
        _, begun = self.run.in_flight.get(nodeid, (None, time_of(record["time"])))
        self.run.in_flight[nodeid] = (case, begun)

    def _attempt(self, record: dict[str, Any]) -> None:
        self._attempts.setdefault(record["nodeid"], []).append(attempt_of(record["attempt"]))

    def _finish(self, record: dict[str, Any]) -> tuple[TestCase, TestResult]:
        if self._version == 1:
            case = whole_case(record["test_case"])
            result = result_of_version_1(record["result"])
        else:
            case = self._case(record["nodeid"], record.get("test_case"))
            earlier = self._attempts.pop(case.nodeid, [])
            result = whole_result(case, record["result"], earlier)
        self._cases.pop(case.nodeid, None)
        self.run.in_flight.pop(case.nodeid, None)
        self.run.finished.append((case, result))
        return case, result

    def _case(self, nodeid: str, facts: dict[str, Any] | None) -> TestCase:
        if facts:
            self._cases[nodeid] = whole_case(facts)
        return self._cases.get(nodeid) or _bare(nodeid)

    def _recovery(self, record: dict[str, Any]) -> None:
        del record
        self.run.tries += 1

    def _told(self, record: dict[str, Any]) -> None:
        self.run.tries = 0
        self.run.told |= set(record["integrations"])
        self.run.told -= set(record.get("again", ()))

    def _without(self, record: dict[str, Any]) -> None:
        left = [
            path for path in self.run.info["integrations"] if path not in record["integrations"]
        ]
        self.run.info["integrations"] = left

    def _over(self, record: dict[str, Any]) -> None:
        self.run.over = record

    def _end(self, record: dict[str, Any]) -> None:
        del record
        self.run.ended = True


_EVENTS: dict[str, Callable[[RecordReader, dict[str, Any]], Any]] = {
    "expected": RecordReader._expected,
    "start": RecordReader._start,
    "attempt": RecordReader._attempt,
    "finish": RecordReader._finish,
    "without": RecordReader._without,
    "over": RecordReader._over,
    "recovery": RecordReader._recovery,
    "told": RecordReader._told,
    "end": RecordReader._end,
    "recovered": RecordReader._end,
}


def read_record(path: Path) -> RecordedRun:
    """Read a record, as far as it was written.

    Raises:
        JournalError: it has no header, or a newer version has written it.
        OSError: it cannot be read.
    """
    with reading(path) as file:
        return read_content(path, file.read())


def read_content(path: Path, content: bytes) -> RecordedRun:
    """Read what stands, or stood, in the record at ``path``; see :func:`read_record`."""
    lines = content.split(b"\n")
    reader = RecordReader(lines[0], str(path))
    for line in lines[1:-1]:
        reader.feed(line)
    if len(lines) > 1:
        reader.feed(lines[-1], torn=True)
    return reader.run


def _begin(line: bytes, name: str) -> tuple[int, RecordedRun]:
    header = parse(line)
    if header is None or header.get("event") != "run":
        raise JournalError(f"{name} is no record: it does not begin with a run")
    version: Any = header.get("version")
    if isinstance(version, bool) or version not in range(1, RECORD_VERSION + 1):
        raise JournalError(
            f"{name} has version {version}, this QLTY Framework reads up to {RECORD_VERSION}: "
            "a newer one is needed"
        )
    info = header.get("info") if version == 1 else header
    if not isinstance(info, dict) and info is not None:
        raise JournalError(f"{name} is damaged: its first line does not say what run it is of")
    told = {key: info[key] for key in ("run", "integrations") if key in info} if info else {}
    return version, RecordedRun(str(header.get("run_id", name)), told)


def _bare(nodeid: str) -> TestCase:
    _, name = split_nodeid(nodeid)
    return TestCase(nodeid=nodeid, name=name, path=nodeid.partition("::")[0])
