"""From pytest's reports to one result per test, in the process that owns the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from qlty.recording._facts import ATTRIBUTE, decode, describe
from qlty.results import (
    Attempts,
    PhaseReport,
    TestCase,
    TestResult,
    case_ids,
    clean,
    merge,
    shorten,
    split_nodeid,
)
from qlty.runtime import Owner, clock, contained

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUBTEST_REPORTS = frozenset({"SubtestReport", "SubTestReport"})
_PHASES = frozenset({"setup", "call", "teardown"})
_BEFORE_THE_END = frozenset({"setup", "call"})
_LABELS = frozenset({"feature_name", "test_target", "results_dir"})


class Listener(Protocol):
    """Who is told of tests: the run."""

    def test_started(self, case: TestCase) -> None:
        """A test began, or more became known of one that did."""

    def test_ended(self, case: TestCase, result: TestResult) -> None:
        """The final outcome is known."""


class Recorder:
    """Listens to the reports of all tests, also of those that ran in xdist workers."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._open: dict[str, Attempts] = {}
        self._collection_errors: set[str] = set()
        self._owner = Owner()
        self._item: pytest.Item | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self._item = item  # never in an xdist controller: its workers send the facts

    @pytest.hookimpl(tryfirst=True)
    @contained
    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        if not self._owner.is_here:
            return
        attempts = self._open.get(nodeid)
        if attempts is None:
            attempts = self._open[nodeid] = Attempts(self._case(nodeid, location))
            self._listener.test_started(attempts.case)
        else:
            attempts.restart()

    @pytest.hookimpl(trylast=True)
    @contained
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self._owner.is_here:
            return
        attempts = self._open.get(report.nodeid)
        if attempts is None:
            case = self._case(report.nodeid, report.location)
            attempts = self._open[report.nodeid] = Attempts(case)
        self._take(report, attempts)

    def _case(self, nodeid: str, location: tuple[str, int | None, str]) -> TestCase:
        if self._item is not None and self._item.nodeid == nodeid:
            return describe(self._item)
        return _case_at(nodeid, location)

    def _take(self, report: pytest.TestReport, attempts: Attempts) -> None:
        if report.outcome == "rerun":  # type: ignore[comparison-overlap]
            attempts.again()
            return
        encoded = getattr(report, ATTRIBUTE, None)
        if encoded is not None:
            attempts.case = decode(report.nodeid, encoded)
            self._listener.test_started(attempts.case)
        attempts.phases.append(_phase_report(report, attempts))
        if report.user_properties:
            _take_properties(_properties(report), attempts)
        if report.when not in _BEFORE_THE_END and not attempts.repeating:
            del self._open[report.nodeid]
            self._listener.test_ended(attempts.case, merge(attempts))

    @pytest.hookimpl(trylast=True)
    @contained
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not report.failed or not self._owner.is_here:
            return
        if report.nodeid in self._collection_errors:
            return
        self._collection_errors.add(report.nodeid)
        now = clock.now()
        nodeid = clean(report.nodeid) or "."
        path = nodeid.partition("::")[0]
        failure = PhaseReport("collect", "failed", failure_text(report), now, now, 0.0)
        attempts = Attempts(TestCase(nodeid, "<collection>", path=path), phases=[failure])
        self._listener.test_started(attempts.case)
        self._listener.test_ended(attempts.case, merge(attempts))

    @contained
    def close(self) -> None:
        """Report the tests that began and did not end as interrupted."""
        if not self._owner.is_here:
            return
        now = clock.now()
        for nodeid in list(self._open):
            attempts = self._open.pop(nodeid)
            self._listener.test_ended(attempts.case, merge(attempts, interrupted=True, now=now))


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


def _phase_report(report: pytest.TestReport, attempts: Attempts) -> PhaseReport:
    subtest = type(report).__name__ in _SUBTEST_REPORTS
    when = report.when if report.when in _PHASES else _next_phase(attempts)
    expected_failure = not subtest and hasattr(report, "wasxfail")
    plain = report.passed and not expected_failure
    return PhaseReport(
        when,  # type: ignore[arg-type]
        "passed" if subtest and not report.failed else report.outcome,
        None if plain else _message(report, subtest),
        getattr(report, "start", 0.0) or clock.now(),
        getattr(report, "stop", 0.0) or clock.now(),
        0.0 if subtest else getattr(report, "duration", 0.0),
        expected_failure,
    )


def _next_phase(attempts: Attempts) -> str:
    """Return the phase in which a worker crashed: the one after the last that it reported."""
    seen = {phase.phase for phase in attempts.phases}
    return "setup" if not seen else "call" if "call" not in seen else "teardown"


def _message(report: pytest.TestReport, subtest: bool) -> str | None:
    if report.failed:
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
    return shorten(_text(report.longrepr))  # longreprtext would add the worker's name under xdist


def _text(value: object) -> str:
    try:
        return clean(str(value))
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


def _skip_reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return _text(report.longrepr[2]).removeprefix("Skipped: ")
    return failure_text(report)


def _properties(report: pytest.TestReport) -> dict[str, list[object]]:
    """Return the report's properties, each name with all its values."""
    properties: dict[str, list[object]] = {}
    entries: list[Any] = report.user_properties  # tests append what they like
    for entry in entries:
        if isinstance(entry, (tuple, list)) and len(entry) == 2 and isinstance(entry[0], str):
            properties.setdefault(entry[0], []).append(entry[1])
    return properties


def _take_properties(properties: Mapping[str, list[object]], attempts: Attempts) -> None:
    for name in _LABELS & properties.keys():
        attempts.extras[name] = _text(properties[name][-1])
    if "attachment" in properties:
        attempts.extras["attachments"] = [_text(path) for path in properties["attachment"]]
