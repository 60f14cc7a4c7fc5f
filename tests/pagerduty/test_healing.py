"""What ends an incident, and what does not: scripted runs over the sandbox."""

from __future__ import annotations

import json
import urllib.request

import pytest

from qlty.classes.integrations._pagerduty._tag import Tag


def test_a_renamed_parameter_is_the_same_problem(machine, effects, statuses):
    ci = machine()
    ci.run({"test_pay[old]": "failed"})
    ci.run({"test_pay[new]": "failed"})
    assert statuses() == ["triggered"]
    effects()
    ci.run({"test_pay[new]": "passed"})
    assert effects() == ["resolve", "note"]


def test_a_parameter_that_was_not_selected_keeps_the_incident_open(machine, statuses):
    ci = machine()
    ci.run({"test_pay[a]": "passed", "test_pay[b]": "failed"})
    ci.run({"test_pay[a]": "passed"}, whole=False)
    assert statuses() == ["triggered"]
    assert any("not selected" in text for text in ci.told)


def test_the_selected_parameter_that_failed_resolves_when_it_passes(machine, statuses):
    ci = machine()
    ci.run({"test_pay[a]": "passed", "test_pay[b]": "failed"})
    ci.run({"test_pay[b]": "passed"}, whole=False)
    assert statuses() == ["resolved"]


def test_a_skipped_parameter_keeps_the_incident_open(machine, statuses):
    ci = machine()
    ci.run({"test_pay[a]": "passed", "test_pay[b]": "failed"})
    ci.run({"test_pay[a]": "passed", "test_pay[b]": "skipped"})
    assert statuses() == ["triggered"]


def test_a_parameter_that_fails_later_keeps_the_incident_open(machine, statuses):
    ci = machine()
    ci.run({"test_pay[a]": "failed", "test_pay[b]": "passed"})
    ci.run({"test_pay[a]": "failed", "test_pay[b]": "failed"})
    ci.run({"test_pay[a]": "passed"}, whole=False)
    assert statuses() == ["triggered"]
    ci.run({"test_pay[a]": "passed", "test_pay[b]": "passed"})
    assert statuses() == ["resolved"]


def test_a_note_tells_of_a_parameter_that_fails_later_once(machine, effects, sandbox):
    ci = machine()
    ci.run({"test_pay[a]": "failed", "test_pay[b]": "passed"})
    effects()
    for _ in range(2):
        ci.run({"test_pay[a]": "failed", "test_pay[b]": "failed"})
    assert effects() == ["open refused", "note", "open refused"]
    (note,) = sandbox.pagerduty.incidents[0]["notes"]
    assert len(Tag.find(note["content"]).tests) == 2


def test_a_pass_that_is_older_than_a_noted_failure_does_not_resolve(machine, statuses):
    one, two = machine(), machine()
    one.run({"test_pay": "failed"}, error="ValueError: old")
    two.run({"test_pay": "passed"}, deliver=False)
    one.run({"test_pay": "failed"}, error="KeyError: 'new'")
    two.send()
    assert statuses() == ["triggered"]


@pytest.mark.parametrize("by_tests", [True, False])
def test_parameters_that_pass_in_separate_runs_end_their_incident(machine, by_tests, statuses):
    ci, part = machine(), {"whole": False, "by_tests": by_tests}
    ci.run({"test_pay[a]": "failed", "test_pay[b]": "failed"}, by_tests=by_tests)
    ci.run({"test_pay[a]": "passed"}, **part)
    assert statuses() == ["triggered"]
    ci.run({"test_pay[b]": "passed"}, **part)
    assert statuses() == ["resolved"]


def test_the_fixture_alone_resolves_after_a_parameter_was_renamed(machine, statuses):
    ci = machine()
    ci.run({"test_pay[old]": "failed"}, by_tests=True)
    ci.run({"test_pay[new]": "passed"}, by_tests=True)
    assert statuses() == ["resolved"]


