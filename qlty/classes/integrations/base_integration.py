"""The base class of every integration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from qlty.classes.integrations._where import elsewhere, setting_name
from qlty.settings import only_on

if TYPE_CHECKING:
    from qlty.delivery import Delivery, History, Job, Sent
    from qlty.results import RunInfo, TestCase, TestResult, TestResults

Context = dict[str, Any]


class Courier(Protocol):
    """What takes an integration's deliveries; the run hands one to each integration."""

    @property
    def run(self) -> RunInfo:
        """The facts of the current run."""

    @property
    def history(self) -> History:
        """Outcomes of earlier runs."""

    def deliver(self, integration: Integration, payload: dict[str, Any], order: Order) -> Delivery:
        """Commit the payload to the outbox."""

    def waiting(self, integration: Integration, kind: str) -> list[dict[str, Any]]:
        """Return the payloads of a kind that wait in the outbox, also since earlier runs."""

    def note(self, integration: Integration, text: str) -> None:
        """Add a line to the receipt."""


class Order:
    """How a payload is to be delivered: the keyword arguments of :meth:`Integration.deliver`."""

    __slots__ = ("expires_in", "key", "kind", "not_before_in", "supersedes", "target", "urgent")

    def __init__(
        self,
        key: str | None = None,
        kind: str = "",
        expires_in: float | None = None,
        not_before_in: float | None = None,
        supersedes: bool = False,
        urgent: bool = False,
        target: str | None = None,
    ) -> None:
        self.target = target
        self.key = key
        self.kind = kind
        self.expires_in = expires_in
        self.not_before_in = not_before_in
        self.supersedes = supersedes
        self.urgent = urgent


