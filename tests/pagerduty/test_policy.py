"""Which incidents a service should have: pure decisions, rule by rule."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlty.classes.integrations._pagerduty._policy import (
    STORM_SAME_ERROR,
    STORM_TESTS,
    highest_urgency,
    verdict,
    wanted,
)
from qlty.classes.integrations._pagerduty._scope import Scope


def kinds(incidents):
    return [incident.kind for incident in incidents]


@pytest.fixture
def decide(facts):
    def run(*observations, cap=10):
        return wanted(facts.known(*observations), facts.scope, cap)

    return run


def test_nothing_is_wanted_where_nothing_failed(facts, decide):
    assert decide(facts.seen("a.py::t", "passed"), facts.seen("a.py::u", "skipped")) == []


def test_a_failure_wants_one_incident(facts, decide):
    (incident,) = decide(facts.seen("a.py::t"))
    assert (incident.kind, incident.service_id) == ("test", "XIXOOXZ")


def test_failing_parameters_of_one_test_share_one_incident(facts, decide):
    (incident,) = decide(*(facts.seen(f"a.py::t[{n}]") for n in range(5)))
    assert len(incident.failures) == 5


def test_different_tests_have_different_incidents(facts, decide):
    assert kinds(decide(facts.seen("a.py::t"), facts.seen("b.py::t"))) == ["test", "test"]


def test_a_markers_own_key_wins(facts, decide):
    (incident,) = decide(facts.seen("a.py::t", incident_key="payments-down"))
    assert incident.key == "payments-down"


def test_tests_that_share_an_own_key_share_the_incident(facts, decide):
    (incident,) = decide(
        facts.seen("a.py::t", incident_key="down"), facts.seen("b.py::t", incident_key="down")
    )
    assert len(incident.failures) == 2


@pytest.mark.parametrize(
    "other", [Scope("production", "main", "ci"), Scope("staging", "release", "ci")]
)
def test_environment_and_branch_are_part_of_the_key(facts, other):
    here, there = facts.seen("a.py::t"), facts.seen("a.py::t", scope=other)
    assert here.problem != there.problem


def test_the_place_is_not_part_of_the_key(facts):
    laptop = Scope("staging", "main", "local")
    assert facts.seen("a.py::t").problem == facts.seen("a.py::t", scope=laptop).problem


def test_what_is_held_back_wants_nothing(facts, decide):
    assert decide(facts.seen("a.py::t", held="quarantined")) == []


def test_beyond_the_cap_the_rest_shares_a_summary(facts, decide):
    incidents = decide(*(facts.seen(f"a.py::t{n}") for n in range(13)))
    assert kinds(incidents) == ["test"] * 10 + ["summary"]
    assert len(incidents[-1].failures) == 3


def test_a_summary_has_the_highest_urgency_of_what_it_covers(facts, decide):
    tests = [facts.seen(f"a.py::t{n}", urgency="low") for n in range(3)]
    incidents = decide(*tests, facts.seen("a.py::last", urgency="high"), cap=1)
    assert highest_urgency(incidents[-1].failures) == "high"


@pytest.mark.parametrize(
    ("urgencies", "highest"),
    [(["low", "low"], "low"), (["low", None], None), ([None, "high"], "high")],
)
def test_a_service_that_decides_itself_is_above_low(facts, urgencies, highest):
    tests = tuple(facts.seen(f"a.py::t{n}", urgency=u) for n, u in enumerate(urgencies))
    assert highest_urgency(tests) == highest


def test_more_than_half_of_twenty_is_a_storm(facts, decide):
    passed = [facts.seen(f"a.py::p{n}", "passed") for n in range(9)]
    failed = [facts.seen(f"a.py::f{n}") for n in range(11)]
    (incident,) = decide(*passed, *failed)
    assert incident.kind == "storm"
    assert incident.reason == "11 of 20 tests fail"


def test_half_is_no_storm(facts, decide):
    passed = [facts.seen(f"a.py::p{n}", "passed") for n in range(10)]
    failed = [facts.seen(f"a.py::f{n}") for n in range(10)]
    assert "storm" not in kinds(decide(*passed, *failed))


def test_nineteen_tests_are_no_storm(facts, decide):
    failed = [facts.seen(f"a.py::f{n}") for n in range(STORM_TESTS - 1)]
    assert "storm" not in kinds(decide(*failed))


def test_skipped_tests_do_not_make_a_storm_smaller_or_larger(facts, decide):
    skipped = [facts.seen(f"a.py::s{n}", "skipped") for n in range(30)]
    failed = [facts.seen(f"a.py::f{n}") for n in range(STORM_TESTS - 1)]
    assert "storm" not in kinds(decide(*skipped, *failed))


def test_many_parameters_of_one_test_are_no_storm(facts, decide):
    assert kinds(decide(*(facts.seen(f"a.py::t[{n}]") for n in range(50)))) == ["test"]


def test_one_error_that_explains_most_failures_is_a_storm(facts, decide):
    same = [facts.seen(f"a.py::f{n}", error="ConnectionError: db") for n in range(STORM_SAME_ERROR)]
    (incident,) = decide(*same, facts.seen("a.py::other"))
    assert incident.reason == "one error explains 5 of 6 failures"


def test_one_error_in_four_tests_is_no_storm(facts, decide):
    same = [facts.seen(f"a.py::f{n}", error="ConnectionError: db") for n in range(4)]
    assert kinds(decide(*same)) == ["test"] * 4


def test_errors_that_differ_in_ids_alone_are_one_error(facts, decide):
    same = [facts.seen(f"a.py::f{n}", error=f"Gone: order 77{n}1 at 0x7f{n}") for n in range(5)]
    assert kinds(decide(*same)) == ["storm"]


def test_errors_that_differ_in_what_was_expected_are_different_errors(facts, decide):
    tests = [facts.seen(f"a.py::f{n}", error=f"AssertionError: assert {n} == 9") for n in range(6)]
    assert kinds(decide(*tests)) == ["test"] * 6


def test_setup_that_fails_for_two_with_one_error_is_one_incident(facts, decide):
    shared = [facts.seen(f"a.py::f{n}", error="OSError: no db", phase="setup") for n in range(3)]
    (incident,) = decide(*shared)
    assert (incident.kind, len(incident.failures)) == ("setup", 3)


def test_setup_that_fails_for_one_is_its_own_incident(facts, decide):
    assert kinds(decide(facts.seen("a.py::t", phase="setup"))) == ["test"]


def test_different_setup_errors_are_different_incidents(facts, decide):
    tests = [facts.seen(f"a.py::{name}", phase="setup") for name in ("one", "two")]
    assert kinds(decide(*tests)) == ["test", "test"]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("passed", "passed"),
        ("failed", "failed"),
        ("error", "failed"),
        ("skipped", "skipped"),
        ("xfailed", "skipped"),
        ("xpassed", "passed"),
    ],
)
def test_every_outcome_has_its_verdict(facts, outcome, expected):
    assert verdict(facts.result("a.py::t", outcome)) == expected


def test_an_interrupted_test_says_nothing(facts):
    assert verdict(facts.result("a.py::t", "failed", interrupted=True)) is None


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 30),
            st.sampled_from(["passed", "failed", "skipped"]),
            st.sampled_from(["A: x", "B: y", ""]),
            st.sampled_from(["call", "setup"]),
        ),
        max_size=80,
    ),
    st.integers(1, 5),
)
def test_any_run_wants_few_incidents_that_cover_every_failure(facts, tests, cap):
    observations = [
        facts.seen(f"a.py::t{n}", outcome, error=error, phase=phase)
        for n, outcome, error, phase in tests
    ]
    incidents = wanted(facts.known(*observations), facts.scope, cap)
    assert len(incidents) <= cap + 1
    assert len({incident.key for incident in incidents}) == len(incidents)
    failed = {one.problem for one in observations if one.verdict == "failed"}
    covered = {one.problem for incident in incidents for one in incident.failures}
    assert covered == failed
