"""A run's way out: the record, the reporter that follows it, and the receipt."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty import config
from qlty.delivery import current_masker
from qlty.errors import RunAborted
from qlty.lifecycle._console import say_receipt
from qlty.lifecycle._courier import RunCourier
from qlty.lifecycle._exchange import plain
from qlty.lifecycle._reporter import Reporter
from qlty.lifecycle._sending import INTERRUPTED_TIMEOUT, OwnSending, receipt_here
from qlty.runs import RecordWriter, StateDir
from qlty.runtime import clock, logger
from qlty.runtime.files import open_own
from qlty.settings import current

if TYPE_CHECKING:
    from qlty.classes.integrations.base_integration import Context, Integration
    from qlty.classes.integrations.registry import Registry
    from qlty.delivery import Outbox
    from qlty.results import Attempt, RunInfo, TestCase, TestResult
    from qlty.settings import QltySettings

#: seconds beyond what a preflight may take until the reporter must have told of it
_TELLING = 5.0

#: facts of the run that become known while it goes on
_LATE_FACTS = ("whole", "entire", "exit_status", "cut_short")


class Deliveries:
    """Keeps what one run records and hands over, and has it reported and sent."""

    def __init__(self, rootdir: Path, settings: QltySettings, receipt_file: Path | None) -> None:
        self._rootdir = rootdir
        self._settings = settings
        # absolute: a test may leave the process in another working directory
        self._receipt_file = receipt_file.absolute() if receipt_file else None
        self.state = StateDir(rootdir / (settings.dir or ".qlty-framework"))
        self._history_file = rootdir / (settings.history or self.state.history)
        self._deadline = 0.0
        self._waits_end = float("inf")
        self._outbox: Outbox | None = None
        self._own: OwnSending | None = None
        self._is_over = False
        #: those that live in the reporter and were not told of the end
        self._untold: list[str] = []

    def open(self, run: RunInfo, registry: Registry) -> None:
        """Make the state folder and connect the integrations."""
        self._trouble = self.state.ensure()
        if not self.state.is_private():
            # nothing is read from, or written into, what others may have prepared
            self.state = StateDir(Path(os.devnull) / "nowhere")
            self._history_file = self._rootdir / (self._settings.history or self.state.history)
        self._registry = registry
        self._courier = RunCourier(
            run, registry, self._open_outbox, self._history_file, lambda: None
        )
        registry.connect(self._courier)

    def registered(self) -> None:
        """All integrations are registered; none of their hooks was called yet."""

    def log_file(self, run_id: str) -> Path | None:
        """Return where the run's log belongs, ``None`` where the state folder cannot be used."""
        return self.state.runs / f"{run_id}.log" if self.state.runs.is_dir() else None

    def mask(self, text: str) -> str:
        """Return a text without secrets."""
        return current_masker().mask(text)

    def begin(self) -> None:
        """Begin the record, and the reporter, which starts the integrations that live there."""
        run = self._courier.run
        self._hosted = self._registry.host()
        self._paths = {i.name: self._registry.class_path(i) for i in self._registry}
        paths = filter(None, self._paths.values())
        self._record = RecordWriter.create(self.state, run, paths)
        environ = current().environ
        log = self.state.runs / f"{run['id']}.reporter.log"
        self._reporter = Reporter(self._setup(), self._rootdir, environ, log)
        self._record.on_move = self._reporter.follow

    def started(self) -> None:
        """The integrations of this process are started; some take no part after all."""
        left = {integration.name for integration in self._registry}
        gone = [path for name, path in self._paths.items() if name not in left and path]
        if gone:
            self._record.without(gone)

    def await_required(self) -> None:
        """Wait for the required integrations of the reporter.

        Raises:
            RunAborted: one of them cannot start.
        """
        self._reporter.receive()
        names = self._registry.hosted(required=True)
        if not names:
            return
        known = self._reporter.wait_for_start(names, self._registry.limits.run_start + _TELLING)
        started = self._reporter.started
        for name in names:
            if not known and name not in started:
                raise RunAborted(name, "the reporter does not tell whether it can start")
            if (cause := started[name]) is not None:
                raise RunAborted(name, cause)

    def tell_abort(self, aborted: RunAborted) -> None:
        """Have those in the reporter told that the run does not begin; send what is said of it."""
        self._set_deadline(interrupted=False)
        order = {"abort": [aborted.integration, aborted.cause], **self._for_receipt()}
        if self._own is not None:
            self._own.finish_by(self._deadline)
        answer = self._reporter.abort(order, self._left())
        if self._own is not None:
            self._own.join(self._deadline)
        if answer is not None:
            say_receipt(answer["receipt"])

    def abandon(self) -> None:
        """Let go of everything: the run does not begin."""
        self._reporter.kill()
        self._record.end()
        self._record.close()
        self._record.path.unlink(missing_ok=True)
        if self._outbox is not None:
            self._outbox.close()

    def test_started(self, case: TestCase) -> None:
        """Note that a test runs."""
        self._record.start(case)

    def expects(self, nodeids: Iterable[str], left_out: Mapping[str, Iterable[str]]) -> None:
        """Note which tests are to run, and which are not."""
        self._record.expect(nodeids, left_out)

    def attempt_ended(self, case: TestCase, attempt: Attempt) -> None:
        """Keep an attempt that is repeated."""
        self._record.attempt(case, attempt)

    def test_ended(self, case: TestCase, result: TestResult) -> None:
        """Keep a result before anybody is told of it."""
        self._record.finish(case, result)

    def last_test_is_over(self, elapsed: float, log: str | None, *, interrupted: bool) -> None:
        """Note the end of the tests: from here on nothing that is sent can disturb one.

        Whoever has interrupted the run kills it soon: what waits for answers must not use up the
        time in which it can be delivered.
        """
        run: dict[str, Any] = {**self._courier.run}
        self._record.over({n: run[n] for n in _LATE_FACTS if n in run}, elapsed, log)
        self._set_deadline(interrupted=interrupted)

    def _set_deadline(self, *, interrupted: bool) -> None:
        now, budget = clock.monotonic(), self._budget(interrupted=interrupted)
        self._deadline = now + budget
        # hooks wait for at most half of the time, so the other half is always there
        self._waits_end = now + budget / 2
        self._is_over = True
        if self._outbox is not None:
            self._prepare_sending(self._outbox)

    def end_hosted(self, names: list[str], context: Context) -> Context:
        """Have the reporter call ``on_run_end``; return what the context holds then."""
        waits = max(0.0, self._waits_end - clock.monotonic())
        order = {"end": names, "context": plain(context), "waits": waits}
        try:
            answer = self._reporter.end(order, self._left())
        except KeyboardInterrupt:
            self._registry.interrupted = True
            self._reporter.skip()
            answer = self._reporter.end_again(min(self._left(), INTERRUPTED_TIMEOUT))
        if answer is None:
            self._untold += names
            return {}
        told: Context = answer
        return told

    def local_ended(self, name: str) -> None:
        """Note that an integration of this process was told of the end."""
        if path := self._paths.get(name):
            self._record.told([path])

    def close(self, *, interrupted: bool) -> bool:
        """Finish sending within the time budget and say what became of everything.

        Returns:
            whether something that must be delivered was not.
        """
        left = set(self._untold)
        durable = self._trouble is None and self._is_shared and self._reporter.durable is not False
        if durable:
            self._end_record(left)
            if self._record.trouble is not None:
                logger.warning("%s: a kill would have lost results", self._record.trouble)
        receipt = self._finish(interrupted=interrupted)
        say_receipt(receipt)
        self._write(receipt)
        if not durable:
            self._end_record({*left, *_kept_nowhere(receipt)})
        self._record.close()
        if self._outbox is not None:
            self._outbox.close()
        self.state.prune(self._settings.keep_runs)
        return not self._is_complete(receipt)

    # -- sending

    def _finish(self, *, interrupted: bool) -> dict[str, Any]:
        if self._untold:
            self._reporter.kill()  # it hangs: what is left is sent by whoever sends next
        try:
            return self._finish_by(self._left(), interrupted=interrupted)
        except KeyboardInterrupt:
            pass
        try:
            # in here, for an impatient person presses twice
            if self._left() > INTERRUPTED_TIMEOUT:
                logger.warning("delivery goes on for %g s (Ctrl-C ends it)", INTERRUPTED_TIMEOUT)
                return self._finish_by(INTERRUPTED_TIMEOUT, interrupted=True)
        except KeyboardInterrupt:
            pass
        self._reporter.kill()
        return self._receipt_here(filter(OwnSending.can_send, self._registry))

    def _finish_by(self, seconds: float, *, interrupted: bool) -> dict[str, Any]:
        deadline = clock.monotonic() + seconds
        if self._outbox is not None:
            self._prepare_sending(self._outbox)  # it may have become unusable meanwhile
        if self._own is not None:
            self._own.finish_by(deadline)
        order = {"interrupted": interrupted, **self._for_receipt()}
        answer = self._reporter.finish(order, seconds)
        if self._own is not None:
            self._own.join(deadline)
        if answer is None:
            self._reporter.kill()
            return self._receipt_here(filter(OwnSending.can_send, self._registry))
        receipt: dict[str, Any] = answer["receipt"]
        for earlier in answer["earlier"]:
            say_receipt(earlier)
        self._registry.undelivered += answer["undelivered"]
        if self._is_shared or self._own is None:
            return receipt
        return _joined(receipt, self._receipt_here(self._own_senders()))

    def _for_receipt(self) -> dict[str, Any]:
        if not self._is_shared and not self._reporter_has_outbox():
            return {"names": [], "notes": {}}
        names = [integration.name for integration in self._own_senders()]
        return {"names": names, "notes": self._courier.notes}

    def _own_senders(self) -> list[Integration]:
        return list(filter(OwnSending.can_send, self._registry.local()))

    def _receipt_here(self, senders: Iterable[Integration]) -> dict[str, Any]:
        """Return what became of the deliveries of some, as the outbox of this process has it."""
        names = [integration.name for integration in senders]
        notes = self._courier.notes
        return receipt_here(self._open_outbox(), self._courier.run["id"], notes, names)

    def _open_outbox(self) -> Outbox:
        if self._outbox is None:
            from qlty.delivery import Outbox

            if self._trouble is None and not self.state.path.is_dir():
                self._trouble = f"the state folder {self.state.path} was removed during the run"
            path = None if self._trouble else self.state.outbox
            self._outbox = Outbox.open(path, held=self._is_over)
            self._outbox.shared = self._reporter_has_outbox
            self._outbox.trouble = self._outbox.trouble or self._trouble
        if self._is_over:
            self._prepare_sending(self._outbox)
        return self._outbox

    def _prepare_sending(self, outbox: Outbox) -> None:
        """Begin to send what the reporter cannot send."""
        outbox.hold()
        outbox.waits_end = self._waits_end
        senders = self._own_senders()
        shared = self._is_shared and self._reporter.is_alive
        if self._own is None and not (shared and all(map(self._registry.class_path, senders))):
            alone = lambda: not (self._is_shared and self._reporter.is_alive)  # noqa: E731
            self._own = OwnSending(outbox, self._registry, alone)

    def _reporter_has_outbox(self) -> bool:
        self._reporter.receive()
        return self._reporter.is_alive and self._reporter.durable is True

    @property
    def _is_shared(self) -> bool:
        """Whether the reporter finds what is handed over here: it is in a file that is there."""
        outbox = self._outbox
        if outbox is None:
            return True
        return outbox.durable and outbox.path is not None and outbox.path.exists()

    # -- the end of the record

    def _end_record(self, again: set[str]) -> None:
        """Let the next run report this one to some, where it can build them."""
        paths = {name: self._paths[name] for name in again if self._paths.get(name)}
        if not paths or self._record.trouble or not self._record.path.exists():
            self._record.end()
            return
        again = set(paths.values())
        self._record.told({path for path in self._paths.values() if path} - again, again)
        logger.warning("the next run reports this one to %s again", ", ".join(sorted(paths)))

    def _is_complete(self, receipt: dict[str, Any]) -> bool:
        complete = {one["integration"]: one["complete"] for one in receipt["integrations"]}
        names = self._registry.must_deliver()
        lost = self._registry.undelivered or any(name in self._untold for name in names)
        return not lost and all(complete.get(name, True) for name in names)

    # -- settings and limits

    def _budget(self, *, interrupted: bool) -> float:
        return INTERRUPTED_TIMEOUT if interrupted else self._settings.delivery_timeout

    def _left(self) -> float:
        """Return the seconds that the run may still wait for the reporter."""
        return max(1.0, self._deadline - clock.monotonic())

    def _setup(self) -> dict[str, Any]:
        sources, limits = current(), self._registry.limits
        kinds = (bool, int, float, str, type(None))
        return {
            "record": str(self._record.place),
            "state": str(self.state.path),
            "outbox": None if self._trouble else str(self.state.outbox),
            "trouble": self._trouble,
            "history": str(self._history_file),
            "rootdir": str(self._rootdir),
            "settings": sources.module.__name__ if sources.module else None,
            "settings_named": getattr(sources.module, "__file__", None) is not None,
            "options": {key: value for key, value in sources.options.items() if value is not None},
            "ini": {key: value for key, value in sources.ini.items() if value is not None},
            "flags": {k: v for k, v in vars(config).items() if k.isupper() and type(v) in kinds},
            "hosted": self._hosted,
            "local": [(n, p) for n, p in self._paths.items() if p and (n, p) not in self._hosted],
            "segments": self._registry.segments(),
            "names": list(self._paths),
            "limits": [limits.run_start, limits.test_end, limits.run_end],
            "budget": self._settings.delivery_timeout,
        }

    def _write(self, receipt: dict[str, Any]) -> None:
        if self._receipt_file is None:
            return
        try:
            text = dumps(receipt, indent=2)
            self._receipt_file.parent.mkdir(parents=True, exist_ok=True)
            file = open_own(self._receipt_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            with os.fdopen(file, "w", encoding="utf-8") as stream:
                stream.write(text + "\n")
        except OSError as error:
            why = error.strerror
            logger.error("the receipt cannot be written to %s: %s", self._receipt_file, why)


def _kept_nowhere(receipt: dict[str, Any]) -> set[str]:
    """Return those of which nothing arrived; what arrived in part would arrive twice."""
    lines = receipt["integrations"]
    return {one["integration"] for one in lines if one["waiting"] and not one["settled"]}


def _joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "durable": one["durable"] and other["durable"],
        "trouble": one["trouble"] or other["trouble"],
        "integrations": [*one["integrations"], *other["integrations"]],
    }
