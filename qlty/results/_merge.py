"""From the reports of one attempt, phase by phase, to one result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from qlty.results._keys import split_nodeid
from qlty.results._model import Attempt, Status, TestResult
from qlty.results._text import shorten
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from qlty.results._model import Outcome, Phase, TestCase, TestResults

#: characters of the text that is kept of an attempt that was repeated
ATTEMPT_LIMIT = 4_096

#: pytest's word for one phase: the same three as a result's status
Verdict = Status

_INTERRUPTED = "interrupted: the run ended before this test did"

_STATUS: Mapping[Outcome, Status] = {
    "passed": "passed",
    "xpassed": "passed",
    "failed": "failed",
    "error": "failed",
    "skipped": "skipped",
    "xfailed": "skipped",
}


class PhaseReport(NamedTuple):
    """What one phase of one attempt came to.

    Attributes:
        phase: which phase; a subtest is a further report of ``call``.
        verdict: pytest's word for it.
        message: failure text or reason, ``None`` where there is none.
        start: seconds since the epoch.
        stop: seconds since the epoch.
        duration: seconds, by a clock that does not jump.
        expected_failure: the test is marked xfail.
        error: what failed, in one line; ``None`` where nothing did.
    """

    phase: Phase
    verdict: Verdict
    message: str | None
    start: float
    stop: float
    duration: float
    expected_failure: bool = False
    error: str | None = None


@dataclass
class Attempts:
    """All that is known of one test while it runs."""

    case: TestCase
    count: int = 1
    #: of the current attempt
    phases: list[PhaseReport] = field(default_factory=list)
    #: labels and evidence: feature_name, test_target, results_dir, attachments
    extras: dict[str, Any] = field(default_factory=dict)
    #: those before the current one
    earlier: list[Attempt] = field(default_factory=list)
    #: what ``record_property`` was given
    properties: list[tuple[str, Any]] = field(default_factory=list)
    #: where evidence is, by the path that the test gave
    evidence: dict[str, str] = field(default_factory=dict)
    #: what a failed test has written
    captured: dict[str, str] = field(default_factory=dict)
    #: the current attempt will be repeated
    repeating: bool = False

    @property
    def is_over(self) -> bool:
        """The current attempt has come to its end, also where another one is to follow."""
        return any(report.phase == "teardown" for report in self.phases)

    @property
    def is_withheld(self) -> bool:
        """The current attempt came to its end, and nobody was told what the test itself came to.

        So does the plugin flaky with a failure that it will repeat.
        """
        plain = all(r.verdict == "passed" and r.phase != "call" for r in self.phases)
        return plain and self.is_over

    def again(self) -> None:
        """The attempt that just ran does not count: it will be repeated."""
        self.repeating = True

    @property
    def has_failed(self) -> bool:
        """An earlier attempt failed, or ended without a word."""
        failed = any(attempt["status"] == "failed" for attempt in self.earlier)
        return failed or len(self.earlier) < self.count - 1

    def restart(self) -> None:
        """Begin the next attempt."""
        self.count += 1
        if self.is_withheld:
            last = self.phases[-1]
            self.phases.append(PhaseReport("call", "failed", None, last.start, last.stop, 0.0))
        if self.phases:
            self.earlier.append(attempt_of(self.phases))
        self.phases.clear()
        self.captured.clear()
        self.repeating = False


def attempt_of(phases: list[PhaseReport]) -> Attempt:
    """Return what an attempt of one phase or more came to."""
    failed = [report for report in phases if report.verdict == "failed"]
    outcome = _outcome(phases, failed, interrupted=False)
    message = _message(phases, failed, interrupted=False)
    return {
        "status": _STATUS[outcome],
        "outcome": outcome,
        "message": None if message is None else shorten(message, ATTEMPT_LIMIT),
        "phase": failed[0].phase if failed else None,
        "start_time": clock.utc(phases[0].start),
        "end_time": clock.utc(phases[-1].stop),
        "duration": sum([report.duration for report in phases]),
    }


def merge(attempts: Attempts, *, interrupted: bool = False, now: float = 0.0) -> TestResult:
    """Return the one result of a test over all its phases, subtests and reruns.

    The first phase that failed says where and how; messages of later ones are appended.

    Args:
        attempts: what was recorded; a test without any phase counts as interrupted.
        interrupted: the run ended before the test did.
        now: seconds since the epoch, the end of a test that has no end of its own.
    """
    phases = attempts.phases
    failed = [report for report in phases if report.verdict == "failed"]
    outcome = _outcome(phases, failed, interrupted)
    start = phases[0].start if phases else now
    case, extras = attempts.case, attempts.extras
    return {
        "status": _STATUS[outcome],
        "outcome": outcome,
        "message": _message(phases, failed, interrupted),
        "error": _error(failed, interrupted),
        "phase": failed[0].phase if failed else (_reached(phases) if interrupted else None),
        "start_time": clock.utc(start),
        "end_time": clock.utc(max(now, start) if interrupted or not phases else phases[-1].stop),
        "duration": sum([report.duration for report in phases]),
        "attempts": attempts.count,
        "flaky": outcome in {"passed", "xpassed"} and attempts.has_failed,
        "interrupted": interrupted,
        "test_case_ids": list(case.case_ids),
        "feature_name": extras.get("feature_name"),
        "test_target": extras.get("test_target"),
        "results_dir": extras.get("results_dir"),
        "attachments": list(extras.get("attachments", ())),
        "nodeid": case.nodeid,
        "earlier_attempts": attempts.earlier,
        "properties": attempts.properties,
        "tags": list(case.tags),
        "parameters": dict(case.parameters),
        "captured": attempts.captured if failed else {},
    }


def interrupted_result(case: TestCase, start: datetime) -> TestResult:
    """Return the result of a test that began and of which nothing else is known."""
    result = merge(Attempts(case), interrupted=True, now=start.timestamp())
    said = "The run ended while this test was running."
    return {**result, "phase": None, "message": said, "error": said}


def add_result(results: TestResults, result: TestResult) -> None:
    """Add a result; of two under one key, keep the one that somebody must look at."""
    class_key, test_key = split_nodeid(result["nodeid"])
    tests = results.setdefault(class_key, {})
    known = tests.get(test_key)
    tests[test_key] = result if known is None else min(known, result, key=_urgency)


def _urgency(result: TestResult) -> int:
    return ("failed", "passed", "skipped").index(result["status"])


def status_of(outcome: Outcome) -> Status:
    """Return which of the three an outcome is.

    Raises:
        KeyError: there is no such outcome.
    """
    return _STATUS[outcome]


def _outcome(phases: list[PhaseReport], failed: list[PhaseReport], interrupted: bool) -> Outcome:
    if failed:
        return "failed" if any(report.phase == "call" for report in failed) else "error"
    if interrupted:
        return "error"
    for report in phases:
        if report.verdict == "skipped":
            return "xfailed" if report.expected_failure else "skipped"
        if report.expected_failure and report.phase == "call":
            return "xpassed"
    return "passed"


def _message(phases: list[PhaseReport], failed: list[PhaseReport], interrupted: bool) -> str | None:
    said = [report.message for report in phases if report.message]
    if not said and not interrupted:
        return None
    told = failed or [report for report in phases if report.verdict == "skipped"]
    messages = [report.message for report in told if report.message]
    if interrupted:
        messages.append(_INTERRUPTED)
    return "\n\n".join(messages) or said[0]


def _error(failed: list[PhaseReport], interrupted: bool) -> str | None:
    return failed[0].error if failed else _INTERRUPTED if interrupted else None


def _reached(phases: list[PhaseReport]) -> Phase:
    """Return the phase in which a test was that has reported these."""
    order: tuple[Phase, ...] = ("setup", "call", "teardown")
    return order[min(len({report.phase for report in phases}), 2)]
