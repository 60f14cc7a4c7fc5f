"""How a test did in earlier runs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAILED = frozenset({"failed", "error"})
_PASSED = frozenset({"passed", "flaky", "xpassed"})


@dataclass(frozen=True)
class Trend:
    """A test in the runs before this one.

    Attributes:
        runs: how many of them are known in which it passed or failed.
        failures: how many of those failed.
        in_a_row: how many of the latest failed, without a pass between.
    """

    runs: int
    failures: int
    in_a_row: int

    @classmethod
    def of(cls, outcomes: Sequence[str]) -> Trend:
        """Read it from the outcomes that the history keeps, oldest first."""
        failed = [outcome in _FAILED for outcome in outcomes if outcome in _FAILED | _PASSED]
        in_a_row = sum(1 for _ in takewhile(bool, reversed(failed)))
        return cls(len(failed), sum(failed), in_a_row)

    def __str__(self) -> str:
        return f"failed in {self.failures} of the {self.runs} runs before this one"
