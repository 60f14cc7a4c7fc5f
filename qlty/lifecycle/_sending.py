"""Sending from the process that runs tests, after the last test.

For integrations that only this process has, and where no other process finds the outbox.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations.base_integration import Integration
from qlty.runtime import clock
from qlty.settings import project_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qlty.classes.integrations.registry import Registry
    from qlty.delivery import Outbox, Sender

#: seconds for delivery after Ctrl-C or SIGTERM; CI systems kill 7.5 s after their first signal
INTERRUPTED_TIMEOUT = 5.0


class OwnSending:
    """A thread of this process that sends."""

    def __init__(self, outbox: Outbox, registry: Registry, alone: Callable[[], bool]) -> None:
        from qlty.delivery import Drainer

        senders = _OwnSenders(registry, alone)
        self._drainer = Drainer(outbox, senders, deadline=float("inf"))
        self._drainer.follow = True
        self._thread = Thread(target=self._run, name="qlty-sending", daemon=True)
        self._thread.start()

    @staticmethod
    def can_send(integration: Integration) -> bool:
        """Say whether an integration has a ``send`` of its own."""
        return type(integration).send is not Integration.send

    def _run(self) -> None:
        with project_scope():
            self._drainer.run(Event())

    def finish_by(self, deadline: float) -> None:
        """Have it end when nothing is left, or at the deadline."""
        self._drainer.deadline = deadline
        self._drainer.follow = False
        self._drainer.wake()

    def join(self, deadline: float) -> None:
        """Wait for its end."""
        while self._thread.is_alive() and clock.monotonic() < deadline:
            self._thread.join(1.0)


class _OwnSenders:
    """The integrations of this process."""

    def __init__(self, registry: Registry, alone: Callable[[], bool]) -> None:
        self._by_name = {integration.name: integration for integration in registry}
        self._alone = alone

    def get(self, integration: str, class_path: str | None) -> Sender | None:
        if class_path is not None and not self._alone():
            return None
        return self._by_name.get(integration)


def receipt_here(
    outbox: Outbox, run_id: str, notes: Mapping[str, Sequence[str]], names: Iterable[str]
) -> dict[str, Any]:
    """Return what became of deliveries, as JSON."""
    from qlty.delivery import receipt_of

    return receipt_of(outbox, run_id, notes=notes, integrations=names).to_json()
