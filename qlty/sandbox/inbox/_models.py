"""What the templates show: rows of the store, joined and put into words."""

from __future__ import annotations

import json
import re
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from qlty.sandbox import _views
from qlty.sandbox._wire import parse_json
from qlty.sandbox.inbox import _blocks, _mrkdwn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qlty.sandbox._store import Row
    from qlty.sandbox._world import World

# A page shows so many of the newest; the JSON API has all of them.
SHOWN = 200
CALLS_SHOWN = 300
TEXT_SHOWN = 20_000


def counts(world: World) -> dict[str, int]:
    """The numbers beside the tabs."""
    calls = world.recorder.table
    return {
        "slack": len(world.slack.space.messages),
        "testrail": len(world.testrail.runs.rows),
        "pagerduty": len(world.pagerduty.account.incidents),
        "hooks": sum(1 for row in calls if row["service"] == "hook"),
        "calls": len(calls),
        "refused": sum(1 for row in calls if not row["ok"]),
        "chaos": len(world.chaos.shown()),
        "dropped": sum(each["dropped"] for each in world.store.sizes().values()),
    }


def channels(world: World) -> list[Row]:
    """Channels with the number of their messages; direct messages too."""
    space = world.slack.space
    found: dict[str, int] = {}
    for row in space.messages:
        found[row["channel"]] = found.get(row["channel"], 0) + 1
    listed = list(space.channels.values())
    known = {each["id"] for each in listed}
    listed += [space.find(each, by_name=False) for each in found if each not in known]
    return [{**each, "count": found.get(each["id"], 0)} for each in listed]


def busiest(world: World) -> str:
    """The channel with the most messages; the first one while there are none."""
    return str(max(channels(world), key=lambda each: each["count"])["id"])


def threads(world: World, channel: str, query: str = "", most: int = SHOWN) -> list[Row]:
    """The newest threads of a channel, oldest first, each message with its replies."""
    replies: dict[str, list[Row]] = {}
    tops = []
    for row in world.slack.space.in_channel(channel):
        if row.get("thread_ts") in (None, row["ts"]):
            tops.append(row)
        else:
            replies.setdefault(row["thread_ts"], []).append(row)
    wanted = [row for row in tops if _has(query, [row, *replies.get(row["ts"], ())])]
    names = _mrkdwn.Names(world.seed["slack"])
    found = []
    for row in wanted[-most:]:
        under = [message(world, each, names) for each in replies.get(row["ts"], ())[-most:]]
        found.append({**message(world, row, names), "replies": under})
    return found


def _has(query: str, rows: list[Row]) -> bool:
    return not query or any(query in json.dumps(row, ensure_ascii=False).lower() for row in rows)


def _matching(query: str, rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if _has(query, [row]))


def message(world: World, row: Row, names: _mrkdwn.Names) -> Row:
    """One message as Slack shows it."""
    listed = row.get("blocks")
    body = _blocks.blocks(listed, names) if listed else _mrkdwn.render(row.get("text", ""), names)
    versions = [each.get("text", "") or "(blocks)" for each in row.get("versions", ())]
    name = row.get("username") or names.users.get(row.get("user", ""), "app")
    return {
        "row": row,
        "id": row["ts"].replace(".", ""),
        "name": name,
        "at": float(row["ts"]),
        "body": body,
        "edited": "edited" in row,
        "versions": versions,
        "fallback": row.get("text", "") if listed else "",
        "attachments": [_attachment(each, names) for each in row.get("attachments", ())],
        "files": [_file(world, each) for each in row.get("files", ())],
        "metadata": row.get("metadata"),
        "broadcast": row.get("subtype") == "thread_broadcast",
    }


_COLORS = {"good": "#2eb67d", "warning": "#ecb22e", "danger": "#e01e5a"}


