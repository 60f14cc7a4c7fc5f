"""What the integrations of one run hand over, on its way into the outbox."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from json import dumps
from typing import TYPE_CHECKING, Any

from qlty.delivery import History, current_masker
from qlty.results import clean
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qlty.classes.integrations.base_integration import Integration, Order
    from qlty.classes.integrations.registry import Registry
    from qlty.delivery import Delivery, Outbox
    from qlty.results import RunInfo

#: seconds that nobody waits for: a hundred years
_NEVER = 100 * 365 * 86_400.0


class RunCourier:
    """The :class:`~qlty.classes.integrations.base_integration.Courier` of one run.

    Attributes:
        run: the facts of the run.
        notes: by integration, what the receipt is to say.
    """

    def __init__(
        self,
        run: RunInfo,
        registry: Registry,
        outbox: Callable[[], Outbox],
        history_file: Path,
        on_urgent: Callable[[], None],
    ) -> None:
        self.run = run
        self.notes: dict[str, list[str]] = {}
        self._registry = registry
        self._outbox = outbox
        self._history_file = history_file
        self._history: History | None = None
        self._on_urgent = on_urgent
        self._keys: Counter[str] = Counter()

    @property
    def history(self) -> History:
        """Outcomes of earlier runs of the same project, environment and branch."""
        if self._history is None:
            self._history = History.of_run(self._history_file, self.run)
        return self._history

    def deliver(self, integration: Integration, payload: dict[str, Any], order: Order) -> Delivery:
        """Commit a payload to the outbox."""
        delivery = self._outbox().enqueue(
            integration=integration.name,
            target=order.target or integration.target(),
            key=order.key or self._own_key(integration, payload, order.kind),
            kind=order.kind,
            payload=payload,
            run_id=self.run["id"],
            class_path=self._registry.class_path(integration) or None,
            expires_at=_moment(order.expires_in),
            not_before=_moment(order.not_before_in),
            supersedes=order.supersedes,
        )
        if order.urgent:
            self._on_urgent()
        return delivery

    def _own_key(self, integration: Integration, payload: Any, kind: str) -> str:
        """Return a key that is unique in this run, and the same where the run is told again."""
        try:
            text = dumps([integration.name, kind, payload], sort_keys=True)
        except (TypeError, ValueError, RecursionError):
            text = repr(payload)  # no JSON, as the outbox will say
        digest = sha256(text.encode()).hexdigest()[:32]
        self._keys[digest] += 1
        return f"{self.run['id']} {digest} {self._keys[digest]}"

    def waiting(self, integration: Integration, kind: str) -> list[dict[str, Any]]:
        """Return the payloads of a kind that wait in the outbox, also since earlier runs."""
        return self._outbox().payloads(integration.name, integration.target(), kind)

    def note(self, integration: Integration, text: str) -> None:
        """Add a line to the receipt, once."""
        notes = self.notes.setdefault(integration.name, [])
        masked = current_masker().mask(clean(text))
        if masked not in notes:
            notes.append(masked)


def _moment(seconds: float | None) -> float | None:
    """Return when so many seconds are over; ``None`` for never."""
    return None if seconds is None or seconds > _NEVER else clock.now() + seconds
