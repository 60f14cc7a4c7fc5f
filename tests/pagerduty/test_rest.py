"""The REST API over the sandbox: one request each, and every answer understood."""

from __future__ import annotations

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
    with pytest.raises(Refused, match="Escalation policy not found"):
        rest.open_incident(a_page(escalation_policy_id="PNONE"))


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


def test_preflight_with_everything_in_order_says_nothing(settings_of):
    assert room.preflight(settings_of()) == []


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("PDISABL", "is disabled"),
        ("PMAINTN", "is in maintenance"),
        ("PNONE", "404"),
    ],
)
def test_preflight_says_which_service_pages_nobody(settings_of, service, said):
    (problem,) = room.preflight(settings_of(PAGERDUTY_SERVICE_ID=service))
    assert service in problem
    assert said in problem


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"mode": "reset"}])
def test_preflight_that_is_not_answered_keeps_nobody_from_reporting(settings_of, sandbox, fault):
    sandbox.chaos({"pagerduty/GET /services/{id}": fault})
    (problem,) = room.preflight(settings_of(PAGERDUTY_SERVICE_ID="XIXOOXZ"))
    assert "could not be asked" in problem


def test_preflight_asks_for_the_services_of_the_map(settings_of):
    services = '{"tests/": "PDISABL", "more/": {"service_id": "PMAINTN"}}'
    assert len(room.preflight(settings_of(PAGERDUTY_SERVICES=services))) == 2


def test_preflight_refuses_a_wrong_key_and_never_shows_it(settings_of):
    with pytest.raises(SettingsError, match="PAGERDUTY_API_KEY is refused") as caught:
        room.preflight(settings_of(PAGERDUTY_API_KEY="sandbox-wrong-key-0815"))
    assert "0815" not in str(caught.value)


def test_preflight_says_that_an_account_key_needs_from(settings_of):
    (problem,) = room.preflight(settings_of(PAGERDUTY_DEFAULT_FROM=""))
    assert "PAGERDUTY_DEFAULT_FROM is not set" in problem


def test_preflight_needs_no_from_for_a_users_key(settings_of):
    settings = settings_of(PAGERDUTY_DEFAULT_FROM="", PAGERDUTY_API_KEY="sandbox-pagerduty-user")
    assert room.preflight(settings) == []


def test_preflight_accepts_a_token_that_may_not_see_abilities(settings_of):
    settings = settings_of(
        PAGERDUTY_API_KEY="", PAGERDUTY_OAUTH_TOKEN="sandbox-pagerduty-oauth-read"
    )
    assert room.preflight(settings) == []


def test_preflight_lets_the_run_go_on_where_pagerduty_is_down(settings_of, sandbox):
    sandbox.chaos({"pagerduty/*": {"status": 503}})
    (problem,) = room.preflight(settings_of())
    assert "503" in problem


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
