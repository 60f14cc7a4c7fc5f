"""From pytest's reports to one result per test, in the process that owns the run."""

from __future__ import annotations

from posixpath import join
from typing import Any, Protocol

import pytest

from qlty.recording._facts import ATTRIBUTE, FOLDER, current_folder, decode, describe
from qlty.recording._running import Running, RunningTests
from qlty.results import (
    MESSAGE_LIMIT,
    Attempt,
    Attempts,
    PhaseReport,
    TestCase,
    TestResult,
    Verdict,
    case_ids,
    clean,
    error_line,
    merge,
    read_error_line,
    shorten,
    split_nodeid,
)
from qlty.runtime import Owner, clock, contained

_SUBTEST_REPORTS = frozenset({"SubtestReport", "SubTestReport"})
_OUTCOMES = frozenset({"passed", "failed", "skipped"})
_ORDER = ("setup", "call", "teardown")
_PHASES = frozenset(_ORDER)
_BEFORE_THE_END = frozenset({"setup", "call"})
_LABELS = frozenset({"feature_name", "test_target", "results_dir"})
_PLAIN = frozenset({int, bool, type(None)})

#: seconds by which the times of a report may lie outside of the run
_CLOCK_ERROR = 1.0

#: characters of each captured stream
CAPTURED_LIMIT = 16_384


class Listener(Protocol):
    """Who is told of tests: the run."""

    def test_started(self, case: TestCase) -> None:
        """A test began, or more became known of one that did."""

    def attempt_ended(self, case: TestCase, attempt: Attempt) -> None:
        """A test will be repeated; this is what its last attempt came to."""

    def test_ended(self, case: TestCase, result: TestResult) -> None:
        """The final outcome is known."""


