"""What is checked before the tests: address, account, project, and where results will go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._testrail import target as targets
from qlty.classes.integrations._testrail.client import BadRequest
from qlty.classes.integrations._testrail.lookup import Cases
from qlty.classes.integrations._testrail.settings import STATUSES
from qlty.classes.integrations._testrail.steps import some, status_ids
from qlty.errors import SettingsError
from qlty.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qlty.classes.integrations._testrail.client import TestRail
    from qlty.classes.integrations._testrail.settings import TestRailSettings

#: ``suite_mode`` of a project with several suites
_SEVERAL_SUITES = 3


def check(
    rail: TestRail,
    settings: TestRailSettings,
    mapped: Iterable[int],
    note: Callable[[str], None],
) -> dict[str, int]:
    """Ask TestRail for everything that the settings name.

    Args:
        rail: where to ask.
        settings: what to ask for.
        mapped: cases that the mapping file names.
        note: takes what is odd but stops nothing.

    Returns:
        the number of each status by its system name.

    Raises:
        SettingsError: something is not there, with what is there instead.
        Refused: the account may not see it.
        RetryLater: TestRail could not be reached.
    """
    project = _get(rail, "PROJECT_ID", rail.api.projects.get_project, settings.project_id)
    if project.get("is_completed"):
        raise SettingsError(
            f"TESTRAIL PROJECT_ID: project {settings.project_id} ({project['name']}) is completed"
        )
    _check_suite(rail, settings, project)
    _check_destination(rail, settings)
    statuses = status_ids(rail)
    _check_statuses(settings, statuses)
    _check_mapped(rail, settings, set(mapped), note)
    return statuses


def _get(rail: TestRail, setting: str, call: Callable[..., Any], number: int) -> Any:
    try:
        return rail.read(call, number)
    except BadRequest as error:
        raise SettingsError(f"TESTRAIL {setting} is {number}: {error.reason}") from error


def _check_suite(rail: TestRail, settings: TestRailSettings, project: dict[str, Any]) -> None:
    if settings.suite_id:
        suite = _get(rail, "SUITE_ID", rail.api.suites.get_suite, settings.suite_id)
        if suite.get("project_id") != settings.project_id:
            raise SettingsError(
                f"TESTRAIL SUITE_ID: suite {settings.suite_id} ({suite.get('name')}) belongs to "
                f"project {suite.get('project_id')}, not to {settings.project_id}"
            )
    elif project.get("suite_mode") == _SEVERAL_SUITES and not settings.run_id:
        raise SettingsError(
            f"TESTRAIL SUITE_ID is not set: project {settings.project_id} ({project['name']}) has "
            "several suites"
        )


def _check_destination(rail: TestRail, settings: TestRailSettings) -> None:
    if settings.run_id:
        _get(rail, "RUN_ID", rail.api.runs.get_run, settings.run_id)
        if targets.read(rail, settings.run_id).is_completed:
            raise SettingsError(f"TESTRAIL RUN_ID: run R{settings.run_id} is closed")
    if settings.plan_id:
        plan = _get(rail, "PLAN_ID", rail.api.plans.get_plan, settings.plan_id)
        if plan.get("is_completed"):
            raise SettingsError(f"TESTRAIL PLAN_ID: plan {settings.plan_id} is closed")
    if settings.milestone_id:
        _get(rail, "MILESTONE_ID", rail.api.milestones.get_milestone, settings.milestone_id)
    if settings.config_ids:
        _check_configs(rail, settings)


def _check_configs(rail: TestRail, settings: TestRailSettings) -> None:
    groups = rail.read(rail.api.configurations.get_configs, settings.project_id)
    known = {config["id"]: config["name"] for group in groups for config in group["configs"]}
    unknown = [config_id for config_id in settings.config_ids if config_id not in known]
    if unknown:
        shown = ", ".join(f"{number} ({name})" for number, name in sorted(known.items()))
        raise SettingsError(
            f"TESTRAIL CONFIG_IDS has {unknown[0]}: project {settings.project_id} has "
            f"{shown or 'no configurations'}"
        )


def _check_statuses(settings: TestRailSettings, known: dict[str, int]) -> None:
    for outcome in STATUSES:
        status = settings.status(outcome)
        if status is None or status in known:
            continue
        meant = nearest(status, sorted(known))
        hint = f"did you mean {meant[0]!r}?" if meant else f"it has {', '.join(sorted(known))}"
        raise SettingsError(
            f"TESTRAIL STATUSES[{outcome!r}] is {status!r}: TestRail has no status with this "
            f"system name; {hint}"
        )


def _check_mapped(
    rail: TestRail, settings: TestRailSettings, mapped: set[int], note: Callable[[str], None]
) -> None:
    cases = Cases(settings.project_id, settings.suite_id)
    unknown = cases.unknown(rail, mapped, lambda: None)
    if unknown:
        note(f"{settings.cases_file} names cases that do not exist: {some(unknown)}")
