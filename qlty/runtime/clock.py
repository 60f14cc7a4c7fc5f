"""The time, whatever clock the tests see.

freezegun replaces the functions of ``time`` wherever a module has them as a global, and
time-machine replaces what they do. Both leave ``clock_gettime`` alone for clocks other than the
wall clock's. So that one is read once, and what has passed since then is added.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone

_MONOTONIC = time.CLOCK_MONOTONIC
# on Linux the only one that goes on while the machine sleeps
_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", _MONOTONIC)


class _Real:
    """References in a class, where freezegun does not look for them."""

    datetime = datetime
    read = staticmethod(time.clock_gettime)
    boot = time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(_SINCE_BOOT)


def monotonic() -> float:
    """Return seconds since some moment, by the clock of ``time.monotonic()``."""
    return _Real.read(_MONOTONIC)


def now() -> float:
    """Return seconds since the epoch."""
    return _Real.boot + _Real.read(_SINCE_BOOT)


def utc(seconds: float) -> datetime:
    """Return the moment that is so many seconds after the epoch, aware, in UTC."""
    return _Real.datetime.fromtimestamp(seconds, timezone.utc)


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return utc(now())
