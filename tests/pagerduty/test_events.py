"""The Events API v2 over the sandbox: chosen by the routing key, with the same facts and key."""

from __future__ import annotations

import pytest

KEY, OTHER_KEY = "sandboxsandboxsandboxsandbox0001", "sandboxsandboxsandboxsandbox0002"
BY_EVENTS = {"PAGERDUTY_API_KEY": "", "PAGERDUTY_ROUTING_KEY": KEY}


def actions(sandbox):
    return [event["event_action"] for event in sandbox.pagerduty.events]


def statuses(sandbox):
    return [incident["status"] for incident in sandbox.pagerduty.incidents]


def test_a_failure_triggers_and_a_pass_resolves(machine, sandbox):
    ci = machine()
    ci.run({"test_pay": "failed"}, settings=BY_EVENTS)
    ci.run({"test_pay": "passed"}, settings=BY_EVENTS)
    assert actions(sandbox)[:2] == ["trigger", "resolve"]
    assert statuses(sandbox) == ["resolved"]


def test_a_second_failure_opens_no_second_incident(machine, sandbox):
    ci = machine()
    for _ in range(2):
        ci.run({"test_pay": "failed"}, settings=BY_EVENTS)
    assert statuses(sandbox) == ["triggered"]


def test_both_ways_use_one_key_so_that_neither_pages_for_what_the_other_opened(machine, sandbox):
    machine().run({"test_pay": "failed"}, settings=BY_EVENTS)
    machine().run({"test_pay": "failed"})
    (event,), (incident,) = sandbox.pagerduty.events, sandbox.pagerduty.incidents
    assert event["dedup_key"] == incident["incident_key"]


def test_severity_source_and_links_are_sent(machine, sandbox):
    machine(ci_url="https://ci.test/7", host="agent-1").run(
        {"test_pay": "failed"}, settings=BY_EVENTS, marker={"urgency": "low"}
    )
    (event,) = sandbox.pagerduty.events
    assert (event["payload"]["severity"], event["payload"]["source"]) == ("warning", "agent-1")
    assert event["client_url"] == "https://ci.test/7"


def test_the_rest_credentials_win(machine, sandbox):
    machine().run({"test_pay": "failed"}, settings={"PAGERDUTY_ROUTING_KEY": KEY})
    assert actions(sandbox) == []
    assert statuses(sandbox) == ["triggered"]


def test_a_map_of_routing_keys_sends_to_the_service_of_the_test(machine, sandbox):
    keys = f'{{"XIXOOXZ": "{KEY}", "IIXOOXZ": "{OTHER_KEY}"}}'
    settings = {"PAGERDUTY_API_KEY": "", "PAGERDUTY_ROUTING_KEY": keys}
    machine().run({"test_pay": "failed"}, settings=settings, marker={"service_id": "IIXOOXZ"})
    assert [event["service_id"] for event in sandbox.pagerduty.events] == ["IIXOOXZ"]


def test_a_service_without_a_routing_key_is_refused_and_named(machine):
    ci = machine()
    settings = {"PAGERDUTY_API_KEY": "", "PAGERDUTY_ROUTING_KEY": f'{{"IIXOOXZ": "{KEY}"}}'}
    ci.run({"test_pay": "failed"}, settings=settings)
    (row,) = [row for row in ci.outbox.rows() if row.kind == "trigger"]
    assert row.state == "refused"
    assert "no key for service XIXOOXZ" in row.reason


def test_only_what_failed_before_is_resolved_where_nobody_can_be_asked(machine, sandbox):
    ci = machine()
    ci.run({"test_pay": "failed", "test_other": "passed"}, settings=BY_EVENTS)
    before = len(actions(sandbox))
    ci.run({"test_pay": "passed", "test_other": "passed"}, settings=BY_EVENTS)
    resolved = [event["dedup_key"] for event in sandbox.pagerduty.events[before:]]
    assert sandbox.pagerduty.events[0]["dedup_key"] in resolved
    assert len(resolved) == 4  # and the three about several tests of the service


def test_without_a_history_every_pass_resolves_its_key(machine, sandbox):
    machine().run({"test_pay": "failed"}, settings=BY_EVENTS)
    machine().run({"test_pay": "passed"}, settings=BY_EVENTS)
    assert statuses(sandbox) == ["resolved"]


