"""Helpers for integrations that report a whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.results import Totals, count
from qlty.utilities.utils import get_unique_build_id

if TYPE_CHECKING:
    from qlty.results import TestResults


class TestRunnerUtils:
    """Counts, times and names of a run."""

    __test__ = False

    @staticmethod
    def get_testrun_totals(test_results: TestResults) -> Totals:
        """Count results by status, skipped ones included; no results are fine.

        Args:
            test_results: ``{class_key: {test_key: result}}``, as ``on_run_end`` gets it.

        Returns:
            a dict with ``total_testcases``, ``passed_testcases``, ``failed_testcases``,
            ``skipped_testcases``, ``flaky_testcases``, and ``passed_percentage`` (rounded down)
            and ``failed_percentage`` (rounded up) of all results, such as ``'97.5%'``.
        """
        return count(test_results)

    @staticmethod
    def get_readable_run_time(seconds: float) -> str:
        """Return a duration in words, such as ``'1h 2m 3s'``, to the nearest second.

        >>> TestRunnerUtils.get_readable_run_time(62.4)
        '1m 2s'
        """
        minutes, second = divmod(max(0, round(seconds)), 60)
        hours, minute = divmod(minutes, 60)
        if hours:
            return f"{hours}h {minute}m {second}s"
        return f"{minute}m {second}s" if minute else f"{second}s"

    @staticmethod
    def generate_test_run_id() -> str:
        """Return a new run id: sortable by time (UTC), unique, and safe as the name of a file."""
        return get_unique_build_id()
