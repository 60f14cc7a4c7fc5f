"""One lane: the deliveries of one integration to one target, in order."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qlty.delivery._attempt import Attempt
from qlty.delivery._backoff import backoff, capped
from qlty.delivery._classify import Verdict, classify
from qlty.delivery._job import Job, Sent
from qlty.delivery._rows import ANSWER_LOST, NO_DOUBT, Row
from qlty.delivery._store import MOST_DEATHS
from qlty.errors import OutboxError, Refused
from qlty.results import clean
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qlty.delivery._drain import Sender
    from qlty.delivery._store import Store
    from qlty.masking import Masker


class Turns:
    """Who may send at the same time.

    What may have killed its sender is sent alone: whatever dies with it next was its doing.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._together = 0
        self._alone = False

    @contextmanager
    def take(self, *, alone: bool) -> Iterator[None]:
        """Wait for one's turn, and have it while the block runs."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._alone or (alone and self._together)))
            self._alone, self._together = alone, self._together + 1
        try:
            yield
        finally:
            with self._changed:
                self._alone, self._together = False, self._together - 1
                self._changed.notify_all()


class _CannotTell(Exception):
    """The remote cannot say whether a job was carried out."""


class Lane:
    """Sends rows one after the other in a thread of its own.

    Attributes:
        sending: number of the row that is being sent, ``None`` between two.
        trouble: why the lane had to end; what it was sending is asked for by the next drain.
    """

    def __init__(
        self,
        store: Store,
        sender: Sender,
        integration: str,
        target: str,
        owner: str,
        masker: Masker,
        run_id: str | None,
        turns: Turns | None = None,
    ) -> None:
        self.sending: int | None = None
        self.trouble: str | None = None
        self._store = store
        self._sender = sender
        self._integration = integration
        self._target = target
        self._owner = owner
        self._masker = masker
        self._run_id = run_id
        self._turns = turns or Turns()
        self._attempt = Attempt()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._doubt = NO_DOUBT

    @property
    def alive(self) -> bool:
        """Whether the lane's thread is still at work."""
        return self._thread is not None and self._thread.is_alive()

    def has_work(self, deadline: float) -> bool:
        """Say whether something can be sent before ``deadline`` (by ``clock.monotonic()``)."""
        wait = self._store.seconds_until_work(self._integration, self._target, self._run_id)
        return wait is not None and clock.monotonic() + wait < deadline

    def start(
        self, stop: threading.Event, deadline: Callable[[], float], wake: threading.Event
    ) -> None:
        """Send in a thread that dies with the process."""

        def work() -> None:
            try:
                self._work(stop, deadline)
            except Exception as error:  # noqa: BLE001 -- a full disk, a damaged outbox
                self.trouble = self._shown(f"{type(error).__name__}: {error}")
            finally:
                wake.set()

        name = f"qlty-delivery-{self._integration}"
        self._thread = threading.Thread(target=work, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """End a pause, to look at the deadline again."""
        self._wake.set()

    def interrupt_if_overdue(self) -> None:
        """End an attempt that takes longer than any attempt may."""
        self._attempt.interrupt_if_overdue()

    def _work(self, stop: threading.Event, deadline: Callable[[], float]) -> None:
        while not stop.is_set() and clock.monotonic() < deadline():
            found = self._store.lease(self._integration, self._target, self._owner, self._run_id)
            if isinstance(found, Row):
                self.sending = found.id
                self._deliver_in_turn(found)
                self.sending = None
            elif found is None or clock.monotonic() + found >= deadline():
                return
            else:
                # in small steps: a due time is by the wall clock, which may be set meanwhile
                self._wake.wait(min(found, 1.0))
                self._wake.clear()

    def _deliver_in_turn(self, row: Row) -> None:
        if row.deaths >= MOST_DEATHS:
            reason = f"its sender died {row.deaths} times while sending it"
            last = f"; last: {row.reason}" if row.reason else ""
            text = self._shown(reason + last)
            self._store.settle_failed(row.id, self._owner, "refused", text, ANSWER_LOST)
            return
        if row.deaths:
            # who dies while this one waits for its turn does not die of it
            self._store.set_deaths(row.id, self._owner, row.deaths - 1)
        with self._turns.take(alone=row.deaths > 0):
            if row.deaths:
                self._store.set_deaths(row.id, self._owner, row.deaths)
            self._deliver(row)

    def _deliver(self, row: Row) -> None:
        job = self._job(row)
        try:
            sent = self._attempt.run(lambda: self._perform(row, job))
        except _CannotTell as cannot:
            self._settle_lost(row, str(cannot))
        except BaseException as error:  # noqa: BLE001 -- whatever it is, it ends here
            self._settle_failed(row, classify(error))
        else:
            self._store.settle_delivered(row.id, self._owner, self._clean(sent))

    def _perform(self, row: Row, job: Job) -> Sent | None:
        self._doubt = row.doubt
        if row.doubt != NO_DOUBT:
            found = self._find(row, job)
            if found is not None:
                return found
            self._doubt = NO_DOUBT
        return self._sender.send(job)

    def _find(self, row: Row, job: Job) -> Sent | None:
        try:
            return self._sender.find(job)
        except Refused as cannot_tell:
            if row.doubt == ANSWER_LOST:
                raise _CannotTell(cannot_tell.reason) from cannot_tell
            # the remote answered that it failed: where it cannot tell more, that is the answer
            return None

    def _settle_lost(self, row: Row, reason: str) -> None:
        text = f"sent, but no answer came, and it cannot be asked: {reason}"
        before = f"; last: {row.reason}" if row.reason else ""
        self._store.settle_failed(
            row.id, self._owner, "lost", self._shown(text + before), ANSWER_LOST
        )

    def _settle_failed(self, row: Row, verdict: Verdict) -> None:
        reason = self._shown(verdict.reason)
        doubt = max(verdict.doubt, self._doubt)
        if verdict.action == "refused":
            self._store.settle_failed(row.id, self._owner, "refused", reason, doubt)
            return
        wait = max(backoff(row.attempts), capped(verdict.after or 0.0))
        self._store.put_back(row.id, self._owner, wait=wait, reason=reason, doubt=doubt)

    def _clean(self, sent: Sent | None) -> Sent | None:
        if sent is None:
            return None
        shown = self._shown
        return Sent(
            shown(str(sent.text)),
            tuple(shown(str(link)) for link in sent.links),
            tuple(shown(str(note)) for note in sent.notes),
            counts=sent.counts,
        )

    def _shown(self, text: str) -> str:
        # a server's own words may hold what no terminal and no SQLite file should be given
        return self._masker.mask(clean(text))

    def _job(self, row: Row) -> Job:
        def commit(checkpoint: dict[str, Any]) -> None:
            self._attempt.restart_clock()
            clean = self._masker.mask_json(checkpoint)
            if not self._store.save_checkpoint(row.id, self._owner, clean):
                raise OutboxError(f"delivery {row.id} has been taken over by another process")

        return Job(
            id=row.id,
            integration=row.integration,
            kind=row.kind,
            key=row.key,
            target=row.target,
            payload=row.payload,
            checkpoint=row.checkpoint,
            run_id=row.run_id,
            attempt=row.attempts,
            _commit=commit,
            _progress=self._store.progress,
        )
