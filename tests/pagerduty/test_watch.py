"""What one run hands over while it goes on: few rows, replaced while they wait."""

from __future__ import annotations

import json
import time

import pytest

from qlty.classes.integrations._pagerduty import _watch
from qlty.classes.integrations._pagerduty._settings import PagerDutySettings
from qlty.classes.integrations._pagerduty._watch import Watch


class Desk:
    """Takes what is handed over, in order."""

    def __init__(self):
        self.given = []

    def deliver(self, payload, **order):
        self.given.append({"payload": payload, **order})
        return self

    def wait_for(self, name, timeout):
        return None

    @property
    def kinds(self):
        return [one["kind"] for one in self.given]

    @property
    def newest(self):
        """What an outbox would still send: the last of each key."""
        return {one["key"]: one for one in self.given}


@pytest.fixture
def watch(facts):
    """Watch a run; ``watch(...)`` sees failing tests by name."""
    desk = Desk()

    def make(**settings):
        made = Watch(PagerDutySettings(**settings), facts.scope, {"id": "R1"}, desk)
        made.desk = desk
        return made

    return make


def test_a_failure_is_handed_over_at_once_and_waits_for_more_of_its_kind(facts, watch):
    run = watch()
    run.see(facts.seen("a.py::t"))
    (one,) = run.desk.given
    assert (one["kind"], one["urgent"]) == ("trigger", True)
    assert 29 < one["not_before_in"] <= 30
    assert one["expires_in"] == 3600


def test_more_parameters_replace_what_waits_and_do_not_make_it_wait_longer(facts, watch):
    run = watch(group_wait=5)
    run.see(facts.seen("a.py::t[1]"))
    time.sleep(0.05)
    run.see(facts.seen("a.py::t[2]"))
    first, second = run.desk.given
    assert first["key"] == second["key"]
    assert second["supersedes"]
    assert second["not_before_in"] < first["not_before_in"]


def test_the_end_of_the_run_ends_the_wait(facts, watch):
    run = watch()
    run.see(facts.seen("a.py::t"))
    run.finish()
    assert [one["not_before_in"] for one in run.desk.given][-1] == 0


def test_passed_tests_hand_over_nothing(facts, watch):
    run = watch()
    run.see(facts.seen("a.py::t", "passed"))
    run.finish()
    assert run.desk.given == []


def test_a_storm_withdraws_the_incidents_that_still_wait(facts, watch):
    run = watch()
    for n in range(6):
        run.see(facts.seen(f"a.py::t{n}", error="OSError: no db"))
    run.finish()
    kinds = [one["kind"] for one in run.desk.newest.values()]
    assert sorted(kinds) == ["trigger"] + ["withdraw"] * 4
    (storm,) = [one for one in run.desk.newest.values() if one["kind"] == "trigger"]
    assert "one error explains 6 of 6 failures" in storm["payload"]["title"]


def test_a_storm_leaves_the_incidents_that_have_left(facts, watch):
    run = watch(group_wait=0)
    for n in range(6):
        run.see(facts.seen(f"a.py::t{n}", error="OSError: no db"))
    assert "withdraw" not in run.desk.kinds


def test_a_storm_of_thousands_is_not_a_storm_of_writes(facts, watch):
    run = watch()
    for n in range(2000):
        run.see(facts.seen(f"a.py::t{n}", error="OSError: no db"))
    assert len(run.desk.given) < 100


def test_what_grew_after_it_left_is_told_once_at_the_end(facts, watch):
    run = watch(group_wait=0)
    for n in range(5):
        run.see(facts.seen(f"a.py::t[{n}]"))
    assert len(run.desk.given) == 1
    run.finish()
    assert len(run.desk.given) == 2
    assert "4 more of its parameters" in run.desk.given[-1]["payload"]["title"]


def test_what_left_and_did_not_change_is_not_told_again(facts, watch):
    run = watch(group_wait=0)
    run.see(facts.seen("a.py::t"))
    run.finish()
    assert len(run.desk.given) == 1


def test_services_are_watched_apart(facts, watch):
    from dataclasses import replace

    run = watch(max_incidents=1)
    for n in range(2):
        run.see(facts.seen(f"a.py::t{n}"))
        other = facts.seen(f"b.py::t{n}")
        run.see(replace(other, routing=replace(other.routing, service_id="POTHER")))
    titles = [one["payload"]["title"] for one in run.desk.newest.values()]
    assert sum("1 more tests fail" in title for title in titles) == 2


def test_a_failing_test_costs_less_than_a_millisecond(facts, watch):
    """Without the commit to disk, on average, in a run where everything fails."""
    run = watch()
    tests = [facts.seen(f"a.py::t{n}") for n in range(1000)]
    began = time.process_time()
    for seen in tests:
        run.see(seen)
    assert (time.process_time() - began) / len(tests) < 0.001


def test_rewrites_of_groups_keep_their_distance(facts, watch, monkeypatch):
    monkeypatch.setattr(_watch, "_REWRITE_EVERY", 0.0)
    run = watch()
    for n in range(30):
        run.see(facts.seen(f"a.py::t{n}", error="OSError: no db"))
    assert len(run.desk.given) > 20


def test_a_run_of_the_whole_project_names_entries_that_no_test_fits(machine):
    ci = machine()
    (ci.folder / "quarantine.toml").write_text(
        "".join(
            f"[[quarantine]]\ntest={name!r}\nowner='o'\nreason='r'\nuntil=2999-01-01\n"
            for name in ("tests/test_shop.py", "tests/gone.py")
        )
    )
    settings = {"PAGERDUTY_SERVICES": '{"tests/test_shop.py": "XIXOOXZ", "tests/old/": "XIXOOXZ"}'}
    ci.run({"test_pay": "passed"}, settings=settings)
    assert not any("no test of the project fits" in note for note in ci.notes)
    ci.run({"test_pay": "passed"}, settings=settings, entire=True)
    assert [note for note in ci.notes if "fits" in note] == [
        "SERVICES names what no test of the project fits: tests/old/",
        "the quarantine names what no test of the project fits: tests/gone.py",
    ]


def test_services_that_take_too_long_to_be_asked_for_keep_nobody_out(machine, sandbox, statuses):
    sandbox.chaos({"pagerduty/GET /services/{id}": {"latency": 1}})
    services = json.dumps({f"area{n}/": f"P{n:06}" for n in range(4)})
    ci = machine()
    settings = {"PAGERDUTY_SERVICES": services, "QLTY_HOOK_TIMEOUT": "2"}
    ci.run({"test_pay": "failed"}, settings=settings)
    assert any("not all of it was checked before the run" in note for note in ci.notes)
    assert statuses() == ["triggered"]
