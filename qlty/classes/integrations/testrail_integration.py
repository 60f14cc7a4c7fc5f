"""TestRail: one run for every run, its results in bulk."""

from __future__ import annotations

from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qlty import config
from qlty.classes.integrations._configured import ConfiguredIntegration
from qlty.classes.integrations._testrail import templates
from qlty.classes.integrations._testrail.cases import (
    Mapped,
    automation_ids,
    case_ids,
    mistakes,
    read_mapping,
)
from qlty.classes.integrations._testrail.facts import describe
from qlty.classes.integrations._testrail.live import Live
from qlty.classes.integrations._testrail.payload import Payload
from qlty.classes.integrations._testrail.settings import TestRailSettings
from qlty.classes.integrations._testrail.target import Target
from qlty.results import TestCase, iter_results
from qlty.runtime import clock

if TYPE_CHECKING:
    from qlty.classes.integrations._rehearsal import Request
    from qlty.classes.integrations._testrail.client import TestRail
    from qlty.classes.integrations._testrail.lookup import Cases
    from qlty.classes.integrations._testrail.steps import Memory
    from qlty.classes.integrations._testrail.tests import Test
    from qlty.classes.integrations.base_integration import Context
    from qlty.delivery import Delivery, Job, Sent
    from qlty.results import TestResult, TestResults

#: mistakes in markers that a receipt names
MISTAKES = 10

#: seconds that the end of a run waits for the number of its TestRail run
RUN_ID_SECONDS = 10.0


