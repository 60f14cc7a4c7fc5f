"""Trouble on demand: what goes wrong, for which calls, how often.

The rules are a JSON object. A key names the calls: `slack`, `testrail/add_run`,
`pagerduty/POST */notes`, `*` (`*` and `?` as in file names; without a slash, every call of
the services that match). The value says what happens. The first rule in the object that
matches a call and is not used up decides alone. `{}` resets.

status
    answer with this HTTP status in the vendor's own words (429, 5xx, TestRail's 409)
retry_after
    seconds, sent as Retry-After with `status`
mode
    reset: cut the connection before anything is done
    drop: do what was asked, then cut the connection
    hang: do nothing and never answer
    drip: do what was asked, answer slowly
    html: answer with a page of HTML, under `status` or 200
commit
    with `status` or `html`: do what was asked all the same (false)
latency
    seconds to wait before anything else
pace
    with `drip`: seconds between two pieces of the answer (0.05); at most 40 pieces
seconds
    with `hang`: cut the connection after so long (never)
limit
    {"calls": 180, "per": 60}: more calls than that in so many seconds are answered 429;
    with `latency` every call waits
containing
    hit only calls whose body has this text
probability
    the share of matching calls that are hit, 0 to 1 (1)
after
    let so many matching calls through first (0)
times
    hit only the next so many calls, then the rule is used up
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

SERVICES = ("slack", "testrail", "pagerduty", "hook")
MODES = ("reset", "drop", "hang", "drip", "html")
_RANGES = {
    "status": (400, 599),
    "retry_after": (0, 86_400),
    "latency": (0, 600),
    "pace": (0, 60),
    "seconds": (0, 86_400),
    "probability": (0, 1),
    "after": (0, 1_000_000),
    "times": (1, 1_000_000),
}
_WHOLE = ("status", "after", "times")


class ChaosError(ValueError):
    """Rules that make no sense; says which key and why."""


@dataclass
class Rule:
    """One rule and what it has done so far."""

    pattern: str
    given: dict[str, Any]
    seen: int = 0
    hits: int = 0
    recent: deque[float] = field(default_factory=deque)

    @property
    def mode(self) -> str:
        """`reset`, `drop`, `hang`, `drip`, `html`, or empty."""
        return str(self.given.get("mode", ""))

    @property
    def status(self) -> int | None:
        """The HTTP status to answer with, or None."""
        return self.given.get("status")

    def number(self, name: str, default: float = 0) -> float:
        """A number of the rule."""
        return float(self.given.get(name, default))

    def matches(self, service: str, name: str, body: bytes) -> bool:
        """Whether the rule speaks of this call."""
        wanted, slash, call = self.pattern.partition("/")
        named = fnmatchcase(service, wanted) and (not slash or fnmatchcase(name, call))
        return named and str(self.given.get("containing", "")).encode() in body

    def shown(self) -> dict[str, Any]:
        """The rule as it was given, and what it has done."""
        return {**self.given, "seen": self.seen, "hits": self.hits}


@dataclass(frozen=True)
class Hit:
    """What happens to one call: the rule, and the wait where it is a rate limit."""

    rule: Rule
    status: int | None
    retry_after: float | None


class Chaos:
    """The rules in force."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._random = random.Random(0)  # noqa: S311  # a seed, so that a run can be repeated

    def set(self, given: Any) -> None:
        """Put these rules in place of the old ones; raises `ChaosError` for bad ones."""
        if not isinstance(given, dict):
            raise ChaosError("the rules must be a JSON object; {} resets")
        self._rules = [_checked(pattern, rule) for pattern, rule in given.items()]
        self._random = random.Random(0)  # noqa: S311  # as above

    def shown(self) -> dict[str, Any]:
        """The rules in force with their counts."""
        return {rule.pattern: rule.shown() for rule in self._rules}

    def strike(self, service: str, name: str, now: float, body: bytes = b"") -> Hit | None:
        """What should happen to this call, if anything."""
        for rule in self._rules:
            used_up = rule.hits >= rule.given.get("times", rule.hits + 1)
            if used_up or not rule.matches(service, name, body):
                continue
            rule.seen += 1
            hit = self._decide(rule, now)
            rule.hits += hit is not None
            return hit
        return None

    def _decide(self, rule: Rule, now: float) -> Hit | None:
        if rule.seen <= rule.given.get("after", 0):
            return None
        if self._random.random() >= rule.number("probability", 1):
            return None
        if "limit" in rule.given:
            slow = Hit(rule, None, None) if "latency" in rule.given else None
            return _limited(rule, now) or slow
        return Hit(rule, rule.status, rule.given.get("retry_after"))


def _limited(rule: Rule, now: float) -> Hit | None:
    calls, per = rule.given["limit"]["calls"], rule.given["limit"]["per"]
    while rule.recent and rule.recent[0] <= now - per:
        rule.recent.popleft()
    if len(rule.recent) < calls:
        rule.recent.append(now)
        return None
    wait = rule.recent[0] + per - now if rule.recent else per
    return Hit(rule, 429, max(1, int(wait + 0.999)))


def _checked(pattern: str, given: Any) -> Rule:
    where = f"rule {pattern[:80]!r}"
    if not any(fnmatchcase(each, pattern.partition("/")[0]) for each in SERVICES):
        known = ", ".join(SERVICES)
        raise ChaosError(f"{where}: {pattern.partition('/')[0][:40]!r} names no service of {known}")
    if not isinstance(given, dict):
        raise ChaosError(f"{where} must be an object")
    for name, value in given.items():
        if name in _RANGES:
            _check_number(where, name, value)
        elif name == "limit":
            _check_limit(where, value)
        elif name not in ("mode", "commit", "containing"):
            known = ", ".join(sorted([*_RANGES, "mode", "commit", "containing", "limit"]))
            raise ChaosError(f"{where} has an unknown field {name[:40]!r}; known are {known}")
    if given.get("mode", MODES[0]) not in MODES:
        raise ChaosError(f"{where}: mode must be one of {', '.join(MODES)}")
    if not isinstance(given.get("containing", ""), str):
        raise ChaosError(f"{where}: containing must be text")
    if not isinstance(given.get("commit", False), bool):
        raise ChaosError(f"{where}: commit must be true or false")
    return Rule(pattern, dict(given))


def _check_number(where: str, name: str, value: Any) -> None:
    least, most = _RANGES[name]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not least <= value <= most or (name in _WHOLE and value != int(value)):
        kind = "whole number" if name in _WHOLE else "number"
        raise ChaosError(f"{where}: {name} must be a {kind} from {least} to {most}")


def _check_limit(where: str, value: Any) -> None:
    good = isinstance(value, dict) and set(value) == {"calls", "per"}
    numbers = [each for each in value.values() if isinstance(each, int)] if good else []
    if len(numbers) != 2 or not all(1 <= each <= 1_000_000 for each in numbers):
        raise ChaosError(f'{where}: limit must be like {{"calls": 180, "per": 60}}')
