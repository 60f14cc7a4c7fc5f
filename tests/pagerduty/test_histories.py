"""Scripted sequences of runs over the sandbox, with the exact effects that PagerDuty sees."""

from __future__ import annotations

import pytest

from qlty.classes.integrations._pagerduty import _rest


def test_fail_fail_pass_is_one_incident_with_an_end(machine, effects, statuses):
    ci = machine()
    ci.run({"test_pay": "failed"})
    assert effects() == ["open"]
    ci.run({"test_pay": "failed"})
    assert effects() == ["open refused"]
    ci.run({"test_pay": "passed"})
    assert effects() == ["resolve", "note"]
    assert statuses() == ["resolved"]


def test_a_pass_without_an_incident_changes_nothing(machine, effects):
    machine().run({"test_pay": "passed"})
    assert effects() == []


def test_a_failure_after_the_end_opens_a_new_incident(machine, statuses):
    ci = machine()
    for outcome in ("failed", "passed", "failed"):
        ci.run({"test_pay": outcome})
    assert statuses() == ["resolved", "triggered"]


def test_flaky_opens_nothing(machine, effects):
    machine().run({"test_pay": "passed"}, result={"flaky": True, "attempts": 2})
    assert effects() == []


@pytest.mark.parametrize("outcome", ["skipped", "xfailed"])
def test_skipped_and_xfailed_neither_open_nor_resolve(machine, effects, outcome, statuses):
    ci = machine()
    ci.run({"test_pay": outcome})
    assert effects() == []
    ci.run({"test_pay": "failed"})
    ci.run({"test_pay": outcome})
    assert statuses() == ["triggered"]


QUARANTINE = """
[[quarantine]]
test = "tests/test_shop.py::test_pay"
owner = "payments"
reason = "SHOP-7: the bank's sandbox is down"
until = {}
"""


def test_quarantined_opens_nothing_and_the_receipt_says_whose_it_is(machine, effects):
    ci = machine()
    (ci.folder / "quarantine.toml").write_text(QUARANTINE.format("2999-01-01"))
    ci.run({"test_pay": "failed"})
    assert effects() == []
    assert any("payments: SHOP-7" in note for note in ci.notes)


def test_a_quarantine_ends_on_its_day(machine, effects):
    ci = machine()
    (ci.folder / "quarantine.toml").write_text(QUARANTINE.format("2020-01-01"))
    ci.run({"test_pay": "failed"})
    assert effects() == ["open"]
    assert any("pages again" in note for note in ci.notes)


def test_two_environments_have_incidents_of_their_own(machine, statuses):
    staging, production = machine(), machine(environment="production")
    staging.run({"test_pay": "failed"})
    production.run({"test_pay": "failed"})
    staging.run({"test_pay": "passed"})
    assert statuses() == ["resolved", "triggered"]


def test_two_branches_have_incidents_of_their_own(machine, statuses):
    main, release = machine(), machine(branch="release")
    main.run({"test_pay": "failed"})
    release.run({"test_pay": "failed"})
    release.run({"test_pay": "passed"})
    assert statuses() == ["triggered", "resolved"]


def test_a_laptop_does_not_close_what_ci_opened(machine, statuses):
    ci, laptop = machine(), machine(ci=None)
    ci.run({"test_pay": "failed"})
    laptop.run({"test_pay": "passed"})
    assert statuses() == ["triggered"]
    assert any("another place (ci)" in text for text in laptop.told)
    ci.run({"test_pay": "passed"})
    assert statuses() == ["resolved"]


def test_a_laptop_adds_no_second_incident_for_the_same_problem(machine, statuses):
    ci, laptop = machine(), machine(ci=None)
    ci.run({"test_pay": "failed"})
    laptop.run({"test_pay": "failed"})
    assert statuses() == ["triggered"]


def test_two_machines_at_once_open_one_incident(machine, effects, statuses):
    one, two = machine(), machine()
    one.run({"test_pay": "failed"}, deliver=False)
    two.run({"test_pay": "failed"}, deliver=False)
    one.send()
    two.send()
    assert effects() == ["open", "open refused"]
    assert statuses() == ["triggered"]


def test_any_machine_resolves_what_another_opened(machine, statuses):
    machine().run({"test_pay": "failed"})
    machine().run({"test_pay": "passed"})
    assert statuses() == ["resolved"]


def test_a_cancelled_job_neither_opens_nor_resolves(machine, effects, statuses):
    ci = machine()
    ci.run({"test_pay": "failed"}, result={"interrupted": True}, cut_short=True)
    assert effects() == []
    ci.run({"test_pay": "failed"})
    ci.run({"test_pay": "passed"}, result={"interrupted": True}, cut_short=True)
    assert statuses() == ["triggered"]


def test_a_crash_between_opening_and_resolving_loses_neither(machine, effects, sandbox, statuses):
    ci = machine()
    ci.run({"test_pay": "failed"})
    sandbox.chaos({"pagerduty/PUT /incidents": {"mode": "drop", "times": 1}})
    effects()
    ci.run({"test_pay": "passed"})
    ci.send()
    assert statuses() == ["resolved"]
    assert len(sandbox.pagerduty.incidents[0]["notes"]) == 1
    assert any(text.startswith("resolved [#1]") for text in ci.told)


