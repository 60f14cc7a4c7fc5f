"""Each refusal of PagerDuty, with its status, code and text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Http, Reply

ACCOUNT = {"Authorization": "Token token=sandbox-pagerduty-key", "From": "samira@sandbox.test"}
ROUTE = "sandboxsandboxsandboxsandbox0001"


def reference(kind: str, name: str) -> dict[str, str]:
    return {"id": name, "type": f"{kind}_reference"}


def incident(**more: Any) -> dict[str, Any]:
    made = {"type": "incident", "title": "down", "service": reference("service", "XIXOOXZ"), **more}
    return {"incident": {k: v for k, v in made.items() if v is not None}}


def create(http: Http, headers: dict[str, str] | None = None, **more: Any) -> Reply:
    return http("POST", "/pagerduty/incidents", incident(**more), headers or ACCOUNT)


ASSIGNEE = [{"assignee": reference("user", "SE169QA")}]
REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "empty title": ({"title": ""}, 2001, "Title cannot be empty."),
    "no title": ({"title": None}, 2001, "Title cannot be empty."),
    "unknown service": ({"service": reference("service", "NONE")}, 2002, "Service not found"),
    "no service id": (
        {"service": {"id": None, "type": "service_reference"}},
        2002,
        "Service not found",
    ),
    "disabled service": (
        {"service": reference("service", "PDISABL")},
        2002,
        "Service is disabled: no new incidents will be triggered",
    ),
    "details as object": (
        {"body": {"type": "incident_body", "details": {"a": 1}}},
        2001,
        "Body details must be a string",
    ),
    "assignee and policy": (
        {"assignments": ASSIGNEE, "escalation_policy": reference("escalation_policy", "PESCAL1")},
        2001,
        "Assignments cannot be specified if an escalation policy is given",
    ),
    "two assignees": (
        {"assignments": ASSIGNEE * 2},
        2001,
        "Only one assignee is supported at this time",
    ),
    "bad urgency": ({"urgency": "medium"}, 2001, "Urgency must be one of high, low"),
    "unknown priority": ({"priority": reference("priority", "P1")}, 2002, "Priority not found"),
    "priority by name": ({"priority": "P1"}, 2001, "Priority must be a priority_reference"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_bad_incident_is_refused_and_not_opened(http: Http, sandbox: Any, name: str) -> None:
    fields, code, text = REFUSED[name]
    answer = create(http, **fields)
    assert answer.status == 400
    assert (answer.json["error"]["code"], answer.json["error"]["errors"]) == (code, [text])
    assert sandbox.pagerduty.incidents == []


def test_a_body_that_is_no_object_is_refused(http: Http) -> None:
    answer = http("POST", "/pagerduty/incidents", [1], ACCOUNT)
    assert answer.json["error"]["errors"] == ["params must be a Hash"]


def test_an_account_key_needs_from(http: Http) -> None:
    answer = create(http, {"Authorization": "Token token=sandbox-pagerduty-key"})
    text = 'You must specify a user\'s email address in the "From" header to perform this action'
    assert (answer.status, answer.json["error"]["message"]) == (400, text)


def test_an_unknown_from_is_refused(http: Http) -> None:
    answer = create(http, {**ACCOUNT, "From": "nobody@sandbox.test"})
    assert (answer.status, answer.json["error"]["code"]) == (400, 1008)


def test_a_user_key_needs_no_from(http: Http) -> None:
    assert create(http, {"Authorization": "Token token=sandbox-pagerduty-user"}).status == 201


def test_whoever_assigns_to_themself_has_acknowledged(http: Http) -> None:
    headers = {"Authorization": "Token token=sandbox-pagerduty-user"}
    assert create(http, headers, assignments=ASSIGNEE).json["incident"]["status"] == "acknowledged"


def test_a_read_only_key_reads(http: Http) -> None:
    headers = {"Authorization": "Token token=sandbox-pagerduty-read"}
    assert http("GET", "/pagerduty/abilities", headers=headers).status == 200


def test_a_read_only_key_opens_nothing(http: Http) -> None:
    assert create(http, {"Authorization": "Token token=sandbox-pagerduty-read"}).status == 403


def test_a_token_without_the_scope_opens_nothing(http: Http) -> None:
    headers = {**ACCOUNT, "Authorization": "Bearer sandbox-pagerduty-oauth-read"}
    assert create(http, headers).status == 403


@pytest.mark.parametrize(
    "value", ["", "Token token=wrong", "Bearer sandbox-pagerduty-key", "Basic x"]
)
def test_bad_credentials_are_refused(http: Http, value: str) -> None:
    assert http("GET", "/pagerduty/abilities", headers={"Authorization": value}).status == 401


def test_users_me_tells_an_account_key_in_a_plain_string(http: Http) -> None:
    answer = http("GET", "/pagerduty/users/me", headers=ACCOUNT)
    assert answer.status == 400
    assert answer.json["error"].startswith("Because this request was made using an account-level")


def test_the_same_key_opens_again_after_resolve(http: Http) -> None:
    made = create(http, incident_key="k").json["incident"]
    change = {"id": made["id"], "type": "incident_reference", "status": "resolved"}
    http("PUT", "/pagerduty/incidents", {"incidents": [change]}, ACCOUNT)
    assert create(http, incident_key="k").status == 201


def test_the_same_key_opens_on_another_service(http: Http) -> None:
    create(http, incident_key="k")
    assert create(http, incident_key="k", service=reference("service", "IIXOOXZ")).status == 201


def test_more_than_250_updates_are_too_many(http: Http) -> None:
    change = {"id": "Q", "type": "incident_reference", "status": "resolved"}
    answer = http("PUT", "/pagerduty/incidents", {"incidents": [change] * 251}, ACCOUNT)
    assert answer.status == 413


def test_one_unknown_incident_changes_none(http: Http, sandbox: Any) -> None:
    made = create(http).json["incident"]
    changes = [
        {"id": each, "type": "incident_reference", "status": "resolved"}
        for each in (made["id"], "QX")
    ]
    assert http("PUT", "/pagerduty/incidents", {"incidents": changes}, ACCOUNT).status == 404
    assert sandbox.pagerduty.incidents[0]["status"] == "triggered"


def test_a_resolved_incident_reopens(http: Http, sandbox: Any) -> None:
    path = f"/pagerduty/incidents/{create(http).json['incident']['id']}"
    for status in ("resolved", "triggered"):
        http("PUT", path, {"incident": {"type": "incident", "status": status}}, ACCOUNT)
    assert sandbox.pagerduty.incidents[0]["log"][-1]["type"] == "reopen"


def test_an_empty_key_filter_finds_everything(http: Http) -> None:
    create(http, incident_key="k")
    found = http("GET", "/pagerduty/incidents?incident_key=", headers=ACCOUNT).json
    assert len(found["incidents"]) == 1


def test_a_page_beyond_10000_is_refused(http: Http) -> None:
    answer = http("GET", "/pagerduty/incidents?offset=9990&limit=20", headers=ACCOUNT)
    text = "Offset+limit exceeds maximum allowed value of 10000"
    assert (answer.status, answer.json["error"]["errors"]) == (400, [text])


def test_old_incidents_hide_behind_the_default_window(http: Http) -> None:
    create(http)
    day = "2020-01-01T00:00:00Z"
    found = http("GET", f"/pagerduty/incidents?until={day}", headers=ACCOUNT).json["incidents"]
    assert found == []


def test_answers_carry_the_rate_limit(http: Http) -> None:
    headers = [http("GET", "/pagerduty/abilities", headers=ACCOUNT).headers for _ in range(2)]
    assert headers[0]["ratelimit-limit"] == "960"
    assert int(headers[0]["ratelimit-remaining"]) - int(headers[1]["ratelimit-remaining"]) == 1
    assert 1 <= int(headers[1]["ratelimit-reset"]) <= 60


def test_an_empty_note_is_refused(http: Http) -> None:
    path = f"/pagerduty/incidents/{create(http).json['incident']['id']}/notes"
    assert http("POST", path, {"note": {"content": " "}}, ACCOUNT).status == 400


def event(**more: Any) -> dict[str, Any]:
    payload = {"summary": "down", "source": "ci", "severity": "critical"}
    return {"routing_key": ROUTE, "event_action": "trigger", "payload": payload, **more}


def enqueue(http: Http, data: object) -> Reply:
    return http("POST", "/pagerduty-events/v2/enqueue", data)


EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "short routing key": (
        {"routing_key": "short"},
        "Length of 'routing_key' is incorrect (should be 32 characters)",
    ),
    "unknown routing key": ({"routing_key": "x" * 32}, "Invalid routing key"),
    "long summary": (
        {"payload": {"summary": "x" * 1025, "source": "ci", "severity": "info"}},
        "'summary' is too long (maiximum is 1024 characters)",
    ),
    "long dedup key": (
        {"dedup_key": "x" * 256},
        "'dedup_key' is too long (maximum is 255 characters)",
    ),
    "no source": (
        {"payload": {"summary": "x", "severity": "info"}},
        "'payload.source' is missing or blank",
    ),
    "details as text": (
        {"payload": {"summary": "x", "source": "s", "severity": "info", "custom_details": "x"}},
        "'payload.custom_details' must be an object",
    ),
    "resolve without a key": (
        {"event_action": "resolve"},
        "'dedup_key' is missing or blank",
    ),
    "image over http": (
        {"images": [{"src": "http://x/y.png"}]},
        "'images.src' must be served via HTTPS",
    ),
}


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_bad_event_is_refused_and_not_cut(http: Http, sandbox: Any, name: str) -> None:
    fields, text = EVENTS[name]
    answer = enqueue(http, event(**fields))
    assert answer.status == 400
    assert (answer.json["status"], answer.json["errors"]) == ("invalid event", [text])
    assert sandbox.pagerduty.incidents == []


def test_an_event_over_512_kb_is_refused(http: Http) -> None:
    details = {"log": "x" * 600_000}
    payload = {"summary": "x", "source": "s", "severity": "info", "custom_details": details}
    assert enqueue(http, event(payload=payload)).status == 400


def test_an_event_that_is_no_json_is_unrecognised(http: Http) -> None:
    answer = enqueue(http, b"{")
    assert (answer.status, answer.json["errors"]) == (400, ["JSON parse error"])


def test_a_disabled_service_takes_events_and_opens_nothing(http: Http, sandbox: Any) -> None:
    answer = enqueue(http, event(routing_key="sandboxsandboxsandboxsandbox0005"))
    assert (answer.status, sandbox.pagerduty.incidents) == (202, [])
    assert sandbox.pagerduty.events[0]["outcome"] == "dropped: the service is disabled"


def test_two_integrations_of_a_service_do_not_share_keys(http: Http, sandbox: Any) -> None:
    for number in (2, 3):
        key = f"sandboxsandboxsandboxsandbox000{number}"
        enqueue(http, event(routing_key=key, dedup_key="d"))
    assert len(sandbox.pagerduty.incidents) == 2


def test_a_resolve_with_nothing_open_is_dropped_silently(http: Http, sandbox: Any) -> None:
    data = {"routing_key": ROUTE, "event_action": "resolve", "dedup_key": "d"}
    assert (enqueue(http, data).status, sandbox.pagerduty.incidents) == (202, [])
