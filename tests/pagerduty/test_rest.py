"""The REST API over the sandbox: one request each, and every answer understood."""

from __future__ import annotations

import json

import pytest

from qlty.classes.integrations import _pagerduty as room
from qlty.classes.integrations._pagerduty import _rest
from qlty.classes.integrations._pagerduty._page import page
from qlty.classes.integrations._pagerduty._policy import wanted
from qlty.classes.integrations._pagerduty._rest import Rest
from qlty.delivery import classify
from qlty.errors import AnswerLost, Refused, RemoteFailed, RetryLater, SettingsError
from qlty.settings import Sources, current, install, load


@pytest.fixture
def settings_of(sandbox):
    """Load the settings that point to the sandbox, with these changes."""
    before = current()

    def make(**changes):
        environ = {k: v for k, v in sandbox.env.items() if k.startswith("PAGERDUTY_")} | changes
        install(Sources(environ=environ))
        return load("PAGERDUTY", room.PagerDutySettings)

    yield make
    install(before)


@pytest.fixture
def rest(settings_of):
    return Rest(settings_of())


@pytest.fixture
def a_page(facts):
    def make(name="test_pay", **changes):
        known = facts.known(facts.seen(f"a.py::{name}"))
        (incident,) = wanted(known, facts.scope, 10)
        return page(incident, facts.scope, {"id": "R1"}, 1) | changes

    return make


def test_opening_returns_the_incident(rest, a_page):
    assert rest.open_incident(a_page())["status"] == "triggered"


def test_a_key_that_is_open_is_no_error(rest, a_page):
    rest.open_incident(a_page())
    assert rest.open_incident(a_page()) is None


def test_the_same_key_on_another_service_is_another_incident(rest, a_page):
    rest.open_incident(a_page(key="down"))
    assert rest.open_incident(a_page(key="down", service_id="IIXOOXZ")) is not None
    assert rest.find_open("down", "IIXOOXZ")["service"]["id"] == "IIXOOXZ"


@pytest.mark.parametrize("key", ["a b&c=d", "ü/?#%", "x" * 255])
def test_a_key_with_odd_characters_is_found_again(rest, a_page, key):
    opened = rest.open_incident(a_page(key=key))
    assert rest.find_open(key, "XIXOOXZ")["id"] == opened["id"]


def test_more_open_incidents_than_a_page_holds_are_all_found(rest, a_page, monkeypatch):
    monkeypatch.setattr(_rest, "PER_PAGE", 3)
    for n in range(7):
        rest.open_incident(a_page(f"test_{n}"))
    assert len(rest.open_of_service("XIXOOXZ")) == 7


def test_more_incidents_than_an_update_takes_are_all_resolved(rest, a_page, monkeypatch):
    monkeypatch.setattr(_rest, "PER_UPDATE", 2)
    rest.resolve([rest.open_incident(a_page(f"test_{n}")) for n in range(5)])
    assert rest.open_of_service("XIXOOXZ") == []


def test_the_key_line_is_asked_for_where_a_list_leaves_it_out(rest, a_page, sandbox):
    opened = rest.open_incident(a_page())
    del opened["body"]
    assert rest.tag(opened).key == opened["incident_key"]
    assert sandbox.calls[-1]["call"] == "GET /incidents/{id}"


def test_details_that_are_too_large_for_the_server_are_cut_and_the_page_goes_out(
    rest, a_page, sandbox
):
    sandbox.chaos({"pagerduty/POST /incidents": {"status": 413, "times": 1}})
    sections = [["Failure", "x" * 50_000]]
    opened = rest.open_incident(a_page(sections=sections))
    assert len(opened["body"]["details"]) <= 1024


def test_429_is_tried_once_and_waits_as_long_as_pagerduty_says(rest, a_page, sandbox):
    sandbox.chaos({"pagerduty/*": {"status": 429, "retry_after": 17}})
    with pytest.raises(RetryLater) as caught:
        rest.open_incident(a_page())
    assert caught.value.after == 17
    assert len(sandbox.calls) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_tried_once_and_later_again(rest, a_page, sandbox, status):
    sandbox.chaos({"pagerduty/*": {"status": status}})
    with pytest.raises(RemoteFailed):
        rest.open_incident(a_page())
    assert len(sandbox.calls) == 1


