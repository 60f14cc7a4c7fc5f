"""TestRail's way to write a duration."""

from __future__ import annotations

import math


def timespan(seconds: float) -> str | None:
    """Return a duration as ``"1h 2m 3s"``, ``None`` where there was none.

    Anything above zero is at least ``"1s"``: TestRail refuses ``"0s"``, and with it the whole
    call. Hours are the largest unit, because a day is as long as the site's settings say.
    """
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    minutes, second = divmod(max(1, round(seconds)), 60)
    hour, minute = divmod(minutes, 60)
    parts = ((hour, "h"), (minute, "m"), (second, "s"))
    return " ".join(f"{number}{unit}" for number, unit in parts if number)
