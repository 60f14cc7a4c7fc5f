"""Any history of runs, against PagerDuty's rules in memory: what must hold whatever happens.

The decisions and the sender are the real ones. PagerDuty is a dictionary with the rules of
POST /incidents, GET /incidents and PUT /incidents, so that thousands of histories take seconds;
``test_histories.py`` runs scripted ones over real sockets.

Beside it stands the truth, which no decision sees: which tests each open incident tells of, and
when each test passed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import reduce

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from qlty.classes.integrations._pagerduty import _sender
from qlty.classes.integrations._pagerduty._closing import settlement
from qlty.classes.integrations._pagerduty._leftovers import Leftovers
from qlty.classes.integrations._pagerduty._page import page
from qlty.classes.integrations._pagerduty._policy import wanted
from qlty.classes.integrations._pagerduty._scope import Scope, short
from qlty.classes.integrations._pagerduty._settings import PagerDutySettings
from qlty.classes.integrations._pagerduty._tag import Tag
from qlty.classes.integrations._pagerduty._trend import Past
from qlty.delivery import Job
from qlty.settings import Secret

SETTINGS = PagerDutySettings(
    max_incidents=3, api_key=Secret("sandbox-pagerduty-key"), resolve_on_pass=True
)
#: parameters of one test, tests of two files, and two that share a marker's key over these files
TESTS = ["a.py::t0[a]", "a.py::t0[b]", *(f"{'ab'[n % 2]}.py::t{n}" for n in range(1, 8))]
SHARED = {"a.py::own", "b.py::own"}
FILES = ["a.py", "b.py"]
FAILED, PASSED = {"failed", "setup", "collect"}, {"passed"}
SCOPES = [
    Scope(environment, "main", place)
    for environment in ("staging", "production")
    for place in ("ci", "local")
]
#: two of each kind, which know nothing of each other
MACHINES = [(scope, number) for scope in SCOPES for number in (1, 2)]


@dataclass
class InMemory:
    """PagerDuty's rules for one service, and the rules of ``Rest`` for what it says in notes."""

    incidents: list = field(default_factory=list)
    said: list = field(default_factory=list)

    def open_incident(self, page):
        if self.find_open(page["key"], page["service_id"]):
            return None
        incident = {"id": str(len(self.incidents)), "incident_key": page["key"], "open": True}
        incident |= {"page": page, "summary": page["title"], "status": "triggered", "notes": []}
        self.incidents.append(incident)
        return incident

    def find_open(self, key, service_id):
        return next(
            (one for one in self.open_of_service(service_id) if one["incident_key"] == key), None
        )

    def open_of_service(self, service_id):
        return [one for one in self.incidents if one["open"]]

    def group_that_tells(self, page):
        groups = (self.find_open(key, page["service_id"]) for key in page["groups"])
        telling = (one for one in groups if one and short(page["key"]) in self.known(one).keys)
        return next(telling, None)

    def tag(self, incident):
        return Tag.find(incident["page"]["tag"])

    def known(self, incident):
        return reduce(Tag.joined, incident["notes"], self.tag(incident))

    def note_once(self, incident, text, tag):
        known = self.known(incident)
        if tag.says_more_than(known):
            incident["notes"].append(tag)
            return True
        return False

    def note(self, incident_id, text, *, once=False):
        tag = Tag.find(text)
        if tag is not None:
            self.incidents[int(incident_id)]["notes"].append(tag)

    def resolve(self, incidents):
        for one in incidents:
            one["open"] = False

    def problems_of(self, service_id):
        return []


