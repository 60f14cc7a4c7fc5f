"""One run's watch over its tests: asks the policy after every failure, and hands over what it says.

An incident waits ``GROUP_WAIT`` in the outbox before it leaves. Until then a newer decision
replaces it: more parameters fail, or it turns out to be part of a storm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._page import page
from qlty.classes.integrations._pagerduty._policy import Incident, Known, Observation, wanted
from qlty.classes.integrations._pagerduty._sender import TRIGGER, WITHDRAW, outcome_name
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qlty.classes.integrations._pagerduty._scope import Scope
    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings
    from qlty.classes.integrations.base_integration import Integration
    from qlty.delivery import Delivery

#: seconds between two states of an incident about many tests: a storm must not become one of writes
_REWRITE_EVERY = 1.0

#: states of a delivery that nobody will see at PagerDuty
_NOT_TAKEN = frozenset({"refused", "given_up", "lost"})


@dataclass
class _Asked:
    """An incident that was handed over in this run."""

    due: float
    written: float
    state: tuple[Any, ...]
    delivery: Delivery


class Watch:
    """The tests of one run, by service."""

    def __init__(
        self, settings: PagerDutySettings, scope: Scope, run: Mapping[str, Any], desk: Integration
    ) -> None:
        self.scope = scope
        self.services: dict[str, Known] = {}
        self._collected: dict[str, float] = {}
        self._settings = settings
        self._run = run
        self._desk = desk
        self._asked: dict[str, dict[str, _Asked]] = {}
        #: keys of all pages of this run
        self.handed_over: set[str] = set()

    def see(self, seen: Observation) -> None:
        """Take note of a test; hand over what a failure makes necessary."""
        service = seen.routing.service_id
        known = self.know(service)
        known.add(seen)
        if seen.verdict == "failed" and not seen.held:
            self._reconcile(known, final=False)

    def know(self, service_id: str) -> Known:
        """Return what is known of a service's tests: nothing, at first."""
        if service_id not in self.services:
            self.services[service_id] = Known(service_id, self._collected)
        return self.services[service_id]

    def finish(self) -> None:
        """Hand over the last state of everything; nothing waits any longer."""
        for known in self.services.values():
            self._reconcile(known, final=True)

    def outcomes(self, seconds: float) -> list[dict[str, Any]]:
        """Return what became of the run's incidents, as far as it is known in that time."""
        name = outcome_name(self._run.get("id", ""))
        deadline = clock.monotonic() + seconds
        found = []
        for asked in (asked for by_key in self._asked.values() for asked in by_key.values()):
            outcome = asked.delivery.wait_for(name, max(0.0, deadline - clock.monotonic()))
            if outcome is not None:
                found.append(outcome)
        return found

    def refused(self) -> int:
        """Return how many incidents of the run are known not to have been taken."""
        every = (asked for by_key in self._asked.values() for asked in by_key.values())
        return sum(asked.delivery.state in _NOT_TAKEN for asked in every)

    def _reconcile(self, known: Known, *, final: bool) -> None:
        asked = self._asked.setdefault(known.service_id, {})
        incidents = wanted(known, self.scope, self._settings.max_incidents)
        now = clock.monotonic()
        kept = {incident.key for incident in incidents}
        for key in [key for key, one in asked.items() if key not in kept and now < one.due]:
            self._withdraw(key, incidents)
            del asked[key]
        for incident in incidents:
            self._ask(incident, known.judged, asked, now, final=final)

    def _ask(
        self, incident: Incident, judged: int, asked: dict[str, _Asked], now: float, *, final: bool
    ) -> None:
        before = asked.get(incident.key)
        state = (incident.kind, len(incident.failures), incident.failures[-1].failure)
        if before is not None and not _must_tell(before, state, now, final=final):
            return
        due = now if final else before.due if before else now + self._settings.group_wait
        delivery = self._desk.deliver(
            {**page(incident, self.scope, self._run, judged), "final": final},
            key=incident.key,
            kind=TRIGGER,
            urgent=True,
            supersedes=True,
            expires_in=self._settings.max_age,
            not_before_in=due - now,
        )
        asked[incident.key] = _Asked(due, now, state, delivery)
        self.handed_over.add(incident.key)

    def _withdraw(self, key: str, incidents: list[Incident]) -> None:
        told = incidents[0].reason or f"{incidents[0].kind} incident"
        text = f"one incident for all instead of one for {key}: {told}"
        self._desk.deliver({"text": text}, key=key, kind=WITHDRAW, supersedes=True)


def _must_tell(before: _Asked, state: tuple[Any, ...], now: float, *, final: bool) -> bool:
    """Say whether a state replaces the one that was handed over before.

    One that waits is replaced by news, of many tests not too often, and at the end, so that it
    need not wait any longer. To one that has left, the news is added once: at the end.
    """
    waits, news = now < before.due, state != before.state
    if final:
        return waits or news
    return waits and news and (state[0] == "test" or now - before.written >= _REWRITE_EVERY)
