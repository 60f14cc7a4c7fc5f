"""One run: start, record, finish. Every driver goes through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations import registry
from qlty.classes.integrations.registry import HookLimits
from qlty.lifecycle._play import Player
from qlty.lifecycle._registering import register_each
from qlty.lifecycle._run_info import detect
from qlty.runtime import Owner, clock, contained, logger
from qlty.settings import current, project_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qlty.classes.integrations.base_integration import Context
    from qlty.errors import RunAborted
    from qlty.lifecycle._deliveries import Deliveries
    from qlty.results import Attempt, RunInfo, TestCase, TestResult
    from qlty.settings import QltySettings


#: pytest's exit status for a run that was interrupted
INTERRUPTED = 2
#: EX_UNAVAILABLE of sysexits.h: a required integration failed, no test was run
ABORTED = 69
#: EX_TEMPFAIL of sysexits.h: the tests passed, something that must be delivered was not
UNDELIVERED = 75


@dataclass(frozen=True)
class Plan:
    """What a driver asks for.

    Attributes:
        rootdir: the project's root.
        settings: the settings of QLTY itself.
        register: registers the integrations whose flags are set.
        custom: entries of ``CUSTOM_INTEGRATIONS`` and of packages that were named.
        environment: label of what is tested.
        platform: label of where it is tested.
    """

    rootdir: Path
    settings: QltySettings
    register: Callable[[], None]
    custom: Sequence[Any] = ()
    environment: str | None = None
    platform: str | None = None


@dataclass
class Run:
    """A run in progress."""

    plan: Plan
    deliveries: Deliveries
    info: RunInfo = field(init=False)
    _began: float = field(default_factory=clock.monotonic)
    _owner: Owner = field(default_factory=Owner)

    def __post_init__(self) -> None:
        plan = self.plan
        project = plan.settings.project
        self.info = detect(plan.rootdir, plan.environment, plan.platform, project=project)
        self.registry = registry.reset(_limits(self.plan.settings.hook_timeout))
        self._player = Player(self.registry, self.info)

    def open(self) -> None:
        """Make the state folder and the outbox."""
        self.deliveries.open(self.info, self.registry)

    def start(self) -> None:
        """Register all integrations and call their ``on_run_start``.

        Raises:
            RunAborted: a required integration failed.
        """
        try:
            self._register()
        finally:  # those that are registered hear of a run that another one aborts here
            self.deliveries.registered()
            self.deliveries.begin()
        if not len(self.registry):
            logger.warning("no integration takes part in this run: %s", self._where_looked())
        self.registry.on_run_start()
        self.deliveries.started()

    def await_required(self) -> None:
        """Wait until it is known whether the required integrations can start.

        Raises:
            RunAborted: one of them cannot.
        """
        self.deliveries.await_required()

    def abort(self, error: RunAborted) -> None:
        """Tell those that can be told that the run does not begin, and let go of everything."""
        self._tell_abort(error)
        self.deliveries.abandon()

    @contained
    def _tell_abort(self, error: RunAborted) -> None:
        self.info["exit_status"] = ABORTED
        self.registry.on_run_abort(error)
        self.deliveries.tell_abort(error)

    def _register(self) -> None:
        with project_scope():
            for _ in register_each(self.plan.register):
                pass  # it is logged; the others are registered
            if not self.registry.has_customs:
                self.registry.register_custom(self.plan.custom)

    def _where_looked(self) -> str:
        file = getattr(current().module, "__file__", None)
        where = file or f"there is no settings.py in {self.plan.rootdir}"
        return f"none is named by --report-to or by CUSTOM_INTEGRATIONS ({where})"

    def test_started(self, case: TestCase) -> None:
        """A test began, or more became known of one that did."""
        self.deliveries.test_started(case)

    def expects(self, nodeids: Iterable[str], left_out: Mapping[str, Iterable[str]]) -> None:
        """Tests were collected: these will run, and those will not, by whoever left them out."""
        self.deliveries.expects(nodeids, left_out)

    def attempt_ended(self, case: TestCase, attempt: Attempt) -> None:
        """A test will be repeated: store what its last attempt came to."""
        if attempt["message"] is not None:
            attempt["message"] = self.deliveries.mask(attempt["message"])
        self.deliveries.attempt_ended(case, attempt)

    def test_ended(self, case: TestCase, result: TestResult) -> None:
        """The final outcome of a test is known: store it, then tell the integrations."""
        mask = self.deliveries.mask
        result["message"], result["error"] = (
            None if text is None else mask(text) for text in (result["message"], result["error"])
        )
        if result["captured"]:
            result["captured"] = {name: mask(text) for name, text in result["captured"].items()}
        self.deliveries.test_ended(case, result)
        if self.registry.local():
            self._player.test_ended(case, result)

    def finish(self, exit_status: int, log_path: Path | None, *, cut_short: bool) -> int:
        """Call ``on_run_end``, deliver, print the receipt.

        Returns:
            the exit status of the process: the one given, unless the user asked for another.
        """
        if not self._owner.is_here:
            return exit_status  # a forked child that outlived its test
        self.info["exit_status"] = exit_status
        self.info["cut_short"] = cut_short
        elapsed = clock.monotonic() - self._began
        log = str(log_path) if log_path else None
        self._prepare_end(elapsed, log, interrupted=exit_status == INTERRUPTED)
        self._call_on_run_end(elapsed, log)
        if self.registry.interrupted and exit_status == 0:
            exit_status = INTERRUPTED
        undelivered = self._deliver(interrupted=exit_status == INTERRUPTED)
        if undelivered is None:  # it failed in our own hands
            undelivered = bool(self.registry.must_deliver())
        return UNDELIVERED if undelivered and exit_status == 0 else exit_status

    # Each step has a boundary of its own: one that fails must not take the next ones along.

    @contained
    def _prepare_end(self, elapsed: float, log: str | None, *, interrupted: bool) -> None:
        self.deliveries.last_test_is_over(elapsed, log, interrupted=interrupted)

    @contained
    def _call_on_run_end(self, elapsed: float, log: str | None) -> None:
        context: Context = {}
        for hosted, names in self.registry.segments():
            if hosted:
                context.update(self.deliveries.end_hosted(names, context))
                continue
            for name in names:
                self._player.run_ended(elapsed, log, context, [name])
                self.deliveries.local_ended(name)

    @contained
    def _deliver(self, *, interrupted: bool) -> bool:
        return self.deliveries.close(interrupted=interrupted)


def _limits(seconds: float | None) -> HookLimits:
    return HookLimits() if seconds is None else HookLimits(seconds, seconds, seconds)