@pytest.mark.parametrize("by_tests", [True, False])
def test_a_file_that_could_not_be_imported_is_one_incident_with_an_end(machine, by_tests, statuses):
    ci = machine()
    ci.run({"tests/test_shop.py": "collect"}, by_tests=by_tests)
    ci.run({"tests/test_shop.py": "collect"}, by_tests=by_tests)
    assert statuses() == ["triggered"]
    ci.run({"test_pay": "passed"}, by_tests=by_tests)
    assert statuses() == ["resolved"]
    ci.run({"tests/test_shop.py": "collect"}, by_tests=by_tests)
    assert statuses() == ["resolved", "triggered"]


def test_a_file_that_can_be_imported_again_ends_that_incident_whatever_its_tests_do(
    machine, statuses
):
    ci = machine()
    ci.run({"tests/test_shop.py": "collect"})
    ci.run({"test_pay": "failed"})
    assert statuses() == ["resolved", "triggered"]


def test_an_import_error_on_the_default_service_ends_with_tests_of_another(machine, statuses):
    ci, default = machine(), {"PAGERDUTY_SERVICE_ID": "IIXOOXZ"}
    ci.run({"tests/test_shop.py": "collect"}, settings=default, marker={"service_id": None})
    ci.run({"test_pay": "passed"}, settings=default)
    assert statuses() == ["resolved"]


def test_a_shared_key_is_not_resolved_by_tests_of_other_files(machine, statuses):
    ci, own = machine(), {"incident_key": "shop", "resolve_on_pass": True}
    ci.run({"a.py::test_a": "passed", "b.py::test_b": "failed"}, marker=own)
    ci.run({"a.py::test_a": "passed"}, marker=own)
    assert statuses() == ["triggered"]
    ci.run({"b.py::test_b": "passed"}, marker=own)
    assert statuses() == ["resolved"]


def test_a_test_that_is_gone_stays_open_and_is_said(machine, statuses):
    ci = machine()
    ci.run({"test_pay": "failed"})
    ci.run({"test_buy": "passed"}, entire=True)
    assert statuses() == ["triggered"]
    assert any("renamed or removed" in text for text in ci.told)


def test_the_receipt_names_what_was_resolved(machine):
    ci = machine()
    ci.run({"test_pay": "failed"})
    ci.run({"test_pay": "passed"})
    assert any(text.startswith("resolved ") and "test_pay" in text for text in ci.told)


def test_a_pass_replaces_a_page_that_is_still_waiting(machine, effects, statuses):
    ci = machine()
    ci.run({"test_pay": "failed"}, deliver=False)
    ci.run({"test_pay": "passed"})
    assert statuses() == []
    assert ci.states() == ["superseded"]
    assert any(text.startswith("not sent, for its tests passed") for text in ci.told)


def test_a_pass_takes_a_waiting_page_back_before_anything_is_sent(machine):
    ci = machine()
    ci.run({"test_pay": "failed"}, deliver=False)
    ci.run({"test_pay": "passed"}, deliver=False)
    assert ci.states() == ["superseded"]


def test_a_pass_of_another_parameter_does_not_take_a_waiting_page_back(machine, statuses):
    ci = machine()
    ci.run({"test_pay[a]": "passed", "test_pay[b]": "failed"}, deliver=False)
    ci.run({"test_pay[a]": "passed"}, whole=False)
    assert statuses() == ["triggered"]


def test_a_waiting_page_leaves_while_one_of_its_parameters_did_not_pass(machine, statuses):
    ci = machine()
    ci.run({"test_pay[a]": "failed", "test_pay[b]": "failed"}, deliver=False)
    ci.run({"test_pay[a]": "passed"}, whole=False)
    assert statuses() == ["triggered"]


def test_a_waiting_page_about_several_tests_is_replaced_when_all_of_them_pass(machine, statuses):
    ci, names = machine(), ["test_a", "test_b", "test_c"]
    wait = {"PAGERDUTY_GROUP_WAIT": "30"}
    broken = {"result": {"phase": "setup"}, "error": "OSError: no database", "settings": wait}
    ci.run(dict.fromkeys(names, "error"), deliver=False, **broken)
    ci.run(dict.fromkeys(names, "passed"))
    assert statuses() == []