def test_no_more_keys_are_resolved_than_pagerduty_takes_in_a_minute(machine, sandbox):
    ci = machine()
    ci.run({f"test_{n}": "passed" for n in range(130)}, settings=BY_EVENTS)
    assert len(actions(sandbox)) == 100
    (note,) = ci.told
    assert "for 97 keys that pass on XIXOOXZ; 33 more have their turn in other runs" in note


def test_each_of_many_keys_has_its_turn_where_no_history_is_kept(machine, sandbox):
    names = [f"test_{n}" for n in range(150)]
    for _ in range(4):
        machine().run(dict.fromkeys(names, "passed"), settings=BY_EVENTS)
    keys = {event["dedup_key"] for event in sandbox.pagerduty.events}
    assert len(keys) > 3 + 97


def test_resolve_events_for_what_nobody_knows_to_be_open_are_no_deliveries(machine):
    ci = machine()
    ci.run({"test_pay": "passed"}, settings=BY_EVENTS)
    assert [row.sent.counts for row in ci.outbox.rows()] == [False]
    assert ci.told == []


def test_resolve_events_for_what_failed_before_are_told_by_its_name(machine):
    ci = machine()
    ci.run({"test_pay": "failed"}, settings=BY_EVENTS)
    ci.run({"test_pay": "passed"}, settings=BY_EVENTS)
    assert ci.told[-1] == "resolved, where it was open: tests/test_shop.py::test_pay"


def test_a_laptop_resolves_nothing_and_says_so(machine, sandbox):
    machine().run({"test_pay": "failed"}, settings=BY_EVENTS)
    laptop = machine(ci=None)
    laptop.run({"test_pay": "passed"}, settings=BY_EVENTS)
    assert statuses(sandbox) == ["triggered"]
    assert any("cannot tell what CI opened" in text for text in laptop.told)


@pytest.mark.parametrize("where", [{"whole": False}, {"cut_short": True, "exit_status": 2}])
def test_part_of_a_suite_resolves_what_it_has_all_failed_tests_of(machine, sandbox, where):
    ci = machine()
    ci.run({"test_pay[a]": "failed", "test_pay[b]": "failed"}, settings=BY_EVENTS)
    ci.run({"test_pay[a]": "passed"}, settings=BY_EVENTS, **where)
    assert statuses(sandbox) == ["triggered"]
    ci.run({"test_pay[b]": "passed"}, settings=BY_EVENTS, **where)
    assert statuses(sandbox) == ["resolved"]


def test_a_storm_of_any_size_ends(machine, sandbox):
    ci, names = machine(), [f"test_{n}" for n in range(120)]
    wait = {**BY_EVENTS, "PAGERDUTY_GROUP_WAIT": "30"}
    ci.run(dict.fromkeys(names, "failed"), settings=wait)
    assert statuses(sandbox) == ["triggered"]
    ci.run(dict.fromkeys(names, "passed"), settings=wait)
    assert statuses(sandbox) == ["resolved"]


def test_a_storm_does_not_end_while_something_failed_that_did_not_run(machine, sandbox):
    ci, names = machine(), [f"test_{n}" for n in range(25)]
    wait = {**BY_EVENTS, "PAGERDUTY_GROUP_WAIT": "30"}
    ci.run(dict.fromkeys(names, "failed"), settings=wait)
    ci.run(dict.fromkeys(names[:20], "passed"), settings=wait, whole=False)
    assert statuses(sandbox) == ["triggered"]
    ci.run(dict.fromkeys(names[20:], "passed"), settings=wait, whole=False)
    assert statuses(sandbox) == ["resolved"]


def test_a_parameter_that_is_always_skipped_keeps_nothing_open(machine, sandbox):
    ci = machine()
    ci.run({"test_pay[a]": "failed", "test_pay[b]": "skipped"}, settings=BY_EVENTS)
    ci.run({"test_pay[a]": "passed", "test_pay[b]": "skipped"}, settings=BY_EVENTS)
    assert statuses(sandbox) == ["resolved"]


def test_a_key_that_a_marker_names_waits_for_all_that_failed(machine, sandbox):
    ci, own = machine(), {"incident_key": "shop", "resolve_on_pass": True}
    ci.run({"a.py::t": "failed", "b.py::t": "failed"}, settings=BY_EVENTS, marker=own)
    ci.run({"a.py::t": "passed"}, settings=BY_EVENTS, marker=own)
    assert statuses(sandbox) == ["triggered"]
    ci.run({"b.py::t": "passed"}, settings=BY_EVENTS, marker=own)
    assert statuses(sandbox) == ["resolved"]