def test_a_refusal_has_all_of_pagerdutys_words(rest, a_page):
    with pytest.raises(Refused, match="Service is disabled: no new incidents"):
        rest.open_incident(a_page(service_id="PDISABL"))


@pytest.mark.parametrize("mode", ["reset", "drop"])
def test_an_answer_that_does_not_come_is_tried_once_and_later_again(rest, a_page, sandbox, mode):
    sandbox.chaos({"pagerduty/*": {"mode": mode}})
    with pytest.raises(Exception) as caught:
        rest.open_incident(a_page())
    verdict = classify(caught.value)
    assert (verdict.action, verdict.doubt) == ("retry", 2)
    assert len(sandbox.calls) == 1


def test_a_page_of_html_is_not_believed(rest, a_page, sandbox):
    sandbox.chaos({"pagerduty/*": {"mode": "html"}})
    with pytest.raises(AnswerLost, match="PAGERDUTY_API_URL"):
        rest.open_incident(a_page())


# -- before the first test


def problems(settings, *, strict=False):
    said: list[str] = []
    room.preflight(settings, said.append, strict=strict)
    return said


def test_preflight_with_everything_in_order_says_nothing(settings_of):
    routes = (
        '{"a/": {"service_id": "XIXOOXZ", "priority_id": "PRIOR01"}, "b/": {"service_id": '
        '"IIXOOXZ", "assignee_id": "PUSERA1"}, "c/": {"escalation_policy_id": "PESCAL1"}}'
    )
    assert problems(settings_of(PAGERDUTY_SERVICES=routes), strict=True) == []


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("PDISABL", "is disabled"),
        ("PMAINTN", "is in maintenance"),
        ("PNONE", "404"),
        ("P/../1", "404"),
    ],
)
def test_preflight_says_which_service_pages_nobody(settings_of, service, said):
    (problem,) = problems(settings_of(PAGERDUTY_SERVICE_ID=service))
    assert service in problem
    assert said in problem


def test_maintenance_is_no_reason_not_to_begin(settings_of):
    (problem,) = problems(settings_of(PAGERDUTY_SERVICE_ID="PMAINTN"), strict=True)
    assert "is in maintenance" in problem


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PAGERDUTY_SERVICE_ID": "PDISABL"}, "PDISABL is disabled"),
        ({"PAGERDUTY_SERVICE_ID": "PNONE"}, "PNONE cannot be paged"),
        ({"PAGERDUTY_DEFAULT_FROM": ""}, "PAGERDUTY_DEFAULT_FROM is not set"),
        ({"PAGERDUTY_DEFAULT_FROM": "left@sandbox.test"}, "left@sandbox.test is no user"),
        ({"PAGERDUTY_API_KEY": "sandbox-pagerduty-read"}, "API_KEY may not open incidents"),
        (
            {"PAGERDUTY_API_KEY": "", "PAGERDUTY_OAUTH_TOKEN": "sandbox-pagerduty-oauth-read"},
            "OAUTH_TOKEN may not open incidents",
        ),
        (
            {"PAGERDUTY_API_KEY": "", "PAGERDUTY_ROUTING_KEY": "sandbox0001"},
            "PAGERDUTY_ROUTING_KEY has 11 characters, integration keys have 32",
        ),
        (
            {
                "PAGERDUTY_API_KEY": "",
                "PAGERDUTY_ROUTING_KEY": f'{{"IIXOOXZ": "{"x" * 32}"}}',
                "PAGERDUTY_SERVICE_ID": "XIXOOXZ",
            },
            "has no key for service XIXOOXZ",
        ),
    ],
)
def test_where_no_page_can_leave_a_run_that_needs_it_does_not_begin(settings_of, changes, said):
    with pytest.raises(SettingsError, match="no page can leave") as caught:
        problems(settings_of(**changes), strict=True)
    assert said in str(caught.value)


def test_trying_whether_the_key_may_write_opens_nothing(settings_of, sandbox):
    problems(settings_of(), strict=True)
    assert sandbox.pagerduty.incidents == []


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"mode": "reset"}])
def test_preflight_that_is_not_answered_is_not_finished(settings_of, sandbox, fault):
    sandbox.chaos({"pagerduty/GET /services/{id}": fault})
    with pytest.raises(Exception) as caught:
        problems(settings_of(PAGERDUTY_SERVICE_ID="XIXOOXZ"))
    assert classify(caught.value).action == "retry"


