"""SIGTERM, where nobody else handles it: the run ends as interrupted and is still reported."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

from qlty.runtime import Owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


class Termination:
    """Turns SIGTERM into an interrupt, and passes it on when the run is over.

    CI systems send it to cancelled jobs and kill a few seconds later. The process still ends by
    the signal, so that whoever sent it sees the wait status that it expects.
    """

    def __init__(self, on_signal: Callable[[], None]) -> None:
        """Prepare.

        Args:
            on_signal: called before the interrupt is raised, which a test may swallow.
        """
        self._on_signal = on_signal
        self.received = False
        self._installed = False
        self._owner = Owner()

    def install(self) -> None:
        """Listen, if this is the main thread and the signal still has its default action."""
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._handle)
            self._installed = True

    def pass_on(self) -> None:
        """Restore the default action and, if the signal came, die by it."""
        if not self._installed:
            return
        self._installed = False
        if signal.getsignal(signal.SIGTERM) == self._handle:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self.received and self._owner.is_here:
            os.kill(os.getpid(), signal.SIGTERM)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if not self._owner.is_here:  # a forked child inherits the handler, not the run
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.received = True
        self._on_signal()
        raise KeyboardInterrupt
