"""How a run went as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from qlty.results._model import RunInfo
    from qlty.results._totals import Totals

RunOutcome = Literal["success", "failure"]


def run_outcome(failed_tests: int, run: RunInfo) -> RunOutcome:
    """Say how a run went: the one answer for every integration.

    A run that was cut short is no success. An exit status other than 0 is a failure even where
    every test passed: nothing was collected, or a plugin (coverage, say) failed the run. A test
    that passed after a rerun is flaky, and flaky is not failed. A run that skipped everything is
    one, as its exit status says; :func:`in_words` never calls it passed.
    """
    broken = failed_tests or run.get("cut_short") or run.get("exit_status", 0)
    return "failure" if broken else "success"


def in_words(totals: Totals, run: RunInfo, *, new: int = 0, files: int = 0) -> str:
    """Say how a run went: the one sentence for every integration.

    Args:
        totals: counts by status.
        run: its facts, with the exit status.
        new: how many of the failures are new.
        files: how many of the failures are files that could not be collected.
    """
    total, failed = totals["total_testcases"], totals["failed_testcases"]
    if failed:
        words = _failed(total, failed, files) + (f", {new} new" if new else "")
    elif not total:
        words = "no tests ran"
    elif totals["skipped_testcases"] == total:
        words = f"{_number(total, 'test')}, all skipped"
    elif run_outcome(failed, run) == "failure":
        words = f"{_number(total, 'test')} ran without a failure, and yet the run failed"
    else:
        words = f"{_number(total, 'test')}, none failed"
    return f"cut short: {words}" if run.get("cut_short") else words


def _failed(total: int, failed: int, files: int) -> str:
    # a file that cannot be imported counts as a test, and is none
    tests = f"{failed - files} of {_number(total - files, 'test')} failed"
    broken = f"{_number(files, 'file')} could not be collected"
    return ", ".join([tests] * (failed > files) + [broken] * bool(files))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