def test_a_change_event_goes_to_each_service_of_the_map(machine, sandbox):
    keys = f'{{"IIXOOXZ": "{KEY}"}}'
    settings = {"PAGERDUTY_API_KEY": "", "PAGERDUTY_ROUTING_KEY": keys, "PAGERDUTY_SERVICE_ID": ""}
    ci = machine()
    ci.run({"test_pay": "passed"}, settings={**settings, "PAGERDUTY_CHANGE_EVENTS": "true"})
    assert ci.states("change") == ["delivered"]


def test_throttling_keeps_the_event_for_later(machine, sandbox):
    sandbox.chaos({"pagerduty*/*": {"status": 429, "times": 1}})
    ci = machine()
    ci.run({"test_pay": "failed"}, settings=BY_EVENTS)
    assert [call["status"] for call in sandbox.calls][:2] == [429, 202]
    assert statuses(sandbox) == ["triggered"]


def test_context_carries_the_key_where_there_is_no_link(machine):
    context = machine().run({"test_pay": "failed"}, settings=BY_EVENTS)
    (incident,) = context["pagerduty_incidents"]
    assert (incident["status"], incident["html_url"]) == ("triggered", None)


def test_a_change_event_tells_of_the_run_beside_incidents(machine, sandbox):
    settings = {**BY_EVENTS, "PAGERDUTY_CHANGE_EVENTS": "true"}
    machine(project="shop", commit="abc").run(
        {"test_pay": "failed", "test_other": "passed"}, settings=settings
    )
    change = next(e for e in sandbox.pagerduty.events if e["event_action"] == "change")
    assert change["payload"]["summary"] == "shop [staging]: 1 of 2 tests failed"
    assert change["payload"]["custom_details"]["commit"] == "abc"


@pytest.mark.parametrize(
    ("tests", "facts", "said"),
    [
        ({"test_pay": "skipped", "test_other": "xfailed"}, {}, "2 tests, all skipped"),
        ({"test_pay": "passed"}, {"cut_short": True}, "cut short: 1 test ran without"),
        ({"test_pay": "passed"}, {"exit_status": 3}, "and yet the run failed"),
    ],
)
def test_a_change_event_calls_nothing_passed_that_is_not(machine, sandbox, tests, facts, said):
    settings = {**BY_EVENTS, "PAGERDUTY_CHANGE_EVENTS": "true"}
    machine(project="shop", **facts).run(tests, settings=settings)
    change = next(e for e in sandbox.pagerduty.events if e["event_action"] == "change")
    assert said in change["payload"]["summary"]


def test_a_run_that_skipped_everything_resolves_nothing(machine, sandbox):
    ci = machine()
    ci.run({"a.py::t": "failed", "b.py::t": "failed"}, settings=BY_EVENTS)
    ci.run({"a.py::t": "skipped", "b.py::t": "xfailed"}, settings=BY_EVENTS)
    assert statuses(sandbox) == ["triggered", "triggered"]


def test_no_change_event_is_sent_unless_it_is_asked_for(machine, sandbox):
    machine().run({"test_pay": "passed"}, settings=BY_EVENTS)
    assert "change" not in actions(sandbox)


@pytest.mark.parametrize(
    ("services", "said"),
    [
        ('{"a.py": "XIXOOXZ", "b.py": "IIXOOXZ"}', True),
        ('{"a.py": "XIXOOXZ", "b.py": {"service_id": "XIXOOXZ"}}', False),
        ("", False),
    ],
)
def test_the_preflight_says_that_one_key_takes_the_pages_of_several_services(
    machine, services, said
):
    ci = machine()
    ci.run({}, settings={**BY_EVENTS, "PAGERDUTY_SERVICES": services, "PAGERDUTY_SERVICE_ID": ""})
    assert any("is one key, so the pages of IIXOOXZ, XIXOOXZ" in note for note in ci.notes) is said


def test_the_receipt_says_once_that_one_key_takes_the_pages_of_several_services(machine):
    services = '{"tests/test_a.py": "XIXOOXZ", "tests/test_b.py": "IIXOOXZ"}'
    ci = machine()
    ci.run(
        {"tests/test_a.py::test_a": "failed", "tests/test_b.py::test_b": "failed"},
        settings={**BY_EVENTS, "PAGERDUTY_SERVICES": services, "PAGERDUTY_SERVICE_ID": ""},
        marker={"service_id": None},
    )
    assert len([note for note in ci.notes if "is one key" in note]) == 1
