"""Counting results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qlty.results._model import TestResult, TestResults


class Totals(TypedDict):
    """What ``get_testrun_totals`` returns."""

    total_testcases: int
    passed_testcases: int
    failed_testcases: int
    skipped_testcases: int
    flaky_testcases: int
    #: of all results, rounded down, such as ``'97.5%'``
    passed_percentage: str
    #: of all results, rounded up
    failed_percentage: str


def iter_results(test_results: TestResults) -> Iterator[TestResult]:
    """Yield every result, in the order in which the tests ended."""
    for tests in test_results.values():
        yield from tests.values()


def count(test_results: TestResults) -> Totals:
    """Count results by status.

    The pass rate is rounded down and the failure rate up, so that neither 100 % passed nor
    0 % failed is ever shown for a run that has a failure.
    """
    total = passed = failed = skipped = flaky = 0
    for result in iter_results(test_results):
        total += 1
        passed += result["status"] == "passed"
        failed += result["status"] == "failed"
        skipped += result["status"] == "skipped"
        flaky += bool(result.get("flaky"))
    return Totals(
        total_testcases=total,
        passed_testcases=passed,
        failed_testcases=failed,
        skipped_testcases=skipped,
        flaky_testcases=flaky,
        passed_percentage=_percentage(passed, total, math.floor),
        failed_percentage=_percentage(failed, total, math.ceil),
    )


def _percentage(part: int, total: int, rounding: Callable[[float], int]) -> str:
    return f"{rounding(1000 * part / total) / 10 if total else 0.0:.1f}%"
