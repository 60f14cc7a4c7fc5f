"""Runs that were killed before they were reported: reported by the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qlty.classes.integrations._guard import one_line
from qlty.classes.integrations._resolve import find_class
from qlty.classes.integrations.registry import HookLimits, Registry
from qlty.lifecycle._play import killed_run_info, play
from qlty.runs import dead_runs
from qlty.runtime import logger
from qlty.settings import project_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.lifecycle._courier import RunCourier
    from qlty.results import RunInfo
    from qlty.runs import DeadRun, RecordedRun, StateDir

    MakeCourier = Callable[[RunInfo, Registry], RunCourier]


#: seconds for which a killed run waits for an integration that cannot be told of it
_KEEP_TRYING = 7 * 86_400.0


@dataclass
class Recovered:
    """What became of the runs that were killed.

    Attributes:
        reported: courier and registry of each run that somebody was told of now.
        waiting: runs of which somebody is still to be told.
        given_up: runs of which somebody will never be told.
    """

    reported: list[tuple[RunCourier, Registry]] = field(default_factory=list)
    waiting: int = 0
    given_up: int = 0

    def trouble(self, for_good: bool) -> None:
        """Count a run that cannot be reported."""
        self.given_up += for_good
        self.waiting += not for_good


def report_dead_runs(
    state: StateDir, rootdir: Path, make_courier: MakeCourier, limits: HookLimits
) -> Recovered:
    """Report every dead run of a project through new instances of the integrations that it had.

    An integration that cannot be told now, because its remote is down or its module is away, is
    told by one of the next runs, for a week; those that were told are not told again.
    """
    recovered = Recovered()
    for dead in dead_runs(state, partial(_belongs_to, rootdir), recovered.trouble):
        logger.info("run %s was killed before it was reported: reporting it now", dead.run.run_id)
        try:
            registry = Registry(limits)
            courier = make_courier(killed_run_info(dead.run), registry)
            told = _report(dead.run, registry, courier)
        except Exception as error:  # noqa: BLE001 - its facts are a file's: the own run comes first
            cause = one_line(error)
            logger.warning("run %s cannot be reported now: %s", dead.run.run_id, cause)
            settle(dead, dead.run.told, recovered)
            continue
        if len(registry):
            recovered.reported.append((courier, registry))
        settle(dead, told, recovered)
    return recovered


def settle(dead: DeadRun, told: set[str], recovered: Recovered) -> None:
    """Write down who has been told of a killed run; the others wait for the next process."""
    left = [path for path in dead.run.info.get("integrations", ()) if path not in told]
    if left and dead.age < _KEEP_TRYING:
        dead.told(told)
        logger.warning("run %s waits for %s", dead.run.run_id, ", ".join(left))
        recovered.trouble(for_good=False)
        return
    if left:
        logger.warning("run %s is given up for %s", dead.run.run_id, ", ".join(left))
        recovered.trouble(for_good=True)
    dead.done()


def _belongs_to(rootdir: Path, run: RecordedRun) -> bool:
    """Tell apart the projects that share a state folder: each has integrations of its own.

    A root that is gone was a checkout of this project elsewhere, as CI systems make them.
    """
    facts = run.info.get("run")
    other = str(facts.get("rootdir", "")) if isinstance(facts, dict) else ""
    return not other or Path(other) == rootdir or not Path(other).is_dir()


def _report(run: RecordedRun, registry: Registry, courier: RunCourier) -> set[str]:
    """Tell the integrations that have not been told; return the paths of all that have been now."""
    registry.connect(courier)
    for path in run.info.get("integrations", ()):
        if path in run.told:
            continue
        try:
            with project_scope():
                registry.register(find_class(path)(), path)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a project's own constructor
            logger.warning("%s cannot report the killed run: %s", path, error)
    play(run, registry, courier.history)
    return run.told | {registry.class_path(integration) for integration in registry}
