"""One sentence for every integration."""

import pytest

from qlty.results import Totals, in_words


def totals(passed=0, failed=0, skipped=0):
    total = passed + failed + skipped
    return Totals(
        total_testcases=total,
        passed_testcases=passed,
        failed_testcases=failed,
        skipped_testcases=skipped,
        flaky_testcases=0,
        passed_percentage="",
        failed_percentage="",
    )


@pytest.mark.parametrize(
    ("counts", "run", "said"),
    [
        ({"passed": 1}, {}, "1 test, none failed"),
        ({"passed": 1, "skipped": 2}, {}, "3 tests, none failed"),
        ({"skipped": 1}, {}, "1 test, all skipped"),
        ({"skipped": 2}, {"exit_status": 3}, "2 tests, all skipped"),
        ({}, {"exit_status": 5}, "no tests ran"),
        (
            {"passed": 2},
            {"exit_status": 1},
            "2 tests ran without a failure, and yet the run failed",
        ),
        ({"passed": 2, "failed": 1}, {}, "1 of 3 tests failed"),
        ({"skipped": 1}, {"cut_short": True}, "cut short: 1 test, all skipped"),
    ],
)
def test_a_run_in_words(counts, run, said):
    assert in_words(totals(**counts), run) == said


def test_files_that_could_not_be_collected_are_told_apart():
    assert in_words(totals(failed=3), {}, new=2, files=1) == (
        "2 of 2 tests failed, 1 file could not be collected, 2 new"
    )
