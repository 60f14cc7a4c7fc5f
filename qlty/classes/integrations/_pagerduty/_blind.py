"""What to resolve by events: nobody can be asked what is open, the history alone knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qlty.classes.integrations._pagerduty._resolving import proved
from qlty.classes.integrations._pagerduty._scope import SHORT, short, test_of
from qlty.classes.integrations._pagerduty._text import digest

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


@dataclass(frozen=True)
class Suspects:
    """Keys that may be open.

    Attributes:
        keys: each with its test, ``""`` for incidents that are about several.
        sure: the history says that they failed before.
        left: how many more passed, for which this run sends nothing.
    """

    keys: dict[str, str]
    sure: bool
    left: int = 0


def suspects(known: Known, scope: Scope, run: Passes, past: Past, run_id: str) -> Suspects:
    """Return the keys that may be open and that nothing keeps open, groups first.

    A key ends where a run proved it as a whole, or where each of its tests that failed has passed
    since. Incidents about several tests end when nothing of the service is left that failed.
    Where no earlier run is known: with what passed, but not every file that was collected.
    """
    whole = set(proved(run))
    names = {key: test_of(nodeid) for key, nodeid in _passed(known, scope)}
    if not past.known:
        ran = set(run.ran)
        keys = [key for key in run.clean if key in whole and short(key) in ran]
        groups = run.groups if keys and not (run.failing or run.doubtful) else ()
        chosen = _turn_of(run_id, keys, MAX_BLIND - len(groups))
        told = {key: names.get(key, "") for key in (*groups, *chosen)}
        return Suspects(told, sure=False, left=len(keys) - len(chosen))
    left = _left(known, scope, past)
    broken = left & known.problems.keys() if run.whole else left
    healed = failing_before(known, scope, past)
    keys = [key for key in run.clean if key in healed and (key in whole or key not in left)]
    if left - whole:
        # tests of other files may have a key that a marker names
        keys = [key for key in keys if key not in run.shared]
    over = keys and not run.failing and not (broken - whole)
    groups = run.groups if over else ()
    return Suspects({key: names.get(key, "") for key in (*groups, *keys)}, sure=True)


def _turn_of(run_id: str, keys: list[str], room: int) -> list[str]:
    """Return those keys whose turn it is: no key may wait for ever behind the same others."""
    if len(keys) <= room:
        return keys
    start = int(digest(run_id, SHORT), 16) % len(keys)
    return [*keys, *keys][start : start + room]


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
