"""Totals and readable times, as integrations in the classic style use them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.core.test_runner_utils import TestRunnerUtils

STATUSES = st.lists(st.sampled_from(["passed", "failed", "skipped"]), max_size=60)


def results(statuses):
    return {"suite": {str(number): {"status": each} for number, each in enumerate(statuses)}}


def test_zero_tests_are_fine():
    totals = TestRunnerUtils.get_testrun_totals({})
    assert totals["total_testcases"] == 0
    assert (totals["passed_percentage"], totals["failed_percentage"]) == ("0.0%", "0.0%")


def test_percentages_have_one_decimal():
    totals = TestRunnerUtils.get_testrun_totals(results(["passed"] * 39 + ["failed"]))
    assert (totals["passed_percentage"], totals["failed_percentage"]) == ("97.5%", "2.5%")


@given(STATUSES)
def test_counts_add_up(statuses):
    totals = TestRunnerUtils.get_testrun_totals(results(statuses))
    parts = ("passed_testcases", "failed_testcases", "skipped_testcases")
    assert sum(totals[part] for part in parts) == totals["total_testcases"] == len(statuses)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (0.4, "0s"),
        (59.6, "1m 0s"),
        (62, "1m 2s"),
        (3723, "1h 2m 3s"),
        (3600, "1h 0m 0s"),
        (90000, "25h 0m 0s"),
        (-1, "0s"),
    ],
)
def test_run_times_are_readable(seconds, words):
    assert TestRunnerUtils.get_readable_run_time(seconds) == words


def test_run_ids_differ():
    assert TestRunnerUtils.generate_test_run_id() != TestRunnerUtils.generate_test_run_id()
