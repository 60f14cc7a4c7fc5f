"""Calling code that is not ours: with a time limit, and with its failure as a value."""

from __future__ import annotations

import signal
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qlty.errors import QltyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

PROGRESS_EVERY = 5.0


class HookTimeout(BaseException):
    """Not an Exception, so that a hook's own ``except Exception`` does not swallow it."""


@dataclass(frozen=True)
class Failure:
    """What a hook raised.

    Attributes:
        cause: the exception in one line.
        details: its traceback.
        timed_out: it was stopped by its time limit.
        interrupted: Ctrl-C was pressed in it.
    """

    cause: str
    details: str
    timed_out: bool = False
    interrupted: bool = False


def attempt(
    call: Callable[[], Any],
    limit: float,
    on_wait: Callable[[float], None] | None = None,
) -> Failure | None:
    """Run ``call`` for at most ``limit`` seconds; return how it failed, ``None`` if it did not.

    ``on_wait`` is called with the seconds waited, every few seconds. Ctrl-C is a failure with
    ``interrupted``: the caller knows whether it ends the run or skips this call.
    """
    try:
        with time_limit(limit, on_wait):
            call()
    except HookTimeout:
        return Failure(f"no answer within {limit:g} s", traceback.format_exc(), timed_out=True)
    except KeyboardInterrupt:
        return Failure("interrupted", "", interrupted=True)
    except BaseException as error:  # noqa: BLE001 - SystemExit in a hook is a failure like any other
        return Failure(one_line(error), traceback.format_exc())
    return None


@contextmanager
def time_limit(seconds: float, on_wait: Callable[[float], None] | None = None) -> Iterator[None]:
    """Raise :class:`HookTimeout` in the block after ``seconds``.

    Works in the main thread of systems that have SIGALRM; elsewhere there is no limit. A timer
    that is already running (pytest-timeout's) is stopped meanwhile and then goes on with what it
    had left: the hook's time is not the test's.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return
    started = time.monotonic()
    over = False

    def ring(_signal: int, _frame: FrameType | None) -> None:
        if over:
            return
        waited = time.monotonic() - started
        if waited >= seconds:
            raise HookTimeout
        if on_wait is not None:
            on_wait(waited)
        signal.setitimer(signal.ITIMER_REAL, _until_next_ring(seconds - waited, on_wait))

    previous_handler = signal.signal(signal.SIGALRM, ring)
    previous_timer = signal.setitimer(signal.ITIMER_REAL, _until_next_ring(seconds, on_wait))
    try:
        try:
            yield
        finally:
            over = True  # an alarm that rings from here on must not keep us from restoring
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous_handler)
        if previous_timer[0] > 0:
            signal.setitimer(signal.ITIMER_REAL, *previous_timer)


def _until_next_ring(left: float, on_wait: Callable[[float], None] | None) -> float:
    return max(left if on_wait is None else min(PROGRESS_EVERY, left), 1e-3)


def one_line(error: BaseException) -> str:
    """Return the exception's type and text in one line, whatever its ``str()`` does.

    Our own errors are sentences, to which their type adds nothing.
    """
    try:
        text = " ".join(str(error).replace(":\n  - ", ": ").replace("\n  - ", "; ").split())
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide the failure itself
        text = "<its str() raises>"
    if text and isinstance(error, QltyError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
