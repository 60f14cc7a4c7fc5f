"""The time limit of one attempt."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: seconds from the start of an attempt, or from its last saved step
ATTEMPT_SECONDS = 60.0


class AttemptTimeout(TimeoutError):
    """An attempt took longer than any attempt may."""

    def __init__(self) -> None:
        super().__init__(f"no whole answer within {ATTEMPT_SECONDS:g} s")


class Attempt:
    """Runs work that another thread can interrupt.

    The clients' own timeouts count from one received byte to the next, so a server that sends one
    byte a second would hold a lane for ever. Only an exception that is raised inside the working
    thread ends that and closes the connection, so that nothing arrives after the next attempt.
    """

    def __init__(self, limit: float = ATTEMPT_SECONDS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._started = 0.0

    def run(self, work: Callable[[], T]) -> T:
        """Call ``work`` in this thread.

        Raises:
            AttemptTimeout: it took too long.
        """
        self._started = clock.monotonic()
        self._thread = threading.get_ident()
        try:
            return work()
        finally:
            # under the lock: from here on nobody may interrupt, it would hit something else
            with self._lock:
                self._thread = None

    def restart_clock(self) -> None:
        """Count from now: a step was completed."""
        self._started = clock.monotonic()

    def interrupt_if_overdue(self) -> None:
        """Raise :class:`AttemptTimeout` in the working thread if its time is over."""
        with self._lock:
            if self._thread is None or clock.monotonic() - self._started < self._limit:
                return
            self._started = clock.monotonic()
            import ctypes

            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread), ctypes.py_object(AttemptTimeout)
            )
