"""From a test's facts and its result to what PagerDuty has to do with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qlty import config
from qlty.classes.integrations._pagerduty._marker import MARKER, is_asked_for, routing
from qlty.classes.integrations._pagerduty._policy import Observation, problem_key, verdict
from qlty.classes.integrations._pagerduty._sources import services_in, texts_that_ask
from qlty.results import Marker, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qlty.classes.integrations._pagerduty._marker import Routes
    from qlty.classes.integrations._pagerduty._quarantine import Quarantine
    from qlty.classes.integrations._pagerduty._scope import Scope
    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings
    from qlty.classes.integrations._pagerduty._trend import Past, Trend
    from qlty.results import TestCase, TestResult


@dataclass(frozen=True)
class Observer:
    """Knows everything that decides whether a failure opens something.

    Attributes:
        routes: ``SERVICES``.
        root: the project's folder; a file that cannot be imported is read there as text.
        marker_is_enough: the run reports to PagerDuty anyway, so the fixture is not needed.
        elsewhere: why ``ONLY_ON`` lets this run open nothing; ``""`` where it may.
        past: what earlier runs say.
        say: adds a line to the receipt.
        slip: takes what is wrong with a marker, and the node id of a test that has it.
    """

    settings: PagerDutySettings
    routes: Routes
    scope: Scope
    quarantine: Quarantine
    root: Path
    marker_is_enough: bool
    elsewhere: str
    past: Past
    say: Callable[[str], None]
    slip: Callable[[str, str], None]

    def observe(self, case: TestCase, result: TestResult) -> Iterator[Observation]:
        """Yield what PagerDuty has to do with a test: nothing, as a rule; one, for most others.

        A file that cannot be collected may hold tests of several services: one for each.
        """
        self.quarantine.meet(case.nodeid)
        status = verdict(result)
        if status is None:
            return
        for asking in self._asking(case, result):
            say = partial(self._slip, case.nodeid)
            route = routing(asking, self.routes, self.settings.service_id, say)
            if route is not None:
                seen = Observation(
                    case=case,
                    routing=route,
                    problem=problem_key(case, route, self.scope),
                    verdict=status,
                    ended=result["end_time"].timestamp(),
                )
                yield self._with_failure(seen, result) if status == "failed" else seen

    def _slip(self, nodeid: str, problem: str) -> None:
        self.slip(problem, nodeid)

    def _asking(self, case: TestCase, result: TestResult) -> Iterator[TestCase]:
        if is_asked_for(case, self.routes, marker_is_enough=self.marker_is_enough):
            yield case
        elif result["phase"] == "collect":
            yield from self._as_text(case)

    def _as_text(self, case: TestCase) -> Iterator[TestCase]:
        """A file that could not be imported has no markers, but its text names them."""
        texts = texts_that_ask(self.root, case.nodeid, marker_is_enough=self.marker_is_enough)
        for service in dict.fromkeys(found for text in texts for found in services_in(text)):
            yield replace(case, markers=(Marker(MARKER, (), {"service_id": service}),))

    def _with_failure(self, seen: Observation, result: TestResult) -> Observation:
        message = result["message"] or ""
        trend = self.past.trend_of(seen.case.nodeid)
        return replace(
            seen,
            phase=result["phase"],
            failure=failure_of(result),
            message=message,
            attempts=result["attempts"],
            trend=trend,
            held=self._held(seen.case.nodeid, trend),
        )

    def _held(self, nodeid: str, trend: Trend) -> str:
        """Say why a failure opens nothing; ``""`` where it does."""
        settings = self.settings
        if settings.when in {"never", "success"}:
            return f"PAGERDUTY_WHEN is {settings.when}"
        if not config.REPORT_ON_FAIL:
            return "runs with failures are not reported (--no-report-on-fail)"
        if self.elsewhere:
            return self.elsewhere
        quarantined = self.quarantine.holds(nodeid)
        if quarantined:
            return quarantined
        return self._too_few(trend)

    def _too_few(self, trend: Trend) -> str:
        after = self.settings.after
        if after == 1:
            return ""
        if not self.past.known:
            self.say(f"PAGERDUTY_AFTER={after} holds nothing back: no earlier run is known")
            return ""
        in_a_row = trend.in_a_row + 1
        return "" if in_a_row >= after else f"failed {in_a_row} of PAGERDUTY_AFTER={after} runs"
