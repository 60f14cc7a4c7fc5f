"""Calling code that is not ours: with a time limit, and with its failure as a value."""

from __future__ import annotations

from dataclasses import dataclass
from signal import ITIMER_REAL, SIGALRM, setitimer, signal
from threading import current_thread, main_thread
from traceback import format_exc
from typing import TYPE_CHECKING, Any

from qlty.errors import QltyError
from qlty.runtime import clock, no_warnings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from typing_extensions import Self

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
        lines: the exception's own words, where those are several lines for people.
    """

    cause: str
    details: str
    timed_out: bool = False
    interrupted: bool = False
    lines: str = ""


class TimeLimit:
    """Stops calls that take too long: ``with TimeLimit(30) as limit: limit.attempt(call)``.

    Every call has all the seconds for itself; what must be done once for many calls, because it
    costs more than a quick hook does, is done by the ``with``.

    Works in the main thread; elsewhere there is no limit. A timer that is already running
    (pytest-timeout's) is stopped meanwhile and then goes on with what it
    had left: a hook's time is not the test's.
    """

    def __init__(self, seconds: float, on_wait: Callable[[float], None] | None = None) -> None:
        self._seconds = seconds
        self._on_wait = on_wait
        #: when the current call began; 0 between calls
        self._started = 0.0
        self._in_force = current_thread() is main_thread()

    def __enter__(self) -> Self:
        if self._in_force:
            self._handler = signal(SIGALRM, self._ring)
            self._timer = setitimer(ITIMER_REAL, self._until_next_ring(0.0))
        return self

    def __exit__(self, *_: object) -> None:
        self._started = 0.0  # an alarm that rings from here on must not keep us from restoring
        if self._in_force:
            setitimer(ITIMER_REAL, 0)
            signal(SIGALRM, self._handler)
            if self._timer[0] > 0:
                setitimer(ITIMER_REAL, *self._timer)

    def attempt(self, call: Callable[[], Any]) -> Failure | None:
        """Run ``call``; return how it failed, ``None`` if it did not.

        Ctrl-C is a failure with ``interrupted``: the caller knows whether it ends the run or skips
        this call.
        """
        try:
            self._started = clock.monotonic()
            with no_warnings():
                call()
            self._started = 0.0
        except HookTimeout:
            cause = f"no answer within {self._seconds:g} s"
            return Failure(cause, format_exc(), timed_out=True)
        except KeyboardInterrupt:
            return Failure("interrupted", "", interrupted=True)
        except BaseException as error:  # noqa: BLE001 - SystemExit in a hook fails like any other
            self._started = 0.0
            return Failure(one_line(error), format_exc(), lines=_lines(error))
        return None

    def _ring(self, _signal: int, _frame: FrameType | None) -> None:
        waited = clock.monotonic() - self._started if self._started else 0.0
        is_over = waited >= self._seconds
        setitimer(ITIMER_REAL, self._until_next_ring(0.0 if is_over else waited))
        if is_over:
            self._started = 0.0
            raise HookTimeout
        if waited and self._on_wait is not None:
            self._on_wait(waited)

    def _until_next_ring(self, waited: float) -> float:
        left = self._seconds - waited
        return max(left if self._on_wait is None else min(PROGRESS_EVERY, left), 1e-3)


def attempt(
    call: Callable[[], Any],
    limit: float,
    on_wait: Callable[[float], None] | None = None,
) -> Failure | None:
    """Run ``call`` for at most ``limit`` seconds; return how it failed, ``None`` if it did not.

    ``on_wait`` is called with the seconds waited, every few seconds.
    """
    with TimeLimit(limit, on_wait) as watch:
        return watch.attempt(call)


def _lines(error: BaseException) -> str:
    text = str(error) if isinstance(error, QltyError) else ""
    return text if "\n" in text else ""


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
