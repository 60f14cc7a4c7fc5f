"""Which open incidents a run may resolve: pure decisions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qlty.classes.integrations._pagerduty._resolving import Extent, kept_open, passes, progress
from qlty.classes.integrations._pagerduty._scope import Scope, group_key, shorts
from qlty.classes.integrations._pagerduty._tag import Tag


def at_500(names):
    return dict.fromkeys(shorts(names), 500.0)


@pytest.fixture
def proved(facts):
    """Return what a run of these tests proves."""

    def make(*observations, whole=True, entire=False, resolve_on_pass=None, scope=facts.scope):
        return passes(
            facts.known(*observations),
            scope,
            10,
            extent=Extent(whole, entire),
            resolve_on_pass=resolve_on_pass,
        )

    return make


@pytest.fixture
def group(facts):
    """Return the key line of an incident about several tests, opened at second 500."""

    def make(kind, *names, **more):
        key = group_key(kind, "XIXOOXZ", facts.scope)
        keys = (facts.seen(name).problem for name in names)
        return Tag(key, kind, "ci", 500.0, facts.scope.digest, at_500(names), at_500(keys), **more)

    return make


def passed(facts, *names, ended=1000.0, **more):
    return [facts.seen(name, "passed", ended=ended, **more) for name in names]


def test_a_run_without_a_pass_proves_nothing(facts, proved):
    assert proved(facts.seen("a.py::t", "skipped")) is None


def test_a_run_that_only_fails_proves_that_the_file_is_collected(facts, proved):
    failed = facts.seen("a.py::t")
    assert failed.problem not in proved(failed).clean
    assert tuple(proved(failed).passed) == shorts(["a.py"])


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
    assert "none of its tests has passed since" in kept_open(group("storm", *names, size=20), run)


def test_a_storm_is_no_concern_of_a_run_that_had_none_of_its_tests(facts, proved, group):
    storm = group("storm", *(f"a.py::t{n}" for n in range(20)), size=20)
    others = passed(facts, *(f"b.py::t{n}" for n in range(40)))
    assert kept_open(storm, proved(*others)) == ""


def test_a_storm_stays_where_half_of_its_tests_did_not_run(facts, proved, group):
    names = [f"a.py::t{n}" for n in range(20)]
    others = passed(facts, *names[:10], *(f"b.py::t{n}" for n in range(40)))
    assert "too few of its tests" in kept_open(group("storm", *names, size=20), proved(*others))


def test_a_storm_stays_where_other_tests_outnumber_its_failures(facts, proved, group):
    names = [f"a.py::t{n}" for n in range(20)]
    still = [facts.seen(name) for name in names]
    run = proved(*still, *passed(facts, *(f"b.py::t{n}" for n in range(40))))
    assert "none of its tests has passed since" in kept_open(group("storm", *names, size=20), run)


def a_test(facts, *nodeids, **more):
    """Return the key line of one test's incident, opened at second 500."""
    key = facts.seen(nodeids[0]).problem
    return Tag(key, "test", "ci", 500.0, facts.scope.digest, at_500(nodeids), **more)


def test_a_parameter_passes_for_itself_and_not_for_the_others(facts, proved):
    tag = a_test(facts, "a.py::t[1]", "a.py::t[2]")
    assert "not selected" in kept_open(tag, proved(*passed(facts, "a.py::t[1]"), whole=False))
    assert kept_open(tag, proved(*passed(facts, "a.py::t[1]", "a.py::t[2]"), whole=False)) is None


def noted(tag, *names, at=600.0):
    """The incident after a note that these passed."""
    return replace(tag, passed=dict.fromkeys(shorts(names), at))


def test_a_parameter_that_passed_in_an_earlier_run_has_passed(facts, proved):
    tag = a_test(facts, "a.py::t[1]", "a.py::t[2]")
    now = proved(*passed(facts, "a.py::t[1]"), whole=False)
    assert kept_open(noted(tag, "a.py::t[2]"), now) is None
    assert kept_open(noted(tag, "a.py::t[2]", at=400.0), now)


def test_a_group_is_over_when_its_tests_passed_in_several_runs(facts, proved, group):
    now = proved(*passed(facts, "a.py::t"), whole=False)
    tag = group("summary", "a.py::t", "a.py::u")
    assert kept_open(tag, now)
    assert kept_open(noted(tag, "a.py::u"), now) is None


def test_a_storm_is_over_when_its_tests_passed_in_several_runs(facts, proved, group):
    names = [f"a.py::t{n}" for n in range(20)]
    storm = noted(group("storm", *names, size=20), *names[:10])
    assert kept_open(storm, proved(*passed(facts, *names[10:19]), whole=False))
    assert kept_open(storm, proved(*passed(facts, *names[10:]), whole=False)) is None


