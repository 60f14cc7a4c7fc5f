"""The key line: the last line of an incident's details, by which a later run knows it again.

What PagerDuty stores of an incident cannot be changed, so what is learnt later stands in the same
kind of line at the end of a note.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MARK = "QLTY key line: "
#: characters; ours have a tenth of that
_LONGEST = 100_000


@dataclass(frozen=True)
class Tag:
    """What a later run must know of an incident before it may resolve it.

    Attributes:
        key: the incident's key.
        kind: ``test``, ``setup``, ``summary`` or ``storm``.
        scope: digest of project, environment and branch: their names may be secrets, and masked.
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
    place: str
    failed_at: float
    scope: str = ""
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
    def find(cls, text: Any, broken: Callable[[], object] = lambda: None) -> Tag | None:
        """Find it in the details of an incident, or in a note.

        Args:
            text: whatever PagerDuty stores; anybody may have written there.
            broken: called where there is a key line that cannot be read.

        Returns:
            ``None`` where there is none that can be read.
        """
        _, mark, rest = str(text or "").rpartition(_MARK)
        if not mark:
            return None
        line = next(iter(rest.splitlines()), "")
        try:
            if len(line) > _LONGEST:
                raise ValueError
            return msgspec.json.decode(line.encode("utf-8", "replace"), type=cls)
        except (ValueError, RecursionError):
            broken()
            return None


def newest(times: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the latest time of each name, in the order in which the names came."""
    found: dict[str, float] = {}
    for name, time in times:
        found[name] = max(float(time), found.get(name, 0.0))
    return found