def test_preflight_asks_for_the_services_of_the_map(settings_of):
    services = '{"tests/": "PDISABL", "more/": {"service_id": "PMAINTN"}}'
    assert len(problems(settings_of(PAGERDUTY_SERVICES=services))) == 2


def test_many_services_are_asked_for_by_the_page(settings_of, sandbox):
    wanted = ["XIXOOXZ", "IIXOOXZ", "PLOWURG", "PDISABL", "PMAINTN", "PGONE01"]
    services = json.dumps({f"{name}/": name for name in wanted})
    said = problems(settings_of(PAGERDUTY_SERVICES=services))
    assert {text.split()[1] for text in said} == {"PDISABL", "PGONE01", "PMAINTN"}
    calls = [call["call"] for call in sandbox.calls if "/services" in call["call"]]
    assert calls == ["GET /services", "GET /services/{id}"]


def test_preflight_names_details_that_pagerduty_does_not_know(settings_of):
    routes = {
        "a/": {"priority_id": "PGONE01"},
        "b/": {"assignee_id": "PGONE02"},
        "c/": {"escalation_policy_id": "PGONE03"},
    }
    said = problems(settings_of(PAGERDUTY_SERVICES=json.dumps(routes)), strict=True)
    assert [text.split("knows no ")[1].split(":")[0] for text in said] == [
        "priority PGONE01",
        "escalation policy PGONE03",
        "assignee PGONE02",
    ]


def test_preflight_refuses_a_wrong_key_and_never_shows_it(settings_of):
    with pytest.raises(SettingsError, match="PAGERDUTY_API_KEY is refused") as caught:
        problems(settings_of(PAGERDUTY_API_KEY="sandbox-wrong-key-0815"))
    assert "0815" not in str(caught.value)


def test_preflight_needs_no_from_for_a_users_key(settings_of):
    settings = settings_of(PAGERDUTY_DEFAULT_FROM="", PAGERDUTY_API_KEY="sandbox-pagerduty-user")
    assert problems(settings, strict=True) == []


def test_preflight_accepts_a_token_that_may_not_see_abilities(settings_of):
    settings = settings_of(
        PAGERDUTY_API_KEY="", PAGERDUTY_OAUTH_TOKEN="sandbox-pagerduty-oauth-read"
    )
    assert problems(settings) == []


# -- the page that a check sends


@pytest.mark.parametrize("service", ["XIXOOXZ", "IIXOOXZ"])
def test_a_test_page_is_of_low_urgency_and_resolved_at_once(settings_of, sandbox, service):
    sent = room.send_test(settings_of(PAGERDUTY_SERVICE_ID=service))
    (incident,) = sandbox.pagerduty.incidents
    facts = (incident["urgency"], incident["status"], incident["service"]["id"])
    assert facts == ("low", "resolved", service)
    assert incident["title"] in sent.text
    assert sent.links[0].endswith(incident["html_url"])


def test_a_test_page_by_events_is_resolved_at_once(settings_of, sandbox):
    key = "sandboxsandboxsandboxsandbox0001"
    settings = settings_of(PAGERDUTY_API_KEY="", PAGERDUTY_ROUTING_KEY=key)
    assert "resolved at once" in room.send_test(settings).text
    assert [incident["status"] for incident in sandbox.pagerduty.incidents] == ["resolved"]


def test_a_test_page_needs_a_service(settings_of):
    with pytest.raises(SettingsError, match="PAGERDUTY_SERVICE_ID"):
        room.send_test(settings_of(PAGERDUTY_SERVICE_ID=""))


# -- a detail never costs the page


@pytest.mark.parametrize("field", ["priority_id", "assignee_id", "escalation_policy_id"])
def test_an_incident_is_opened_without_a_detail_that_is_gone(rest, a_page, field):
    assert rest.open_incident(a_page(**{field: "PGONE01"}))["status"] == "triggered"
    (said,) = rest.said
    assert said.startswith(f"opened without {field} PGONE01")


