"""The central registry: who takes part in the run, and the dispatch of the three hooks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from inspect import signature
from itertools import groupby
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._configured import ConfiguredIntegration
from qlty.classes.integrations._guard import Failure, TimeLimit, attempt, one_line
from qlty.classes.integrations._outside import Outside
from qlty.classes.integrations._resolve import resolve
from qlty.classes.integrations._when import held_back
from qlty.classes.integrations.base_integration import Context, Courier, Integration
from qlty.errors import RegistrationError, RunAborted
from qlty.runtime import Owner, clock, logger
from qlty.settings import noting_loads, project_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from qlty.delivery import History
    from qlty.results import RunInfo, TestCase, TestResult, TestResults


FAILURES_IN_A_ROW = 3

#: seconds that a check before the tests may go on where they are over first, as in a short suite
_AFTER_THE_TESTS = 2.0

#: seconds between two looks at whether there is any hurry
_TICK = 0.05


@dataclass(frozen=True)
class HookLimits:
    """Seconds that a hook may take."""

    run_start: float = 30.0
    test_end: float = 30.0
    run_end: float = 600.0


class _Entry:
    """One registered integration and how its ``on_test_end`` fared so far."""

    def __init__(self, integration: Integration, class_path: str) -> None:
        self.integration = integration
        self.class_path = class_path
        self.outside = Outside(integration.name, type(integration).__name__)
        # asked once: a property of theirs may raise, or change its mind
        self._required = bool(integration.required)
        self._must_deliver = bool(integration.must_deliver)
        self.hears_tests = type(
            integration
        ).on_test_end is not Integration.on_test_end or "on_test_end" in vars(integration)
        #: why the run is none that it reports
        self.held_back = ""
        self.wants_reporter = integration.runs_in == "reporter"
        #: its hooks are called in the reporter, and not here
        self.hosted = False
        self.failures = 0
        self.first_failure = ""
        self.failures_in_a_row = 0

    @property
    def required(self) -> bool:
        return self.outside.says("required", default=self._required)

    @property
    def must_deliver(self) -> bool:
        return self.outside.says("must_deliver", default=self._must_deliver)

    def require(self) -> None:
        """Let no run start without it, whatever its class says."""
        self._required = True

    def not_reported(self, results: TestResults, run: RunInfo, history: History | None) -> str:
        """Say why ``WHEN`` keeps it from hearing of this run's end; ``""`` if it does not."""
        when = self.outside.get("when")
        if when is None or isinstance(self.integration, ConfiguredIntegration):
            return ""  # one that is configured by settings alone decides by itself
        known = history is not None and history.known
        return held_back(when, results, run, history.failed_last() if history and known else None)


