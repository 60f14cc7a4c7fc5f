"""SIGTERM, where nobody else handles it: the run ends as interrupted and is still reported."""

from __future__ import annotations

from os import getpid, kill, register_at_fork
from signal import SIG_DFL, SIGTERM, getsignal, signal
from threading import current_thread, main_thread
from typing import TYPE_CHECKING
from weakref import WeakSet

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
        if current_thread() is not main_thread():
            return
        if getsignal(SIGTERM) is SIG_DFL:
            signal(SIGTERM, self._handle)
            self._installed = True
            _listening.add(self)

    def pass_on(self) -> None:
        """Restore the default action and, if the signal came, die by it."""
        if not self._installed:
            return
        self.uninstall()
        if self.received and self._owner.is_here:
            kill(getpid(), SIGTERM)

    def uninstall(self) -> None:
        """Restore the default action, unless somebody else handles the signal by now."""
        self._installed = False
        if getsignal(SIGTERM) == self._handle:
            signal(SIGTERM, SIG_DFL)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if not self._owner.is_here:  # called by a handler that a test has put in its place
            signal(number, SIG_DFL)
            kill(getpid(), number)
        self.received = True
        self._on_signal()
        raise KeyboardInterrupt


_listening: WeakSet[Termination] = WeakSet()


def _leave_children_alone() -> None:
    """A pool ends its processes by SIGTERM, which must not wait for Python to run a handler."""
    for termination in tuple(_listening):
        termination.uninstall()


register_at_fork(after_in_child=_leave_children_alone)
