"""Times as report files write them."""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone

#: seconds that a test can take: more is a mistake of the file, and no date
_MOST_SECONDS = 10 * 365 * 86_400.0
#: the year 2200, in seconds since the epoch
_LATEST = 7_258_118_400.0

_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_UNIT = re.compile(r"([-+\d.,eE]+) ?(ms|s|sec|secs|seconds?)")
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
_ISO = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9})\d*)? ?(Z|[-+]\d\d:?\d\d)?"
)


def seconds_of(text: str | None) -> float | None:
    """Return a duration in seconds; 0.0 where there is none, ``None`` where it cannot be read.

    >>> seconds_of("1,234.5"), seconds_of("1,5"), seconds_of("120 ms"), seconds_of("PT1M2.5S")
    (1234.5, 1.5, 0.12, 62.5)
    >>> seconds_of("NaN"), seconds_of("-1")
    (None, None)
    """
    if not text:
        return 0.0
    try:
        found = float(text)
    except ValueError:
        found = _spelled(text.strip()[:64])
    return bounded(found)


def bounded(seconds: float) -> float | None:
    """Return seconds that a test can take, ``None`` for others."""
    return seconds if 0.0 <= seconds <= _MOST_SECONDS else None


def _spelled(text: str) -> float:
    if text in {"", "-"}:
        return 0.0
    if unit := _UNIT.fullmatch(text):
        return _number(unit[1]) / (1000.0 if unit[2] == "ms" else 1.0)
    parts = _CLOCK.fullmatch(text) or (_ISO.fullmatch(text) if text != "PT" else None)
    if parts:
        hours, minutes, seconds = (float(part or 0) for part in parts.groups())
        return hours * 3600.0 + minutes * 60.0 + seconds
    return _number(text)


def _number(text: str) -> float:
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif text.rfind(",") > text.rfind("."):  # 1.234,5
        text = text.replace(".", "").replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return math.nan


def moment_of(text: str | None) -> float | None:
    """Return a point in time in seconds since the epoch, ``None`` where it cannot be read.

    A time without a zone is taken for UTC; so is what jest, mocha and .NET write.

    >>> moment_of("2026-01-02T03:04:05.123456789Z")
    1767323045.123456
    >>> moment_of("2026-01-02T03:04:05+01:00"), moment_of("yesterday")
    (1767319445.0, None)
    """
    found = _MOMENT.fullmatch(text.strip()) if text else None
    if found is None:
        return None
    date, clock, fraction, zone = found.groups()
    clock = clock if len(clock) == 8 else f"{clock}:00"
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}.{(fraction or '0')[:6]:0<6}")
        offset = datetime.strptime(
            (zone or "Z").replace("Z", "+0000").replace(":", ""), "%z"
        ).utcoffset()
        seconds = moment.replace(tzinfo=timezone.utc).timestamp()
    except (ValueError, OverflowError):
        return None
    return epoch_of(seconds - (offset.total_seconds() if offset else 0.0))


def epoch_of(seconds: float) -> float | None:
    """Return seconds since the epoch, ``None`` where they are no time of a test."""
    return seconds if 0.0 <= seconds <= _LATEST else None
