"""The state of a run that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._slack import limits
from qlty.classes.integrations._slack.failures import describe, group
from qlty.classes.integrations._slack.report import Report, source_of
from qlty.results import Totals
from qlty.runtime import clock

if TYPE_CHECKING:
    from qlty.classes.integrations._slack.failures import Failure
    from qlty.results import RunInfo, TestResult

#: The message shows fewer; the others are only counted.
_REMEMBERED = 50


class Live:
    """Counts results as they come, without keeping them."""

    def __init__(self) -> None:
        self._began = clock.monotonic()
        self._due = 0.0
        self._counts = dict.fromkeys(("passed", "failed", "skipped", "flaky"), 0)
        self._failures: list[Failure] = []

    @property
    def failed(self) -> int:
        """How many tests have failed so far."""
        return self._counts["failed"]

    def add(self, result: TestResult) -> None:
        """Count a result."""
        self._counts[result["status"]] += 1
        self._counts["flaky"] += bool(result.get("flaky"))
        if result["status"] == "failed" and len(self._failures) < _REMEMBERED:
            self._failures.append(describe(result))

    def is_due(self) -> bool:
        """Say whether it is time for an update; if so, the next one is due a while later."""
        now = clock.monotonic()
        if now < self._due:
            return False
        self._due = now + limits.LIVE_EVERY
        return True

    def report(self, run: RunInfo) -> Report:
        """Return the facts so far."""
        counts = self._counts
        total = counts["passed"] + counts["failed"] + counts["skipped"]
        totals = Totals(
            total_testcases=total,
            passed_testcases=counts["passed"],
            failed_testcases=counts["failed"],
            skipped_testcases=counts["skipped"],
            flaky_testcases=counts["flaky"],
            passed_percentage=f"{counts['passed'] * 1000 // max(total, 1) / 10:.1f}%",
            failed_percentage=f"{-(-counts['failed'] * 1000 // max(total, 1)) / 10:.1f}%",
        )
        elapsed = clock.monotonic() - self._began
        groups = tuple(group(self._failures))
        return Report(run, totals, elapsed, groups, source=source_of(run))