def test_what_is_right_of_the_details_stays(rest, a_page):
    page = a_page(priority_id="PRIOR01", assignee_id="PGONE01")
    assert rest.open_incident(page)["priority"]["id"] == "PRIOR01"
    page = a_page("test_two", priority_id="PGONE02", assignee_id="PUSERJ2")
    opened = rest.open_incident(page)
    assert opened["assignments"][0]["assignee"]["id"] == "PUSERJ2"


def test_a_refusal_that_names_no_detail_leaves_all_of_them_out(rest, a_page, sandbox):
    sandbox.chaos({"pagerduty/POST /incidents": {"status": 402, "times": 1}})
    page = a_page(priority_id="PRIOR01", assignee_id="PUSERJ2")
    assert rest.open_incident(page)["priority"] is None
    assert len(rest.said) == 2


def test_a_service_that_is_gone_is_refused_with_its_reason(rest, a_page):
    with pytest.raises(Refused, match="Service not found"):
        rest.open_incident(a_page(service_id="PGONE01", priority_id="PRIOR01"))


@pytest.mark.parametrize("sender", ["left@sandbox.test", ""])
def test_a_from_that_is_no_user_is_replaced_by_one(settings_of, a_page, sender):
    rest = Rest(settings_of(PAGERDUTY_DEFAULT_FROM=sender))
    opened = rest.open_incident(a_page())
    assert opened["status"] == "triggered"
    (said,) = rest.said
    assert said.startswith("PAGERDUTY_DEFAULT_FROM is not usable, so samira@sandbox.test is named")
    rest.note(opened["id"], "and everything after it")
    rest.resolve([opened])
    assert rest.open_of_service("XIXOOXZ") == []


def test_a_users_key_needs_no_other_from(settings_of, a_page):
    environ = {"PAGERDUTY_API_KEY": "sandbox-pagerduty-user", "PAGERDUTY_DEFAULT_FROM": "left@x.y"}
    rest = Rest(settings_of(**environ))
    assert rest.open_incident(a_page())["status"] == "triggered"
    assert "the user of the API key is named instead" in rest.said[0]


# -- settings


def test_settings_say_what_is_wrong_with_only_on(settings_of):
    with pytest.raises(
        SettingsError, match="'ci', 'environment:PATTERN', 'branch:PATTERN' or 'tag:PATTERN'"
    ):
        settings_of(PAGERDUTY_ONLY_ON="prod")


def test_change_events_need_a_routing_key(settings_of):
    with pytest.raises(SettingsError, match="ROUTING_KEY"):
        settings_of(PAGERDUTY_CHANGE_EVENTS="true")


def test_a_routing_key_may_be_a_map_and_shows_no_key(settings_of):
    settings = settings_of(
        PAGERDUTY_ROUTING_KEY='{"P1": "sandbox-key-one", "P2": "sandbox-key-two"}'
    )
    assert settings.routing_key.of("P2") == "sandbox-key-two"
    assert settings.routing_key.of("P3") is None
    assert "sandbox-key" not in repr(settings)


def test_a_routing_key_may_be_a_dict_in_settings_py(sandbox):
    before = current()
    install(Sources(environ={}, options={"pagerduty_routing_key": {"P1": "sandbox-key-one"}}))
    try:
        assert load("PAGERDUTY", room.PagerDutySettings).routing_key.of("P1") == "sandbox-key-one"
    finally:
        install(before)


@pytest.mark.parametrize("value", ["{", '{"P1": ["x"]}', '{"P1": 7}', "{}"])
def test_a_routing_key_that_is_no_map_is_refused(settings_of, value):
    with pytest.raises(SettingsError, match="PAGERDUTY ROUTING_KEY"):
        settings_of(PAGERDUTY_ROUTING_KEY=value)


def test_a_wrong_key_is_named_when_the_page_is_sent(machine):
    ci = machine()
    ci.run({"test_pay": "failed"}, settings={"PAGERDUTY_API_KEY": "wrong"}, by_tests=True)
    (row,) = [row for row in ci.outbox.rows() if row.kind == "trigger"]
    assert row.state == "refused"
    assert row.reason.startswith("PAGERDUTY_API_KEY is refused by http://127.0.0.1")
