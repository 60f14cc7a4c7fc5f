"""How a run went, in one line."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from qlty.results._run_outcome import RunOutcome, run_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qlty.results._model import RunInfo
    from qlty.results._totals import Totals

_STATUSES = ("failed", "passed", "skipped", "flaky")


@dataclass(frozen=True)
class RunSummary:
    """The verdict on a run, and its counts.

    Attributes:
        failed, passed, skipped: each test once.
        flaky: how many of those that passed did so after a rerun only.
        exit_status: pytest's; ``None`` where it is not known.
        cut_short: some tests did not run.
    """

    outcome: RunOutcome
    failed: int = 0
    passed: int = 0
    skipped: int = 0
    flaky: int = 0
    exit_status: int | None = None
    cut_short: bool = False

    @classmethod
    def of(cls, totals: Totals, run: RunInfo) -> RunSummary:
        """Judge a run by the shared rule, see :func:`~qlty.results.run_outcome`."""
        return cls(
            outcome=run_outcome(totals["failed_testcases"], run),
            failed=totals["failed_testcases"],
            passed=totals["passed_testcases"],
            skipped=totals["skipped_testcases"],
            flaky=totals["flaky_testcases"],
            exit_status=run.get("exit_status"),
            cut_short=run.get("cut_short", False),
        )

    @property
    def mood(self) -> Literal["good", "bad", "poor"]:
        """Whether to rejoice: where nothing has failed and nothing has passed is no success."""
        if self.outcome == "failure":
            return "bad"
        return "good" if self.passed else "poor"

    def __str__(self) -> str:
        """Return the counts, with what else makes the run none that passed."""
        counts = {name: getattr(self, name) for name in _STATUSES}
        words = [f"{number} {name}" for name, number in counts.items() if number]
        words = words or ["no test was run"]
        if self.cut_short:
            words.insert(0, "cut short")
        elif self.outcome == "failure" and not self.failed:
            words.insert(0, f"exit status {self.exit_status}")
        return ", ".join(words)

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunSummary:
        """Undo :meth:`to_json`."""
        return cls(**values)
