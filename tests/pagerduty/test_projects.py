"""Several projects that page one service, and incidents from the time when keys lacked the project."""

import pytest

from qlty.classes.integrations._pagerduty._scope import Scope

KEY, OTHER_KEY = "sandboxsandboxsandboxsandbox0001", "sandboxsandboxsandboxsandbox0002"
#: one incident for a storm, none for its first tests
PATIENT = {"PAGERDUTY_GROUP_WAIT": "30"}
THEN = {"branch": "login"}
NOW = {"project": "acme/shop", "branch": "feature/login", "former_branch": "login"}
OTHER = {**NOW, "project": "acme/web"}


def test_a_pass_in_one_project_leaves_the_incident_of_another_open(machine, statuses):
    machine(**NOW).run({"test_pay": "failed"})
    machine(**OTHER).run({"test_pay": "passed"})
    assert statuses() == ["triggered"]


def test_two_projects_with_tests_of_one_name_have_two_incidents(machine, effects):
    machine(**NOW).run({"test_pay": "failed"})
    machine(**OTHER).run({"test_pay": "failed"})
    assert effects() == ["open", "open"]


def test_a_project_resolves_its_own_incident_from_another_machine(machine, statuses):
    machine(**NOW).run({"test_pay": "failed"})
    machine(**NOW).run({"test_pay": "passed"})
    assert statuses() == ["resolved"]


def test_the_project_stands_in_title_and_facts(machine, sandbox):
    machine(**NOW).run({"test_pay": "failed"})
    (incident,) = sandbox.pagerduty.incidents
    assert "[acme/shop, staging]" in incident["title"]
    assert "Project: acme/shop" in incident["body"]["details"]


#: what was opened while keys lacked the project, one incident for each
OPENED = {
    "test": {"test_pay": "failed"},
    "file": {"tests/test_shop.py": "collect"},
    "storm": {f"test_{n}": "failed" for n in range(6)},
}


@pytest.mark.parametrize("what", OPENED)
def test_what_was_opened_by_the_key_of_then_is_resolved_once(machine, effects, statuses, what):
    error = "OSError: down" if what == "storm" else ""
    machine(**THEN).run(OPENED[what], error=error, settings=PATIENT)
    assert effects() == ["open"]
    passed = {name: "passed" for name in OPENED[what] if ".py" not in name} or {
        "test_pay": "passed"
    }
    for _ in range(2):
        machine(**NOW).run(passed)
    assert effects() == ["resolve", "note"]
    assert statuses() == ["resolved"]


@pytest.mark.parametrize("what", ["test", "storm"])
def test_what_was_opened_by_the_key_of_then_and_still_fails_is_not_opened_again(
    machine, effects, statuses, what
):
    error = "OSError: down" if what == "storm" else ""
    machine(**THEN).run(OPENED[what], error=error, settings=PATIENT)
    machine(**NOW).run(OPENED[what], error=error, settings=PATIENT)
    assert statuses() == ["triggered"]
    machine(**NOW).run(dict.fromkeys(OPENED[what], "passed"))
    assert statuses() == ["resolved"]


def test_what_was_opened_by_the_key_of_then_keeps_the_rules_of_then(machine, statuses):
    machine(**THEN).run({"test_pay": "failed"})
    machine(**NOW, ci=None).run({"test_pay": "passed"})  # a laptop
    assert statuses() == ["triggered"]


def test_a_markers_own_key_is_resolved_across_the_change(machine, statuses):
    marker = {"incident_key": "shop-down", "resolve_on_pass": True}
    machine(**THEN).run({"test_pay": "failed"}, marker=marker)
    machine(**NOW).run({"test_pay": "failed"}, marker=marker)
    machine(**NOW).run({"test_pay": "passed"}, marker=marker)
    assert statuses() == ["resolved"]


def test_what_the_events_api_opened_by_the_key_of_then_is_resolved(machine, statuses):
    by_events = {"PAGERDUTY_API_KEY": "", "PAGERDUTY_ROUTING_KEY": KEY}
    ci = machine(**THEN)
    ci.run({"test_pay": "failed"}, settings=by_events)
    ci.where |= NOW
    ci.run({"test_pay": "passed"}, settings=by_events)
    assert statuses() == ["resolved"]


def test_a_page_of_then_that_waits_is_taken_back_by_a_pass(machine, effects):
    ci = machine(**THEN)
    ci.run({"test_pay": "failed"}, deliver=False)
    ci.where |= NOW
    ci.run({"test_pay": "passed"})
    assert "open" not in effects()


def test_a_fork_has_no_part_in_what_was_opened_by_the_keys_of_then():
    run = {"project": "acme/shop", "branch": "octocat:main", "former_branch": None}
    assert Scope.of_run(run).former is None


def test_names_that_run_together_are_told_apart():
    one, other = Scope("b", "c", project="a"), Scope("c", "", project="a\0b")
    assert one.key("S", "t") != other.key("S", "t")
    assert Scope("a", "b").digest != Scope("", "b", project="a").digest
