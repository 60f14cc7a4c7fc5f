"""PagerDuty's REST calls around incidents.

Sources: developer.pagerduty.com (REST v2, Incident Creation API) and
PagerDuty/api-schema reference/REST/openapiv3.json.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from qlty.sandbox.pagerduty._errors import caused, invalid, not_found, refusal

if TYPE_CHECKING:
    from qlty.sandbox.pagerduty._account import Account, Row

MAX_UPDATES = 250
MAX_NOTES = 2000
STATUSES = ("triggered", "acknowledged", "resolved")
DUPLICATE = "Open incident with matching dedup key already exists on this service"


def wrapped(body: Any, name: str) -> Row:
    """The object under `name`; PagerDuty's odd words where there is none."""
    inner = body.get(name) if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        raise invalid("params must be a Hash")
    return inner


def create(account: Account, given: Row, user: Row, *, own_key: bool) -> Row:
    """`POST /incidents`; `own_key` says that the key belongs to `user` alone."""
    fields = {"title": _title(given), **_service(account, given)}
    if given.get("type") != "incident":
        raise invalid("Type must be 'incident'")
    fields.update(_urgency(given, account.services[fields["service_id"]]["urgency"]))
    fields.update(_priority(account, given, by_name=False))
    fields.update(_people(account, given, fields["service_id"]))
    fields.update(_body(given))
    key = _text(given, "incident_key")
    if key and account.open_with_key(fields["service_id"], key):
        raise caused(DUPLICATE)
    row = account.create({**fields, "incident_key": key}, user["name"], "api")
    # Whoever assigns an incident to themself has seen it: nobody is notified.
    if own_key and row["assignee_ids"] == [user["id"]]:
        account.set_status(row, "acknowledged", user["name"], "api", "assigned to themself")
    return row


def update(account: Account, row: Row, given: Row, user: Row) -> Row:
    """The fields of `PUT /incidents` for one incident."""
    changes = _changes(account, row, given)
    status = given.get("status")
    if status is not None and status not in STATUSES:
        raise invalid("Status is invalid")
    resolution = _text(given, "resolution") or ""
    if changes:
        row.update(changes)
        account.log(row, "change", user["name"], "api", ", ".join(sorted(changes)))
    if status is not None:
        account.set_status(row, status, user["name"], "api", resolution)
    return row


def _changes(account: Account, row: Row, given: Row) -> Row:
    changes: Row = {}
    if "title" in given:
        changes["title"] = _title(given)
    if given.get("urgency") is not None:
        changes.update(_urgency(given, row["urgency"]))
    if given.get("priority") is not None:
        changes.update(_priority(account, given, by_name=True))
    if given.get("service") is not None:
        changes.update(_service(account, given))
    if given.get("escalation_policy") is not None or given.get("assignments"):
        changes.update(_people(account, given, row["service_id"]))
    return changes


def update_many(account: Account, body: Any, user: Row) -> list[Row]:
    """`PUT /incidents`: all of the list is checked before any of it is changed."""
    given = body.get("incidents") if isinstance(body, dict) else None
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise invalid("params must be a Hash")
    if len(given) > MAX_UPDATES:
        raise refusal(413, f"Maximum {MAX_UPDATES} incidents can be updated at once", 2003)
    rows = [_existing(account, each) for each in given]
    for row, each in zip(rows, given, strict=True):
        _changes(account, row, each)
    return [update(account, row, each, user) for row, each in zip(rows, given, strict=True)]


def _existing(account: Account, given: Row) -> Row:
    row = account.find(given["id"]) if isinstance(given.get("id"), str) else None
    if row is None:
        raise not_found(f"no incident {str(given.get('id'))[:40]!r}")
    if given.get("type") not in ("incident", "incident_reference"):
        raise invalid("Type must be 'incident_reference'")
    if given.get("status", "resolved") not in STATUSES:
        raise invalid("Status is invalid")
    return row


def add_note(account: Account, row: Row, given: Row, user: Row) -> Row:
    """`POST /incidents/{id}/notes`."""
    content = given.get("content")
    if not isinstance(content, str) or not content.strip():
        raise invalid("Content cannot be empty.")
    if len(row["notes"]) >= MAX_NOTES:
        raise caused(f"An incident can have at most {MAX_NOTES} notes")
    note = {"id": f"N{secrets.token_hex(6).upper()}", "content": content, "user_id": user["id"]}
    note["created_at"] = account.now()
    row["notes"].append(note)
    account.log(row, "annotate", user["name"], "note", content)
    return note