class Integration:
    """Takes part in the lifecycle of a run. Override only the hooks that you need.

    Attributes:
        required: whether a failing ``on_run_start`` aborts the whole run instead of deregistering
            the integration.
        must_deliver: whether a run whose tests passed exits with 75 where something of this
            integration was not delivered.
        runs_in: ``run``: its hooks are called in the process that runs the tests; ``reporter``: in
            the reporter, a process of its own, so that they cost the tests nothing. An instance
            that cannot be built without arguments is always called in the run's process.
        name: how messages and the receipt call it; the class's own name unless the class sets it.
            The second instance of one class is ``Name#2``.
    """

    required: bool = False
    must_deliver: bool = False
    runs_in: Literal["run", "reporter"] = "run"
    name: str = ""
    _courier: Courier | None = None

    def on_run_start(self) -> None:
        """Validate configuration and connections, before any test is collected.

        Raising deregisters the integration; with ``required`` it aborts the run.
        """

    def on_run_abort(self, integration: str, cause: str) -> None:
        """Called instead of all that follows where a ``required`` integration aborts the run.

        No test was run, and none will be. What is handed over here is delivered at once; what
        is raised is logged.

        Args:
            integration: the name of the one that aborts it.
            cause: why, in one line.
        """

    def on_test_end(self, test_case: TestCase, result: TestResult) -> None:
        """Called once for every test, when its final outcome is known."""

    def on_run_end(
        self,
        test_results: TestResults,
        test_run_id: str,
        elapsed_time: float,
        log_path: str | None = None,
        context: Context | None = None,
    ) -> None:
        """Report, after the last test.

        Args:
            test_results: ``{class_key: {test_key: result}}``.
            test_run_id: unique, sortable by time, safe as a file name.
            elapsed_time: seconds since the run began.
            log_path: file with what the terminal showed, or ``None``.
            context: one dict for all integrations of the run; ``context["run"]`` has its facts.
        """

    def deliver(
        self,
        payload: dict[str, Any],
        *,
        key: str | None = None,
        kind: str = "",
        expires_in: float | None = None,
        not_before_in: float | None = None,
        supersedes: bool = False,
        urgent: bool = False,
        target: str | None = None,
    ) -> Delivery:
        """Hand over a payload that must arrive; returns once it is committed to the outbox.

        The payload is masked and stored; :meth:`send` gets it in another process, after the last
        test or, with ``urgent``, at once. It survives a crash of this process.

        Args:
            payload: JSON objects only: what ``send`` needs beside the settings. No credentials.
            key: the same key is the same delivery, enqueued once; if not given, one that only the
                same run would make again, so that a run that is told twice delivers once.
            kind: your own word for what is to be done, handed back as ``job.kind``.
            expires_in: seconds after which it is given up, and said.
            not_before_in: seconds to wait before the first attempt.
            supersedes: replace an undelivered delivery of the same key by this newer state.
            urgent: leave while tests are running.
            target: where it goes, one of :meth:`targets`; that of :meth:`target` if not given.

        Raises:
            RuntimeError: outside of a run.
            TypeError: the payload is no JSON object, or the key no text.
            ValueError: a number of seconds is negative, or none.
        """
        name = type(self).__name__
        if self._courier is None:
            raise RuntimeError(f"{name}.deliver() was called outside of a run")
        if not isinstance(payload, dict):
            raise TypeError(f"{name}: a delivery's payload is a dict, not {type(payload).__name__}")
        if key is not None and not isinstance(key, str):
            raise TypeError(f"{name}: a delivery's key is text, not {type(key).__name__}")
        for argument, seconds in (("expires_in", expires_in), ("not_before_in", not_before_in)):
            if seconds is not None and not seconds >= 0:
                raise ValueError(f"{name}: {argument} is a number of seconds, not {seconds}")
        order = Order(key, kind, expires_in, not_before_in, supersedes, urgent, target)
        return self._courier.deliver(self, payload, order)

    def send(self, job: Job) -> Sent | None:
        """Perform one delivery; called in another process, on an instance of its own.

        Returning is success. Raise :class:`qlty.errors.RetryLater`, ``Refused`` or
        ``AnswerLost``; any other exception is classified by its HTTP status or socket error.
        """
        raise TypeError(
            f"{type(self).__name__} delivers {job.kind or 'something'} but has no send()"
        )

    def find(self, job: Job) -> Sent | None:
        """Ask the remote, after a lost answer, whether ``job`` was carried out.

        Returns:
            what is there, or ``None`` where it is not, so that it is sent again. The default says
            ``None``: delivered at least once.
        """
        del job
        return None

    def send_test(self) -> Sent | None:
        """Make something at the remote that can be looked at and wakes nobody.

        ``qlty-framework check --send`` calls it after ``on_run_start``, in its own process; nothing
        goes through the outbox. Whatever it raises is shown as the reason why nothing arrived.

        Returns:
            what to look at, with its links; ``None`` where the integration offers nothing.
        """
        return None

    def target(self) -> str:
        """Say where deliveries go: host, account, channel; never a secret.

        What was made for one target is never sent to another, so leftovers of a sandbox stay
        away from production.
        """
        return self.name

    def targets(self) -> tuple[str, ...]:
        """Say all the places that deliveries may go to; only :meth:`target` by default.

        An integration with several of them, such as channels, names one with each delivery: none
        waits for another, and what was made for one that is not set any more goes nowhere else.
        """
        return (self.target(),)

    def note(self, text: str) -> None:
        """Add a line to the receipt: what was held back, dropped or skipped, and why."""
        if self._courier is not None:
            self._courier.note(self, text)

    def held_back_here(self) -> str:
        """Say why ``ONLY_ON`` keeps this integration out of the run; ``""`` where it takes part.

        Asked before ``on_run_start``; ``NAME`` of the setting is :attr:`name` in capitals.

        Raises:
            SettingsError: ``ONLY_ON`` is no list of conditions.
        """
        name = setting_name(self.name or type(self).__name__)
        return elsewhere(name, only_on(name), self.run)

    @property
    def run(self) -> RunInfo:
        """The facts of the current run, as in ``context["run"]``; empty outside of a run."""
        return self._courier.run if self._courier is not None else {}
