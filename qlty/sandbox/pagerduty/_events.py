"""PagerDuty's Events API v2: alerts and change events by routing key.

Sources: PagerDuty/api-schema reference/events-v2/openapiv3.json and the Events v2 guide.
A 202 says that the event was taken, not that an incident exists.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from qlty.sandbox.pagerduty._account import OPEN
from qlty.sandbox.pagerduty._errors import PagerDutyError, invalid_event

if TYPE_CHECKING:
    from qlty.sandbox._wire import Call
    from qlty.sandbox.pagerduty._account import Account, Row

MAX_EVENT = 512 * 1024
MAX_SUMMARY = 1024
MAX_DEDUP_KEY = 255
ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "warning", "error", "info")


def enqueue(account: Account, call: Call) -> Row:
    """`POST /v2/enqueue`."""
    event = _read(call)
    problems = [*_key_problems(event), *_action_problems(event)]
    if event.get("event_action") == "trigger":
        problems += [*_payload_problems(event), *_link_problems(event)]
    _refuse(problems)
    service_id = _route(account, event)
    key = event.get("dedup_key") or secrets.token_hex(16)
    outcome, incident_id = _apply(account, event, service_id, key)
    _keep(account, event, {"dedup_key": key, "outcome": outcome, "incident_id": incident_id})
    return {"status": "success", "message": "Event processed", "dedup_key": key}


def enqueue_change(account: Account, call: Call) -> Row:
    """`POST /v2/change/enqueue`: shown beside incidents, pages nobody."""
    event = _read(call)
    payload = event.get("payload")
    problems = _key_problems(event)
    if not isinstance(payload, dict):
        problems.append("'payload' is missing or blank")
    else:
        problems += _summary_problems(payload) + _details_problems(payload)
    _refuse(problems + _link_problems(event))
    _route(account, event)
    _keep(account, event, {"event_action": "change", "outcome": "change"})
    return {"status": "success", "message": "Change event processed"}


def _keep(account: Account, event: Row, extra: Row) -> None:
    number = account.events.next_id()
    row = {**event, **extra, "service_id": account.routes[event["routing_key"]]}
    row.update(id=number, received_at=account.now())
    account.events.put(number, row)


def _read(call: Call) -> Row:
    if len(call.body) > MAX_EVENT:
        raise invalid_event("Event is too large (maximum is 512 KB)")
    try:
        event = call.json()
    except ValueError:
        event = None
    if isinstance(event, dict):
        return event
    body = {"status": "Unrecognized object", "message": "Event object format is unrecognized"}
    raise PagerDutyError(400, {**body, "errors": ["JSON parse error"]}, "no JSON object")


def _refuse(problems: list[str]) -> None:
    if problems:
        raise invalid_event(*problems)


def _key_problems(event: Row) -> list[str]:
    key = event.get("routing_key")
    if not isinstance(key, str) or not key:
        return ["'routing_key' is missing or blank"]
    if len(key) != 32:
        return ["Length of 'routing_key' is incorrect (should be 32 characters)"]
    return []


def _action_problems(event: Row) -> list[str]:
    problems = []
    action, key = event.get("event_action"), event.get("dedup_key")
    if action not in ACTIONS:
        allowed = "'trigger', 'acknowledge' or 'resolve'"
        problems.append(f"'event_action' is invalid (must be one of the following: {allowed})")
    if key is not None and not isinstance(key, str):
        problems.append("'dedup_key' must be a string")
    elif len(key or "") > MAX_DEDUP_KEY:
        problems.append(f"'dedup_key' is too long (maximum is {MAX_DEDUP_KEY} characters)")
    elif not key and action in ("acknowledge", "resolve"):
        problems.append("'dedup_key' is missing or blank")
    return problems


def _payload_problems(event: Row) -> list[str]:
    payload = event.get("payload")
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    problems = _summary_problems(payload) + _details_problems(payload)
    if not isinstance(payload.get("source"), str) or not payload["source"]:
        problems.append("'payload.source' is missing or blank")
    if payload.get("severity") not in SEVERITIES:
        allowed = "'critical', 'warning', 'error' or 'info'"
        problems.append(f"'payload.severity' is invalid (must be one of the following: {allowed})")
    for name in ("component", "group", "class", "timestamp"):
        if not isinstance(payload.get(name), (str, type(None))):
            problems.append(f"'payload.{name}' must be a string")
    return problems


def _summary_problems(payload: Row) -> list[str]:
    summary = payload.get("summary")
    if not isinstance(summary, str) or not summary.strip():
        return ["'payload.summary' is missing or blank"]
    if len(summary) > MAX_SUMMARY:
        # The misspelling is the vendor's own.
        return [f"'summary' is too long (maiximum is {MAX_SUMMARY} characters)"]
    return []


def _details_problems(payload: Row) -> list[str]:
    if isinstance(payload.get("custom_details"), (dict, type(None))):
        return []
    return ["'payload.custom_details' must be an object"]


def _link_problems(event: Row) -> list[str]:
    problems = []
    for name, field in (("links", "href"), ("images", "src")):
        listed = event.get(name)
        if listed is None:
            continue
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            problems.append(f"'{name}' must be a list of objects")
        elif not all(isinstance(each.get(field), str) and each[field] for each in listed):
            problems.append(f"'{name}.{field}' is missing or blank")
        elif name == "images" and not all(each["src"].startswith("https://") for each in listed):
            problems.append("'images.src' must be served via HTTPS")
    return problems


def _route(account: Account, event: Row) -> str:
    service_id = account.routes.get(event["routing_key"])
    if service_id is None:
        raise invalid_event("Invalid routing key")
    return service_id


def _apply(account: Account, event: Row, service_id: str, key: str) -> tuple[str, str | None]:
    """What became of the event, and the incident that it touched."""
    row = _open(account, event["routing_key"], key)
    action, agent = event["event_action"], str(event.get("client") or "Events API v2")
    if action == "trigger":
        return _trigger(account, event, service_id, key, row)
    if row is None:
        return "dropped: nothing is open under this key", None
    status = "acknowledged" if action == "acknowledge" else "resolved"
    for alert in row["alerts"]:
        alert["status"] = "resolved" if status == "resolved" else alert["status"]
    account.set_status(row, status, agent, "events")
    return status, row["id"]


def _open(account: Account, routing_key: str, key: str) -> Row | None:
    """The open incident of this integration; two integrations do not share keys."""
    for row in account.incidents:
        same = (row.get("routing_key"), row["incident_key"]) == (routing_key, key)
        if same and row["status"] in OPEN:
            return row
    return None


def _trigger(
    account: Account, event: Row, service_id: str, key: str, row: Row | None
) -> tuple[str, str | None]:
    service, payload = account.services[service_id], event["payload"]
    agent = str(event.get("client") or payload["source"])
    state = service.get("status", "active")
    if row is not None:
        account.log(row, "deduplicate", agent, "events", payload["summary"])
        return "deduplicated", row["id"]
    if state in ("disabled", "maintenance"):
        return f"dropped: the service is {state}", None
    fields = {
        "title": payload["summary"],
        "service_id": service_id,
        "urgency": service["urgency"],
        "priority_id": None,
        "policy_id": service["policy"],
        "incident_key": key,
        "routing_key": event["routing_key"],
        "event": {name: event.get(name) for name in ("client", "client_url", "links", "images")},
        "alerts": [_alert(account, payload, key)],
    }
    return "triggered", account.create(fields, agent, "events")["id"]


def _alert(account: Account, payload: Row, key: str) -> Row:
    return {
        "id": f"Q{secrets.token_hex(6).upper()}",
        "alert_key": key,
        "status": "triggered",
        "severity": payload["severity"],
        "summary": payload["summary"],
        "created_at": account.now(),
        "payload": payload,
    }
