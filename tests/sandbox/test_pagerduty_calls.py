"""PagerDuty calls that succeed: what they answer and what they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from qlty.sandbox import Sandbox
    from tests.sandbox.conftest import Evening, Http

KEY = {"Authorization": "Token token=sandbox-pagerduty-key", "From": "samira@sandbox.test"}


@pytest.fixture
def get(http: Http) -> Any:
    return lambda path: http("GET", f"/pagerduty/{path}", headers=KEY)


@pytest.fixture
def incident(sender: Evening) -> Any:
    return sender.incident("down", "XIXOOXZ")["incident"]


def change(sender: Evening, incident: Any, **fields: Any) -> Any:
    path = f"incidents/{incident['id']}"
    return sender.pagerduty(path, {"incident": {"type": "incident", **fields}}, "PUT")


def test_an_incident_changes_by_its_fields(sender: Evening, incident: Any) -> None:
    policy = {"id": "PESCAL2", "type": "escalation_policy_reference"}
    fields = {"title": "worse", "urgency": "low", "priority": "P2", "escalation_policy": policy}
    shown = change(sender, incident, **fields)["incident"]
    assert (shown["title"], shown["urgency"]) == ("worse", "low")
    assert (shown["priority"]["name"], shown["escalation_policy"]["id"]) == ("P2", "PESCAL2")


def test_an_incident_moves_to_another_person_and_service(sender: Evening, incident: Any) -> None:
    assignments = [{"assignee": {"id": "PUSERJ2", "type": "user_reference"}}]
    service = {"id": "IIXOOXZ", "type": "service_reference"}
    shown = change(sender, incident, assignments=assignments, service=service)["incident"]
    assert shown["assignments"][0]["assignee"]["summary"] == "Jonas Berg"
    assert (shown["service"]["id"], shown["assigned_via"]) == ("IIXOOXZ", "direct_assignment")


def test_an_incident_is_found_by_its_number(get: Any, incident: Any) -> None:
    assert get(f"incidents/{incident['incident_number']}").json["incident"]["id"] == incident["id"]


def test_an_incident_says_what_it_was_opened_with(sender: Evening) -> None:
    more = {
        "body": {"type": "incident_body", "details": "why"},
        "incident_type": {"name": "major_incident"},
        "conference_bridge": {
            "conference_number": "+1 1,,2#",
            "conference_url": "https://x.test/1",
        },
    }
    shown = sender.incident("down", "PLOWURG", **more)["incident"]
    assert shown["body"]["details"] == "why"
    assert shown["incident_type"] == {"name": "major_incident"}
    assert shown["conference_bridge"]["conference_url"] == "https://x.test/1"


def test_a_service_decides_the_urgency_that_nobody_gave(sender: Evening) -> None:
    assert sender.incident("down", "PLOWURG", urgency=None)["incident"]["urgency"] == "low"


def test_notes_can_be_changed_and_taken_away(
    http: Http, sender: Evening, get: Any, incident: Any
) -> None:
    path = f"incidents/{incident['id']}/notes"
    note = sender.pagerduty(path, {"note": {"content": "one"}})["note"]
    sender.pagerduty(f"{path}/{note['id']}", {"note": {"content": "two"}}, "PUT")
    assert [each["content"] for each in get(path).json["notes"]] == ["two"]
    assert http("DELETE", f"/pagerduty/{path}/{note['id']}", headers=KEY).status == 204
    assert get(path).json["notes"] == []


def test_the_log_comes_newest_first(sender: Evening, get: Any, incident: Any) -> None:
    change(sender, incident, status="resolved", resolution="fixed")
    entries = get(f"incidents/{incident['id']}/log_entries").json["log_entries"]
    assert [each["type"] for each in entries] == ["resolve_log_entry", "trigger_log_entry"]


def test_an_event_leaves_an_alert_in_its_incident(
    sender: Evening, get: Any, sandbox: Sandbox
) -> None:
    sender.fill_pagerduty()
    found = get("incidents?incident_key=qlty/shop/checkout").json["incidents"]
    [alert] = get(f"incidents/{found[0]['id']}/alerts").json["alerts"]
    assert (alert["severity"], alert["alert_key"]) == ("critical", "qlty/shop/checkout")


def test_incidents_are_filtered_sorted_and_paged(sender: Evening, get: Any) -> None:
    sender.fill_pagerduty()
    query = "incidents?sort_by=created_at:desc&limit=2&total=true"
    first = get(query).json
    assert (first["total"], first["more"], len(first["incidents"])) == (3, True, 2)
    assert get(f"{query}&offset=2").json["more"] is False
    counts = {
        each: len(get(f"incidents?{each}").json["incidents"])
        for each in (
            "statuses[]=resolved",
            "user_ids[]=SE169QA",
            "urgencies[]=low",
            "team_ids[]=T",
            "date_range=all",
        )
    }
    assert list(counts.values()) == [1, 1, 0, 0, 3]


@pytest.mark.parametrize(
    "query",
    ["statuses[]=open", "sort_by=mood", "limit=101", "limit=x", "since=yesterday", "since=2026-13-45",
     "since=2020-01-01&until=2021-01-01"],
)  # fmt: skip
def test_bad_filters_are_refused(get: Any, query: str) -> None:
    assert get(f"incidents?{query}").status == 400


@pytest.mark.parametrize(
    ("path", "key", "count"),
    [
        ("escalation_policies", "escalation_policies", 2),
        ("priorities", "priorities", 3),
        ("users?query=samira", "users", 1),
        ("services", "services", 5),
    ],
)
def test_lists_can_be_read(get: Any, path: str, key: str, count: int) -> None:
    assert len(get(path).json[key]) == count


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("users/SE169QA", 200),
        ("users/NOBODY", 404),
        ("escalation_policies/PESCAL1", 200),
        ("services/NONE", 404),
        ("abilities/teams", 204),
        ("abilities/flying", 402),
        ("oncalls", 404),
        ("incidents/QNONE", 404),
    ],
)
def test_one_thing_can_be_asked_for(get: Any, path: str, status: int) -> None:
    assert get(path).status == status


def test_a_service_turns_critical_while_an_incident_is_open(get: Any, incident: Any) -> None:
    assert get("services/XIXOOXZ").json["service"]["status"] == "critical"


def test_a_user_key_knows_its_user(http: Http) -> None:
    headers = {"Authorization": "Token token=sandbox-pagerduty-user"}
    assert http("GET", "/pagerduty/users/me", headers=headers).json["user"]["id"] == "SE169QA"


def test_an_oauth_token_with_the_scope_opens_incidents(http: Http) -> None:
    headers = {**KEY, "Authorization": "Bearer sandbox-pagerduty-oauth"}
    service = {"id": "XIXOOXZ", "type": "service_reference"}
    body = {"incident": {"type": "incident", "title": "t", "service": service}}
    assert http("POST", "/pagerduty/incidents", body, headers).status == 201
