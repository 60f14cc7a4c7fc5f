"""The only way by which results reach integrations: a record is played to a registry.

A living run is played line by line while it is written, a killed one as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.results import RunInfo, TestCase, TestResult, TestResults, add_result, iter_results
from qlty.results import run_info_from_json as _run_info

if TYPE_CHECKING:
    from collections.abc import Collection

    from qlty.classes.integrations.base_integration import Context
    from qlty.classes.integrations.registry import Registry
    from qlty.delivery import History
    from qlty.runs import RecordedRun


class Player:
    """Feeds the integrations of one registry.

    Attributes:
        results: all that have been played, as ``on_run_end`` gets them.
    """

    def __init__(self, registry: Registry, info: RunInfo) -> None:
        self.results: TestResults = {}
        self._registry = registry
        self._info = info

    def test_ended(self, case: TestCase, result: TestResult) -> None:
        """Tell of a test whose final outcome is known."""
        add_result(self.results, result)
        self._registry.on_test_end(case, result)

    def run_ended(
        self,
        elapsed: float,
        log: str | None,
        context: Context,
        names: Collection[str] | None = None,
    ) -> None:
        """Tell all, or these, of the end; ``context`` gets the facts of the run."""
        context["run"] = self._info
        self._registry.on_run_end(self.results, self._info["id"], elapsed, log, context, names)

    def elapsed(self) -> float:
        """Return the seconds from the run's beginning to the end of its last test."""
        ends = [result["end_time"] for result in iter_results(self.results)]
        return (max(ends) - self._info["start"]).total_seconds() if ends else 0.0


def play(run: RecordedRun, registry: Registry, history: History) -> None:
    """Tell a registry of a run that did not end by itself, from its beginning to its end.

    Raises:
        KeyError, TypeError, ValueError: the record does not have the facts of its run.
        RunAborted, KeyboardInterrupt: as :meth:`Registry.on_run_start`.
    """
    player = Player(registry, killed_run_info(run))
    registry.on_run_start()
    for case, result in [*run.finished, *run.interrupted()]:
        player.test_ended(case, result)
    history.record(iter_results(player.results), run_id=run.run_id)
    player.run_ended(player.elapsed(), None, {})
    history.save()


def killed_run_info(run: RecordedRun) -> RunInfo:
    """Return the facts of a run that was killed.

    Raises:
        KeyError, TypeError, ValueError: the record does not have them.
    """
    return {**_run_info(run.info["run"]), "cut_short": True}
