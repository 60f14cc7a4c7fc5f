"""What the reporter does: it plays the record of a run that is going on, and sends."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty import config
from qlty.classes.integrations._resolve import find_class
from qlty.classes.integrations.base_integration import Integration
from qlty.classes.integrations.registry import HookLimits, Registry
from qlty.delivery import Drainer, ImportedSenders, Outbox, Receipt, receipt_of, use_settings
from qlty.errors import RunAborted
from qlty.lifecycle._courier import RunCourier
from qlty.lifecycle._exchange import plain
from qlty.lifecycle._killed import Survivors
from qlty.lifecycle._play import Player
from qlty.lifecycle._recovery import Recovered, report_dead_runs, settle
from qlty.lifecycle._reporter_main import GONE, end_in
from qlty.lifecycle._run import ABORTED
from qlty.results import RunInfo, RunSummary, count, iter_results, run_info_from_json
from qlty.runs import RecordFollower, StateDir, taken_over
from qlty.runtime import clock, logger

if TYPE_CHECKING:
    from qlty.lifecycle._reporter_main import Channel, Orders
    from qlty.runs import DeadRun

_TICK = 0.05

#: seconds after which a line of progress is said again though nothing has changed
_SAY_AGAIN = 10.0


class Reporting:
    """Follows one run.

    Args:
        setup: JSON:

            - ``record``: the file to follow
            - ``state``, ``outbox``, ``history``: paths; ``outbox`` is ``None`` where the state
              folder cannot be used, and ``trouble`` says why
            - ``rootdir``, ``settings``, ``settings_named``, ``options``, ``ini``: the project
            - ``flags``: those of ``qlty.config``
            - ``hosted``: names and class paths of the integrations that live here
            - ``local``: the same of those in the run's process that can be built here
            - ``segments``: all names in their order, grouped by whether they live here
            - ``names``: of all integrations whose deliveries are sent from here
            - ``limits``: seconds of the three hooks
            - ``budget``: seconds to go on for where the run dies
        orders: what the run wants.
        channel: the way to the run.
    """

    def __init__(self, setup: dict[str, Any], orders: Orders, channel: Channel) -> None:
        self._setup = setup
        self._orders = orders
        self._channel = channel
        self._state = StateDir(Path(setup["state"]))
        self._rootdir = Path(setup["rootdir"])
        self._limits = HookLimits(*setup["limits"])
        self._context: dict[str, Any] = {}
        self._ended: set[str] = set()
        self._has_outcome = False

    def work(self) -> None:
        """Follow the run to its end."""
        vars(config).update(self._setup["flags"])
        use_settings(self._setup)
        self._outbox = self._open_outbox()
        self._channel.tell({"durable": self._outbox.durable})
        self._start_sending()
        self._follower = RecordFollower(Path(self._setup["record"]))
        self._run = run_info_from_json(self._follower.run.info["run"])
        self._registry = Registry(self._limits)
        self._courier = self._make_courier(self._run, self._registry)
        self._register()
        self._player = Player(self._registry, self._run)
        self._registry.start_at_once(self._tell_started, self._orders.are_waiting)
        while not self._carry_out(self._orders.next(_TICK)):
            pass

    def _open_outbox(self) -> Outbox:
        path = self._setup["outbox"]
        outbox = Outbox.open(Path(path) if path else None)
        outbox.trouble = outbox.trouble or self._setup["trouble"]
        return outbox

    def _start_sending(self) -> None:
        names = set(self._setup["names"])
        inf = float("inf")
        senders = ImportedSenders()
        self._drainer = Drainer(self._outbox, senders, deadline=inf, integrations=names)
        self._drainer.follow = True
        self._sending = threading.Thread(
            target=self._drainer.run, args=(threading.Event(),), daemon=True
        )
        self._sending.start()

    def _make_courier(self, run: RunInfo, registry: Registry) -> RunCourier:
        history = Path(self._setup["history"])
        return RunCourier(run, registry, lambda: self._outbox, history, self._drainer.wake)

    def _register(self) -> None:
        self._registry.connect(self._courier)
        for name, path in self._setup["hosted"]:
            integration = find_class(path)()
            self._registry.register(integration, path, name)

    def _tell_started(self, name: str, cause: str | None) -> None:
        self._channel.tell({"started": name, "cause": cause})

    def _carry_out(self, order: dict[str, Any] | None) -> bool:
        """Catch up with the record, then do what the run wants; say whether that was the last."""
        if order is not None and "record" in order:
            self._follower.move(Path(order["record"]))
            return False
        for case, result in self._follower.follow():
            self._player.test_ended(case, result)
        if order is None:
            return False
        if "end" in order:
            self._end(order)
            return False
        if order is GONE:
            self._run_is_gone()
            return True
        if "abort" in order:
            self._abort(order)
        else:
            self._finish(order)
        return True

    # -- the end of the run

    def _run_is_gone(self) -> None:
        deadline = clock.monotonic() + self._setup["budget"]
        path = Path(self._setup["record"])
        with suppress(OSError), taken_over(path, self._follower.run) as dead:
            if dead is not None:
                self._report_killed(dead)
        self._send_until(deadline)

    def _report_killed(self, dead: DeadRun) -> None:
        """Tell the rest of a killed run: those here of its end, the others of all of it."""
        self._run["cut_short"] = True
        interrupted = dead.run.interrupted()
        for case, result in interrupted:
            self._player.test_ended(case, result)
        results = list(iter_results(self._player.results))
        self._courier.history.record(results, run_id=self._run["id"])
        local = [one for one in self._setup["local"] if one[1] not in dead.run.told]
        others = Survivors(local, self._run, self._limits)
        courier = self._make_courier(self._run, others.registry)
        others.start(courier, [*dead.run.finished, *interrupted])
        elapsed = self._player.elapsed()
        for hosted, names in self._setup["segments"]:
            player = self._player if hosted else others.player
            left = [name for name in names if name not in self._ended]
            player.run_ended(elapsed, None, self._context, left)
        self._courier.history.save()
        hosted_paths = {path for _, path in self._setup["hosted"]}
        settle(dead, dead.run.told | hosted_paths | others.told, Recovered())

    def _end(self, order: dict[str, Any]) -> None:
        self._take_outcome()
        over = self._follower.run.over or {}
        self._outbox.waits_end = clock.monotonic() + order["waits"]
        self._context.update(order["context"])
        self._orders.may_skip = True
        try:
            elapsed, log = over.get("elapsed", 0.0), over.get("log_path")
            self._player.run_ended(elapsed, log, self._context, order["end"])
        except KeyboardInterrupt:
            pass  # between two hooks: the next order goes on
        finally:
            self._orders.may_skip = False
        self._ended |= {*order["end"]}
        self._channel.tell({"ended": plain(self._context)})

    def _take_outcome(self) -> None:
        """Take how the run went from its record, once; the history keeps it."""
        if self._has_outcome:
            return
        self._has_outcome = True
        self._run.update((self._follower.run.over or {}).get("run", {}))
        # now, for integrations get the results themselves and may change them
        self._courier.history.record(iter_results(self._player.results), run_id=self._run["id"])

    def _abort(self, order: dict[str, Any]) -> None:
        self._run["exit_status"] = ABORTED
        self._has_outcome = True  # no test was run
        self._registry.on_run_abort(RunAborted(*order["abort"]))
        if self._outbox.counts(self._run["id"]):
            self._finish({**order, "interrupted": True})
        else:
            self._channel.tell({"receipt": None})

    def _finish(self, order: dict[str, Any]) -> None:
        deadline = clock.monotonic() + order["finish"]
        end_in(order["finish"])
        self._take_outcome()
        earlier = []
        if not order["interrupted"]:
            dead = report_dead_runs(self._state, self._rootdir, self._make_courier, self._limits)
            earlier = dead.reported
        self._courier.history.save()
        self._send_until(deadline)
        if self._courier.history.trouble is not None and self._outbox.durable:
            logger.warning("%s", self._courier.history.trouble)
        for name, notes in order["notes"].items():
            self._courier.notes.setdefault(name, []).extend(notes)
        told = [_receipt(self._outbox, courier, _senders(own)) for courier, own in earlier]
        self._tell_receipt(order["names"], told)

    def _send_until(self, deadline: float) -> None:
        self._drainer.deadline = deadline
        self._drainer.follow = False
        self._drainer.wake()
        said, at = 0, clock.monotonic()
        while self._sending.is_alive():
            self._sending.join(1.0)
            left = self._outbox.sendable(set(self._setup["names"]))
            if left and (left != said or clock.monotonic() - at >= _SAY_AGAIN):
                said, at = left, clock.monotonic()
                logger.info("delivering: %d left (Ctrl-C ends it; what is left is kept)", left)

    def _tell_receipt(self, own: list[str], earlier: list[Receipt]) -> None:
        facts = (self._follower.run.over or {}).get("run", {})
        run = RunSummary.of(count(self._player.results), {**self._run, **facts})
        try:
            if self._outbox.durable and not self._state.outbox.exists():
                self._outbox.trouble = (
                    f"the state folder {self._state.path} was removed during the run"
                )
            names = [*_senders(self._registry), *own]
            receipt = _receipt(self._outbox, self._courier, names, run)
        except sqlite3.Error as error:
            path = self._state.outbox
            logger.error("the outbox %s was damaged during the run (%s): delete it", path, error)
            receipt = Receipt(self._run["id"], durable=False, trouble=str(error), lines=())
        told = {
            "receipt": receipt.to_json(),
            "earlier": [one.to_json() for one in earlier],
            "undelivered": self._registry.undelivered,
        }
        self._channel.tell({"receipt": told})


def _senders(registry: Registry) -> list[str]:
    return [i.name for i in registry if type(i).send is not Integration.send]


def _receipt(
    outbox: Outbox, courier: RunCourier, names: list[str], run: RunSummary | None = None
) -> Receipt:
    return receipt_of(
        outbox,
        courier.run["id"],
        notes=courier.notes,
        integrations=names,
        meanwhile=run is not None,
        run=run,
    )
