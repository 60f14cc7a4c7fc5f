"""From a page to the request bodies of PagerDuty's two APIs. Pure: JSON in, JSON out."""

from __future__ import annotations

from typing import Any

from qlty.classes.integrations._pagerduty._text import MAX_EVENT, MAX_TITLE, middle_cut, size_of

#: severity of an event by the urgency that was asked for
_SEVERITY = {"high": "critical", "low": "warning", None: "error"}


def rest_incident(page: dict[str, Any], details_limit: int | None = None) -> dict[str, Any]:
    """Return the ``incident`` of POST /incidents.

    https://developer.pagerduty.com/api-reference/a7d81b0e9200f-create-an-incident: an escalation
    policy and an assignee exclude each other; ``details`` is text.
    """
    incident: dict[str, Any] = {
        "type": "incident",
        "title": page["title"],
        "service": {"id": page["service_id"], "type": "service_reference"},
        "incident_key": page["key"],
    }
    if page.get("urgency"):
        incident["urgency"] = page["urgency"]
    if page.get("priority_id"):
        incident["priority"] = {"id": page["priority_id"], "type": "priority_reference"}
    if page.get("assignee_id"):
        assignee = {"id": page["assignee_id"], "type": "user_reference"}
        incident["assignments"] = [{"assignee": assignee}]
    elif page.get("escalation_policy_id"):
        policy = {"id": page["escalation_policy_id"], "type": "escalation_policy_reference"}
        incident["escalation_policy"] = policy
    room = MAX_EVENT - size_of({"incident": incident}) - 100
    text = details(page, room if details_limit is None else min(room, details_limit))
    incident["body"] = {"type": "incident_body", "details": text}
    return incident


def trigger_event(page: dict[str, Any]) -> dict[str, Any]:
    """Return the event that opens an alert, without its routing key."""
    links = [{"href": page["ci_url"], "text": "CI job"}] if page.get("ci_url") else []
    payload = {
        "summary": page["title"][:MAX_TITLE],
        "source": page["source"],
        "severity": _SEVERITY[page.get("urgency")],
        "timestamp": page["at"],
        "class": page["class"],
        **{name: page[name] for name in ("component", "group") if page.get(name)},
    }
    event: dict[str, Any] = {
        "dedup_key": page["key"],
        "client": "QLTY Framework",
        "payload": payload,
        **({"client_url": page["ci_url"], "links": links} if links else {}),
    }
    # a routing key and the rest of the envelope are added by the client
    room = MAX_EVENT - size_of(event) - 200
    payload["custom_details"] = {"details": details(page, room)}
    return event


def details(page: dict[str, Any], limit: int) -> str:
    """Return the details in at most ``limit`` bytes of JSON; the key line is never cut."""
    text = "\n\n".join(_section(heading, body) for heading, body in page["sections"])
    room = len(text)
    while True:
        whole = f"{middle_cut(text, room)}\n\n{page['tag']}"
        size = size_of(whole)
        if size <= limit or room == 0:
            return whole
        # escapes make some characters longer than others, so the first guess may not be enough
        room = int(room * min(limit / size, 0.9) * 0.95)


def _section(heading: str, body: str) -> str:
    return f"{heading}:\n{body}" if heading else body