def test_an_answer_lost_on_opening_opens_no_second_incident(machine, sandbox, statuses):
    sandbox.chaos({"pagerduty/POST /incidents": {"mode": "drop", "times": 1}})
    machine().run({"test_pay": "failed"})
    assert statuses() == ["triggered"]
    assert sandbox.pagerduty.incidents[0]["notes"] == []


def test_a_page_that_could_not_be_sent_for_max_age_is_given_up(machine, effects, sandbox, statuses):
    sandbox.chaos({"pagerduty/*": {"status": 503}})
    ci = machine()
    ci.run(
        {"test_pay": "failed"}, deliver=False, settings={"PAGERDUTY_MAX_AGE": "0.2"}, by_tests=True
    )
    ci.send(seconds=0.5)
    sandbox.chaos({})
    ci.send()
    assert ci.states() == ["given_up"]
    assert statuses() == []


def test_a_newer_failure_replaces_an_older_one_that_is_still_waiting(machine, effects, sandbox):
    ci = machine()
    ci.run({"test_pay": "failed"}, deliver=False, error="ValueError: old")
    ci.run({"test_pay": "failed"}, error="ValueError: new")
    assert effects() == ["open"]
    assert "new" in sandbox.pagerduty.incidents[0]["title"]


def test_a_note_tells_of_another_error(machine, effects, sandbox):
    ci = machine()
    ci.run({"test_pay": "failed"}, error="ValueError: old")
    ci.run({"test_pay": "failed"}, error="KeyError: 'new'")
    assert effects() == ["open", "open refused", "note"]
    ci.run({"test_pay": "failed"}, error="KeyError: 'new'")
    assert effects() == ["open refused"]
    (note,) = sandbox.pagerduty.incidents[0]["notes"]
    assert "KeyError: 'new'" in note["content"]


def test_a_note_is_added_when_an_hour_is_over(machine, effects, monkeypatch):
    ci = machine()
    ci.run({"test_pay": "failed"})
    monkeypatch.setattr(_rest, "NOTE_EVERY", 0)
    ci.run({"test_pay": "failed"})
    assert effects() == ["open", "open refused", "note"]


def test_an_acknowledged_incident_gets_the_note_too_and_no_second_page(
    machine, sandbox, effects, statuses
):
    ci = machine()
    ci.run(
        {"test_pay": "failed"},
        settings={"PAGERDUTY_API_KEY": "sandbox-pagerduty-user"},
        marker={"assignee_id": "SE169QA"},
    )
    assert statuses() == ["acknowledged"]
    assert any("notified nobody" in text for text in ci.told)
    ci.run({"test_pay": "failed"}, error="KeyError: 'new'")
    assert effects() == ["open", "open refused", "note"]


def test_pagerduty_is_asked_once_per_service_and_not_per_test(machine, sandbox):
    machine().run({f"test_{n}": "passed" for n in range(30)})
    assert [one["call"] for one in sandbox.calls].count("GET /incidents") == 1


def test_a_storm_is_one_incident_and_ends_with_the_first_run_without_one(
    machine, sandbox, statuses
):
    ci = machine()
    ci.run(
        {f"test_{n}": "failed" for n in range(25)},
        error="ConnectionError: no database",
        settings={"PAGERDUTY_GROUP_WAIT": "30"},
    )
    (storm,) = sandbox.pagerduty.incidents
    assert "25 tests fail" in storm["title"] or "one error explains" in storm["title"]
    outcomes = {f"test_{n}": "passed" for n in range(25)} | {"test_3": "failed"}
    ci.run(outcomes)
    assert statuses() == ["resolved", "triggered"]


def test_a_storm_is_not_ended_by_other_tests(machine, statuses):
    ci, calm = machine(), {"PAGERDUTY_GROUP_WAIT": "30"}
    ci.run({f"a.py::test_{n}": "failed" for n in range(25)}, settings=calm)
    ci.run({f"b.py::test_{n}": "passed" for n in range(25)}, settings=calm)
    assert statuses() == ["triggered"]


def test_a_run_too_small_to_show_a_storm_does_not_end_it(machine, statuses):
    ci = machine()
    ci.run({f"test_{n}": "failed" for n in range(25)}, settings={"PAGERDUTY_GROUP_WAIT": "30"})
    ci.run({"test_3": "passed"})
    assert statuses() == ["triggered"]


def test_beyond_the_cap_one_summary_is_opened_and_resolved(machine, sandbox, statuses):
    ci, cap = machine(), {"PAGERDUTY_MAX_INCIDENTS": "2", "PAGERDUTY_GROUP_WAIT": "30"}
    names = ["test_a", "test_b", "test_c", "test_d"]
    ci.run(dict.fromkeys(names, "failed"), settings=cap)
    titles = [incident["title"] for incident in sandbox.pagerduty.incidents]
    assert len(titles) == 3
    assert titles[-1].startswith("2 more tests fail")
    ci.run(dict.fromkeys(names, "passed"), settings=cap)
    assert statuses() == ["resolved"] * 3