class TestRailIntegration(ConfiguredIntegration[TestRailSettings]):
    """Reports the results of tests that name a TestRail case.

    ``on_run_end`` sets ``context["testrail_run_id"]`` and ``context["testrail_run_url"]``, if
    TestRail answers within 10 s.
    """

    __test__ = False
    name = "testrail"
    settings_class = TestRailSettings

    def __init__(self) -> None:
        self._mapped: Mapped = {}
        self._tests: dict[str, Test] = {}
        self._mistakes: dict[str, list[str]] = {}
        self._status_ids: dict[str, int] = {}
        self._memories: dict[str, Memory] = {}
        self._first: Delivery | None = None

    # -- hooks

    def on_run_start(self) -> None:
        """Check address, account, project and everything else that the settings name."""
        settings = self.settings
        self._mapped = read_mapping(settings.cases_file) if settings.cases_file else {}
        if settings.when != "never":
            self.preflight(self._check)

    def on_test_end(self, test_case: TestCase, result: TestResult) -> None:
        """Keep what TestRail is to be told of the test; in live mode, send it soon."""
        for mistake in mistakes(test_case):
            self._mistakes.setdefault(mistake, []).append(test_case.nodeid)
        test = describe(test_case, result, self.settings, self._mapped)
        if test is None:
            return
        self._tests[test.nodeid] = test
        if self._is_live():
            self._live.add(test)
            if self._live.is_due():
                self._send_live()

    def on_run_end(
        self,
        test_results: TestResults,
        test_run_id: str,
        elapsed_time: float,
        log_path: str | None = None,
        context: Context | None = None,
    ) -> None:
        """Hand over what was not sent yet, and tell others of the run in TestRail."""
        del test_run_id, elapsed_time
        self._add_unheard(test_results)
        self._say_mistakes()
        if reason := self._why_nothing(test_results):
            self.note(reason)
            return
        delivery = self._deliver_end(log_path if self.settings.attach_log else None)
        self._share(self._first or delivery, context)

    def _check(self) -> None:
        from qlty.classes.integrations._testrail.preflight import check

        mapped = {case_id for ids in self._mapped.values() for case_id in ids}
        with closing(self._rail()) as rail:
            self._status_ids = check(rail, self.settings, mapped, self.note)

    def _say_mistakes(self) -> None:
        for mistake, nodeids in list(self._mistakes.items())[:MISTAKES]:
            more = f" and {len(nodeids) - 1} more" if len(nodeids) > 1 else ""
            self.note(f"{mistake} ({nodeids[0]}{more})")
        if (left := len(self._mistakes) - MISTAKES) > 0:
            self.note(f"{left} more mistakes in markers: see 'qlty-framework testrail cases'")

    # -- delivery

    def target(self) -> str:
        """Name the TestRail, its project, and the user, whom a new API key does not change."""
        settings = self.settings
        address = str(settings.base_url).rstrip("/")
        return f"{address} project {settings.project_id} as {settings.username}"

    def send(self, job: Job) -> Sent | None:
        """Make the steps that are left: look up, run, results, files, close.

        A step whose answer was lost is looked for in TestRail before it is made again.
        """
        from msgspec import convert

        from qlty.classes.integrations._testrail.progress import Progress
        from qlty.classes.integrations._testrail.steps import Steps

        payload = convert(job.payload, Payload)
        with closing(self._rail()) as rail:
            return Steps(rail, payload, Progress(job), self._memory(payload)).perform()

    def find(self, job: Job) -> Sent | None:
        """Send again: every step looks for itself in TestRail first."""
        del job
        return None

    def send_test(self) -> Sent:
        """Make a run without results, that can be deleted."""
        from qlty.classes.integrations._testrail.trial import make

        with closing(self._rail()) as rail:
            return make(rail, self._target())

    def _memory(self, payload: Payload) -> Memory:
        from qlty.classes.integrations._testrail.lookup import Cases
        from qlty.classes.integrations._testrail.steps import Memory

        where = payload.target
        if where.qlty_run_id not in self._memories:
            cases = Cases(where.project_id, where.suite_id, payload.name_field)
            self._memories[where.qlty_run_id] = Memory(cases)
        return self._memories[where.qlty_run_id]

    # -- for the command line

    def case_titles(self) -> dict[int, str]:
        """Return the title of every case that results may go to.

        Raises:
            SettingsError, Refused, RetryLater: as :meth:`on_run_start`.
        """
        self.on_run_start()
        with closing(self._rail()) as rail:
            return self._cases.titles(rail)

    def cases_of(self, test_case: TestCase) -> tuple[int, ...]:
        """Return the cases of a test, after :meth:`case_titles`."""
        ids = case_ids(test_case.nodeid, test_case.case_ids, self._mapped)
        return ids or self._cases.of_first(automation_ids(test_case))

    # -- what

    @cached_property
    def _cases(self) -> Cases:
        from qlty.classes.integrations._testrail.lookup import Cases

        settings = self.settings
        return Cases(settings.project_id, settings.suite_id, settings.automation_id_field)

    @cached_property
    def _live(self) -> Live:
        return Live(self.settings.live_every, clock.monotonic)

    def _is_live(self) -> bool:
        return self.settings.live and config.REPORT_ON_FAIL

    def _add_unheard(self, test_results: TestResults) -> None:
        """Take results whose test was never heard of, such as those of a run that was killed."""
        for result in iter_results(test_results):
            nodeid = result["nodeid"]
            if nodeid in self._tests:
                continue
            case = TestCase(nodeid=nodeid, name=nodeid.rpartition("::")[2])
            test = describe(case, result, self.settings, self._mapped)
            if test is not None:
                self._tests[nodeid] = test
                self._live.add(test)

    def _why_nothing(self, test_results: TestResults) -> str | None:
        """Say why there is nothing to send, ``None`` where there is."""
        if self._first is not None:
            return None
        if reason := self.held_back(test_results, self.run):
            return f"nothing was sent: {reason}"
        if not self._tests:
            return "nothing was sent: no test names a TestRail case"
        if all(test.status is None for test in self._tests.values()):
            return "nothing was sent: every test with a TestRail case was left out by its status"
        return None

    def _send_live(self) -> None:
        payload = self._payload(self._live.take(), live=True)
        key = f"{payload.target.qlty_run_id}/{self._live.sent}"
        delivery = self._deliver(payload, key, urgent=True)
        self._first = self._first or delivery

    def _deliver_end(self, log_path: str | None) -> Delivery:
        settings, live = self.settings, self._is_live()
        tests = self._live.take() if live else list(self._tests.values())
        if self._first and not (tests or log_path or settings.close_run or settings.close_plan):
            return self._first
        payload = self._payload(
            tests,
            live=live,
            log_path=log_path,
            close="plan" if settings.close_plan else "run" if settings.close_run else None,
            reported=self._reported() if live else (),
        )
        return self._deliver(payload, payload.target.qlty_run_id)

    def _deliver(self, payload: Payload, key: str, *, urgent: bool = False) -> Delivery:
        from msgspec import to_builtins

        return self.deliver(to_builtins(payload), key=key, kind="results", urgent=urgent)

    def _payload(self, tests: list[Test], **extras: Any) -> Payload:
        settings = self.settings
        return Payload(
            target=self._target(),
            tests=tuple(tests),
            status_ids=self._status_ids,
            name_field=settings.automation_id_field,
            ci_url=self.run.get("ci_url"),
            version=settings.version,
            values=settings.fields,
            **extras,
        )

    def _target(self) -> Target:
        settings, run = self.settings, self.run
        start = run.get("start")
        return Target(
            project_id=settings.project_id,
            qlty_run_id=run.get("id", ""),
            started=int(start.timestamp()) if start else 0,
            suite_id=settings.suite_id,
            run_id=settings.run_id,
            extend=settings.extend_run,
            plan_id=settings.plan_id,
            config_ids=settings.config_ids,
            milestone_id=settings.milestone_id,
            refs=settings.refs,
            name=templates.name(settings.name, run),
            description=templates.description(settings.description, run),
        )

    def _reported(self) -> tuple[int, ...]:
        """Return the cases that every delivery of this run together has results for."""
        told = (test for test in self._tests.values() if test.status is not None)
        return tuple(dict.fromkeys(case_id for test in told for case_id in test.case_ids))

    @staticmethod
    def _share(delivery: Delivery, context: Context | None) -> None:
        run_id = delivery.wait_for("testrail_run_id", RUN_ID_SECONDS)
        if context is None:
            return
        if run_id is None:
            # Slack adds the link once this delivery has found its run
            context["testrail_delivery"] = delivery
            return
        context["testrail_run_id"] = run_id
        context["testrail_run_url"] = delivery.wait_for("testrail_run_url", 0)

    def rehearse(self, request: Request) -> Any:
        """Answer a request of a dry run."""
        from qlty.classes.integrations._testrail.rehearsal import answer

        mapped = {case_id for ids in self._mapped.values() for case_id in ids}
        named = {case_id for test in self._tests.values() for case_id in test.case_ids}
        return answer(request, self.settings, mapped | named)

    def _rail(self) -> TestRail:
        from qlty.classes.integrations._testrail.client import TestRail

        return TestRail(self.settings)