def test_a_run_tells_later_ones_what_passed_in_it_and_was_not_told_yet(facts, proved, group):
    tag = noted(group("summary", "a.py::t", "a.py::u", "a.py::v"), "a.py::u")
    now = proved(*passed(facts, "a.py::t", "a.py::u", "a.py::other"), whole=False)
    assert tuple(progress(tag, now).passed) == shorts(["a.py::t"])
    assert progress(tag.joined(progress(tag, now)), now) is None


def test_what_failed_again_since_is_told_anew_when_it_passes(facts, proved):
    tag = noted(a_test(facts, "a.py::t[1]", "a.py::t[2]"), "a.py::t[1]")
    again = replace(tag, tests={**tag.tests, **dict.fromkeys(shorts(["a.py::t[1]"]), 700.0)})
    now = proved(*passed(facts, "a.py::t[1]"), whole=False)
    assert progress(tag, now) is None
    assert tuple(progress(again, now).passed) == shorts(["a.py::t[1]"])


def test_a_parameter_does_not_pass_for_another_of_a_group(facts, proved, group):
    tag = group("summary", "a.py::t[1]", "a.py::u")
    now = passed(facts, "a.py::t[2]", "a.py::u")
    assert "not selected" in kept_open(tag, proved(*now, whole=False))
    assert kept_open(tag, proved(*now)) is None


def test_a_shared_key_needs_each_of_the_tests_that_failed(facts, proved):
    own = {"incident_key": "shop", "resolve_on_pass": True}
    run = passed(facts, "a.py::t", **own)
    tag = Tag("shop", "test", "ci", 500.0, facts.scope.digest, at_500(["b.py::u"]))
    assert "not selected" in kept_open(tag, proved(*run, entire=True))
    assert kept_open(tag, proved(*run, *passed(facts, "b.py::u", **own))) is None


@pytest.mark.parametrize("file", ["a.py", "a.py::TestPay", "shop"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_file_is_collected_when_any_of_its_tests_ran(facts, proved, file, whole):
    name = {"shop": "shop/a.py::test"}.get(file, "a.py::TestPay::test_b")
    for seen in (*passed(facts, name), facts.seen(name, ended=1000.0)):
        assert kept_open(a_test(facts, file), proved(seen, whole=whole)) is None


def test_a_skipped_test_does_not_show_that_its_file_is_collected(facts, proved):
    run = proved(facts.seen("a.py::t", "skipped"), *passed(facts, "b.py::t"))
    assert kept_open(a_test(facts, "a.py"), run) == ""


def test_a_file_that_still_cannot_be_collected_is_not_resolved_by_another(facts, proved):
    run = proved(facts.seen("a.py", phase="collect"), *passed(facts, "b.py::t"))
    assert kept_open(a_test(facts, "a.py"), run) == ""


def test_a_test_that_is_gone_is_said_by_a_run_of_the_entire_project(facts, proved):
    tag = a_test(facts, "a.py::gone")
    assert kept_open(tag, proved(*passed(facts, "a.py::t"))) == ""
    assert "renamed or removed" in kept_open(tag, proved(*passed(facts, "a.py::t"), entire=True))


@pytest.mark.parametrize("outcome", ["skipped", "failed"])
def test_a_test_that_is_there_is_not_said_to_be_gone(facts, proved, outcome):
    run = proved(facts.seen("a.py::gone", outcome), *passed(facts, "a.py::t"), entire=True)
    assert kept_open(a_test(facts, "a.py::gone"), run) == ""


def test_a_storm_of_a_small_suite_ends_with_a_run_of_its_size(facts, proved, group):
    names = [f"a.py::t{n}" for n in range(6)]
    run = proved(*passed(facts, *names))
    assert kept_open(group("storm", *names, size=6), run) is None


def test_what_the_run_itself_wants_open_stays_open(facts, proved, group):
    broken = [facts.seen(f"a.py::{n}", error="OSError: no db", phase="setup") for n in "tu"]
    run = proved(*passed(facts, "a.py::v"), *broken)
    assert kept_open(group("setup", "a.py::v"), run) == ""


@pytest.mark.parametrize("other", [Scope("other", "main"), Scope("staging", "other")])
def test_other_environments_and_branches_are_no_concern(facts, proved, group, other):
    tag = replace(group("setup", "a.py::t"), scope=other.digest)
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
    run = proved(seen, resolve_on_pass=setting)
    assert (run is not None and seen.problem in run.clean) is resolves
