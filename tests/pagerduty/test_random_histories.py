"""Any history of runs, against PagerDuty's rules in memory: what must hold whatever happens.

The decisions and the sender are the real ones. PagerDuty is a dictionary with the rules of
POST /incidents, GET /incidents and PUT /incidents, so that thousands of histories take seconds;
``test_histories.py`` runs scripted ones over real sockets.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from qlty.classes.integrations._pagerduty import _sender
from qlty.classes.integrations._pagerduty._closing import outdated, settlement
from qlty.classes.integrations._pagerduty._page import page
from qlty.classes.integrations._pagerduty._policy import wanted
from qlty.classes.integrations._pagerduty._scope import Scope
from qlty.classes.integrations._pagerduty._settings import PagerDutySettings
from qlty.classes.integrations._pagerduty._tag import Tag
from qlty.delivery import Job
from qlty.settings import Secret

SETTINGS = PagerDutySettings(max_incidents=3, api_key=Secret("sandbox-pagerduty-key"))
TESTS = ["a.py::t0[a]", "a.py::t0[b]", *(f"a.py::t{n}" for n in range(1, 6))]
SCOPES = [
    Scope(environment, "main", place)
    for environment in ("staging", "production")
    for place in ("ci", "local")
]
#: two of each kind, which know nothing of each other
MACHINES = [(scope, number) for scope in SCOPES for number in (1, 2)]


@dataclass
class InMemory:
    """PagerDuty's rules for one service."""

    incidents: list = field(default_factory=list)

    def open_incident(self, page):
        if self.find_open(page["key"], page["service_id"]):
            return None
        incident = {"id": str(len(self.incidents)), "incident_key": page["key"], "open": True}
        incident |= {"page": page, "summary": page["title"], "status": "triggered"}
        self.incidents.append(incident)
        return incident

    def find_open(self, key, service_id):
        return next(
            (one for one in self.open_of_service(service_id) if one["incident_key"] == key), None
        )

    def open_of_service(self, service_id):
        return [one for one in self.incidents if one["open"]]

    def tag(self, incident):
        return Tag.find(incident["page"]["tag"])

    def note_once(self, incident, text, error):
        return False

    def note(self, incident_id, text):
        assert not self.incidents[int(incident_id)]["open"]

    def resolve(self, incidents):
        for one in incidents:
            one["open"] = False

    def problems_of(self, service_id):
        return []


class Histories(RuleBasedStateMachine):
    """Runs on machines whose outboxes are emptied now or later, in order."""

    facts = None

    def __init__(self):
        super().__init__()
        self.remote = InMemory()
        self.clock = itertools.count(1000)
        self.waiting = {machine: {} for machine in MACHINES}
        self.failed_last = {machine: {} for machine in MACHINES}

    @rule(
        machine=st.sampled_from(MACHINES),
        outcomes=st.dictionaries(
            st.sampled_from(TESTS),
            st.sampled_from(["passed", "failed", "skipped", "setup"]),
            min_size=1,
        ),
        same_error=st.booleans(),
        whole=st.booleans(),
        deliver=st.booleans(),
    )
    def run(self, machine, outcomes, same_error, whole, deliver):
        scope, _ = machine
        tests = [self._seen(scope, *item, same_error) for item in outcomes.items()]
        known = self.facts.known(*tests)
        for key, job in self._jobs(known, machine, whole):
            self.waiting[machine].pop(key, None)
            self.waiting[machine][key] = job
        self.failed_last[machine] |= {
            one.problem: one.verdict == "failed" for one in tests if one.verdict != "skipped"
        }
        if deliver:
            self.deliver(machine)
            self._check_the_run(tests, known, scope, whole)

    def _seen(self, scope, nodeid, outcome, same_error):
        failed = outcome in {"failed", "setup"}
        return self.facts.seen(
            nodeid,
            "failed" if failed else outcome,
            scope=scope,
            error="OSError: no db" if same_error else "",
            phase="setup" if outcome == "setup" else "call",
            ended=float(next(self.clock)),
        )

    def _jobs(self, known, machine, whole):
        scope, _ = machine
        run = {"id": str(next(self.clock)), "whole": whole}
        for incident in wanted(known, scope, SETTINGS.max_incidents):
            yield incident.key, ("trigger", page(incident, scope, run, known.judged))
        before = {key for key, failed in self.failed_last[machine].items() if failed}
        for key in outdated(known, scope, before, whole=whole):
            yield key, ("withdraw", {"text": ""})
        payload = settlement(known, SETTINGS, scope, run, before, everything=True)
        if payload is not None:
            yield f"settle {run['id']}", ("settle", payload)

    @rule(machine=st.sampled_from(MACHINES))
    def deliver(self, machine):
        scope, _ = machine
        sender = _sender.Sender(SETTINGS)
        sender.__dict__["_rest"] = self.remote
        for key, (kind, payload) in self.waiting[machine].items():
            open_before = {one["id"] for one in self.remote.incidents if one["open"]}
            sender.send(Job(1, "pagerduty", kind, key, "here", payload))
            self._check_resolved(open_before, kind, payload, scope)
        self.waiting[machine].clear()

    def _check_resolved(self, open_before, kind, payload, scope):
        resolved = [i for i in self.remote.incidents if i["id"] in open_before and not i["open"]]
        for incident in resolved:
            tag = self.remote.tag(incident)
            assert kind == "settle"
            assert (tag.env, tag.branch, tag.place) == (
                scope.environment,
                scope.branch,
                scope.place,
            )
            proved = payload["passes"]["clean"]
            newest = max(proved.values())
            assert newest > tag.failed_at, "resolved by a pass that is older than its failure"
            if tag.kind == "test":
                assert tag.key in proved, "resolved without a pass"

    def _check_the_run(self, tests, known, scope, whole):
        """What was just delivered is what PagerDuty shows."""
        open_keys = {one["incident_key"] for one in self.remote.incidents if one["open"]}
        for incident in wanted(known, scope, SETTINGS.max_incidents):
            assert incident.key in open_keys, "a failure that was delivered is not open"
        verdicts = {}
        for one in tests:
            verdicts.setdefault(one.problem, set()).add(one.verdict)
        for tag in (self.remote.tag(one) for one in self.remote.incidents if one["open"]):
            here = (tag.env, tag.branch, tag.place) == (
                scope.environment,
                scope.branch,
                scope.place,
            )
            if tag.kind == "test" and here and whole:
                assert verdicts.get(tag.key) != {"passed"}, "open after a pass that was delivered"

    @invariant()
    def at_most_one_open_incident_per_key(self):
        keys = [one["incident_key"] for one in self.remote.incidents if one["open"]]
        assert len(keys) == len(set(keys))


@pytest.fixture(scope="session")
def histories(facts):
    Histories.facts = facts
    return Histories


def test_any_history_keeps_the_promises(histories):
    run_state_machine_as_test(
        histories,
        settings=settings(max_examples=200, stateful_step_count=25, deadline=None, database=None),
    )
