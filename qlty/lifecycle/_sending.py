"""When what is in the outbox is sent, and by whom.

Nothing leaves the process that runs tests while a test may be running: the relay, a process of its
own, sends. What the relay cannot send (for instances that only this process has, or where the
outbox is not a file) is sent from here, after the last test.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations.base_integration import Integration
from qlty.delivery import Drainer, start_relay
from qlty.runtime import clock, logger
from qlty.settings import current, project_scope

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qlty.classes.integrations.registry import Registry
    from qlty.delivery import Outbox, Relay, Sender


#: seconds for delivery after Ctrl-C or SIGTERM; CI systems kill 7.5 s after their first signal
INTERRUPTED_TIMEOUT = 5.0

#: seconds after which a line of progress is said again though nothing has changed
_SAY_AGAIN = 10.0


class Sending:
    """Sends what one run hands over."""

    def __init__(self, outbox: Outbox, registry: Registry, rootdir: Path, log: Path) -> None:
        self._outbox = outbox
        self._registry = registry
        self._rootdir = rootdir
        self._log = log
        self._relay: Relay | None = None
        self._own: _OwnSending | None = None
        self._said = (0, 0.0)

    def urgent(self) -> None:
        """Have what was just enqueued leave at once, also while tests are running."""
        if self._relay is None:
            self._start_relay()
        else:
            self._relay.wake()

    def start(self) -> None:
        """Begin to send: the last test is over."""
        if self._relay is None and any(map(self._is_importable, self._senders())):
            self._start_relay()
        if self._relay is None or not all(map(self._is_importable, self._senders())):
            self._send_here()

    def finish(self, budget: float) -> None:
        """Send what is left for at most ``budget`` seconds.

        Ctrl-C, or SIGTERM, leaves a few of them; a second one ends it at once.
        """
        if not self._is_shared:
            self._send_here()
        try:
            self._finish(budget)
        except KeyboardInterrupt:
            self._hurry(budget)

    def _hurry(self, budget: float) -> None:
        try:
            # in here, for an impatient person presses twice
            if budget > INTERRUPTED_TIMEOUT:
                logger.warning("delivery goes on for %g s (Ctrl-C ends it)", INTERRUPTED_TIMEOUT)
                self._finish(INTERRUPTED_TIMEOUT)
                return
        except KeyboardInterrupt:
            pass
        if self._relay is not None:
            self._relay.kill()

    def _finish(self, budget: float) -> None:
        deadline = clock.monotonic() + budget
        if self._own is not None:
            self._own.finish_by(deadline)
        if self._relay is not None:
            self._relay.finish(budget, self._say_progress)
        if self._own is not None:
            self._own.join(deadline, self._say_progress)

    def _say_progress(self) -> None:
        left = sum(one.number for one in self._outbox.left() if not one.elsewhere)
        said, at = self._said
        if left and (left != said or clock.monotonic() - at >= _SAY_AGAIN):
            self._said = (left, clock.monotonic())
            logger.info("delivering: %d left (Ctrl-C ends it; what is left is kept)", left)

    def _senders(self) -> list[Integration]:
        return [i for i in self._registry if type(i).send is not Integration.send]

    def _is_importable(self, integration: Integration) -> bool:
        return self._is_shared and bool(self._registry.class_path(integration))

    @property
    def _is_shared(self) -> bool:
        """Whether another process finds the outbox: it is a file, and no test has removed it."""
        path = self._outbox.path
        return self._outbox.durable and path is not None and path.exists()

    def _start_relay(self) -> None:
        if not self._is_shared:
            return
        try:
            self._relay = start_relay(
                self._setup(), cwd=self._rootdir, environ=current().environ, log=self._log
            )
        except OSError as error:
            logger.warning("no process can be started for delivery: %s", error)

    def _send_here(self) -> None:
        if self._own is None:
            self._own = _OwnSending(self._outbox, self._registry, self._is_alone)

    def _is_alone(self) -> bool:
        # what a full disk did not take is in the memory of this process
        return self._relay is None or not self._outbox.durable

    def _setup(self) -> dict[str, Any]:
        sources = current()
        return {
            "outbox": str(self._outbox.path),
            "rootdir": str(self._rootdir),
            "settings": sources.module.__name__ if sources.module else None,
            "settings_named": getattr(sources.module, "__file__", None) is not None,
            "options": {key: value for key, value in sources.options.items() if value is not None},
            "ini": {key: value for key, value in sources.ini.items() if value is not None},
            "integrations": [integration.name for integration in self._registry],
        }


class _OwnSending:
    """A thread of this process that sends."""

    def __init__(self, outbox: Outbox, registry: Registry, alone: Callable[[], bool]) -> None:
        senders = _OwnSenders(registry, alone)
        self._drainer = Drainer(outbox, senders, deadline=float("inf"))
        self._drainer.follow = True
        self._thread = Thread(target=self._run, name="qlty-sending", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with project_scope():
            self._drainer.run(Event())

    def finish_by(self, deadline: float) -> None:
        """Have it end when nothing is left, or at the deadline."""
        self._drainer.deadline = deadline
        self._drainer.follow = False
        self._drainer.wake()

    def join(self, deadline: float, progress: Any) -> None:
        """Wait for its end."""
        while self._thread.is_alive() and clock.monotonic() < deadline:
            self._thread.join(1.0)
            if self._thread.is_alive():
                progress()


class _OwnSenders:
    """The integrations of this process."""

    def __init__(self, registry: Registry, alone: Callable[[], bool]) -> None:
        self._by_name = {integration.name: integration for integration in registry}
        self._alone = alone

    def get(self, integration: str, class_path: str | None) -> Sender | None:
        if class_path is not None and not self._alone():
            return None
        return self._by_name.get(integration)
