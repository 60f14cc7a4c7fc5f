from msgspec import convert

from qlty.classes.integrations._testrail.facts import describe
from qlty.classes.integrations._testrail.settings import TestRailSettings
from qlty.results import Attempts, PhaseReport, TestCase, merge

SETTINGS = convert(
    {
        "base_url": "http://127.0.0.1",
        "project_id": 1,
        "username": "a@b.example",
        "api_key": "dummy",
    },
    TestRailSettings,
    strict=False,
    dec_hook=lambda kind, value: kind(value),
)


def test_the_comment_of_a_flaky_test_says_why_it_failed_first():
    attempts = Attempts(TestCase("a.py::test_x", "test_x", case_ids=(7,)))
    attempts.phases.append(PhaseReport("call", "failed", "no answer", 0.0, 1.0, 1.0))
    attempts.again()
    attempts.restart()
    attempts.phases.append(PhaseReport("call", "passed", None, 2.0, 3.0, 1.0))
    test = describe(attempts.case, merge(attempts), SETTINGS, {})
    assert test.message == "It failed at first:\nno answer"