def _attachment(given: Row, names: _mrkdwn.Names) -> Row:
    color = str(given.get("color") or "")
    color = _COLORS.get(color, color if color.startswith("#") else f"#{color}")
    parts = [
        _mrkdwn.render(each, names)
        for each in (given.get("pretext"), given.get("title"), given.get("text"))
        if isinstance(each, str)
    ]
    fields = given.get("fields")
    for each in fields if isinstance(fields, list) else ():
        if isinstance(each, dict):
            value = _mrkdwn.render(str(each.get("value", "")), names)
            parts.append(Markup("<b>{}</b><br>{}").format(str(each.get("title", "")), value))
    if isinstance(given.get("blocks"), list):
        parts.append(_blocks.blocks(given["blocks"], names))
    return {"color": color, "parts": parts}


def _file(world: World, given: Row) -> Row:
    data = world.slack.space.contents.get(given["id"]) or b""
    kind = picture_type(data)
    preview = "" if kind or b"\0" in data[:2000] else data[:2000].decode("utf-8", "replace")
    return {**given, "picture": bool(kind), "preview": preview}


_PICTURES = ((b"\x89PNG\r\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


def picture_type(data: bytes) -> str:
    """The type of a picture by its first bytes; empty for anything else."""
    return next((kind for magic, kind in _PICTURES if data.startswith(magic)), "")


def runs(world: World, query: str = "", plan_id: int | None = None, most: int = SHOWN) -> list[Row]:
    """TestRail's runs (of one plan), newest first, with totals."""
    rows = reversed(list(world.testrail.runs.rows))
    wanted = (row for row in rows if plan_id is None or row["plan_id"] == plan_id)
    return [run_card(world, row) for row in islice(_matching(query, wanted), most)]


def run_card(world: World, row: Row) -> Row:
    """A run's head: name, totals by status, bar."""
    statuses = world.testrail.catalogue.statuses
    found: dict[int, int] = {}
    for _, status_id in row["tests"].values():
        found[status_id] = found.get(status_id, 0) + 1
    total = sum(found.values())
    parts = []
    left = 0.0
    for status_id in _ORDER + sorted(set(found) - set(_ORDER)):
        if found.get(status_id):
            width = 100 * found[status_id] / total
            status = statuses.get(status_id, {"name": "unknown", "label": "Unknown"})
            part = {"count": found[status_id], "x": round(left, 3), "width": round(width, 3)}
            parts.append({**part, "name": status["name"], "label": status["label"]})
            left += width
    passed = 100 * found.get(1, 0) // total if total else 0
    project = world.testrail.catalogue.projects[row["project_id"]]["name"]
    return {**row, "parts": parts, "total": total, "passed": passed, "project": project}


_ORDER = [1, 5, 2, 4, 6, 7, 3]
# The worst comes first in the table.
_WORST = {5: 0, 2: 1, 4: 2, 7: 3, 6: 4, 1: 5, 3: 9}


def run(world: World, row: Row, query: str = "") -> Row:
    """A run with a line for each of its tests, the worst first."""
    whole = _views.run(world, row)
    results: dict[int, list[Row]] = {}
    for each in whole["results"]:
        results.setdefault(each["test_id"], []).append(each)
    files = {each["id"]: each for each in whole["attachments"]}
    lines = [_line(world, test, results.get(test["id"], []), files) for test in whole["tests"]]
    lines = [each for each in lines if _has(query, [each])]
    lines.sort(key=lambda each: (_WORST.get(each["status_id"], 5), each["case_id"]))
    beside = [each for each in whole["attachments"] if each["kind"] == "run"]
    return {**run_card(world, row), "lines": lines, "attachments": beside}


def _line(world: World, test: Row, results: list[Row], files: dict[int, Row]) -> Row:
    catalogue = world.testrail.catalogue
    case = catalogue.cases[test["case_id"]]
    status = catalogue.statuses.get(test["status_id"], {"name": "unknown", "label": "Unknown"})
    last = results[-1] if results else {}
    ids = [number for each in results for number in each["attachment_ids"]]
    return {
        **test,
        "section": catalogue.sections[case["section_id"]]["name"],
        "status": status,
        "comment": _cut(last.get("comment") or ""),
        "gist": _gist(last.get("comment") or ""),
        "elapsed": last.get("elapsed"),
        "defects": last.get("defects"),
        "version": last.get("version"),
        "attempts": len(results),
        "files": [files[each] for each in ids if each in files],
    }


def _cut(text: str) -> str:
    """As much of a text as a page should hold; the JSON API has all of it."""
    if len(text) <= TEXT_SHOWN:
        return text
    return f"{text[:TEXT_SHOWN]}\n(cut: {len(text)} characters in all)"


_TELLING = re.compile(r"^E  |(Error|Exception)\b|^assert ")


def _gist(comment: str) -> str:
    """The line of a comment that says most: the error, else the first one."""
    lines = [line.strip()[:160] for line in comment[:TEXT_SHOWN].splitlines() if line.strip()]
    telling = (line for line in lines if _TELLING.search(line))
    return next(telling, lines[0] if lines else "")


def breakable(text: str) -> Markup:
    """A long name that may be broken where its parts end, not within a word."""
    parts = re.split(r"(?<=[/_])(?=\w)|(?<=::)", text)
    return Markup("<wbr>").join(parts)


def incidents(world: World, query: str = "", most: int = SHOWN) -> list[Row]:
    """PagerDuty's incidents, newest first, as a person wants them."""
    rows = _matching(query, reversed(list(world.pagerduty.account.incidents)))
    return [incident(world, row) for row in islice(rows, most)]


def incident(world: World, row: Row) -> Row:
    """One incident: names instead of ids, alerts' details put beside its own."""
    account = world.pagerduty.account
    payload = row["alerts"][0]["payload"] if row["alerts"] else {}
    details = _cut(row.get("details") or pretty(payload.get("custom_details")))
    priority = account.priorities.get(row.get("priority_id") or "")
    people = row["assignee_ids"] or account.policies[row["policy_id"]]["targets"][:1]
    return {
        **row,
        "service": account.services[row["service_id"]]["name"],
        "priority": priority["name"] if priority else "",
        "assignees": [account.users[each]["name"] for each in people],
        "policy": account.policies[row["policy_id"]]["name"],
        "details": details,
        "severity": payload.get("severity"),
        "source": payload.get("source"),
        "links": (row.get("event") or {}).get("links") or [],
    }


def calls(world: World, filters: dict[str, str], most: int = CALLS_SHOWN) -> list[Row]:
    """Calls, newest first, at most as many as a page holds."""
    before = filters.get("before", "")
    last = int(before[:15]) if before.isascii() and before.isdigit() else None
    rows = reversed(list(world.recorder.table))
    wanted = (
        row
        for row in rows
        if (last is None or row["id"] < last) and _views.is_wanted_call(row, filters)
    )
    return [{**row, "gist": _call_gist(row)} for row in islice(wanted, most)]


_NESTED = ("incident", "payload", "note")
_TELLS = ("text", "name", "title", "summary", "content", "filename", "event_action")
_LARGE = 16_000


def _call_gist(row: Row) -> str:
    """A few words on what a call was about, from its body; empty where nothing tells."""
    if len(row["body"]) > _LARGE:
        return ""
    try:
        body = parse_json(row["body"])
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    inner = next((body[each] for each in _NESTED if isinstance(body.get(each), dict)), body)
    if isinstance(body.get("results"), list):
        return f"{len(body['results'])} results"
    told = (inner[each] for each in _TELLS if isinstance(inner.get(each), str))
    return next(told, "")[:140]


def pretty(value: Any) -> str:
    """JSON for people; a text that is no JSON stays as it is; None is empty."""
    if value is None:
        return ""
    try:
        data = parse_json(value) if isinstance(value, str) else value
    except ValueError:
        return str(value)
    return json.dumps(data, indent=2, ensure_ascii=False)


def clock(seconds: float) -> str:
    """A time of day on this machine."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def moment(text: str) -> str:
    """PagerDuty's time stamps as the same."""
    return text[11:19] + " UTC" if len(text) >= 19 else text


def size(number: int) -> str:
    """Bytes for people."""
    for unit in ("bytes", "kB", "MB"):
        if number < 1000 or unit == "MB":
            break
        number = round(number / 1000)
    return f"{number} {unit}"
