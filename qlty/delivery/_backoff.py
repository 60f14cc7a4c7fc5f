"""How long to wait before the next attempt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

#: seconds; the longest pause between two attempts of our own choosing
LONGEST_BACKOFF = 60.0

#: seconds; the longest pause that a server may ask for (one that asks for more is asked again then)
LONGEST_SERVER_WAIT = 900.0

_SHORTEST = 0.1
_FIRST = 0.5

#: headers that say how long to wait, in seconds or as an HTTP date.
#: ``ratelimit-reset`` is PagerDuty's: https://developer.pagerduty.com/docs/rest-api-rate-limits
_WAIT_HEADERS = ("retry-after", "ratelimit-reset")


def backoff(attempt: int) -> float:
    """Return seconds to wait after the ``attempt``-th failure (from 1).

    Exponential with full jitter, so that many runs that failed together do not return together.
    """
    from tenacity import RetryCallState, wait_random_exponential

    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
    # the longest pause is reached long before; the power of a large number takes seconds
    state.attempt_number = min(attempt, 64)
    return float(
        wait_random_exponential(multiplier=_FIRST, max=LONGEST_BACKOFF, min=_SHORTEST)(state)
    )


def server_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait, capped; ``None`` where it says nothing usable.

    Args:
        headers: of the response; names are compared without case.
    """
    lowered = {str(name).lower(): str(value) for name, value in headers.items()}
    for name in _WAIT_HEADERS:
        seconds = _seconds(lowered.get(name, ""), lowered.get("date"))
        if seconds is not None:
            return capped(seconds)
    return None


def capped(seconds: float) -> float:
    """Return a wait that somebody asked for, within what is honoured; 0 for what is no number."""
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_SERVER_WAIT)


def _seconds(value: str, server_date: str | None) -> float | None:
    try:
        # urllib3's own parser takes whole seconds only; some servers send fractions
        number = float(value)
    except ValueError:
        return _seconds_until(value, server_date)
    return None if math.isnan(number) else number


def _seconds_until(value: str, server_date: str | None) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        until = parsedate_to_datetime(value)
        # by the server's own clock where it tells it: ours may differ by more than the wait
        now = parsedate_to_datetime(server_date) if server_date else clock.utc_now()
        return (until - now).total_seconds()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
