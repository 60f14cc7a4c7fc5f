"""What a run hands over at its end: what may be resolved, and the change event."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._resolving import passes, suspects
from qlty.classes.integrations._pagerduty._scope import group_keys
from qlty.classes.integrations._pagerduty._text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qlty.classes.integrations._pagerduty._policy import Known
    from qlty.classes.integrations._pagerduty._scope import Scope
    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings
    from qlty.classes.integrations._pagerduty._trend import Trend
    from qlty.results import Totals


def failing_before(known: Known, trend_of: Callable[[str], Trend | None]) -> set[str] | None:
    """Return the keys of what passed now and failed when it last ran.

    ``None`` where no earlier run is known.
    """
    found = set()
    for key, problem in known.problems.items():
        trends = [trend_of(seen.case.nodeid) for seen in problem.passed]
        if None in trends:
            return None
        if any(trend.in_a_row for trend in trends if trend):
            found.add(key)
    return found


def outdated(known: Known, scope: Scope, before: set[str] | None, *, whole: bool) -> list[str]:
    """Return the keys whose pages, if any still wait in the outbox, tell what is no longer true.

    A page about several tests is outdated when a whole run has no failure left.
    """
    if not before:
        return []
    keys = [key for key in known.problems if key in before and known.problems[key].is_clean]
    groups = group_keys(known.service_id, scope) if whole and not known.failing else ()
    return [*keys, *groups]


def is_whole(run: Mapping[str, Any]) -> bool:
    """Say whether every test of the files that were chosen ran."""
    return bool(run.get("whole", True)) and not run.get("cut_short")


def settlement(
    known: Known,
    settings: PagerDutySettings,
    scope: Scope,
    run: Mapping[str, Any],
    before: set[str] | None,
    *,
    everything: bool,
) -> dict[str, Any] | None:
    """Return the payload that resolves what a service's tests proved, ``None`` for none.

    With ``everything`` PagerDuty is asked for all that is open. Otherwise only where something is
    known to have failed ``before``: the fixture alone makes no call that is not needed.
    """
    proved = passes(
        known,
        scope,
        settings.max_incidents,
        whole=is_whole(run),
        resolve_on_pass=settings.resolve_on_pass,
    )
    if proved is not None and not everything and not (before or settings.resolve_on_pass):
        proved = None
    if proved is None and not everything:
        return None
    groups = group_keys(known.service_id, scope)
    where = run.get("ci_url") or f"run {run.get('id', '')}"
    return {
        "service_id": known.service_id,
        "check": everything,
        "passes": asdict(proved) if proved else None,
        "suspects": suspects(proved, groups, before) if proved else [],
        "note": f"Resolved by QLTY: the tests of this incident passed ({where}).",
    }


def change_event(run: Mapping[str, Any], totals: Totals) -> dict[str, Any]:
    """Return the change event of a run, shown beside incidents; it pages nobody.

    https://developer.pagerduty.com/docs/events-api-v2-send-change-events
    """
    failed, total = totals["failed_testcases"], totals["total_testcases"]
    told = f"{failed} of {total} tests failed" if failed else f"{total} tests, none failed"
    environment = f" [{run['environment']}]" if run.get("environment") else ""
    facts = {name: run.get(name) for name in ("id", "environment", "branch", "commit", "platform")}
    event: dict[str, Any] = {
        "payload": {
            "summary": one_line(f"{run.get('project') or 'Tests'}{environment}: {told}"),
            "source": run.get("host") or "qlty",
            "timestamp": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "custom_details": {name: value for name, value in facts.items() if value},
        }
    }
    if run.get("ci_url"):
        event["links"] = [{"href": run["ci_url"], "text": "CI job"}]
    return event
