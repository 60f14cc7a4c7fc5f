"""What a run hands over at its end: what may be resolved, and the change event."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._blind import Suspects, failing_before, suspects
from qlty.classes.integrations._pagerduty._resolving import Extent, passes
from qlty.classes.integrations._pagerduty._text import one_line
from qlty.results import in_words
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qlty.classes.integrations._pagerduty._policy import Known
    from qlty.classes.integrations._pagerduty._resolving import Passes
    from qlty.classes.integrations._pagerduty._scope import Scope
    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings
    from qlty.classes.integrations._pagerduty._trend import Past
    from qlty.results import RunInfo, Totals


def settlement(
    known: Known,
    settings: PagerDutySettings,
    scope: Scope,
    run: Mapping[str, Any],
    past: Past,
    *,
    everything: bool,
) -> dict[str, Any] | None:
    """Return the payload that resolves what a service's tests proved, ``None`` for none.

    With ``everything`` PagerDuty is asked for all that is open. Otherwise only where something is
    known to have failed before: the fixture alone makes no call that is not needed.
    """
    prove = partial(
        passes,
        max_incidents=settings.max_incidents,
        extent=Extent.of_run(run),
        resolve_on_pass=settings.resolve_on_pass,
    )
    told = []
    if everything or failing_before(known, scope, past):
        told = [(known, scope, prove(known, scope))]
        if scope.former:
            then = known.under(scope.former)
            told.append((then, scope.former, prove(then, scope.former)))
    proved = [(tests, where, run) for tests, where, run in told if run]
    if not proved and not everything:
        return None
    suspected = _suspects(proved, past, run.get("id", ""))
    where = run.get("ci_url") or f"run {run.get('id', '')}"
    return {
        "service_id": known.service_id,
        "check": everything,
        "passes": [asdict(run) for _, _, run in proved],
        "suspects": suspected.keys,
        "sure": suspected.sure,
        "left": suspected.left,
        "progress": f"Some of the tests of this incident passed ({where}).",
        "note": f"Resolved by QLTY: the tests of this incident passed ({where}).",
    }


def _suspects(proved: Iterable[tuple[Known, Scope, Passes]], past: Past, run_id: str) -> Suspects:
    """Return what to resolve where nobody can be asked what is open: keys of now, then of then.

    Where no earlier run is known the keys of now alone are more than one run may resolve.
    """
    found = Suspects({}, sure=True)
    for known, scope, run in proved:
        own = suspects(known, scope, run, past, run_id)
        names = set(found.keys.values())
        told = {key: "" if name in names else name for key, name in own.keys.items()}
        wanted = {key: name for key, name in told.items() if key not in run.wanted}
        found = Suspects({**found.keys, **wanted}, own.sure, max(own.left, found.left))
        if not own.sure:
            break
    return found


def change_event(run: RunInfo, totals: Totals) -> dict[str, Any]:
    """Return the change event of a run, shown beside incidents; it pages nobody.

    https://developer.pagerduty.com/docs/events-api-v2-send-change-events
    """
    environment = f" [{run['environment']}]" if run.get("environment") else ""
    facts = {
        name: run.get(name)
        for name in ("id", "project", "environment", "branch", "commit", "platform")
    }
    event: dict[str, Any] = {
        "payload": {
            "summary": one_line(
                f"{run.get('project') or 'Tests'}{environment}: {in_words(totals, run)}"
            ),
            "source": run.get("host") or "qlty",
            "timestamp": clock.utc_now().isoformat(timespec="milliseconds"),
            "custom_details": {name: value for name, value in facts.items() if value},
        }
    }
    if run.get("ci_url"):
        event["links"] = [{"href": run["ci_url"], "text": "CI job"}]
    return event
