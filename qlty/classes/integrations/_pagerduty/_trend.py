"""How tests did in earlier runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qlty.delivery import History

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


class Past:
    """What the history file knows; nothing where a run has none."""

    def __init__(self, history: History | None) -> None:
        self._history = history

    @property
    def known(self) -> bool:
        """Whether any earlier run is known."""
        return self._history is not None and self._history.known

    def trend_of(self, nodeid: str) -> Trend:
        """Return how a test did; without any run for one never seen."""
        return Trend.of(self._history.outcomes(nodeid) if self._history else ())

    @cached_property
    def failed_last(self) -> frozenset[str]:
        """The node ids that failed in the newest run."""
        return self._history.failed_last() if self._history else frozenset()

    @cached_property
    def failed_once(self) -> dict[str, float]:
        """See ``History.failed_once``."""
        return self._history.failed_once() if self._history else {}
