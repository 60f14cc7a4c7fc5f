"""What the JSON API and the inbox show of a world: plain data, newest last."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from qlty.sandbox import _calls
from qlty.sandbox._world import alternatives, environment
from qlty.sandbox.pagerduty._shapes import Shapes
from qlty.sandbox.slack import _messages
from qlty.sandbox.testrail._results import public

if TYPE_CHECKING:
    from qlty.sandbox._store import Row
    from qlty.sandbox._world import World

Filters = dict[str, str]


class FilterError(ValueError):
    """A filter that cannot be used."""


def messages(world: World, filters: Filters) -> dict[str, Any]:
    """Slack's messages; filters `channel`, `thread_ts`."""
    rows = [
        row
        for row in world.slack.space.messages
        if filters.get("channel", row["channel"]) == row["channel"]
        and filters.get("thread_ts", row.get("thread_ts")) == row.get("thread_ts")
    ]
    return {"messages": rows}


def channels(world: World, _filters: Filters) -> dict[str, Any]:
    """Slack's channels."""
    space = world.slack.space
    return {"channels": [_messages.describe(space, each) for each in space.channels.values()]}


def files(world: World, _filters: Filters) -> dict[str, Any]:
    """Files uploaded to Slack, without their upload tickets."""
    rows = [{k: v for k, v in row.items() if k != "ticket"} for row in world.slack.space.files]
    return {"files": rows}


def runs(world: World, _filters: Filters) -> dict[str, Any]:
    """TestRail's runs with their tests, results and attachments."""
    results: dict[int, list[Row]] = {}
    for each in world.testrail.results.rows:
        results.setdefault(each["run_id"], []).append(each)
    return {
        "runs": [run(world, row, results.get(row["id"], [])) for row in world.testrail.runs.rows]
    }


def run(world: World, row: Row, results: list[Row] | None = None) -> Row:
    """One run, whole; its results (looked up where they are not given) oldest first."""
    testrail = world.testrail
    if results is None:
        results = list(reversed(testrail.results.of_run(row["id"])))
    ids = {each["id"] for each in results}
    beside = {("run", row["id"]), *(("result", each) for each in ids)}
    return {
        **testrail.runs.shown(row, "/testrail"),
        "case_ids": [int(each) for each in row["tests"]],
        "tests": testrail.runs.tests(row),
        "results": [{**public(each), "case_id": each["case_id"]} for each in results],
        "attachments": [
            each for each in testrail.results.files if (each["kind"], each["target"]) in beside
        ],
    }


def plans(world: World, _filters: Filters) -> dict[str, Any]:
    """TestRail's plans with their entries."""
    return {
        "plans": [world.testrail.plans.shown(row, "/testrail") for row in world.testrail.plans.rows]
    }


def cases(world: World, _filters: Filters) -> dict[str, Any]:
    """TestRail's cases."""
    return {"cases": list(world.testrail.catalogue.cases.values())}


def incidents(world: World, _filters: Filters) -> dict[str, Any]:
    """PagerDuty's incidents with notes, alerts and history."""
    return {"incidents": [incident(world, row) for row in world.pagerduty.account.incidents]}


def incident(world: World, row: Row) -> Row:
    """One incident as the vendor shows it, and beside that the plain fields."""
    shown = Shapes(world.pagerduty.account, "").incident(row)
    plain = ("service_id", "priority_id", "assignee_ids", "policy_id", "details")
    return {
        **shown,
        **{name: row.get(name) for name in plain},
        **{name: row[name] for name in ("notes", "alerts", "log")},
    }


def events(world: World, _filters: Filters) -> dict[str, Any]:
    """Events v2 that were taken, with what became of each."""
    return {"events": list(world.pagerduty.account.events)}


def hooks(world: World, _filters: Filters) -> dict[str, Any]:
    """What the catcher caught."""
    return {"hooks": [row for row in world.recorder.table if row["service"] == "hook"]}


def calls(world: World, filters: Filters) -> dict[str, Any]:
    """Every call; filters `service`, `call`, `ok` (0 or 1), `q`, `after` (an id), `whole`."""
    after = filters.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 16):
        raise FilterError("after must be the id of a call")
    rows = [
        row
        for row in world.recorder.table
        if row["id"] > int(after) and is_wanted_call(row, filters)
    ]
    whole = filters.get("whole", "1") != "0"
    return {"calls": [_calls.shown(row, whole=whole) for row in rows]}


def is_wanted_call(row: Row, filters: Filters) -> bool:
    """Whether a call passes the filters `service`, `call`, `ok` and `q`."""
    for name in ("service", "call"):
        if name in filters and row[name] != filters[name]:
            return False
    if "ok" in filters and row["ok"] != (filters["ok"] not in ("0", "false")):
        return False
    wanted = filters.get("q", "").lower()
    texts = (row["path"], row["body"], row["reason"], row["call"])
    return not wanted or any(wanted in text.lower() for text in texts)


def state(world: World, _filters: Filters) -> dict[str, Any]:
    """The version that grows with every change, and the size of each table."""
    return {"pid": os.getpid(), "version": world.store.version, "tables": world.store.sizes()}


def env(world: World, filters: Filters) -> dict[str, Any]:
    """The environment variables that point integrations here."""
    root = filters["root"]
    return {"env": environment(world.seed, root), "more": alternatives(world.seed, root)}
