"""What to resolve by events: nobody can be asked what is open, the history alone knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._pagerduty._resolving import proved
from qlty.classes.integrations._pagerduty._scope import short, test_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlty.classes.integrations._pagerduty._policy import Known
    from qlty.classes.integrations._pagerduty._resolving import Passes
    from qlty.classes.integrations._pagerduty._scope import Scope
    from qlty.classes.integrations._pagerduty._trend import Past

#: keys that one run resolves without knowing whether they ever failed; about 120 events a minute
#: are taken. https://developer.pagerduty.com/docs/events-api-v2-overview
MAX_BLIND = 100


def failing_before(known: Known, scope: Scope, past: Past) -> set[str]:
    """Return the keys of what passed now and failed when it last ran."""
    # a parameter that was renamed since is not there to pass itself
    failed_last = {scope.key(known.service_id, test_of(nodeid)) for nodeid in past.failed_last}
    return {
        key
        for key, nodeid in _passed(known, scope)
        if key in failed_last or past.trend_of(nodeid).in_a_row
    }


def suspects(known: Known, scope: Scope, run: Passes, past: Past) -> list[str]:
    """Return the keys that may be open and that nothing keeps open, groups first.

    A key ends where a run proved it as a whole, or where each of its tests that failed has passed
    since. Incidents about several tests end when nothing of the service is left that failed.
    Where no earlier run is known: with all that passed, but not every file that was collected.
    """
    whole = set(proved(run))
    if not past.known:
        ran = set(run.ran)
        keys = [key for key in run.clean if key in whole and short(key) in ran]
        groups = run.groups if keys and not (run.failing or run.doubtful) else ()
        return [*groups, *keys][:MAX_BLIND]
    left = _left(known, scope, past)
    broken = left & known.problems.keys() if run.whole else left
    healed = failing_before(known, scope, past)
    keys = [key for key in run.clean if key in healed and (key in whole or key not in left)]
    if left - whole:
        # tests of other files may have a key that a marker names
        keys = [key for key in keys if key not in run.shared]
    over = keys and not run.failing and not (broken - whole)
    return [*(run.groups if over else ()), *keys]


def _left(known: Known, scope: Scope, past: Past) -> set[str]:
    """Return the keys of tests that failed and have not passed since, in this run or another."""
    now = {nodeid for _, nodeid in _passed(known, scope)}
    return {
        scope.key(known.service_id, test_of(nodeid))
        for nodeid, passed in past.failed_once.items()
        if not passed and nodeid not in now
    }


def _passed(known: Known, scope: Scope) -> Iterator[tuple[str, str]]:
    """Yield key and node id of every test that passed, and of every file that was collected."""
    for key, problem in known.problems.items():
        for seen in problem.passed:
            yield key, seen.case.nodeid
    for nodeid in known.collected:
        yield scope.key(known.service_id, test_of(nodeid)), nodeid
