"""Which open incidents a run may resolve. Facts in, decisions out, as in the policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._failure import digest
from qlty.classes.integrations._pagerduty._policy import STORM_TESTS, Known, wanted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qlty.classes.integrations._pagerduty._policy import Problem
    from qlty.classes.integrations._pagerduty._scope import Scope
    from qlty.classes.integrations._pagerduty._tag import Tag

#: hex digits by which a node id or a key is known again
SHORT = 10
#: keys that one run resolves without knowing whether they are open; about 120 events a minute are
#: taken. https://developer.pagerduty.com/docs/events-api-v2-overview
MAX_BLIND = 100


@dataclass(frozen=True)
class Passes:
    """What one run proved about one service: the payload of the job that resolves.

    Attributes:
        clean: key to the time at which its first test passed; every test of it that ran passed.
        doubtful: those of ``clean`` of which something was skipped.
        passed: short digests of the node ids that passed.
        wanted: keys whose incidents this run itself wants open.
        judged: how many problems passed or failed.
        whole: nothing was deselected.
        failing: something of this service failed.
    """

    service_id: str
    environment: str
    branch: str
    place: str
    clean: dict[str, float] = field(default_factory=dict)
    doubtful: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    judged: int = 0
    whole: bool = True
    failing: bool = False

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Passes:
        """Read it back from a payload."""
        lists = {name: tuple(values[name]) for name in ("doubtful", "passed", "wanted")}
        return cls(**{**values, **lists})


def passes(
    known: Known, scope: Scope, max_incidents: int, *, whole: bool, resolve_on_pass: bool | None
) -> Passes | None:
    """Return what a run proved about a service, ``None`` where nothing of it may be resolved.

    A marker's own ``incident_key`` is resolved only where ``resolve_on_pass`` is explicitly true,
    since others may share it.
    """
    clean = {
        key: problem
        for key, problem in known.problems.items()
        if problem.is_clean and _may_resolve(problem, resolve_on_pass)
    }
    if not clean:
        return None
    return Passes(
        service_id=known.service_id,
        environment=scope.environment,
        branch=scope.branch,
        place=scope.place,
        clean={key: min(seen.ended for seen in p.passed) for key, p in clean.items()},
        doubtful=tuple(key for key, problem in clean.items() if problem.skipped),
        passed=tuple(short(seen.case.nodeid) for p in clean.values() for seen in p.passed),
        wanted=tuple(incident.key for incident in wanted(known, scope, max_incidents)),
        judged=known.judged,
        whole=whole,
        failing=bool(known.failing),
    )


def short(text: str) -> str:
    """Return the short digest of a node id or a key."""
    return digest(text, SHORT)


def shorts(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the short digests of several, without doubles, in order."""
    return tuple(dict.fromkeys(short(text) for text in texts))


def kept_open(tag: Tag, run: Passes) -> str | None:
    """Say why a run must leave an incident open; ``None`` where it may resolve it.

    An incident in which the run has no part at all is left open for the reason ``""``.
    """
    if (tag.env, tag.branch) != (run.environment, run.branch) or tag.key in run.wanted:
        return ""
    why = {"test": _test_stays, "storm": _storm_stays}.get(tag.kind, _group_stays)(tag, run)
    if why is None and tag.place != run.place:
        return f"it was opened in another place ({tag.place}) than this run ({run.place})"
    return why


def _test_stays(tag: Tag, run: Passes) -> str | None:
    if tag.key not in run.clean:
        return ""
    if run.clean[tag.key] <= tag.failed_at:
        return "its failure is newer than the pass"
    proved = run.whole and tag.key not in run.doubtful
    if proved or (set(tag.tests) <= set(run.passed) and not tag.more):
        return None
    return "some of its tests were skipped or not selected"


def _group_stays(tag: Tag, run: Passes) -> str | None:
    clean = {short(key): ended for key, ended in run.clean.items()}
    if not any(test in clean for test in tag.tests):
        return ""
    if not all(clean.get(test, 0) > tag.failed_at for test in tag.tests):
        return "some of its tests did not pass"
    skipped = set(tag.tests) & set(shorts(run.doubtful))
    if skipped or (tag.more and (run.failing or not run.whole)):
        return "some of its tests were skipped or not run"
    return None


def _storm_stays(tag: Tag, run: Passes) -> str | None:
    if run.judged < min(STORM_TESTS, tag.size):
        return "the run is too small to show that the storm is over"
    if max(run.clean.values()) <= tag.failed_at:
        return "the storm is newer than the pass"
    return None


def _may_resolve(problem: Problem, setting: bool | None) -> bool:
    routing = problem.passed[0].routing
    asked = setting if routing.resolve_on_pass is None else routing.resolve_on_pass
    return asked is True if routing.incident_key else asked is not False


def suspects(run: Passes, group_keys: Iterable[str], failing_before: set[str] | None) -> list[str]:
    """Return the keys to resolve where PagerDuty cannot be asked what is open.

    Only what a whole run proved by itself; of that, what is in ``failing_before``, unless that is
    ``None``, which means that no earlier run is known. Incidents about several tests are over when
    nothing of the service fails.
    """
    if not run.whole:
        return []
    proved = [key for key in run.clean if key not in run.doubtful]
    if failing_before is not None:
        proved = [key for key in proved if key in failing_before]
    groups = [] if run.failing or run.doubtful or not proved else list(group_keys)
    return [*proved, *groups][:MAX_BLIND]