class Recorder:
    """Listens to the reports of all tests, also of those that ran in xdist workers."""

    def __init__(self, listener: Listener, *, captured_output: bool = True) -> None:
        self._listener = listener
        self._captured_output = captured_output
        self._tests = RunningTests()
        self._not_collected: set[str] = set()
        self._began = clock.now()
        self._owner = Owner()
        self._item: pytest.Item | None = None
        self._started_in = current_folder()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self._item = item  # never in an xdist controller: its workers send the facts

    @pytest.hookimpl(tryfirst=True)
    @contained
    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        if not self._owner.is_here:
            return
        here = self._item is not None  # in a controller the reports tell which worker it is in
        known = self._tests.find(nodeid, None) if here else self._tests.waiting(nodeid)
        if known is None:
            test = self._tests.begin(nodeid, Attempts(self._case(nodeid, location)))
            self._listener.test_started(test.attempts.case)
        elif here and known.attempts.repeating:
            self._repeat(known.attempts)

    @pytest.hookimpl(trylast=True)
    @contained
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self._owner.is_here:
            return
        worker = getattr(report, "node", None)
        test = self._tests.find(report.nodeid, worker)
        if test is None:
            case = self._case(report.nodeid, report.location)
            test = self._tests.begin(report.nodeid, Attempts(case), worker)
        self._take(report, test)

    def _moved_to(self) -> str:
        """Return the folder that the test has changed to; ``""`` where it has not."""
        folder = current_folder()
        return "" if folder == self._started_in else folder

    def _case(self, nodeid: str, location: tuple[str, int | None, str]) -> TestCase:
        if self._item is not None and self._item.nodeid == nodeid:
            return describe(self._item)
        return _case_at(nodeid, location)

    def _take(self, report: pytest.TestReport, test: Running) -> None:
        attempts = test.attempts
        if attempts.repeating and _begins_again(report, attempts):
            self._repeat(attempts)
        encoded = getattr(report, ATTRIBUTE, None)
        if encoded is not None:
            attempts.case = decode(report.nodeid, encoded)
            test.name_apart()
            self._listener.test_started(attempts.case)
        attempts.phases.append(self._phase_report(report, test))
        if _is_to_be_repeated(report):
            attempts.again()
            return
        if report.failed and self._captured_output:
            attempts.captured = _captured(report)
        if report.user_properties:
            _take_properties(report, attempts, getattr(report, FOLDER, "") or self._moved_to())
        if report.when not in _BEFORE_THE_END:
            self._end_attempt(test)

    def _end_attempt(self, test: Running) -> None:
        if test.attempts.is_withheld:
            test.attempts.again()
        if not test.attempts.repeating:
            self._tests.end(test)
            self._listener.test_ended(test.attempts.case, merge(test.attempts))

    def _repeat(self, attempts: Attempts) -> None:
        attempts.restart()
        self._listener.attempt_ended(attempts.case, attempts.earlier[-1])

    def _phase_report(self, report: pytest.TestReport, test: Running) -> PhaseReport:
        attempts = test.attempts
        subtest = type(report).__name__ in _SUBTEST_REPORTS
        when = report.when if report.when in _PHASES else _next_phase(attempts)
        expected_failure = not subtest and hasattr(report, "wasxfail")
        plain = report.passed and not expected_failure
        message = None if plain else _message(report, subtest)
        last = attempts.phases[-1].stop if attempts.phases else test.began
        start, stop, duration = _times(report, last, self._began)
        return PhaseReport(
            when,  # type: ignore[arg-type]
            _verdict(report, subtest),
            message,
            start,
            stop,
            0.0 if subtest else duration,
            expected_failure,
            failure_line(report, message or "") if report.failed else None,
        )

    @pytest.hookimpl(trylast=True)
    @contained
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.passed or not self._owner.is_here:
            return
        if report.nodeid in self._not_collected:
            return
        self._not_collected.add(report.nodeid)
        now = clock.now()
        nodeid = clean(report.nodeid) or "."
        path = nodeid.partition("::")[0]
        text = failure_text(report) if report.failed else _skip_reason(report)
        error = failure_line(report, text) if report.failed else None
        phase = PhaseReport("collect", report.outcome, text, now, now, 0.0, error=error)
        attempts = Attempts(TestCase(nodeid, "<collection>", path=path), phases=[phase])
        self._listener.test_started(attempts.case)
        self._listener.test_ended(attempts.case, merge(attempts))

    @contained
    def close(self, *, cut_short: bool = True) -> None:
        """Report the tests that began and did not end.

        They were interrupted. One that is over and waits for an attempt that was never made was
        so only in a run that was cut short.
        """
        if not self._owner.is_here:
            return
        now = clock.now()
        for test in self._tests:
            self._tests.end(test)
            attempts = test.attempts
            interrupted = not attempts.is_over or (cut_short and not attempts.is_withheld)
            self._listener.test_ended(
                attempts.case, merge(attempts, interrupted=interrupted, now=now)
            )


def _case_at(nodeid: str, location: tuple[str, int | None, str]) -> TestCase:
    """Return what a node id and a location tell; a crash before setup leaves nothing else."""
    path, line, _ = location
    name = clean(split_nodeid(nodeid)[1])
    return TestCase(
        nodeid=nodeid,
        name=name,
        path=path.replace("\\", "/"),
        line=None if line is None else line + 1,
        case_ids=case_ids(name, ()),
    )


def _times(report: pytest.TestReport, last: float, began: float) -> tuple[float, float, float]:
    """Return when a phase began and stopped, and its duration.

    Where the suite's clock is frozen they are told by ours: it began when the ``last`` one ended.
    """
    now = clock.now()
    start, stop = getattr(report, "start", 0.0), getattr(report, "stop", 0.0)
    if began - _CLOCK_ERROR <= start <= stop <= now + _CLOCK_ERROR:
        return start, stop, getattr(report, "duration", 0.0)
    return min(last, now), now, max(0.0, now - last)


def _begins_again(report: pytest.TestReport, attempts: Attempts) -> bool:
    """Say whether a report is of the next attempt: its phase is not a later one."""
    if report.when not in _PHASES or not attempts.phases:
        return True
    return _ORDER.index(report.when) <= _ORDER.index(attempts.phases[-1].phase)


def _verdict(report: pytest.TestReport, subtest: bool) -> Verdict:
    if _is_to_be_repeated(report):
        return "failed" if report.longrepr else "passed"
    return "passed" if subtest and not report.failed else report.outcome