class Remembered:
    """The history file of one machine."""

    def __init__(self):
        self.known = False
        self.seen = {}
        self.newest = {}

    def outcomes(self, nodeid):
        return [outcome for outcome, _ in self.seen.get(nodeid, ())]

    def failed_last(self):
        return frozenset(nodeid for nodeid, word in self.newest.items() if word == "failed")

    def failed_once(self):
        return {
            nodeid: runs[-1][1] if runs[-1][0] == "passed" else 0.0
            for nodeid, runs in self.seen.items()
            if any(outcome == "failed" for outcome, _ in runs)
        }

    def record(self, tests, began):
        self.known, self.newest = True, {}
        for one in tests:
            self.newest[one.case.nodeid] = one.verdict
            self.seen.setdefault(one.case.nodeid, []).append((one.verdict, began))
        ran = {
            one.case.path for one in tests if one.verdict != "skipped" and one.phase != "collect"
        }
        for file in ran & self.seen.keys():
            self.seen[file].append(("passed", began))


class Histories(RuleBasedStateMachine):
    """Runs on machines whose outboxes are emptied now or later, in order."""

    facts = None

    def __init__(self):
        super().__init__()
        self.remote = InMemory()
        self.clock = itertools.count(1000)
        self.waiting = {machine: {} for machine in MACHINES}
        self.history = {machine: Remembered() for machine in MACHINES}
        #: by environment, when each test passed; by incident, what it tells of, and since when
        self.passes = {scope.environment: {} for scope in SCOPES}
        self.tells = {}

    @rule(
        machine=st.sampled_from(MACHINES),
        outcomes=st.dictionaries(
            st.sampled_from([*TESTS, *sorted(SHARED)]),
            st.sampled_from(["passed", "failed", "skipped", "setup"]),
            min_size=1,
        ),
        broken=st.sampled_from([None, None, *FILES]),
        same_error=st.booleans(),
        whole=st.booleans(),
        everything=st.booleans(),
        deliver=st.booleans(),
    )
    def run(self, machine, outcomes, broken, same_error, whole, everything, deliver):
        scope, _ = machine
        began = float(next(self.clock))
        outcomes = {n: word for n, word in outcomes.items() if n.partition("::")[0] != broken}
        if broken:
            outcomes[broken] = "collect"
        tests = [self._seen(scope, *item, same_error) for item in outcomes.items()]
        run = {"id": str(next(self.clock)), "whole": whole, "cut_short": False}
        for key, job in self._jobs(tests, machine, run, everything):
            self.waiting[machine].pop(key, None)
            self.waiting[machine][key] = job
        self.history[machine].record(tests, began)
        for one in tests:
            if one.verdict == "passed":
                self.passes[scope.environment][one.case.nodeid] = one.ended
            if one.verdict != "skipped" and one.phase != "collect":
                self.passes[scope.environment][one.case.path] = one.ended
        if deliver:
            self.deliver(machine)
            self._check_the_run(tests, scope, whole and everything)

    def _seen(self, scope, nodeid, outcome, same_error):
        failed = outcome in FAILED
        own = {"incident_key": "shop"} if nodeid in SHARED else {}
        return self.facts.seen(
            nodeid,
            "failed" if failed else outcome,
            scope=scope,
            error="OSError: no db" if same_error else "",
            phase=outcome if outcome in {"setup", "collect"} else "call",
            ended=float(next(self.clock)),
            **own,
        )

    def _jobs(self, tests, machine, run, everything):
        scope, _ = machine
        pages = [what for kind, what, _ in self.waiting[machine].values() if kind == "trigger"]
        leftovers = Leftovers(pages, scope)
        for one in tests:
            for key, _ in leftovers.outdated_by(one, set()):
                self._check_withdrawn(pages, key, scope)
                yield key, ("withdraw", {"text": ""}, None)
        known = self.facts.known(*tests)
        for incident in wanted(known, scope, SETTINGS.max_incidents):
            told = {seen.case.nodeid: seen.ended for seen in incident.failures}
            yield incident.key, ("trigger", page(incident, scope, run, known.judged), told)
        past = Past(self.history[machine])
        payload = settlement(known, SETTINGS, scope, run, past, everything=everything)
        if payload is not None:
            seen = {one.case.nodeid for one in tests}
            yield f"settle {run['id']}", ("settle", payload, seen if run["whole"] else None)

    def _check_withdrawn(self, pages, key, scope):
        (waiting,) = (one for one in pages if one["key"] == key)
        assert Tag.find(waiting["tag"]).scope == scope.digest

    @rule(machine=st.sampled_from(MACHINES))
    def deliver(self, machine):
        scope, _ = machine
        sender = _sender.Sender(SETTINGS)
        sender.__dict__["_rest"] = self.remote
        for key, (kind, payload, truth) in self.waiting[machine].items():
            before = {one["id"] for one in self.remote.incidents if one["open"]}
            sender.send(job := Job(1, "pagerduty", kind, key, "here", payload))
            if kind == "trigger":
                self._remember(job, truth)
            self._check_resolved(before, kind, payload, truth, scope)
        self.waiting[machine].clear()

    def _remember(self, job, told):
        """The incident that took this page tells of its tests from now on."""
        (outcome,) = job.checkpoint.values()
        tells = self.tells.setdefault(outcome["id"], {})
        for nodeid, when in told.items():
            # the same again, within the hour, leaves no trace at PagerDuty
            if outcome["status"] != "open" or nodeid not in tells:
                tells[nodeid] = when

    def _check_resolved(self, before, kind, payload, seen, scope):
        resolved = [one for one in self.remote.incidents if one["id"] in before and not one["open"]]
        assert kind == "settle" or not resolved
        for incident in resolved:
            tag = self.remote.tag(incident)
            assert self.remote.known(incident).whereabouts == (scope.digest, scope.place)
            self._check_proved(incident, tag, seen, scope)

    def _check_proved(self, incident, tag, seen, scope):
        passes = self.passes[scope.environment]
        tells = self.tells[incident["id"]]
        healed = {nodeid for nodeid, when in tells.items() if passes.get(nodeid, 0) > when}
        if tag.kind == "storm":
            assert healed, "a storm was resolved without a pass of any of its tests"
            return
        # one that is not there in a whole run was renamed; what shares a key may be whereabouts
        gone = {n for n in tells if seen is not None and n not in seen and n not in SHARED}
        renamed = {n for n in gone if any(_same_test(n, other) for other in seen)}
        assert healed | renamed == set(tells), "resolved without a pass"

    def _check_the_run(self, tests, scope, whole):
        """What was just delivered is what PagerDuty shows."""
        open_ones = [one for one in self.remote.incidents if one["open"]]
        here = [one for one in open_ones if _is_here(one, scope) or one["incident_key"] == "shop"]
        told = {nodeid for one in here for nodeid in self.tells[one["id"]]}
        failed = {one.case.nodeid for one in tests if one.verdict == "failed"}
        assert failed <= told, "a failure that was delivered is not open"
        verdicts = {}
        for one in tests:
            verdicts.setdefault(one.problem, set()).add(one.verdict)
        for incident in open_ones:
            tag = self.remote.known(incident)
            mine = tag.whereabouts == (scope.digest, scope.place) and tag.kind == "test"
            if mine and whole and tag.key != "shop":
                assert verdicts.get(tag.key) != {"passed"}, "open after a pass that was delivered"

    @invariant()
    def at_most_one_open_incident_per_key(self):
        keys = [one["incident_key"] for one in self.remote.incidents if one["open"]]
        assert len(keys) == len(set(keys))


def _same_test(one, other):
    return one.partition("[")[0] == other.partition("[")[0]


def _is_here(incident, scope):
    return Tag.find(incident["page"]["tag"]).scope == scope.digest


@pytest.fixture(scope="session")
def histories(facts):
    Histories.facts = facts
    return Histories


def test_any_history_keeps_the_promises(histories):
    run_state_machine_as_test(
        histories,
        settings=settings(max_examples=200, stateful_step_count=25, deadline=None, database=None),
    )
