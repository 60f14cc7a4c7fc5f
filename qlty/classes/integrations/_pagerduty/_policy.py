"""Which incidents a service should have, given what is known of its tests so far.

Nothing here reads a clock, a file or a network: facts in, decisions out.
The rules, in the order in which they apply:

1. A test that was interrupted says nothing. Skipped and xfailed tests open nothing, and neither
   does a test that passed in the end.
2. A failure that is held back (quarantine, ``AFTER``, ``ONLY_ON`` ...) opens nothing.
3. A storm is one incident: more than half of at least 20 tests fail, or one error explains most
   of at least 5 failures.
4. The same error in the setup of two tests or more is one incident: something they share is broken.
5. Everything else is one incident per test, however many of its parameters fail.
6. Beyond ``MAX_INCIDENTS`` the rest share one summary incident.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Literal

from qlty.classes.integrations._pagerduty._scope import Scope, group_key, marker_key, test_of
from qlty.results import collectors

if TYPE_CHECKING:
    from qlty.classes.integrations._pagerduty._marker import Routing
    from qlty.classes.integrations._pagerduty._trend import Trend
    from qlty.results import Failure, Phase, TestCase, TestResult

#: fewer tests than this are no storm, however many of them fail
STORM_TESTS = 20
#: so many failures with one error are a storm where they are most of all failures
STORM_SAME_ERROR = 5
#: so many tests whose setup fails with one error have one cause
SHARED_SETUP = 2

Verdict = Literal["failed", "passed", "skipped"]
Kind = Literal["test", "setup", "summary", "storm"]


@dataclass(frozen=True)
class Observation:
    """What one test did, as far as PagerDuty is concerned.

    Attributes:
        problem: key of the incident that its failure belongs to.
        ended: seconds since the epoch.
        held: why its failure opens nothing; ``""`` where it does.
    """

    case: TestCase
    routing: Routing
    problem: str
    verdict: Verdict
    ended: float
    phase: Phase | None = None
    failure: Failure | None = None
    message: str = ""
    attempts: int = 1
    held: str = ""
    trend: Trend | None = None


@dataclass(frozen=True)
class Incident:
    """An incident that should be open.

    Attributes:
        failures: what it tells of, in the order in which the tests ended.
        reason: for a storm, what makes it one.
    """

    kind: Kind
    key: str
    service_id: str
    failures: tuple[Observation, ...]
    reason: str = ""


@dataclass
class Problem:
    """All tests of one service that share a key: the parameters of one test, as a rule."""

    first: Observation
    failed: list[Observation] = field(default_factory=list)
    passed: list[Observation] = field(default_factory=list)
    skipped: int = 0
    held: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether something passed and nothing failed."""
        return bool(self.passed) and not self.failed and not self.held


@dataclass
class Known:
    """What is known of the tests of one service so far; the counters spare a look at all of it.

    Attributes:
        failing: those of ``problems`` that have a failure, first failed first.
        errors: how many problems failed first with each error.
        judged: how many problems passed or failed; those that were only skipped did neither.
        nodeids: all tests that were seen, whatever became of them.
        collected: node ids of the files and classes of which a test ran, whatever its service, with
            the time at which the first one ended: they can be imported.
    """

    service_id: str
    collected: dict[str, float] = field(default_factory=dict)
    nodeids: set[str] = field(default_factory=set)
    problems: dict[str, Problem] = field(default_factory=dict)
    failing: dict[str, Problem] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    setup_errors: Counter[str] = field(default_factory=Counter)
    judged: int = 0

    def add(self, seen: Observation) -> None:
        """Take note of a test that ended."""
        self.nodeids.add(seen.case.nodeid)
        if seen.verdict != "skipped" and seen.phase != "collect":
            self._add_collected(seen)
        problem = self.problems.setdefault(seen.problem, Problem(seen))
        counts = seen.verdict != "skipped" and not seen.held
        self.judged += counts and not problem.passed and not problem.failed
        if seen.verdict == "skipped":
            problem.skipped += 1
        elif seen.verdict == "passed":
            problem.passed.append(seen)
        elif seen.held:
            problem.held += 1
        else:
            self._add_failure(seen, problem)

    def under(self, scope: Scope) -> Known:
        """Return the same with the keys that another scope gives."""
        keys = {key: _key_under(one.first, scope) for key, one in self.problems.items()}
        problems = {keys[key]: one for key, one in self.problems.items()}
        failing = {keys[key]: one for key, one in self.failing.items()}
        return replace(self, problems=problems, failing=failing)

    def _add_collected(self, seen: Observation) -> None:
        # what is above it is known already where it is known itself
        for nodeid in reversed(collectors(seen.case.nodeid)):
            if nodeid in self.collected:
                break
            self.collected[nodeid] = seen.ended

    def _add_failure(self, seen: Observation, problem: Problem) -> None:
        problem.failed.append(seen)
        if len(problem.failed) == 1:
            self.failing[seen.problem] = problem
            self.errors[_cause(seen)] += 1
            if seen.phase == "setup":
                self.setup_errors[_cause(seen)] += 1