def test_a_test_of_an_open_summary_does_not_page_again(machine, effects, statuses):
    ci, cap = machine(), {"PAGERDUTY_MAX_INCIDENTS": "2", "PAGERDUTY_GROUP_WAIT": "30"}
    names = ["test_a", "test_b", "test_c", "test_d"]
    ci.run(dict.fromkeys(names, "failed"), settings=cap)
    effects()
    ci.run(dict.fromkeys(reversed(names), "failed"), settings=cap)
    assert "open" not in effects()
    ci.run({**dict.fromkeys(names, "passed"), "test_d": "failed"}, settings=cap)
    assert statuses() == ["resolved", "resolved", "triggered"]
    ci.run(dict.fromkeys(names, "passed"), settings=cap)
    assert statuses() == ["resolved"] * 3


def test_a_broken_session_fixture_is_one_incident(machine, sandbox, statuses):
    ci = machine()
    broken = {"phase": "setup"}
    names = ["test_a", "test_b", "test_c"]
    ci.run(
        dict.fromkeys(names, "error"),
        error="OSError: no database",
        result=broken,
        settings={"PAGERDUTY_GROUP_WAIT": "30"},
    )
    (incident,) = sandbox.pagerduty.incidents
    assert incident["title"].startswith("Setup of 3 tests fails")
    ci.run(dict.fromkeys(names, "passed"))
    assert statuses() == ["resolved"]


def test_after_holds_back_until_enough_runs_failed(machine, effects):
    ci, after = machine(), {"PAGERDUTY_AFTER": "3"}
    ci.run({"test_pay": "passed"}, settings=after)
    for _ in range(2):
        ci.run({"test_pay": "failed"}, settings=after)
        assert effects() == []
    assert any("failed 2 of PAGERDUTY_AFTER=3" in note for note in ci.notes)
    ci.run({"test_pay": "failed"}, settings=after)
    assert effects() == ["open"]


def test_after_without_a_history_holds_nothing_back_and_says_so(machine, effects):
    ci = machine()
    ci.run({"test_pay": "failed"}, settings={"PAGERDUTY_AFTER": "3"})
    assert effects() == ["open"]
    assert any("holds nothing back" in note for note in ci.notes)


@pytest.mark.parametrize(
    ("conditions", "where", "opens"),
    [
        ("ci", {"ci": None}, False),
        ("ci", {}, True),
        ("environment:prod*", {}, False),
        ("environment:prod*, environment:staging", {}, True),
        ("ci, branch:release/*", {}, False),
        ("ci, branch:release/*", {"branch": "release/7"}, True),
    ],
)
def test_only_on_restricts_where_incidents_are_opened(machine, effects, conditions, where, opens):
    ci = machine(**where)
    ci.run({"test_pay": "failed"}, settings={"PAGERDUTY_ONLY_ON": conditions})
    assert effects() == (["open"] if opens else [])
    assert opens or any("PAGERDUTY_ONLY_ON" in note for note in ci.notes)


def test_the_fixture_alone_asks_nothing_while_all_passes(machine, sandbox):
    ci = machine()
    ci.run({"test_pay": "passed"}, by_tests=True)
    ci.run({"test_pay": "passed"}, by_tests=True)
    assert sandbox.calls == []


def test_the_fixture_alone_resolves_what_its_history_knows_to_have_failed(machine, statuses):
    ci = machine()
    ci.run({"test_pay": "failed"}, by_tests=True)
    ci.run({"test_pay": "passed"}, by_tests=True)
    assert statuses() == ["resolved"]


def test_context_carries_the_incidents(machine):
    context = machine().run({"test_pay": "failed"})
    (incident,) = context["pagerduty_incidents"]
    assert incident["status"] == "opened"
    assert incident["html_url"].startswith("http://127.0.0.1")


def test_context_has_no_key_where_nothing_was_opened(machine):
    assert "pagerduty_incidents" not in machine().run({"test_pay": "passed"})


@pytest.mark.parametrize("service", ["PDISABL", "PMAINTN"])
def test_a_markers_service_that_pages_nobody_is_said_after_the_tests(machine, service):
    ci = machine()
    ci.run({"test_pay": "passed"}, marker={"service_id": service})
    assert any(f"service {service} is" in text for text in ci.told)


def test_an_api_that_is_down_for_a_day_pages_once_it_is_back_for_what_fails_then(
    machine, sandbox, effects
):
    ci, short = machine(), {"PAGERDUTY_MAX_AGE": "0.2"}
    sandbox.chaos({"pagerduty/*": {"status": 503}})
    ci.run({"test_pay": "failed"}, deliver=False, settings=short, by_tests=True)
    ci.send(seconds=0.5)
    sandbox.chaos({})
    effects()
    ci.run({"test_pay": "failed"})
    assert effects() == ["open"]
    assert ci.states() == ["given_up", "delivered"]