def _is_to_be_repeated(report: pytest.TestReport) -> bool:
    """Say whether a plugin announces another attempt.

    Each calls it as it likes: ``rerun``, ``retried``, ``dd_retry``.
    """
    return report.outcome not in _OUTCOMES


def _next_phase(attempts: Attempts) -> str:
    """Return the phase in which a worker crashed: the one after the last that it reported."""
    seen = {phase.phase for phase in attempts.phases}
    return "setup" if not seen else "call" if "call" not in seen else "teardown"


def _message(report: pytest.TestReport, subtest: bool) -> str | None:
    if report.failed or _is_to_be_repeated(report):
        text = failure_text(report)
        return f"{_subtest_title(report)}\n{text}" if subtest else text
    if subtest:
        return None
    if hasattr(report, "wasxfail"):
        return _text(report.wasxfail) or None
    if report.skipped:
        return _skip_reason(report)
    return None


def failure_text(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return a report's traceback as pytest shows it, cleaned and cut, whatever it is made of."""
    return _text(report.longrepr)  # longreprtext would add the worker's name under xdist


def failure_line(report: pytest.TestReport | pytest.CollectReport, text: str) -> str:
    """Return what failed in one line, as pytest's summary shows it; ``text`` is the whole failure.

    Fixtures that do not exist, doctests and what plugins put on a report have only a text.
    """
    try:
        said = report.longrepr.reprcrash.message  # type: ignore[union-attr]
        line = error_line(said) if isinstance(said, str) else ""
    except Exception:  # noqa: BLE001 - tests and plugins put any object there
        line = ""
    # pytest 8.0 does not name the only exception of a group
    if not line or line.endswith("(1 sub-exception)"):
        line = read_error_line(text) or line
    return line


def _text(value: object) -> str:
    try:
        return shorten(clean(shorten(str(value), 2 * MESSAGE_LIMIT)))
    except Exception as error:  # noqa: BLE001 - tests and plugins put any object there
        return f"<{type(value).__name__}: its str() raises {type(error).__name__}>"


def _subtest_title(report: pytest.TestReport) -> str:
    context = getattr(report, "context", None)
    message = getattr(context, "msg", None)
    parts = [] if message is None else [f"[{message}]"]
    arguments = getattr(context, "kwargs", None) or {}
    if arguments:
        parts.append("(" + ", ".join(f"{key}={value}" for key, value in arguments.items()) + ")")
    return clean("subtest " + (" ".join(parts) or "(<subtest>)"))


def _skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, (tuple, list)):
        return _text(report.longrepr[2]).removeprefix("Skipped: ")
    return failure_text(report)


def _take_properties(report: pytest.TestReport, attempts: Attempts, folder: str) -> None:
    """Take the report's properties: all that were recorded up to its phase.

    Evidence is where the test was, in ``folder``, at the end of the phase that recorded it.
    """
    entries: list[Any] = report.user_properties  # tests append what they like
    attempts.properties = [
        (clean(entry[0]), _plain(entry[1]))
        for entry in entries
        if isinstance(entry, (tuple, list)) and len(entry) == 2 and isinstance(entry[0], str)
    ]
    if report.when == "setup":
        attempts.evidence.clear()
    where = attempts.evidence
    for name, value in attempts.properties:
        if name in _LABELS:
            attempts.extras[name] = str(value)
        if name == "results_dir":
            attempts.extras[name] = where.setdefault(str(value), join(folder, str(value)))
    if attached := [str(value) for name, value in attempts.properties if name == "attachment"]:
        attempts.extras["attachments"] = [where.setdefault(p, join(folder, p)) for p in attached]


def _plain(value: object) -> Any:
    """Return a value that JSON holds as it is, and anything else as text."""
    return value if type(value) in _PLAIN else _text(value)


def _captured(report: pytest.TestReport) -> dict[str, str]:
    """Return what a failed test has written, each cut."""
    texts = {"stdout": report.capstdout, "stderr": report.capstderr, "log": report.caplog}
    return {name: shorten(clean(text), CAPTURED_LIMIT) for name, text in texts.items() if text}
