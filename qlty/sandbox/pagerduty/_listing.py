"""`GET /incidents`: filters, pages, and the window of time."""

from __future__ import annotations

import calendar
import re
import time
from typing import TYPE_CHECKING, Any

from qlty.sandbox.pagerduty._errors import caused, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.sandbox.pagerduty._account import Account, Row

Params = list[tuple[str, str]]
MONTH = 31 * 86_400
MAX_WINDOW = 6 * MONTH
MAX_REACH = 10_000


def incidents(account: Account, params: Params) -> list[Row]:
    """The incidents that these filters let through, oldest first."""
    one, many = dict(params), _lists(params)
    rows = list(account.incidents)
    if one.get("date_range") != "all":
        since, until = _window(one, account.clock())
        rows = [row for row in rows if since <= _seconds(row["created_at"]) <= until]
    # An empty key is no filter at all: the vendor then answers with everything.
    if one.get("incident_key"):
        rows = [row for row in rows if _has_key(row, one["incident_key"])]
    for name, field in (
        ("service_ids", "service_id"),
        ("statuses", "status"),
        ("urgencies", "urgency"),
    ):
        if name in many:
            rows = [row for row in rows if row[field] in many[name]]
    if "user_ids" in many:
        rows = [row for row in rows if set(row["assignee_ids"]) & many["user_ids"]]
    if "team_ids" in many:
        rows = []
    return _sorted(rows, one.get("sort_by", ""))


def page(params: Params, key: str, rows: list[Row], show: Callable[[Row], Row]) -> Row:
    """One page in the shape of classic pagination."""
    one = dict(params)
    limit, offset = _number(one, "limit", 25), _number(one, "offset", 0)
    if not 1 <= limit <= 100:
        raise invalid("Limit must be between 1 and 100")
    if offset + limit > MAX_REACH:
        raise caused(f"Offset+limit exceeds maximum allowed value of {MAX_REACH}")
    shown = [show(row) for row in rows[offset : offset + limit]]
    total = len(rows) if one.get("total", "").lower() == "true" else None
    more = offset + limit < len(rows)
    return {key: shown, "limit": limit, "offset": offset, "total": total, "more": more}


def _lists(params: Params) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, value in params:
        if name.endswith("[]"):
            found.setdefault(name[:-2], set()).add(value)
    unknown = found.get("statuses", set()) - {"triggered", "acknowledged", "resolved"}
    if unknown:
        raise invalid("Status is invalid")
    return found


def _has_key(row: Row, key: str) -> bool:
    alerts: list[Any] = row["alerts"]
    return any(each["alert_key"] == key for each in alerts) or (
        not alerts and row["incident_key"] == key
    )


def _window(one: dict[str, str], now: float) -> tuple[float, float]:
    until = _seconds(one["until"]) if one.get("until") else now + 1
    since = _seconds(one["since"]) if one.get("since") else until - MONTH
    if until - since > MAX_WINDOW:
        raise caused("The date range cannot be more than 6 months")
    return since, until


def _seconds(text: str) -> float:
    day = re.match(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?", text, re.ASCII)
    if day is None:
        raise invalid(f"Not a date: {text[:40]}")
    clock = ((day[2] or "00:00") + ":00")[:8]
    try:
        return calendar.timegm(time.strptime(f"{day[1]} {clock}", "%Y-%m-%d %H:%M:%S"))
    except (ValueError, OverflowError) as error:
        raise invalid(f"Not a date: {text[:40]}") from error


def _number(one: dict[str, str], name: str, default: int) -> int:
    text = one.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise invalid(f"{name.capitalize()} must be a number")
    return int(text)


_ORDERS = {"incident_number": "number", "created_at": "number", "urgency": "urgency"}


def _sorted(rows: list[Row], sort_by: str) -> list[Row]:
    for each in reversed([part for part in sort_by.split(",") if part]):
        field, _, order = each.partition(":")
        if field not in _ORDERS or order not in ("", "asc", "desc"):
            raise invalid(f"Cannot sort by {each[:40]}")
        name = _ORDERS[field]
        rows = sorted(rows, key=lambda row, name=name: row[name], reverse=order == "desc")  # type: ignore[misc]
    return rows
