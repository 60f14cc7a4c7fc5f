"""A run's way out: what integrations hand over, when it is sent, and what became of it."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations.base_integration import Integration

if TYPE_CHECKING:
    from pathlib import Path

    from qlty.classes.integrations.base_integration import Order
    from qlty.classes.integrations.registry import Registry
    from qlty.delivery import Delivery, Outbox, Receipt, Sender
    from qlty.results import RunInfo
    from qlty.settings import QltySettings

logger = logging.getLogger("qlty")

#: seconds for delivery after Ctrl-C or SIGTERM; CI systems kill 7.5 s after their first signal
INTERRUPTED_TIMEOUT = 5.0


class Deliveries:
    """Takes what the integrations of one run deliver; see :class:`Courier`."""

    def __init__(self, rootdir: Path, settings: QltySettings, receipt_file: Path | None) -> None:
        self._rootdir = rootdir
        self._settings = settings
        self._receipt_file = receipt_file
        self._notes: dict[str, list[str]] = {}
        self._sending: _Sending | None = None

    def open(self, run: RunInfo, registry: Registry) -> None:
        """Make the outbox and connect it to the integrations."""
        from qlty.delivery import Outbox

        self.run = run
        self._registry = registry
        self._outbox = Outbox.open(None)
        registry.connect(self)

    def mask(self, text: str) -> str:
        """Return a text without secrets."""
        from qlty.delivery import current_masker

        return current_masker().mask(text)

    def deliver(self, integration: Integration, payload: dict[str, Any], order: Order) -> Delivery:
        """Commit a payload to the outbox."""
        now = time.time()
        return self._outbox.enqueue(
            integration=integration.name,
            target=integration.target(),
            key=order.key or uuid.uuid4().hex,
            kind=order.kind,
            payload=payload,
            run_id=self.run["id"],
            class_path=self._registry.class_path(integration) or None,
            expires_at=None if order.expires_in is None else now + order.expires_in,
            not_before=None if order.not_before_in is None else now + order.not_before_in,
            supersedes=order.supersedes,
        )

    def journal_start(self, nodeid: str) -> None:
        """Placeholder"""

    def journal_finish(self, case: Any, result: Any) -> None:
        """Placeholder"""

    def note(self, integration: Integration, text: str) -> None:
        """Add a line to the receipt."""
        self._notes.setdefault(integration.name, []).append(self.mask(text))

    def last_test_is_over(self) -> None:
        """Begin to send: from here on nothing of it can disturb a test."""
        self._sending = _Sending(self._outbox, self._registry)

    def close(self, *, interrupted: bool) -> bool:
        """Finish sending within the time budget and say what became of everything.

        Returns:
            whether something that must be delivered was not.
        """
        budget = INTERRUPTED_TIMEOUT if interrupted else self._settings.delivery_timeout
        if self._sending is not None:
            self._sending.finish(budget)
        receipt = self._receipt()
        for line in receipt.render():
            logger.info("%s", line)
        self._write(receipt)
        self._outbox.close()
        return any(
            integration.must_deliver and not receipt.line(integration.name).complete
            for integration in self._registry
        ) or bool(self._registry.undelivered)

    def _receipt(self) -> Receipt:
        from qlty.delivery import receipt_of

        senders = [i.name for i in self._registry if type(i).send is not Integration.send]
        return receipt_of(self._outbox, self.run["id"], notes=self._notes, integrations=senders)

    def _write(self, receipt: Receipt) -> None:
        if self._receipt_file is None:
            return
        import json

        try:
            text = json.dumps(receipt.to_json(), indent=2)
            self._receipt_file.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            logger.error("the receipt cannot be written to %s: %s", self._receipt_file, error)


class _Sending:
    """Sends what is in the outbox while ``on_run_end`` goes on, and then what is left."""

    def __init__(self, outbox: Outbox, registry: Registry) -> None:
        self._outbox = outbox
        self._senders = _OwnSenders(registry)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="qlty-sending", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        from qlty.delivery import drain

        drain(
            self._outbox,
            self._senders,
            deadline=time.monotonic() + 86_400,
            stop=self._stop,
            follow=True,
        )

    def finish(self, budget: float) -> None:
        """Send what is left for at most ``budget`` seconds; Ctrl-C ends it."""
        from qlty.delivery import drain

        deadline = time.monotonic() + budget
        self._stop.set()
        try:
            self._thread.join(budget)
            drain(self._outbox, self._senders, deadline=deadline, progress=_say_progress)
        except KeyboardInterrupt:
            logger.warning("delivery interrupted")


def _say_progress(counts: dict[str, int]) -> None:
    left = counts.get("waiting", 0) + counts.get("sending", 0)
    logger.info("delivering: %d left (Ctrl-C ends it, what is left is kept)", left)


class _OwnSenders:
    """The integrations of this process."""

    def __init__(self, registry: Registry) -> None:
        self._by_name = {integration.name: integration for integration in registry}

    def get(self, integration: str, class_path: str | None) -> Sender | None:
        del class_path
        return self._by_name.get(integration)
