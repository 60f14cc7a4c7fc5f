"""Reading journals, and finding runs that died before they were reported."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from qlty.delivery._journal import JOURNAL_VERSION, append, dead_journals, held
from qlty.errors import JournalError
from qlty.results import Marker, TestCase, TestResult, split_nodeid
from qlty.runtime import clock, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from qlty.delivery._state_dir import StateDir
    from qlty.results import TestResults


#: how many processes may die of reporting a dead run before it is left alone
_MOST_TRIES = 3


@dataclass
class RecordedRun:
    """What a journal tells of a run.

    Attributes:
        info: what ``Journal.create`` was given.
        finished: every test whose final outcome is known, in the order in which they ended.
        in_flight: by node id, tests that began and did not end, with the time of their start.
        ended: whether the run was reported.
        damaged: lines that could not be read, apart from a torn last one.
        tries: how often somebody has begun to report it after its death, and died of that.
        told: class paths of the integrations that have been told of its death.
    """

    run_id: str
    info: dict[str, Any] = field(default_factory=dict)
    finished: list[tuple[TestCase, TestResult]] = field(default_factory=list)
    in_flight: dict[str, tuple[TestCase, datetime]] = field(default_factory=dict)
    ended: bool = False
    damaged: int = 0
    tries: int = 0
    told: set[str] = field(default_factory=set)

    @property
    def results(self) -> TestResults:
        """All results, those in flight as ``error`` and ``interrupted``."""
        results: TestResults = {}
        for test_case, result in [*self.finished, *self.interrupted()]:
            class_key, test_key = split_nodeid(test_case.nodeid)
            results.setdefault(class_key, {})[test_key] = result
        return results

    def interrupted(self) -> list[tuple[TestCase, TestResult]]:
        """Return the tests during which the run died."""
        return [_interrupted(test_case, start) for test_case, start in self.in_flight.values()]


def read_journal(path: Path) -> RecordedRun:
    """Read a journal, as far as it was written.

    Raises:
        JournalError: it has no header, or a newer version has written it.
        OSError: it cannot be read.
    """
    return _read(path, path.read_bytes())


def _read(path: Path, content: bytes) -> RecordedRun:
    lines = content.split(b"\n")
    header = _parse(lines[0])
    if header is None or header.get("event") != "run":
        raise JournalError(f"{path} is no journal: it does not begin with a run")
    version = header.get("version")
    if isinstance(version, bool) or version not in range(1, JOURNAL_VERSION + 1):
        raise JournalError(
            f"{path} has version {version}, this QLTY Framework reads up to {JOURNAL_VERSION}: "
            "a newer one is needed"
        )
    info = header.get("info") or {}
    if not isinstance(info, dict):
        raise JournalError(f"{path} is damaged: its first line does not say what run it is of")
    run = RecordedRun(str(header.get("run_id", path.stem)), info)
    for number, line in enumerate(lines[1:], start=2):
        # what the process was writing when it died has no newline behind it
        _read_line(run, line, torn=number == len(lines))
    return run


def _read_line(run: RecordedRun, line: bytes, *, torn: bool) -> None:
    if not line:
        return
    record = _parse(line)
    try:
        if record is None:
            raise ValueError("not a JSON object")
        _take(run, record)
    except (ValueError, KeyError, TypeError, AttributeError):
        run.damaged += not torn


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _take(run: RecordedRun, record: dict[str, Any]) -> None:
    event = record["event"]
    if event == "start":
        nodeid = record["nodeid"]
        known = record.get("test_case")
        test_case = _test_case(known) if known else _bare(nodeid)
        _, begun = run.in_flight.get(nodeid, (None, _time(record["time"])))
        run.in_flight[nodeid] = (test_case, begun)
    elif event == "finish":
        test_case = _test_case(record["test_case"])
        run.finished.append((test_case, _result(record["result"])))
        run.in_flight.pop(test_case.nodeid, None)
    elif event == "recovery":
        run.tries += 1
    elif event == "told":
        run.tries = 0
        run.told |= set(record["integrations"])
    elif event in {"end", "recovered"}:
        run.ended = True


def _time(text: str) -> datetime:
    # Python 3.10 does not read the Z that other versions and msgspec write
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _result(record: dict[str, Any]) -> TestResult:
    times = {name: _time(record[name]) for name in ("start_time", "end_time")}
    missing = TestResult.__required_keys__ - record.keys()
    if missing:
        raise KeyError(*missing)
    return cast("TestResult", {**record, **times})


def _test_case(record: dict[str, Any]) -> TestCase:
    known = {one.name for one in fields(TestCase)}
    values = {name: value for name, value in record.items() if name in known}
    values["markers"] = tuple(
        Marker(one["name"], tuple(one.get("args", ())), dict(one.get("kwargs", {})))
        for one in values.get("markers", ())
    )
    for name in ("fixtures", "case_ids"):
        values[name] = tuple(values.get(name, ()))
    return TestCase(**values)


def _bare(nodeid: str) -> TestCase:
    _, name = split_nodeid(nodeid)
    return TestCase(nodeid=nodeid, name=name, path=nodeid.partition("::")[0])


def _interrupted(test_case: TestCase, start: datetime) -> tuple[TestCase, TestResult]:
    result = TestResult(
        status="failed",
        outcome="error",
        message="The run ended while this test was running.",
        phase=None,
        start_time=start,
        end_time=start,
        duration=0.0,
        attempts=1,
        flaky=False,
        interrupted=True,
        test_case_ids=list(test_case.case_ids),
        feature_name=None,
        test_target=None,
        results_dir=None,
        attachments=[],
        nodeid=test_case.nodeid,
    )
    return test_case, result


class DeadRun:
    """A run that died before it was reported, held so that nobody else reports it meanwhile."""

    def __init__(self, run: RecordedRun, file: int) -> None:
        self.run = run
        self._file = file

    def told(self, integrations: Iterable[str]) -> None:
        """Note who has been told of the run; the others are still to be told."""
        append(self._file, {"event": "told", "integrations": sorted(integrations)})

    @property
    def age(self) -> float:
        """Seconds since the last test of the run ended, or since the run began."""
        times = [result["end_time"] for _, result in self.run.finished]
        try:
            last = max(times) if times else _time(self.run.info["run"]["start"])
            return (clock.utc_now() - last).total_seconds()
        except (KeyError, TypeError, ValueError, AttributeError):
            return float("inf")

    def done(self) -> None:
        """Note that the run has been reported; without this it is found again."""
        append(self._file, {"event": "recovered", "time": clock.utc_now()})


def recover(
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
    for path in dead_journals(state_dir):
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
        run = _read(path, os.pread(file, os.fstat(file).st_size, 0))
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
    append(file, {"event": "recovery", "time": clock.utc_now()})
    return dead