def test_an_own_key_is_not_resolved_unless_that_was_asked_for(machine, statuses):
    ci, own = machine(), {"incident_key": "payments-down"}
    ci.run({"test_pay": "failed"}, marker=own)
    ci.run({"test_pay": "passed"}, marker=own)
    assert statuses() == ["triggered"]
    ci.run({"test_pay": "passed"}, marker=own, settings={"PAGERDUTY_RESOLVE_ON_PASS": "true"})
    assert statuses() == ["resolved"]


def test_what_a_person_opened_under_an_own_key_is_left_alone(machine, sandbox, statuses):
    ci, own = machine(), {"incident_key": "payments-down"}
    ci.run({"test_other": "failed"}, marker=own)  # makes the shape of a request
    ci.run({"test_other": "passed"}, marker=own, settings={"PAGERDUTY_RESOLVE_ON_PASS": "true"})
    by_hand(sandbox, "payments-down")
    ci.run({"test_other": "passed"}, marker=own, settings={"PAGERDUTY_RESOLVE_ON_PASS": "true"})
    assert statuses() == ["resolved", "triggered"]
    assert any("QLTY did not open it" in text for text in ci.told)


def by_hand(sandbox, key):
    import pagerduty

    service = {"id": "XIXOOXZ", "type": "service_reference"}
    incident = {"type": "incident", "title": "By hand", "service": service, "incident_key": key}
    key, sender = "sandbox-pagerduty-key", "qa@sandbox.test"
    with pagerduty.RestApiV2Client(key, default_from=sender) as client:
        client._url = sandbox.env["PAGERDUTY_API_URL"]
        client.rpost("/incidents", json=incident)


def test_resolving_is_off_for_all(machine, statuses):
    ci = machine()
    ci.run({"test_pay": "failed"})
    ci.run({"test_pay": "passed"}, settings={"PAGERDUTY_RESOLVE_ON_PASS": "false"})
    assert statuses() == ["triggered"]


def test_resolving_is_off_for_one_marker(machine, statuses):
    ci = machine()
    ci.run({"test_pay": "failed"}, marker={"resolve_on_pass": False})
    ci.run({"test_pay": "passed"}, marker={"resolve_on_pass": False})
    assert statuses() == ["triggered"]


@pytest.mark.parametrize("where", [{"environment": "production"}, {"branch": "x"}, {"ci": None}])
def test_a_pass_elsewhere_does_not_take_a_waiting_page_back(machine, statuses, where):
    ci = machine()
    ci.run({"test_pay": "failed"}, deliver=False)
    ci.run({"test_pay": "passed"}, **where)
    assert statuses() == ["triggered"]


def test_taking_an_old_page_back_leaves_the_new_one_of_the_same_key(machine, statuses):
    ci = machine()
    ci.run({"test_pay[a]": "failed"}, deliver=False)
    ci.run({"test_pay[b]": "failed", "test_pay[a]": "passed"}, deliver=False)
    ci.send()
    assert statuses() == ["triggered"]


@pytest.mark.parametrize("failing", [{"phase": "setup"}, {}], ids=["setup", "storm"])
def test_shards_end_an_incident_about_several_tests_together(machine, statuses, failing):
    one, two = machine(), machine()
    names = {shard: [f"{shard}.py::test_{n}" for n in range(12)] for shard in "ab"}
    wait = {"PAGERDUTY_GROUP_WAIT": "30"}
    for shard, ci in (("a", one), ("b", two)):
        outcomes = dict.fromkeys(names[shard], "error")
        ci.run(outcomes, error="OSError: no database", result=failing, settings=wait)
    assert statuses() == ["triggered"]
    one.run(dict.fromkeys(names["a"], "passed"))
    assert statuses() == ["triggered"]
    two.run(dict.fromkeys(names["b"], "passed"))
    assert statuses() == ["resolved"]


