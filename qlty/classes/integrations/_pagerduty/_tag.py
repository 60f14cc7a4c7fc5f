"""The key line: the last line of an incident's details, by which a later run knows it again.

What PagerDuty stores of an incident cannot be changed, so what is learnt later stands in the same
kind of line at the end of a note.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARK = "QLTY key line: "
_TIMES = ("tests", "keys", "passed")


@dataclass(frozen=True)
class Tag:
    """What a later run must know of an incident before it may resolve it.

    Attributes:
        key: the incident's key.
        kind: ``test``, ``setup``, ``summary`` or ``storm``.
        scope: digest of environment and branch: their names may be secrets, which are masked.
            Empty where failures of several share a marker's key.
        place: ``ci``, once it failed there, or ``local``.
        failed_at: of the newest failure, in seconds since the epoch; an older pass proves nothing.
        tests: short digests of the node ids that failed, with the time of their newest failure.
        keys: the same of the keys that they would have alone; none for kind ``test``.
        passed: digests of tests and keys that passed since, with their times.
        more: there were more of them than fit.
        size: how many tests the storm was seen in.
        error: signature of the error, so that a different one is worth a note.
    """

    key: str
    kind: str
    scope: str
    place: str
    failed_at: float
    tests: dict[str, float] = field(default_factory=dict)
    keys: dict[str, float] = field(default_factory=dict)
    passed: dict[str, float] = field(default_factory=dict)
    more: bool = False
    size: int = 0
    error: str = ""

    def joined(self, later: Tag) -> Tag:
        """Return what this one and that of a later note say together."""
        return replace(
            self,
            scope=self.scope if later.scope == self.scope else "",
            place=self.place if later.place == self.place else "ci",
            failed_at=max(self.failed_at, later.failed_at),
            tests=newest((*self.tests.items(), *later.tests.items())),
            keys=newest((*self.keys.items(), *later.keys.items())),
            passed=newest((*self.passed.items(), *later.passed.items())),
            more=self.more or later.more,
            size=max(self.size, later.size),
            error=later.error or self.error,
        )

    def says_more_than(self, known: Tag) -> bool:
        """Say whether a failure is worth a note.

        That is another error, a test that failed first now or again, or a failure whereabouts.
        """
        if self.error != known.error or known.joined(self).whereabouts != known.whereabouts:
            return True
        return any(
            test not in known.tests or known.tests[test] < known.passed.get(test, 0) < when
            for test, when in self.tests.items()
        )

    @property
    def whereabouts(self) -> tuple[str, str]:
        """Where a run must be that may resolve it."""
        return self.scope, self.place

    def line(self) -> str:
        """Return it as the last line of the details, or of a note."""
        said = {name: value for name, value in asdict(self).items() if value or name == "failed_at"}
        return _MARK + json.dumps(said, separators=(",", ":"))

    @classmethod
    def from_json(cls, values: Any) -> Tag | None:
        """Read it back; ``None`` where it is not one of ours."""
        try:
            times = {name: newest(values.get(name, {}).items()) for name in _TIMES}
            failed_at = float(values["failed_at"])
            return cls(**{"scope": "", **values, **times, "failed_at": failed_at})
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError):
            return None

    @classmethod
    def find(cls, details: Any) -> Tag | None:
        """Find it in the details of an incident; ``None`` where QLTY did not open it."""
        _, mark, rest = str(details or "").rpartition(_MARK)
        if not mark:
            return None
        try:
            return cls.from_json(json.loads(rest.splitlines()[0]))
        except (ValueError, IndexError):
            return None


def newest(times: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the latest time of each name, in the order in which the names came."""
    found: dict[str, float] = {}
    for name, time in times:
        found[name] = max(float(time), found.get(name, 0.0))
    return found
