"""Sending what is due: one lane per integration and target, none blocks another."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from qlty.delivery._lane import Lane, Turns
from qlty.delivery._process import identity
from qlty.results import clean
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from qlty.delivery._job import Job, Sent
    from qlty.delivery._outbox import Outbox
    from qlty.delivery._store import Store

#: seconds between two looks for new work
_TICK = 0.05

#: seconds between two renewals of the leases of rows that are being sent
_RENEWAL = 15.0


class Sender(Protocol):
    """What is needed of an integration to send its deliveries."""

    def target(self) -> str:
        """Where this one sends to; rows for anywhere else stay where they are."""

    def send(self, job: Job) -> Sent | None:
        """Carry out a job, or raise."""

    def find(self, job: Job) -> Sent | None:
        """Ask the remote whether a job was carried out; ``None``: it was not.

        Raises:
            Refused: the remote cannot tell.
        """


class Senders(Protocol):
    """Where a drain gets its senders from."""

    def get(self, integration: str, class_path: str | None) -> Sender | None:
        """Return the sender of an integration, ``None`` where this process is not to send for it.

        Anything it raises is the reason why the deliveries of that integration wait.
        """


def drain(
    outbox: Outbox,
    senders: Senders,
    *,
    deadline: float,
    run_id: str | None = None,
    integrations: set[str] | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[int], None] | None = None,
    follow: bool = False,
) -> None:
    """Send what is due until nothing is left that can be sent before the deadline.

    An attempt that is under way at the deadline is left alone: its row says that the answer is
    open, and the next drain asks the remote.

    Args:
        outbox: what to send.
        senders: who sends it.
        deadline: by ``clock.monotonic()``.
        run_id: only deliveries of this run.
        integrations: only deliveries of these.
        stop: set by another thread to end early.
        progress: called about once a second with the number of deliveries that are left.
        follow: go on until ``stop`` or the deadline, also when nothing is left.
    """
    drainer = Drainer(outbox, senders, run_id=run_id, integrations=integrations, deadline=deadline)
    drainer.follow = follow
    drainer.run(stop or threading.Event(), progress)


class Drainer:
    """A drain that another thread may steer while it runs.

    Attributes:
        deadline: by ``clock.monotonic()``.
        follow: go on although nothing is left.
    """

    def __init__(
        self,
        outbox: Outbox,
        senders: Senders,
        *,
        deadline: float,
        run_id: str | None = None,
        integrations: set[str] | None = None,
    ) -> None:
        self.deadline = deadline
        self.follow = False
        self._outbox = outbox
        self._senders = senders
        self._run_id = run_id
        self._integrations = integrations
        self._owner = f"{identity()}|{uuid.uuid4().hex[:8]}"
        self._lanes: dict[tuple[int, str, str], Lane] = {}
        self._blocked: set[tuple[int, str, str]] = set()
        self._turns = Turns()
        self._wake = threading.Event()

    def wake(self) -> None:
        """Look at once for new work and at the deadline."""
        self._wake.set()
        for lane in list(self._lanes.values()):
            lane.wake()

    def run(self, stop: threading.Event, progress: Callable[[int], None] | None = None) -> None:
        """See :func:`drain`."""
        told = renewed = clock.monotonic()
        while not stop.is_set() and clock.monotonic() < self.deadline:
            self._wake.clear()
            # read before the outbox is: whoever says "nothing more comes" has enqueued it all
            follow = self.follow
            self._start_lanes(stop)
            # asked before the lanes are looked at: one that ends in between is seen next time
            busy = any(lane.alive for lane in self._lanes.values())
            self._watch_lanes()
            if not busy and not follow:
                break
            self._wake.wait(_TICK)
            now = clock.monotonic()
            if progress is not None and now - told >= 1:
                progress(self._outbox.sendable(self._integrations))
                told = now
            if now - renewed >= _RENEWAL:
                self._each_sending(lambda store, row: store.renew([row], self._owner))
                renewed = now
        self._each_sending(lambda store, row: store.set_deaths(row, self._owner, -1))

    def _start_lanes(self, stop: threading.Event) -> None:
        for number, store in enumerate(list(self._outbox.stores)):
            for integration, target, class_path in self._open_lanes(store):
                place = (number, integration, target)
                if self._wanted(place) and not self._runs(place):
                    self._start_lane(place, store, class_path, stop)

    def _open_lanes(self, store: Store) -> list[tuple[str, str, str | None]]:
        try:
            store.give_up_expired()
            return store.lanes(self._run_id)
        except sqlite3.Error as error:
            self._outbox.trouble = f"{type(error).__name__}: {error}"
            return []

    def _wanted(self, place: tuple[int, str, str]) -> bool:
        if self._integrations is not None and place[1] not in self._integrations:
            return False
        return place not in self._blocked

    def _runs(self, place: tuple[int, str, str]) -> bool:
        lane = self._lanes.get(place)
        return lane is not None and lane.alive

    def _start_lane(
        self,
        place: tuple[int, str, str],
        store: Store,
        class_path: str | None,
        stop: threading.Event,
    ) -> None:
        _, integration, target = place
        sender = self._sender_for(store, integration, target, class_path)
        if sender is None:
            self._blocked.add(place)
            return
        lane = Lane(
            store,
            sender,
            integration,
            target,
            self._owner,
            self._outbox.masker,
            self._run_id,
            self._turns,
        )
        if lane.has_work(self.deadline):
            self._lanes[place] = lane
            lane.start(stop, lambda: self.deadline, self._wake)

    def _sender_for(
        self, store: Store, integration: str, target: str, class_path: str | None
    ) -> Sender | None:
        elsewhere, reason = False, ""
        try:
            sender = self._senders.get(integration, class_path)
            if sender is None:
                return None
            now = sender.target()
            if target == now or target in _targets(sender):
                store.unblock(integration, target)
                return sender
            elsewhere = True
            reason = f"this is for {target}; {integration} is now set up for {now}"
        except Exception as error:  # noqa: BLE001 -- a project's own code decides what it raises
            reason = f"{integration} cannot be set up: {type(error).__name__}: {error}"
        shown = self._outbox.masker.mask(clean(reason))
        store.explain(integration, target, shown, elsewhere=elsewhere)
        return None

    def _each_sending(self, act: Callable[[Store, int], None]) -> None:
        for (number, _, _), lane in self._lanes.items():
            row = lane.sending
            if row is not None:
                with suppress(sqlite3.Error):
                    act(self._outbox.stores[number], row)

    def _watch_lanes(self) -> None:
        for place, lane in self._lanes.items():
            lane.interrupt_if_overdue()
            if lane.trouble is not None and place not in self._blocked:
                self._blocked.add(place)
                self._outbox.trouble = lane.trouble


def _targets(sender: Sender) -> Collection[str]:
    """Return the further places that a sender may have, see ``Integration.targets``."""
    targets: Callable[[], Collection[str]] | None = getattr(sender, "targets", None)
    return targets() if targets is not None else ()