def test_what_passed_in_part_and_failed_again_keeps_the_incident_open(machine, statuses):
    ci, part = machine(), {"whole": False}
    ci.run({"test_pay[a]": "failed", "test_pay[b]": "failed"})
    ci.run({"test_pay[a]": "passed"}, **part)
    ci.run({"test_pay[a]": "failed"}, **part)
    ci.run({"test_pay[b]": "passed"}, **part)
    assert statuses() == ["triggered"]
    ci.run({"test_pay[a]": "passed"}, **part)
    assert statuses() == ["resolved"]


def test_the_fixture_alone_ends_a_storm_that_heals_in_two_runs(machine, statuses):
    ci, part = machine(), {"whole": False, "by_tests": True}
    names = [f"test_{n}" for n in range(24)]
    wait = {"PAGERDUTY_GROUP_WAIT": "30"}
    ci.run(dict.fromkeys(names, "failed"), settings=wait, by_tests=True)
    ci.run(dict.fromkeys(names[:12], "passed"), **part)
    assert statuses() == ["triggered"]
    ci.run(dict.fromkeys(names[12:], "passed"), **part)
    assert statuses() == ["resolved"]


def test_a_shared_key_that_failed_in_two_environments_is_left_to_a_person(machine, statuses):
    own = {"incident_key": "shop", "resolve_on_pass": True}
    staging, production = machine(), machine(environment="production")
    for ci in (staging, production):
        ci.run({"test_pay": "failed"}, marker=own)
    staging.run({"test_pay": "passed"}, marker=own)
    assert statuses() == ["triggered"]
    assert any("several projects, environments or branches" in text for text in staging.told)


def test_what_ci_saw_fail_is_not_closed_by_the_laptop_that_opened_it(machine, statuses):
    laptop, ci = machine(ci=None), machine()
    laptop.run({"test_pay": "failed"})
    ci.run({"test_pay": "failed"})
    laptop.run({"test_pay": "passed"})
    assert statuses() == ["triggered"]
    ci.run({"test_pay": "passed"})
    assert statuses() == ["resolved"]


def test_an_old_pass_does_not_end_a_summary_whose_test_failed_since(machine, statuses):
    one, two = machine(), machine()
    cap = {"PAGERDUTY_MAX_INCIDENTS": "1", "PAGERDUTY_GROUP_WAIT": "30"}
    one.run({"test_a": "failed", "test_d": "failed"}, settings=cap)
    two.run({"test_a": "passed", "test_d": "passed"}, deliver=False)
    one.run({"test_d": "failed"}, settings=cap, error="KeyError: 'new'")
    two.send()
    assert statuses() == ["resolved", "triggered"]


def test_a_note_about_a_pass_is_not_repeated(machine, effects):
    ci = machine()
    ci.run({"test_pay[a]": "failed", "test_pay[b]": "failed"})
    effects()
    for _ in range(3):
        ci.run({"test_pay[a]": "passed"}, whole=False)
    assert effects() == ["note"]


def test_the_note_of_the_end_is_not_doubled_after_a_lost_answer(machine, sandbox):
    ci = machine()
    ci.run({"test_pay": "failed"})
    lost = {"mode": "drop", "times": 1}
    sandbox.chaos({"pagerduty/POST /incidents/{id}/notes": lost})
    ci.run({"test_pay": "passed"})
    assert len(sandbox.pagerduty.incidents[0]["notes"]) == 1


def test_a_note_with_a_key_line_that_cannot_be_read_keeps_nothing_open_and_is_named(
    machine, statuses, sandbox
):
    ci = machine()
    ci.run({"test_pay": "failed"})
    incident = sandbox.pagerduty.incidents[0]["id"]
    text = "QLTY key line: " + "[" * 20_000 + "]" * 20_000
    headers = {
        "Authorization": f"Token token={sandbox.env['PAGERDUTY_API_KEY']}",
        "From": sandbox.env["PAGERDUTY_DEFAULT_FROM"],
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(
        f"{sandbox.env['PAGERDUTY_API_URL']}/incidents/{incident}/notes",
        json.dumps({"note": {"content": text}}).encode(),
        headers,
    )
    urllib.request.urlopen(request).close()
    ci.run({"test_pay": "passed"})
    assert statuses() == ["resolved"]
    assert any("a note has a key line that cannot be read: it is ignored" in t for t in ci.told)
