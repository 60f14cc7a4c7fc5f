"""The outbox: where a delivery is safe from the moment it was made."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from qlty.delivery._rows import FINAL_STATES, Row, State, to_json
from qlty.delivery._store import Store
from qlty.errors import OutboxError
from qlty.masking import Masker, current_masker
from qlty.runtime import clock
from qlty.runtime.files import check_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

#: seconds between two looks at a row that another process is working on
_POLL = 0.02


#: seconds that a settled delivery is kept: so long, its key is not sent a second time
KEEP_SETTLED = 30 * 86_400.0

#: deliveries that one run forgets; more would be felt at its start
_PRUNED_AT_START = 10_000


@dataclass(frozen=True)
class Left:
    """What is still to be sent by one integration to one target.

    Attributes:
        elsewhere: the integration is now set up for another target, so nobody sends it.
        reason: why nobody tries to send it; empty where somebody does.
    """

    integration: str
    target: str
    elsewhere: bool
    reason: str
    number: int


class StoredDelivery:
    """A handle on one row; see :class:`qlty.delivery.Delivery`."""

    def __init__(self, outbox: Outbox, store: Store, row: Row) -> None:
        self.integration = row.integration
        self.key = row.key
        self._outbox = outbox
        self.is_now(store, row)

    def is_now(self, store: Store, row: Row) -> None:
        """Note where it is."""
        self.id = row.id
        self._store = store

    @property
    def state(self) -> State:
        """In which state the row is now."""
        progress = self._progress()
        return progress[0] if progress else "dropped"

    def _progress(self) -> tuple[State, dict[str, Any]] | None:
        try:
            return self._store.progress(self.id)
        except OutboxError:
            return None  # a test has removed the file

    def wait_for(self, name: str, timeout: float) -> Any:
        """Wait for the checkpoint's value of this name, at most ``timeout`` seconds."""
        deadline = clock.monotonic() + timeout
        while True:
            state, checkpoint = self._progress() or ("dropped", {})
            if name in checkpoint:
                return checkpoint[name]
            left = min(deadline, self._outbox.waits_end) - clock.monotonic()
            if left <= 0 or state in FINAL_STATES:
                return None
            sleep(min(_POLL, left))


class _Made(NamedTuple):
    """What was handed over while the file was not held, in case that a test removes it."""

    delivery: StoredDelivery
    values: dict[str, Any]


