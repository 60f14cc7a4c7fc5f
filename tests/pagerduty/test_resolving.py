"""Which open incidents a run may resolve: pure decisions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qlty.classes.integrations._pagerduty._resolving import kept_open, passes, shorts
from qlty.classes.integrations._pagerduty._scope import Scope, group_key
from qlty.classes.integrations._pagerduty._tag import Tag


@pytest.fixture
def proved(facts):
    """Return what a run of these tests proves."""

    def make(*observations, whole=True, resolve_on_pass=None, scope=facts.scope):
        known = facts.known(*observations)
        return passes(known, scope, 10, whole=whole, resolve_on_pass=resolve_on_pass)

    return make


@pytest.fixture
def group(facts):
    """Return the key line of an incident about several tests, opened at second 500."""

    def make(kind, *names, **more):
        key = group_key(kind, "XIXOOXZ", facts.scope)
        tests = shorts(facts.seen(name).problem for name in names)
        return Tag(key, kind, "staging", "main", "ci", 500.0, tests, **more)

    return make


def passed(facts, *names, ended=1000.0, **more):
    return [facts.seen(name, "passed", ended=ended, **more) for name in names]


def test_a_run_without_a_pass_proves_nothing(facts, proved):
    assert proved(facts.seen("a.py::t"), facts.seen("a.py::u", "skipped")) is None


def test_a_group_is_over_when_all_its_tests_passed(facts, proved, group):
    run = proved(*passed(facts, "a.py::t", "a.py::u"))
    assert kept_open(group("setup", "a.py::t", "a.py::u"), run) is None


def test_a_group_stays_while_one_of_its_tests_did_not_pass(facts, proved, group):
    run = proved(*passed(facts, "a.py::t"), facts.seen("a.py::u"))
    assert "did not pass" in kept_open(group("setup", "a.py::t", "a.py::u"), run)


def test_a_group_stays_where_its_failure_is_newer_than_the_pass(facts, proved, group):
    run = proved(*passed(facts, "a.py::t", ended=400.0))
    assert "did not pass" in kept_open(group("summary", "a.py::t"), run)


def test_a_group_whose_list_was_cut_needs_a_whole_run_without_failures(facts, proved, group):
    tag = group("summary", "a.py::t", more=True)
    assert kept_open(tag, proved(*passed(facts, "a.py::t"), whole=False))
    assert kept_open(tag, proved(*passed(facts, "a.py::t"), facts.seen("a.py::x")))
    assert kept_open(tag, proved(*passed(facts, "a.py::t"))) is None


def test_a_group_of_tests_that_did_not_run_is_no_concern(facts, proved, group):
    assert kept_open(group("setup", "b.py::other"), proved(*passed(facts, "a.py::t"))) == ""


def test_a_storm_stays_where_it_is_newer_than_the_pass(facts, proved, group):
    names = [f"a.py::t{n}" for n in range(20)]
    run = proved(*passed(facts, *names, ended=400.0))
    assert "newer" in kept_open(group("storm", *names, size=20), run)


def test_a_storm_of_a_small_suite_ends_with_a_run_of_its_size(facts, proved, group):
    names = [f"a.py::t{n}" for n in range(6)]
    run = proved(*passed(facts, *names))
    assert kept_open(group("storm", *names, size=6), run) is None


def test_what_the_run_itself_wants_open_stays_open(facts, proved, group):
    broken = [facts.seen(f"a.py::{n}", error="OSError: no db", phase="setup") for n in "tu"]
    run = proved(*passed(facts, "a.py::v"), *broken)
    assert kept_open(group("setup", "a.py::v"), run) == ""


@pytest.mark.parametrize("field", ["env", "branch"])
def test_other_environments_and_branches_are_no_concern(facts, proved, group, field):
    tag = replace(group("setup", "a.py::t"), **{field: "other"})
    assert kept_open(tag, proved(*passed(facts, "a.py::t"))) == ""


def test_another_place_is_said(facts, proved, group):
    laptop = Scope("staging", "main", "local")
    run = proved(*passed(facts, "a.py::t", scope=laptop), scope=laptop)
    assert "another place (ci)" in kept_open(group("setup", "a.py::t"), run)


@pytest.mark.parametrize(
    ("setting", "marker", "own_key", "resolves"),
    [
        (None, None, None, True),
        (False, None, None, False),
        (False, True, None, True),
        (None, False, None, False),
        (None, None, "mine", False),
        (True, None, "mine", True),
        (True, False, "mine", False),
        (None, True, "mine", True),
    ],
)
def test_who_asked_for_resolving_is_heard(facts, proved, setting, marker, own_key, resolves):
    seen = facts.seen("a.py::t", "passed", resolve_on_pass=marker, incident_key=own_key)
    assert (proved(seen, resolve_on_pass=setting) is not None) is resolves