class Registry:
    """The integrations of one run, in the order of their registration."""

    def __init__(self, limits: HookLimits | None = None) -> None:
        self.limits = limits or HookLimits()
        self.interrupted = False
        self.has_customs = False
        #: names of those that must deliver and could not even try
        self.undelivered: list[str] = []
        self._entries: list[_Entry] = []
        self._courier: Courier | None = None

    def __iter__(self) -> Iterator[Integration]:
        return (entry.integration for entry in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def class_path(self, integration: Integration) -> str:
        """Return the dotted path by which another process can build it, ``""`` if none can."""
        return next((e.class_path for e in self._entries if e.integration is integration), "")

    def must_deliver(self) -> list[str]:
        """Return the names of those whose deliveries must arrive."""
        return [entry.integration.name for entry in self._entries if entry.must_deliver]

    def connect(self, courier: Courier) -> None:
        """Give ``deliver`` of every integration, registered before or after, its way out."""
        self._courier = courier
        for integration in self:
            integration._courier = courier

    def register(
        self, integration: Integration, class_path: str | None = None, name: str = ""
    ) -> None:
        """Add an integration.

        Args:
            integration: an instance of a subclass of ``Integration``.
            class_path: ``module.ClassName`` where calling it without arguments builds an equal
                one, ``""`` where only this instance will do; by default that of a class that
                ships with the framework.
            name: how it is called; by default as its class says.

        Raises:
            RegistrationError: it is no ``Integration``, or this instance is registered already.
        """
        if not isinstance(integration, Integration):
            raise RegistrationError(
                f"{integration!r} cannot be registered: it is not an instance of a class that "
                "extends qlty.classes.integrations.base_integration.Integration"
            )
        if any(known is integration for known in self):
            raise RegistrationError(f"{integration.name} is registered already: the same instance")
        path = _importable_path(integration) if class_path is None else class_path
        try:
            integration.name = self._free_name(integration, name)
            integration._courier = self._courier
            entry = _Entry(integration, path)
        except Exception as error:
            name = type(integration).__name__
            raise RegistrationError(f"{name} cannot be set up: {one_line(error)}") from error
        self._entries.append(entry)

    def host(self) -> list[tuple[str, str]]:
        """Leave those that want it to the reporter; return their names and class paths."""
        for entry in self._entries:
            entry.hosted = entry.wants_reporter and bool(entry.class_path)
        return [(e.integration.name, e.class_path) for e in self._entries if e.hosted]

    def hosted(self, *, required: bool = False) -> list[str]:
        """Return the names of those that live in the reporter."""
        hosted = (entry for entry in self._entries if entry.hosted)
        return [e.integration.name for e in hosted if e.required or not required]

    def local(self) -> list[Integration]:
        """Return those whose hooks are called here."""
        return [entry.integration for entry in self._entries if not entry.hosted]

    def segments(self) -> list[tuple[bool, list[str]]]:
        """Return all names in their order, grouped by whether they live in the reporter."""
        groups = groupby(self._entries, key=lambda entry: entry.hosted)
        return [(hosted, [e.integration.name for e in group]) for hosted, group in groups]

    def deregister(self, integration: Integration) -> None:
        """Take an integration out: none of its hooks is called any more."""
        self._entries = [entry for entry in self._entries if entry.integration is not integration]

    def register_custom(self, entries: Iterable[Any]) -> None:
        """Register a project's ``CUSTOM_INTEGRATIONS``: dotted paths, or instances.

        An entry that cannot be registered is logged with its cause and left out.

        Raises:
            RunAborted: the entry's class says ``required``.
        """
        self.has_customs = True
        seen: set[str] = set()
        for entry in entries:
            try:
                if isinstance(entry, str) and entry in seen:
                    raise RegistrationError("this path is listed twice")
                self._register_entry(entry)
            except RegistrationError as error:
                self._cannot_register(entry, error)
            if isinstance(entry, str):
                seen.add(entry)

    def _register_entry(self, entry: Any) -> None:
        with noting_loads() as names:
            integration = resolve(entry)
        path = str(entry) if isinstance(entry, str) else ""
        self.register(integration, path, getattr(entry, "name", "") if path else "")
        self._entries[-1].outside.add(*names)
        if path and getattr(entry, "required", False):
            self._entries[-1].require()

    def on_run_start(self) -> None:
        """Dispatch ``on_run_start``; an integration that raises is deregistered.

        Raises:
            RunAborted: a required integration raised.
            KeyboardInterrupt: Ctrl-C was pressed in a hook.
        """
        for entry in [entry for entry in self._entries if not entry.hosted]:
            with project_scope(), noting_loads() as names:
                failure = attempt(partial(_start, entry), self.limits.run_start)
            entry.outside.add(*names)
            if failure is not None and failure.interrupted:
                raise KeyboardInterrupt
            cause = self._started(entry, failure)
            if cause is not None and entry.required:
                raise RunAborted(entry.integration.name, cause)

    def start_at_once(
        self,
        tell: Callable[[str, str | None], None],
        hurry: Callable[[], bool] = lambda: False,
    ) -> None:
        """Call every ``on_run_start`` at the same time; an integration that raises is deregistered.

        One that does not answer in time takes part, unless it is required: what it asks its remote
        before the tests is not what it delivers after them.

        Args:
            tell: called for each with its name and why it takes no part, ``None`` where it does.
            hurry: says whether the tests are over already, so that little time is left.
        """
        answers: SimpleQueue[tuple[_Entry, Failure | None]] = SimpleQueue()
        waiting = list(self._entries)
        for entry in waiting:
            Thread(target=_answer, args=(entry, self.limits, answers), daemon=True).start()
        deadline = clock.monotonic() + self.limits.run_start
        hurried = False
        while waiting and clock.monotonic() < deadline:
            if not hurried and hurry():
                hurried = True
                deadline = min(deadline, clock.monotonic() + _AFTER_THE_TESTS)
            try:
                entry, failure = answers.get(timeout=_TICK)
            except Empty:
                continue
            waiting.remove(entry)
            tell(entry.integration.name, self._started(entry, failure))
        for entry in waiting:
            cause = f"no answer within {self.limits.run_start:g} s"
            if hurried:
                cause = "no answer before the tests were over"
            if entry.required:
                tell(entry.integration.name, self._started(entry, Failure(cause, "")))
                continue
            entry.integration.note(f"not all of it was checked before the run: {cause}")
            tell(entry.integration.name, None)

    def _started(self, entry: _Entry, failure: Failure | None) -> str | None:
        """Take out an integration that takes no part; return why it could not be started."""
        if failure is None:
            if entry.held_back:
                self._entries.remove(entry)
                self._note(entry.integration, f"silent: {entry.held_back}", must_deliver=False)
            return None
        self._entries.remove(entry)
        if not entry.required:
            self._leave_out(entry, failure)
        return failure.cause

    def on_run_abort(self, aborted: RunAborted) -> None:
        """Tell all others that an integration aborts the run, in the order of registration."""
        for entry in self._entries:
            if entry.hosted or entry.integration.name == aborted.integration:
                continue
            call = partial(_abort, entry.integration, aborted)
            with project_scope():
                failure = attempt(call, self.limits.run_start)
            if failure is not None and failure.interrupted:
                raise KeyboardInterrupt
            if failure is not None:
                self._give_up(entry, f"on_run_abort failed: {failure.cause}")

    def on_test_end(self, test_case: TestCase, result: TestResult) -> None:
        """Dispatch ``on_test_end``.

        After one timeout or three failures in a row an integration hears of no further test.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed in a hook.
        """
        hearing = [e for e in self._entries if e.hears_tests and not e.hosted]
        if not hearing:
            return
        with project_scope(), TimeLimit(self.limits.test_end) as limit:
            for entry in hearing:
                call = partial(_tell, entry.integration, test_case, result.copy())
                failure = limit.attempt(call)
                if failure is None:
                    entry.failures_in_a_row = 0
                elif failure.interrupted:
                    raise KeyboardInterrupt
                else:
                    _count_failure(entry, failure, test_case)

    def on_run_end(
        self,
        test_results: TestResults,
        test_run_id: str,
        elapsed_time: float,
        log_path: str | None,
        context: Context,
        names: Collection[str] | None = None,
    ) -> None:
        """Dispatch ``on_run_end``; whoever fails, the remaining integrations still run.

        Ctrl-C skips the integration that is waiting and sets ``interrupted``.
        With ``names``, only these are meant.
        """
        extras = {"log_path": log_path, "context": context}
        owner = Owner()
        for entry in self._entries:
            if not owner.is_here:
                return  # a child that a hook forked and that came back from it
            if entry.hosted or (names is not None and entry.integration.name not in names):
                continue
            self._say_failures(entry)
            if why := self._not_reported(entry, test_results, context):
                self._note(entry.integration, f"not reported: {why}", must_deliver=False)
                continue
            facts = (test_results, test_run_id, elapsed_time)
            call = partial(_end, entry.integration, facts, extras)
            name = entry.integration.name
            with project_scope():
                failure = attempt(call, self.limits.run_end, partial(_say_waiting, name))
            if failure is not None:
                if failure.interrupted:
                    self.interrupted = True
                self._give_up(entry, f"on_run_end failed: {failure.cause}")
                if failure.details:
                    logger.error("%s", failure.details)

    def _not_reported(self, entry: _Entry, results: TestResults, context: Context) -> str:
        history = self._courier.history if self._courier is not None else None
        return entry.not_reported(results, context.get("run", {}), history)

    def _say_failures(self, entry: _Entry) -> None:
        if entry.failures > 1:
            logger.error("%s: on_test_end failed %d times", entry.integration.name, entry.failures)
        if entry.failures:
            times = "once" if entry.failures == 1 else f"{entry.failures} times"
            reason = f"on_test_end failed {times}, first with {entry.first_failure}"
            self._note(entry.integration, reason, must_deliver=entry.must_deliver)

    def _leave_out(self, entry: _Entry, failure: Failure) -> None:
        reason = "takes no part in this run"
        if not failure.lines:
            self._give_up(entry, f"{reason}: {failure.cause}")
            return
        # a list is read once: the receipt says where it stands
        logger.warning("%s: %s: %s", entry.integration.name, reason, failure.lines)
        headline = failure.lines.partition("\n")[0].rstrip(":")
        text = f"{reason}: {headline}, as said at its start"
        self._note(entry.integration, text, must_deliver=entry.must_deliver)

    def _give_up(self, entry: _Entry, reason: str) -> None:
        logger.warning("%s: %s", entry.integration.name, reason)
        self._note(entry.integration, reason, must_deliver=entry.must_deliver)

    def _note(self, integration: Integration, reason: str, *, must_deliver: bool) -> None:
        """Have the receipt say what could not even be tried."""
        if self._courier is not None:
            self._courier.note(integration, reason)
        if must_deliver:
            self.undelivered.append(integration.name)

    def _free_name(self, integration: Integration, name: str) -> str:
        name = name or type(integration).name or type(integration).__name__
        same = sum(type(known) is type(integration) for known in self)
        return f"{name}#{same + 1}" if same else name

    def _cannot_register(self, entry: Any, error: RegistrationError) -> None:
        path = entry if isinstance(entry, str) else type(entry).__name__
        name = getattr(entry, "name", "") if isinstance(entry, str) else ""
        outside = Outside(name or path.rpartition(".")[2])
        required = getattr(entry, "required", False) or getattr(error, "required", False)
        if outside.says("required", default=bool(required)):
            raise RunAborted(name or path, str(error))
        logger.warning("%s: %s is left out: %s", name or "CUSTOM_INTEGRATIONS", path, error)
        left_out = Integration()
        left_out.name = name or path.rpartition(".")[2]
        must_deliver = outside.says("must_deliver", default=getattr(error, "must_deliver", False))
        self._note(left_out, f"takes no part in this run: {error}", must_deliver=must_deliver)


def _count_failure(entry: _Entry, failure: Failure, test_case: TestCase) -> None:
    entry.failures += 1
    entry.failures_in_a_row += 1
    name = entry.integration.name
    if entry.failures == 1:
        entry.first_failure = failure.cause
        logger.error(
            "%s: on_test_end failed at %s: %s\n%s",
            name,
            test_case.nodeid,
            failure.cause,
            failure.details,
        )
    if failure.timed_out or entry.failures_in_a_row >= FAILURES_IN_A_ROW:
        entry.hears_tests = False
        logger.warning("%s: on_test_end is off for the rest of the run", name)


def _say_waiting(name: str, waited: float) -> None:
    logger.info("waiting for %s: %.0f s (Ctrl-C skips it)", name, waited)


def _answer(
    entry: _Entry, limits: HookLimits, answers: SimpleQueue[tuple[_Entry, Failure | None]]
) -> None:
    with noting_loads() as names:
        failure = attempt(partial(_start, entry), limits.run_start)
    entry.outside.add(*names)
    answers.put((entry, failure))


# Looking a hook up is part of calling it: whatever an integration has put there, it is its failure.


def _start(entry: _Entry) -> None:
    entry.held_back = entry.integration.held_back_here()
    if not entry.held_back:
        entry.integration.on_run_start()


def _abort(integration: Integration, aborted: RunAborted) -> None:
    # those behind the one that aborts were not asked yet
    if not integration.held_back_here():
        integration.on_run_abort(aborted.integration, aborted.cause)


def _tell(integration: Integration, test_case: TestCase, result: TestResult) -> None:
    integration.on_test_end(test_case, result)


def _end(integration: Integration, facts: tuple[Any, ...], extras: dict[str, Any]) -> None:
    hook = integration.on_run_end
    hook(*facts, **_accepted(hook, extras))


def _accepted(hook: Any, extras: dict[str, Any]) -> dict[str, Any]:
    """Return those of the keyword arguments that the hook's signature takes."""
    parameters = signature(hook).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return extras
    return {name: value for name, value in extras.items() if name in parameters}


def _importable_path(integration: Integration) -> str:
    """Return the path of a class that ships here: those are built without arguments."""
    cls = type(integration)
    ships_here = cls.__module__.startswith("qlty.classes.integrations.")
    return f"{cls.__module__}.{cls.__qualname__}" if ships_here else ""


_default = Registry()


def default() -> Registry:
    """Return the registry of the current run."""
    return _default


def reset(limits: HookLimits | None = None) -> Registry:
    """Begin a new run with an empty registry."""
    global _default  # noqa: PLW0603 - the documented functions are module functions
    _default = Registry(limits)
    return _default


def register(integration: Integration) -> None:
    """Add an integration to the current run; see :meth:`Registry.register`."""
    _default.register(integration)


def register_custom(entries: Iterable[Any]) -> None:
    """Add a project's own integrations; see :meth:`Registry.register_custom`."""
    _default.register_custom(entries)


def on_run_start() -> None:
    """Dispatch to the current run's integrations; see :meth:`Registry.on_run_start`."""
    _default.on_run_start()


def on_test_end(test_case: TestCase, result: TestResult) -> None:
    """Dispatch to the current run's integrations; see :meth:`Registry.on_test_end`."""
    _default.on_test_end(test_case, result)


def on_run_end(
    test_results: TestResults,
    test_run_id: str,
    elapsed_time: float,
    log_path: str | None,
    context: Context,
) -> None:
    """Dispatch to the current run's integrations; see :meth:`Registry.on_run_end`."""
    _default.on_run_end(test_results, test_run_id, elapsed_time, log_path, context)