class Outbox:
    """Deliveries on their way, in one SQLite file that any number of processes may use.

    Attributes:
        path: the file; ``None`` where everything is kept in memory.
        trouble: why deliveries are not, or not all, kept in the file; ``None`` where they are.
        stores: the file, then the memory that stands in for it after a failed write.
        waits_end: when every ``wait_for`` ends, by ``clock.monotonic()``.
        shared: says whether another process has the file open, and sends what it can send.
    """

    def __init__(self, store: Store, masker: Masker | None, trouble: str | None = None) -> None:
        self.path = store.path
        self.trouble = trouble
        self.stores = [store]
        self.waits_end = float("inf")
        self.shared: Callable[[], bool] = lambda: False
        self._masker = masker
        self._made: dict[tuple[str, str, str], _Made] = {}
        self._held = True

    @property
    def masker(self) -> Masker:
        """What takes secrets out of all that is written; knows those loaded up to now."""
        return self._masker or current_masker()

    @classmethod
    def open(cls, path: Path | None, masker: Masker | None = None, *, held: bool = True) -> Outbox:
        """Open the outbox at ``path``, or one in memory where that cannot be done.

        This never raises: a run goes on without a durable outbox, and its receipt says so.
        One that is not ``held`` keeps no descriptor between two uses, until :meth:`hold`: a test
        that closes descriptors gets their numbers for files of its own.
        """
        if path is None:
            return cls(Store(None), masker)
        try:
            outbox = cls(Store(path, held=held), masker)
            outbox._held = held
            outbox.prune(KEEP_SETTLED, _PRUNED_AT_START)
            return outbox
        except (sqlite3.Error, OSError, OutboxError) as error:
            return cls(Store(None), masker, _describe(error, path))

    @classmethod
    def open_existing(cls, path: Path, masker: Masker | None = None) -> Outbox:
        """Open the outbox at ``path`` for somebody who asked for exactly this one.

        Raises:
            OutboxError: there is none, it is damaged, or a newer version has written it.
        """
        if not path.exists():
            raise OutboxError(f"there is no outbox at {path}: name the project with --rootdir")
        try:
            check_folder(path.parent)
            return cls(Store(path), masker)
        except (sqlite3.Error, OSError) as error:
            raise OutboxError(_describe(error, path)) from error

    @property
    def durable(self) -> bool:
        """Whether what is enqueued survives the death of this process."""
        return self.path is not None and self.trouble is None

    def hold(self) -> None:
        """Keep the file open from now on: the last test is over."""
        if not self._held:
            self._look_for_file()
            self._held = True
            self._made.clear()
            self.stores[0].hold()

    def _look_for_file(self) -> None:
        """Where a test has removed the file, go on in memory with what nobody else has."""
        if self._held or self.stores[0].is_there():
            return
        self.trouble = self.trouble or f"the outbox {self.path} was removed during the run"
        memory = self._memory()
        shared = self.shared()
        for made in self._made.values():
            if made.values["class_path"] is None or not shared:
                made.delivery.is_now(memory, memory.insert(supersedes=True, **made.values))
        self.stores = [memory]
        self._made.clear()
        self._held = True

    def _memory(self) -> Store:
        if self.stores[-1].path is not None:
            self.stores.append(Store(None))
        return self.stores[-1]

    def enqueue(
        self,
        *,
        integration: str,
        target: str,
        key: str,
        kind: str,
        payload: dict[str, Any],
        run_id: str,
        class_path: str | None,
        expires_at: float | None = None,
        supersedes: bool = False,
        not_before: float | None = None,
    ) -> StoredDelivery:
        """Commit a delivery before returning; the payload is masked.

        Args:
            integration: the name under which its sender is registered.
            target: where it goes, without secrets; it is never sent anywhere else.
            key: the same key at the same target is the same delivery, however often it is enqueued.
            kind: the integration's own word for it.
            payload: JSON.
            run_id: the run whose receipt shows it.
            class_path: where another process finds the sender; ``None``: only this process can.
            expires_at: seconds since the epoch after which it is given up.
            supersedes: a newer state of the key, which replaces an older undelivered one.
            not_before: seconds since the epoch before which it is not sent.

        Raises:
            TypeError: the payload is not JSON.
        """
        values: dict[str, Any] = {
            "integration": integration,
            "target": target,
            "key": self.masker.key(_storable(key)),
            "kind": kind,
            "payload": self._clean(payload, integration),
            "run_id": run_id,
            "class_path": class_path,
            "expires_at": expires_at,
            "due_at": not_before,
        }
        return self._insert(values, supersedes=supersedes)

    def _clean(self, payload: dict[str, Any], integration: str) -> Any:
        try:
            to_json(payload)
        except (TypeError, ValueError, RecursionError) as error:
            problem = f"{integration}: a delivery's payload must be JSON: {error}"
            raise TypeError(problem) from error
        return self.masker.mask_json(payload)

    def _insert(self, values: dict[str, Any], *, supersedes: bool) -> StoredDelivery:
        self._look_for_file()
        store = self.stores[0]
        try:
            delivery = StoredDelivery(self, store, store.insert(supersedes=supersedes, **values))
        except (sqlite3.Error, OutboxError) as error:
            if store.path is None:
                raise
            self.trouble = _describe(error, store.path)
        else:
            if not self._held:
                place = (values["integration"], values["target"], values["key"])
                self._made[place] = _Made(delivery, values)
            return delivery
        memory = self._memory()
        return StoredDelivery(self, memory, memory.insert(supersedes=supersedes, **values))

    def rows(
        self,
        *,
        run_id: str | None = None,
        state: str | None = None,
        integration: str | None = None,
        target: str | None = None,
        settled_since: float | None = None,
    ) -> list[Row]:
        """Return deliveries in the order in which they were made.

        Args:
            run_id: only those of this run.
            state: only those in this state.
            integration: only those of this one.
            target: only those for this one.
            settled_since: only those that were settled after this moment, in seconds since the
                epoch.
        """
        which: dict[str, Any] = {"run_id": run_id, "state": state, "integration": integration}
        which |= {"target": target, "settled_since": settled_since}
        found = (store.rows(**which) for store in self.stores)
        return [row for rows in found for row in rows]

    def payloads(self, integration: str, target: str, kind: str) -> list[dict[str, Any]]:
        """Return what waits of a kind for a target, oldest first; of very many the newest."""
        found = (store.payloads(integration, target, kind) for store in self.stores)
        return [payload for payloads in found for payload in payloads]

    def left(self, run_id: str | None = None) -> list[Left]:
        """Return what is still to be sent, by integration and target."""
        return [Left(*record) for store in self.stores for record in store.waiting(run_id)]

    def sendable(self, integrations: Collection[str] | None = None) -> int:
        """Return how many deliveries wait that somebody sends now.

        What is for other targets, or of an integration that cannot be set up, is none of them,
        and is not counted through: there may be a million.
        """
        return sum(store.sendable(integrations) for store in self.stores)

    def tell_given_up(self, run_id: str = "") -> list[Row]:
        """Return what became too old to be sent and is in nobody's receipt yet: each once.

        ``run_id``: the run that tells; of its own it tells anyway.
        """
        return [row for store in self.stores for row in store.tell_given_up(run_id)]

    def counts(self, run_id: str | None = None) -> dict[str, int]:
        """Return how many deliveries are in each state."""
        total: dict[str, int] = {}
        for store in self.stores:
            for state, number in store.counts(run_id).items():
                total[state] = total.get(state, 0) + number
        return total

    def get(self, row_id: int) -> Row:
        """Return one delivery.

        Raises:
            OutboxError: there is none of this number.
        """
        row = self.stores[0].get(row_id)
        if row is None:
            raise OutboxError(f"the outbox has no delivery {row_id}")
        return row

    def retry(self, row_id: int) -> None:
        """Make a delivery due now, also one that was refused, lost or given up.

        Raises:
            OutboxError: there is none of this number, or it is on its way or delivered.
        """
        row = self.get(row_id)
        if not self.stores[0].retry(row_id):
            raise OutboxError(f"delivery {row_id} is {row.state}: it cannot be sent again")

    def drop(self, row_id: int) -> None:
        """Take a delivery out of those that are to be sent.

        Raises:
            OutboxError: there is none of this number, or it is on its way or settled.
        """
        row = self.get(row_id)
        if not self.stores[0].drop(row_id):
            raise OutboxError(f"delivery {row_id} is {row.state}: it cannot be dropped")

    def drop_target(self, target: str) -> int:
        """Take all that waits for a target out of what is to be sent; return how many."""
        return sum(store.drop_target(target) for store in self.stores)

    def prune(self, older_than: float, most: int = -1) -> int:
        """Forget what was settled more than ``older_than`` seconds ago; return how many."""
        return sum(store.prune(older_than, most) for store in self.stores)

    def close(self) -> None:
        """Close all files."""
        for store in self.stores:
            store.close()


def _storable(text: str) -> str:
    """SQLite takes no lone surrogates: they become visible escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _describe(error: Exception, path: Path) -> str:
    if isinstance(error, OutboxError):
        return str(error)
    if isinstance(error, sqlite3.OperationalError):
        return f"the outbox {path} cannot be written: {error}"
    if isinstance(error, sqlite3.DatabaseError):
        return f"the outbox {path} is damaged: {error} (move it away to begin a new one)"
    cause = error.strerror if isinstance(error, OSError) else error
    return f"the outbox {path} cannot be made: {cause}"
