"""A run's way out: record, outbox, sending, receipt."""

from __future__ import annotations

import os
import sqlite3
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING

from qlty.classes.integrations.base_integration import Integration
from qlty.delivery import Outbox, Receipt, current_masker, receipt_of
from qlty.lifecycle._courier import RunCourier
from qlty.lifecycle._recovery import report_dead_runs
from qlty.lifecycle._sending import INTERRUPTED_TIMEOUT, Sending
from qlty.results import iter_results
from qlty.runs import RecordWriter, StateDir
from qlty.runtime import clock, logger
from qlty.runtime.files import open_own

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qlty.classes.integrations.registry import Registry
    from qlty.results import Attempt, RunInfo, TestCase, TestResult, TestResults
    from qlty.settings import QltySettings


class Deliveries:
    """Keeps what one run records and hands over, and sends it."""

    def __init__(self, rootdir: Path, settings: QltySettings, receipt_file: Path | None) -> None:
        self._rootdir = rootdir
        self._settings = settings
        # absolute: a test may leave the process in another working directory
        self._receipt_file = receipt_file.absolute() if receipt_file else None
        self.state = StateDir(rootdir / (settings.dir or ".qlty-framework"))
        self._history_file = rootdir / (settings.history or self.state.history)
        self._deadline: float | None = None
        self._earlier: list[tuple[RunCourier, Registry]] = []

    def open(self, run: RunInfo, registry: Registry) -> None:
        """Make the outbox and connect it to the integrations."""
        trouble = self.state.ensure()
        if not self.state.is_private():
            # nothing is read from, or written into, what others may have prepared
            self.state = StateDir(Path(os.devnull) / "nowhere")
            self._history_file = self._rootdir / (self._settings.history or self.state.history)
        self._outbox = Outbox.open(None if trouble else self.state.outbox)
        self._outbox.trouble = self._outbox.trouble or trouble
        self._registry = registry
        log = self.state.runs / f"{run['id']}.relay.log"
        self._sending = Sending(self._outbox, registry, self._rootdir, log)
        self._courier = self._make_courier(run, registry)
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
        """Begin the record: from here on the run is reported, whatever ends it."""
        paths = [self._registry.class_path(integration) for integration in self._registry]
        self._record = RecordWriter.create(self.state, self._courier.run, filter(None, paths))

    def deliver_abort(self) -> None:
        """Send what integrations say of a run that does not begin."""
        if self._outbox.counts(self._courier.run["id"]):
            self._sending.start()
            self._deliver(self._budget(interrupted=False))

    def abandon(self) -> None:
        """Let go of everything: the run does not begin."""
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

    def last_test_is_over(self, results: TestResults, *, interrupted: bool) -> None:
        """Begin to send: from here on nothing of it can disturb a test.

        Whoever has interrupted the run kills it soon: what waits for answers, and the runs that
        were killed before, must not use up the time in which this one can be delivered.
        """
        # now, for integrations get the results themselves and may change them
        self._courier.history.record(iter_results(results), run_id=self._courier.run["id"])
        self._sending.start()
        now, budget = clock.monotonic(), self._budget(interrupted=interrupted)
        self._deadline = now + budget
        self._outbox.waits_end = now + budget / 2
        if interrupted:
            return
        limits = self._registry.limits
        dead = report_dead_runs(self.state, self._rootdir, self._make_courier, limits)
        self._earlier = dead.reported

    def close(self, *, interrupted: bool, again: Iterable[Integration] = ()) -> bool:
        """Finish sending within the time budget and say what became of everything.

        Args:
            interrupted: little time is left.
            again: integrations to which the next run is to report this one.

        Returns:
            whether something that must be delivered was not.
        """
        self._courier.history.save()
        if self._outbox.durable:
            self._end_record(again)
            self._say_trouble()
            complete = self._deliver(self._left(interrupted=interrupted))
        else:
            complete = self._deliver(self._left(interrupted=interrupted))
            self._end_record([*again, *self._kept_nowhere()])
        self._record.close()
        self._outbox.close()
        self.state.prune(self._settings.keep_runs)
        return not complete

    def _end_record(self, again: Iterable[Integration]) -> None:
        """Let the next run report this one to some, where it can build them."""
        paths = {i.name: self._registry.class_path(i) for i in again}
        if not any(paths.values()) or self._record.trouble:
            self._record.end()
            return
        self._record.told(
            {self._registry.class_path(i) for i in self._registry} - {*paths.values()}
        )
        logger.warning("the next run reports this one to %s again", ", ".join(paths))

    def _kept_nowhere(self) -> list[Integration]:
        """Return those of which nothing arrived; what arrived in part would arrive twice."""
        receipt = _receipt(self._outbox, self._courier, self._registry)
        lost = {line.integration for line in receipt.lines if line.waiting and not line.delivered}
        return [integration for integration in self._registry if integration.name in lost]

    def _say_trouble(self) -> None:
        if not self._outbox.durable:
            return  # nothing can be written at all, which the receipt says
        if self._record.trouble is not None:
            logger.warning("%s: a kill would have lost results", self._record.trouble)
        if self._courier.history.trouble is not None:
            logger.warning("%s", self._courier.history.trouble)

    def _budget(self, *, interrupted: bool) -> float:
        """Return the seconds from the last test to the receipt."""
        return INTERRUPTED_TIMEOUT if interrupted else self._settings.delivery_timeout

    def _left(self, *, interrupted: bool) -> float:
        """Return the seconds that are left of them: waiting counts, the hooks' own work does not.

        Hooks wait for at most half of the time, so the other half is always there.
        """
        budget = self._budget(interrupted=interrupted)
        deadline = clock.monotonic() + budget if self._deadline is None else self._deadline
        least = 1.0 if interrupted else budget / 2
        return min(budget, max(least, deadline - clock.monotonic()))

    def _deliver(self, budget: float) -> bool:
        try:
            self._sending.finish(budget)
            if self._outbox.durable and not self.state.outbox.exists():
                self._outbox.trouble = (
                    f"the state folder {self.state.path} was removed during the run"
                )
            receipt = self._say_receipts()
        except sqlite3.Error as error:
            path = self.state.outbox
            logger.error("the outbox %s was damaged during the run (%s): delete it", path, error)
            return not self._registry.must_deliver()
        self._write(receipt)
        names = self._registry.must_deliver()
        return not self._registry.undelivered and all(receipt.line(n).complete for n in names)

    def _make_courier(self, run: RunInfo, registry: Registry) -> RunCourier:
        return RunCourier(run, registry, self._outbox, self._history_file, self._sending.urgent)

    def _say_receipts(self) -> Receipt:
        for courier, registry in self._earlier:
            logger.info("of run %s:", courier.run["id"])
            self._say(_receipt(self._outbox, courier, registry))
        receipt = _receipt(self._outbox, self._courier, self._registry, meanwhile=True)
        self._say(receipt)
        return receipt

    def _say(self, receipt: Receipt) -> None:
        for line in receipt.render():
            logger.info("%s", line)

    def _write(self, receipt: Receipt) -> None:
        if self._receipt_file is None:
            return
        try:
            text = dumps(receipt.to_json(), indent=2)
            self._receipt_file.parent.mkdir(parents=True, exist_ok=True)
            file = open_own(self._receipt_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            with os.fdopen(file, "w", encoding="utf-8") as stream:
                stream.write(text + "\n")
        except OSError as error:
            why = error.strerror
            logger.error("the receipt cannot be written to %s: %s", self._receipt_file, why)


def _receipt(
    outbox: Outbox, courier: RunCourier, registry: Registry, *, meanwhile: bool = False
) -> Receipt:
    senders = [i.name for i in registry if type(i).send is not Integration.send]
    return receipt_of(
        outbox,
        courier.run["id"],
        notes=courier.notes,
        integrations=senders,
        meanwhile=meanwhile,
    )