def change_note(account: Account, row: Row, note_id: str, given: Row | None) -> Row:
    """`PUT` (or, with None, `DELETE`) of a note."""
    note = next((each for each in row["notes"] if each["id"] == note_id), None)
    if note is None:
        raise not_found(f"no note {note_id[:40]!r}")
    if given is None:
        row["notes"].remove(note)
    else:
        content = given.get("content")
        if not isinstance(content, str) or not content.strip():
            raise invalid("Content cannot be empty.")
        note["content"] = content
    account.incidents.put(row["id"], row)
    return dict(note)


def _title(given: Row) -> str:
    title = given.get("title")
    if not isinstance(title, str) or not title.strip():
        raise invalid("Title cannot be empty.")
    return title


def _text(given: Row, name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name.replace('_', ' ').capitalize()} must be a string")
    return value


def _reference(given: Row, name: str, *kinds: str) -> str:
    value = given.get(name)
    if not isinstance(value, dict) or value.get("type") not in kinds:
        raise invalid(f"{name.replace('_', ' ').capitalize()} must be a {kinds[0]}")
    return value["id"] if isinstance(value.get("id"), str) else ""


def _service(account: Account, given: Row) -> Row:
    service_id = _reference(given, "service", "service_reference", "service")
    service = account.services.get(service_id)
    if service is None:
        raise caused("Service not found")
    state = service.get("status", "active")
    if state in ("disabled", "maintenance"):
        raise caused(f"Service is {state}: no new incidents will be triggered")
    return {"service_id": service_id}


def _urgency(given: Row, default: str) -> Row:
    urgency = given.get("urgency")
    if urgency not in (None, "high", "low"):
        raise invalid("Urgency must be one of high, low")
    return {"urgency": urgency or default}


def _priority(account: Account, given: Row, *, by_name: bool) -> Row:
    value = given.get("priority")
    if value is None:
        return {"priority_id": None}
    if by_name and isinstance(value, str):
        found = [each["id"] for each in account.priorities.values() if each["name"] == value]
    else:
        found = [_reference(given, "priority", "priority_reference", "priority")]
    if not found or found[0] not in account.priorities:
        raise caused("Priority not found")
    return {"priority_id": found[0]}


def _people(account: Account, given: Row, service_id: str) -> Row:
    assignments, policy = given.get("assignments"), given.get("escalation_policy")
    if assignments and policy is not None:
        raise invalid("Assignments cannot be specified if an escalation policy is given")
    if assignments:
        own = account.services[service_id]["policy"]
        return {"assignee_ids": [_assignee(account, assignments)], "policy_id": own}
    if policy is None:
        return {"policy_id": account.services[service_id]["policy"], "assignee_ids": []}
    kinds = ("escalation_policy_reference", "escalation_policy")
    policy_id = _reference(given, "escalation_policy", *kinds)
    if policy_id not in account.policies:
        raise caused("Escalation policy not found")
    return {"policy_id": policy_id, "assignee_ids": []}


def _assignee(account: Account, assignments: Any) -> str:
    if not isinstance(assignments, list) or not isinstance(assignments[0], dict):
        raise invalid("Assignments must be a list of assignees")
    if len(assignments) > 1:
        raise invalid("Only one assignee is supported at this time")
    user_id = _reference(assignments[0], "assignee", "user_reference", "user")
    if user_id not in account.users:
        raise caused("Assignee not found")
    return user_id


def _body(given: Row) -> Row:
    found: Row = {}
    body = given.get("body")
    if body is not None:
        details = body.get("details") if isinstance(body, dict) else None
        if not isinstance(body, dict) or body.get("type") != "incident_body":
            raise invalid("Body must be an incident_body")
        if not isinstance(details, (str, type(None))):
            raise invalid("Body details must be a string")
        found["details"] = details
    kind, bridge = given.get("incident_type"), given.get("conference_bridge")
    if kind is not None:
        if not isinstance(kind, dict) or not isinstance(kind.get("name"), str):
            raise invalid("Incident type must have a name")
        found["incident_type"] = kind["name"]
    if bridge is not None:
        found["conference_bridge"] = _bridge(bridge)
    return found


def _bridge(bridge: Any) -> Row:
    names = ("conference_number", "conference_url")
    known: Row = {n: bridge.get(n) for n in names} if isinstance(bridge, dict) else {"": 0}
    if not all(isinstance(value, (str, type(None))) for value in known.values()):
        raise invalid("Conference bridge must have a number or a url")
    url = known.get("conference_url")
    if url and not url.startswith(("https://", "http://")):
        raise invalid("Conference url is not a url")
    return known