def under(incident: Incident, scope: Scope) -> Incident:
    """Return the incident with the keys that another scope gives."""
    failures = tuple(replace(s, problem=_key_under(s, scope)) for s in incident.failures)
    alone = incident.kind == "test"
    key = failures[0].problem if alone else group_key(incident.kind, incident.service_id, scope)
    return replace(incident, key=key, failures=failures)


def _key_under(seen: Observation, scope: Scope) -> str:
    return problem_key(seen.case, seen.routing, scope)


def verdict(result: TestResult) -> Verdict | None:
    """Return what a test's final outcome means here, ``None`` where it means nothing."""
    return None if result["interrupted"] else result["status"]


def problem_key(case: TestCase, routing: Routing, scope: Scope) -> str:
    """Return the key of a test's incident: the marker's own, or one for the test as a whole."""
    if routing.incident_key:
        return marker_key(routing.incident_key)
    return scope.key(routing.service_id, test_of(case.nodeid))


def wanted(known: Known, scope: Scope, max_incidents: int) -> list[Incident]:
    """Return the incidents that the failures known so far deserve."""
    if not known.failing:
        return []
    storm = storm_reason(known)
    if storm:
        return [_group("storm", known, scope, list(known.failing.values()), storm)]
    shared = [p for p in known.failing.values() if _has_shared_setup_error(known, p)]
    own = {key: p for key, p in known.failing.items() if not _has_shared_setup_error(known, p)}
    incidents = [_group("setup", known, scope, shared)] if shared else []
    room = max_incidents - len(incidents)
    for key, problem in islice(own.items(), room):
        incidents.append(Incident("test", key, known.service_id, tuple(problem.failed)))
    rest = list(islice(own.values(), room, None))
    if rest:
        incidents.append(_group("summary", known, scope, rest))
    return incidents


def storm_reason(known: Known) -> str:
    """Say what makes the failures a storm, ``""`` where they are none."""
    failed = len(known.failing)
    if known.judged >= STORM_TESTS and failed * 2 > known.judged:
        return f"{failed} of {known.judged} tests fail"
    if failed >= STORM_SAME_ERROR:
        (_, same), *_ = known.errors.most_common(1)
        if same >= STORM_SAME_ERROR and same * 2 > failed:
            return f"one error explains {same} of {failed} failures"
    return ""


def highest_urgency(failures: tuple[Observation, ...]) -> str | None:
    """Return the highest urgency; ``None``, where the service decides, is above ``low``."""
    given = {seen.routing.urgency for seen in failures}
    return "high" if "high" in given else None if None in given else "low"


def _has_shared_setup_error(known: Known, problem: Problem) -> bool:
    first = problem.failed[0]
    return first.phase == "setup" and known.setup_errors[_cause(first)] >= SHARED_SETUP


def _group(
    kind: Kind, known: Known, scope: Scope, problems: list[Problem], reason: str = ""
) -> Incident:
    failures = tuple(seen for problem in problems for seen in problem.failed)
    key = group_key(kind, known.service_id, scope)
    return Incident(kind, key, known.service_id, failures, reason)


def _cause(seen: Observation) -> str:
    """Return what is equal for failures of different tests that one cause explains."""
    if seen.failure is None:
        return ""
    return f"{seen.failure.problems[0]}\0{seen.failure.crash.partition(':')[0]}"
