"""Which open incidents a run may resolve. Facts in, decisions out, as in the policy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._policy import STORM_TESTS, Known, wanted
from qlty.classes.integrations._pagerduty._scope import group_keys, short, shorts, test_of
from qlty.classes.integrations._pagerduty._tag import newest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qlty.classes.integrations._pagerduty._policy import Problem
    from qlty.classes.integrations._pagerduty._scope import Scope
    from qlty.classes.integrations._pagerduty._tag import Tag


@dataclass(frozen=True)
class Extent:
    """How much of the suite a run had.

    Attributes:
        whole: every test of the files that were chosen.
        entire: every test of the project; what is not there any more was renamed or removed.
    """

    whole: bool = True
    entire: bool = False

    @classmethod
    def of_run(cls, run: Mapping[str, Any]) -> Extent:
        """Read it from ``context["run"]``."""
        whole = bool(run.get("whole", True)) and not run.get("cut_short")
        return cls(whole, whole and bool(run.get("entire")))


@dataclass(frozen=True)
class Passes:
    """What one run proved about one service: the payload of the job that resolves.

    Attributes:
        scope: digest of project, environment and branch.
        groups: keys of the incidents that are about several tests.
        clean: key to the time at which its first test passed; every test of it that ran passed.
        doubtful: those of ``clean`` of which something was skipped.
        shared: those of ``clean`` that a marker names: tests of other files may have them, too.
        passed: short digests of the node ids that passed, with their times.
        mixed: keys of which something passed and something failed.
        wanted: keys whose incidents this run itself wants open.
        ran: short digests of the keys of which something passed or failed.
        idle: short digests of the keys of which nothing did.
        whole: every test of the files that were chosen ran.
        entire: every test of the project ran.
        failing: something of this service failed.
    """

    service_id: str
    scope: str
    place: str
    groups: tuple[str, ...] = ()
    clean: dict[str, float] = field(default_factory=dict)
    doubtful: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    passed: dict[str, float] = field(default_factory=dict)
    mixed: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    whole: bool = True
    entire: bool = False
    failing: bool = False

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Passes:
        """Read it back from a payload."""
        lists = {name: tuple(each) for name, each in values.items() if isinstance(each, list)}
        return cls(**{**values, **lists})


def passes(
    known: Known,
    scope: Scope,
    max_incidents: int,
    *,
    extent: Extent,
    resolve_on_pass: bool | None,
) -> Passes | None:
    """Return what a run proved about a service, ``None`` where nothing of it may be resolved.

    A marker's own ``incident_key`` is resolved only where ``resolve_on_pass`` is explicitly true,
    since others may share it.

    Args:
        known: the service's tests.
        scope: where the run happens.
        max_incidents: the limit of incidents per run and service.
        extent: how much of the suite the run had.
        resolve_on_pass: the setting.
    """
    passed = {
        key: problem
        for key, problem in known.problems.items()
        if problem.passed and _may_resolve(problem, resolve_on_pass)
    }
    clean = {key: problem for key, problem in passed.items() if problem.is_clean}
    collected = {} if resolve_on_pass is False else _collected(known, scope)
    if not passed and not collected:
        return None
    ran = [key for key, p in known.problems.items() if p.passed or p.failed or p.held]
    return Passes(
        service_id=known.service_id,
        scope=scope.digest,
        place=scope.place,
        groups=group_keys(known.service_id, scope),
        clean={
            **{key: min(seen.ended for seen in p.passed) for key, p in clean.items()},
            **{key: known.collected[nodeid] for key, nodeid in collected.items()},
        },
        doubtful=tuple(key for key, problem in clean.items() if problem.skipped),
        shared=tuple(key for key, p in clean.items() if p.passed[0].routing.incident_key),
        passed={
            **{short(seen.case.nodeid): seen.ended for p in passed.values() for seen in p.passed},
            **{short(nodeid): known.collected[nodeid] for nodeid in collected.values()},
        },
        mixed=tuple(passed.keys() - clean.keys()),
        wanted=tuple(incident.key for incident in wanted(known, scope, max_incidents)),
        ran=shorts(ran),
        idle=shorts(known.problems.keys() - set(ran)),
        whole=extent.whole,
        entire=extent.entire,
        failing=bool(known.failing),
    )


def _collected(known: Known, scope: Scope) -> dict[str, str]:
    """Return the keys under which files and classes that can be collected would be open."""
    keys = {scope.key(known.service_id, test_of(nodeid)): nodeid for nodeid in known.collected}
    return {key: nodeid for key, nodeid in keys.items() if key not in known.problems}


def kept_open(tag: Tag, run: Passes) -> str | None:
    """Say why a run must leave an incident open; ``None`` where it may resolve it.

    An incident in which the run has no part at all is left open for the reason ``""``.
    """
    if not tag.scope:
        return "it tells of failures in several projects, environments or branches"
    if tag.scope != run.scope or tag.key in run.wanted:
        return ""
    why = {"test": _test_stays, "storm": _storm_stays}.get(tag.kind, _group_stays)(tag, run)
    if why is None and tag.place != run.place:
        return f"it was opened in another place ({tag.place}) than this run ({run.place})"
    return why


def _test_stays(tag: Tag, run: Passes) -> str | None:
    if tag.key not in run.clean:
        return _absent(tag, run)
    if _each_passed(tag, run):
        return None
    if run.clean[tag.key] <= tag.failed_at:
        return "its failure is newer than the pass"
    if tag.key in proved(run):
        return None
    return "some of its tests were skipped or not selected"


def _absent(tag: Tag, run: Passes) -> str:
    if not run.entire or tag.place != run.place or short(tag.key) in {*run.ran, *run.idle}:
        return ""
    return "no test of it is there any more: if it was renamed or removed, resolve it by hand"


def _each_passed(tag: Tag, run: Passes) -> bool:
    times = newest((*tag.passed.items(), *run.passed.items()))
    listed = tag.tests and not tag.more
    return bool(listed) and all(times.get(test, 0) > when for test, when in tag.tests.items())


def _group_stays(tag: Tag, run: Passes) -> str | None:
    clean = {short(key) for key in run.clean}
    if clean.isdisjoint(tag.keys):
        return ""
    if _each_passed(tag, run):
        return None
    times = newest((*tag.passed.items(), *((short(key), run.clean[key]) for key in proved(run))))
    unlisted = tag.more and (run.failing or not run.whole)
    if not unlisted and all(times.get(key, 0) > when for key, when in tag.keys.items()):
        return None
    return "some of its tests did not pass, or were skipped or not selected"


def progress(tag: Tag, run: Passes) -> Tag | None:
    """Return what a run that must leave an incident open has to tell later ones; ``None``: nothing.

    Tests pass in several runs, on several machines; what each has proved stands in a note.
    """
    failed = {**tag.tests, **tag.keys}
    whole = ((short(key), run.clean[key]) for key in proved(run))
    told = {
        name: time
        for name, time in newest((*run.passed.items(), *whole)).items()
        if tag.passed.get(name, 0) <= failed.get(name, time) < time
    }
    return replace(tag, tests={}, keys={}, passed=told, error="", failed_at=0.0) if told else None


def _storm_stays(tag: Tag, run: Passes) -> str | None:
    ran = tag.keys.keys() & set(run.ran)
    if not ran:
        return ""
    if _each_passed(tag, run):
        return None
    if len(run.ran) < min(STORM_TESTS, tag.size) or len(ran) * 2 <= len(tag.keys):
        return "the run had too few of its tests to show that the storm is over"
    times = ((tag.keys.get(short(key)), ended) for key, ended in run.clean.items())
    if any(failed is not None and ended > failed for failed, ended in times):
        return None
    return "none of its tests has passed since"


def _may_resolve(problem: Problem, setting: bool | None) -> bool:
    routing = problem.passed[0].routing
    asked = setting if routing.resolve_on_pass is None else routing.resolve_on_pass
    return asked is True if routing.incident_key else asked is not False


def proved(run: Passes) -> list[str]:
    """Return the keys of which a run had all tests: what failed, and is not there, is renamed.

    A key that a marker names may have tests in other files.
    """
    left_out = {*run.doubtful, *run.shared}
    return [key for key in run.clean if key not in left_out] if run.whole else []
