"""What arrived, as facts that can be compared: no times, no addresses, no numbers of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlty.sandbox import Sandbox

Row = dict[str, Any]


def arrived(sandbox: Sandbox) -> Row:
    """Return what Slack, TestRail and PagerDuty received."""
    refused = [row for row in sandbox.calls if not row["ok"]]
    return {
        "slack": [_message(row) for row in sandbox.slack.messages],
        "testrail": [_run(row) for row in sandbox.testrail.runs],
        "pagerduty": sorted(map(_incident, sandbox.pagerduty.incidents), key=_by_title),
        "refused calls": [f"{row['service']}/{row['call']}" for row in refused],
    }


def _message(row: Row) -> Row:
    return {
        "channel": row["channel"],
        "in a thread": bool(row.get("thread_ts")) and row["thread_ts"] != row["ts"],
        "says": "\n".join(texts(row)),
    }


def texts(row: Row) -> Iterator[str]:
    """Yield what a reader sees of a Slack message, line by line."""
    seen = [*row.get("blocks", []), *row.get("attachments", [])]
    yield from _texts(seen) if seen else [row.get("text", "")]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield from value["text"].splitlines()
        else:
            for name in ("text", "fields", "elements", "blocks"):
                yield from _texts(value.get(name, []))


def _run(row: Row) -> Row:
    return {
        "suite": row["suite_id"],
        "closed": row["is_completed"],
        "results": {f"C{one['case_id']}": status(one) for one in row["results"]},
    }


#: TestRail's own numbers for its statuses
STATUSES = {1: "passed", 2: "blocked", 3: "untested", 4: "retest", 5: "failed"}


def status(result: Row) -> str:
    """Return the word for a result's status."""
    return STATUSES.get(result["status_id"], str(result["status_id"]))


def _incident(row: Row) -> Row:
    return {
        "title": row["title"],
        "status": row["status"],
        "service": row["service_id"],
        "urgency": row["urgency"],
        "priority": row["priority_id"],
        "assigned to": [one["assignee"]["id"] for one in row["assignments"]],
        "key": row["incident_key"],
        "details": row["details"],
    }


def _by_title(incident: Row) -> str:
    return str(incident["title"])


def differences(expected: Any, found: Any, where: str = "") -> list[str]:
    """Return what is not as expected, one line each; nothing where all is.

    ``{"mentions": [...]}`` expects a text that holds every one of these words.
    """
    if isinstance(expected, dict) and "mentions" in expected and isinstance(found, str):
        missing = [word for word in expected["mentions"] if word not in found]
        return [f"{where} does not mention {word!r}" for word in missing]
    if isinstance(expected, dict) and isinstance(found, dict):
        return _in_mapping(expected, found, where)
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [f"{where}: expected {len(expected)}, {len(found)} arrived"]
        pairs = enumerate(zip(expected, found, strict=True), 1)
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{where} {n}")]
    return [] if expected == found else [f"{where}: expected {expected!r}, not {found!r}"]


def _in_mapping(expected: Row, found: Row, where: str) -> list[str]:
    lines = [f"{where} {name}: nothing arrived" for name in expected if name not in found]
    lines += [f"{where} {name}: not expected" for name in found if name not in expected]
    for name in [name for name in expected if name in found]:
        lines += differences(expected[name], found[name], f"{where} {name}".strip())
    return lines
