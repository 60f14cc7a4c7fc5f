"""How a run went as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from qlty.results._model import RunInfo

RunOutcome = Literal["success", "failure"]


def run_outcome(failed_tests: int, run: RunInfo) -> RunOutcome:
    """Say how a run went: the one answer for every integration.

    A run that was cut short is no success. An exit status other than 0 is a failure even where
    every test passed: nothing was collected, or a plugin (coverage, say) failed the run. A test
    that passed after a rerun is flaky, and flaky is not failed.
    """
    broken = failed_tests or run.get("cut_short") or run.get("exit_status", 0)
    return "failure" if broken else "success"
