"""Runs that were killed before they were reported: reported by the next one."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qlty.classes.integrations._guard import one_line
from qlty.classes.integrations._resolve import find_class
from qlty.classes.integrations.registry import HookLimits, Registry
from qlty.delivery import recover
from qlty.results import RunInfo, run_info_from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qlty.delivery import RecordedRun, StateDir
    from qlty.lifecycle._courier import RunCourier

    MakeCourier = Callable[[RunInfo, Registry], RunCourier]

logger = logging.getLogger("qlty")


def report_dead_runs(
    state: StateDir, rootdir: Path, make_courier: MakeCourier, limits: HookLimits
) -> Iterator[tuple[RunCourier, Registry]]:
    """Report every dead run of a project through new instances of the integrations that it had.

    One that cannot be reported is tried again by the next runs, three times in all.

    Yields:
        the courier and the registry of each, once its hooks were called.
    """
    for dead in recover(state, partial(_belongs_to, rootdir)):
        logger.info("run %s was killed before it was reported: reporting it now", dead.run.run_id)
        try:
            registry = Registry(limits)
            courier = make_courier(_info(dead.run), registry)
            _report(dead.run, registry, courier)
        except Exception as error:  # noqa: BLE001 - its facts are a file's: the own run comes first
            cause = one_line(error)
            logger.warning("run %s cannot be reported now: %s", dead.run.run_id, cause)
            continue
        if dead.run.info.get("integrations") and not len(registry):
            continue  # nobody could hear of it: the next run tries again
        dead.done()
        yield courier, registry


def _belongs_to(rootdir: Path, run: RecordedRun) -> bool:
    """Tell apart the projects that share a state folder: each has integrations of its own.

    A root that is gone was a checkout of this project elsewhere, as CI systems make them.
    """
    facts = run.info.get("run")
    other = str(facts.get("rootdir", "")) if isinstance(facts, dict) else ""
    return not other or Path(other) == rootdir or not Path(other).is_dir()


def _info(run: RecordedRun) -> RunInfo:
    return {**run_info_from_json(run.info["run"]), "cut_short": True}


def _report(run: RecordedRun, registry: Registry, courier: RunCourier) -> None:
    registry.connect(courier)
    for path in run.info.get("integrations", ()):
        try:
            registry.register(find_class(path)(), path)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a project's own constructor
            logger.warning("%s cannot report the killed run: %s", path, error)
    registry.on_run_start()
    for case, result in [*run.finished, *run.interrupted()]:
        registry.on_test_end(case, result)
    results = run.results
    ends = [result["end_time"] for tests in results.values() for result in tests.values()]
    elapsed = (max(ends) - courier.run["start"]).total_seconds() if ends else 0.0
    registry.on_run_end(results, run.run_id, elapsed, None, {"run": courier.run})
