"""PagerDuty: an incident when something is broken, once, and its end when it is not.

``PAGERDUTY`` in ``settings.py``, ``PAGERDUTY_*`` in the environment; see ``docs/pagerduty.md``.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty import config
from qlty.classes.integrations import _pagerduty as room
from qlty.classes.integrations._configured import ConfiguredIntegration
from qlty.classes.integrations._where import elsewhere
from qlty.errors import SettingsError
from qlty.results import count
from qlty.runtime import clock
from qlty.settings import QltySettings, load

if TYPE_CHECKING:
    from qlty.classes.integrations._rehearsal import Request
    from qlty.delivery import Job, Sent
    from qlty.results import TestCase, TestResult, TestResults

_NO_CREDENTIALS = (
    "no credentials: set PAGERDUTY_API_KEY (with PAGERDUTY_DEFAULT_FROM), "
    "PAGERDUTY_OAUTH_TOKEN or PAGERDUTY_ROUTING_KEY"
)
#: seconds that a run waits at its end for the links of its incidents, for all of them together
_OUTCOME_WAIT = 10.0
#: test names that a line of the receipt shows
_NAMED = 3


class PagerDutyIntegration(ConfiguredIntegration[room.PagerDutySettings]):
    """Opens incidents for tests that ask for it, and resolves them when the tests pass again."""

    name = "pagerduty"
    settings_class = room.PagerDutySettings

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._held: dict[str, list[str]] = defaultdict(list)
        self._slips: dict[str, list[str]] = defaultdict(list)

    def on_run_start(self) -> None:
        """Check the settings and, where the run was asked to report here, the credentials.

        Raises:
            SettingsError: a setting is wrong, credentials are missing or refused.
        """
        settings = self.settings
        if old_package := room.old_package():
            self._say(old_package)
        if config.ACTIVATED_BY_TESTS or self._is_told_late or self._elsewhere:
            return
        if not settings.has_credentials:
            raise SettingsError(_NO_CREDENTIALS)
        self.preflight(lambda: room.preflight(settings, self._say, strict=self.required))

    def on_test_end(self, test_case: TestCase, result: TestResult) -> None:
        """Take note of a test that asks for incidents, and hand over the one that it needs."""
        if self._is_told_late:
            return
        for seen in self._observer.observe(test_case, result):
            if seen.held or (seen.verdict == "failed" and not self.settings.has_credentials):
                self._held[seen.held or _NO_CREDENTIALS].append(test_case.nodeid)
            self._take_back(seen)
            if self.settings.has_credentials:
                self._watch.see(seen)

    def on_run_end(
        self,
        test_results: TestResults,
        test_run_id: str,
        elapsed_time: float,
        log_path: str | None = None,
        context: dict[str, Any] | None = None,
    ) -> None:
        """Hand over the last state, resolve what passed, share the incidents.

        ``context["pagerduty_incidents"]`` is a list of dicts with ``key``, ``status`` (``opened``,
        ``noted``, ``open`` or ``triggered``), ``title``, ``id``, ``number`` and
        ``html_url``. ``context["pagerduty_refused"]`` is how many PagerDuty did not take.
        """
        del test_run_id, elapsed_time, log_path
        self._watch.finish()
        if self.settings.when not in {"never", "failure"} and self.settings.has_credentials:
            self._settle()
        if self.settings.when != "never":
            self._send_change(test_results)
        self._say_held()
        if problem := self.settings.one_key_for(self._watch.services):
            self._say(problem)
        budget = load("QLTY", QltySettings).delivery_timeout
        outcomes = self._watch.outcomes(min(budget, _OUTCOME_WAIT))
        if context is not None and outcomes:
            context["pagerduty_incidents"] = outcomes
        if context is not None and (refused := self._watch.refused()):
            context["pagerduty_refused"] = refused

    def send_test(self) -> Sent:
        """Open an incident of low urgency, and resolve it at once."""
        return room.send_test(self.settings)

    def target(self) -> str:
        """Name the API that is used, and whose account it is: by ``ACCOUNT`` where that is set.

        Else by the user in whose name incidents are opened, whom a new key does not change, and
        by the key where there is none. An integration key is what PagerDuty calls an integration.
        """
        settings = self.settings
        address = settings.api_url if settings.uses_rest else settings.events_url
        return " ".join(filter(None, (str(address), settings.account or settings.identity)))

    def send(self, job: Job) -> Sent:
        """Perform one delivery; sending twice has the effect of sending once.

        Raises:
            DeliveryError: it failed; the class says what follows.
        """
        return self._sender.send(job)

    @cached_property
    def _sender(self) -> room.Sender:
        return room.Sender(self.settings)

    def rehearse(self, request: Request) -> Any:
        """Answer a request of a dry run."""
        return room.rehearsed(request)

    @property
    def _is_told_late(self) -> bool:
        """Whether this is a killed run, which the next one reports.

        It has handed over its incidents while it ran. Told now, its failures would page for what
        may pass again, and its passes are older than what is open.
        """
        return bool(self.run.get("cut_short")) and "exit_status" not in self.run

    def held_back_here(self) -> str:
        """Nothing: ``ONLY_ON`` says which failures open incidents, and the receipt names them."""
        return ""

    @cached_property
    def _elsewhere(self) -> str:
        return elsewhere("PAGERDUTY", self.settings.only_on, self.run)

    @cached_property
    def _observer(self) -> room.Observer:
        return room.Observer(
            settings=self.settings,
            routes=self._routes,
            scope=self._scope,
            quarantine=self._quarantine,
            root=self._root,
            marker_is_enough=not config.ACTIVATED_BY_TESTS,
            elsewhere=self._elsewhere,
            past=self._past,
            say=self._say,
            slip=lambda problem, nodeid: self._slips[problem].append(nodeid),
        )

    @cached_property
    def _watch(self) -> room.Watch:
        return room.Watch(self.settings, self._scope, self.run, self)

    @cached_property
    def _routes(self) -> room.Routes:
        return room.Routes(self.settings.services)

    @cached_property
    def _scope(self) -> room.Scope:
        return room.Scope.of_run(self.run)

    @cached_property
    def _root(self) -> Path:
        return Path(self.run.get("rootdir") or ".")

    @cached_property
    def _quarantine(self) -> room.Quarantine:
        path = self.settings.quarantine
        return room.Quarantine.load(
            self._root / (path or room.DEFAULT_FILE),
            named=path is not None,
            today=clock.utc_now().date(),
            say=self._say,
        )

    @cached_property
    def _past(self) -> room.Past:
        return room.Past(self._courier.history if self._courier else None)

    def _take_back(self, seen: room.Observation) -> None:
        """What an earlier run could not deliver must not page for what passes now."""
        for key, title in self._leftovers.outdated_by(seen, self._watch.handed_over):
            text = f"not sent, for its tests passed: {title}"
            self.deliver({"text": text}, key=key, kind=room.WITHDRAW, supersedes=True)

    @cached_property
    def _leftovers(self) -> room.Leftovers:
        waiting = self._courier.waiting(self, room.TRIGGER) if self._courier else []
        return room.Leftovers(waiting, self._scope)

    def _settle(self) -> None:
        everything = not config.ACTIVATED_BY_TESTS
        if everything and self.settings.service_id:
            self._watch.know(self.settings.service_id)
        for known in self._watch.services.values():
            payload = room.settlement(
                known, self.settings, self._scope, self.run, self._past, everything=everything
            )
            if payload is not None:
                key = f"settle {known.service_id} {self.run['id']}"
                self.deliver(payload, key=key, kind=room.SETTLE)

    def _send_change(self, test_results: TestResults) -> None:
        event = room.change_event(self.run, count(test_results))
        for service_id in self.settings.change_services:
            key = " ".join(filter(None, ("change", service_id, self.run["id"])))
            self.deliver({"service_id": service_id, "event": event}, key=key, kind=room.CHANGE)

    def _say_held(self) -> None:
        for problem, nodeids in self._slips.items():
            self.note(f"{problem} ({_names(nodeids)})")
        for reason, nodeids in self._held.items():
            self.note(f"held back {len(nodeids)} failing: {reason} ({_names(nodeids)})")
        if self.run.get("entire") and not config.ACTIVATED_BY_TESTS:
            self._say_unused("SERVICES", self._routes.unused)
            self._say_unused("the quarantine", self._quarantine.unused)

    def _say_unused(self, where: str, entries: list[str]) -> None:
        if entries:
            self.note(f"{where} names what no test of the project fits: {_names(entries)}")

    def _say(self, text: str) -> None:
        """Add a line to the receipt, once."""
        if text not in self._said:
            self._said.add(text)
            self.note(text)


def _names(nodeids: list[str]) -> str:
    more = f", and {len(nodeids) - _NAMED} more" if len(nodeids) > _NAMED else ""
    return ", ".join(nodeids[:_NAMED]) + more
