"""The run that results go into: a new one, an existing one, or one in a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qlty.classes.integrations._testrail.templates import marker
from qlty.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qlty.classes.integrations._testrail.client import TestRail

#: seconds by which clocks may differ when runs are looked for by their date
_CLOCKS = 86_400


class Target(Struct, frozen=True, omit_defaults=True):
    """Where a run's results go, as it was set when the run began."""

    project_id: int
    qlty_run_id: str
    started: int = 0
    suite_id: int | None = None
    run_id: int | None = None
    extend: bool = False
    plan_id: int | None = None
    config_ids: tuple[int, ...] = ()
    milestone_id: int | None = None
    refs: str | None = None
    name: str = ""
    description: str = ""


class Run(Struct):
    """A run in TestRail.

    Attributes:
        id: its number.
        url: its page.
        plan_id: the plan that it belongs to.
        config_ids: its configurations in that plan.
        include_all: it holds every case of its suite, also those that are yet to be written.
        is_completed: it is closed.
        untested: how many tests it has that have no result yet, where TestRail says so.
    """

    id: int
    url: str = ""
    plan_id: int | None = None
    config_ids: tuple[int, ...] = ()
    include_all: bool = False
    is_completed: bool = False
    untested: int | None = None

    @classmethod
    def of(cls, row: dict[str, Any], base_url: str) -> Run:
        """Return what matters of an answer of TestRail."""
        return cls(
            id=row["id"],
            url=row.get("url") or f"{base_url}/index.php?/runs/view/{row['id']}",
            plan_id=row.get("plan_id"),
            config_ids=tuple(row.get("config_ids") or ()),
            include_all=bool(row.get("include_all")),
            is_completed=bool(row.get("is_completed")),
            untested=row.get("untested_count"),
        )


def read(rail: TestRail, run_id: int) -> Run:
    """Return an existing run."""
    return Run.of(rail.read(rail.api.runs.get_run, run_id), rail.base_url)


def find(rail: TestRail, target: Target) -> Run | None:
    """Return the run that was made for this QLTY run; its description says so."""
    line = marker(target.qlty_run_id)
    for row in _candidates(rail, target):
        if line in (row.get("description") or "").splitlines():
            return Run.of(row, rail.base_url)
    return None


def create(rail: TestRail, target: Target, case_ids: Iterable[int]) -> Run:
    """Make the run, with these cases and no others.

    Raises:
        RetryLater, AnswerLost: see the client.
        BadRequest: one of the cases is not known any more, or a setting is wrong.
    """
    body = {
        "name": target.name,
        "description": target.description,
        "include_all": False,
        "case_ids": list(case_ids),
        "refs": target.refs,
    }
    if target.plan_id is None:
        body |= {"suite_id": target.suite_id, "milestone_id": target.milestone_id}
        row = rail.write(rail.api.runs.add_run, target.project_id, **_given(body))
        return Run.of(row, rail.base_url)
    if target.config_ids:
        body["config_ids"] = list(target.config_ids)
        body["runs"] = [{"config_ids": list(target.config_ids)}]
    suite_id = target.suite_id or _only_suite(rail, target.project_id)
    entry = rail.write(
        rail.api.plans.add_plan_entry, target.plan_id, suite_id=suite_id, **_given(body)
    )
    return Run.of({"plan_id": target.plan_id, **entry["runs"][0]}, rail.base_url)


def case_ids_in(rail: TestRail, run: Run) -> set[int]:
    """Return the cases of a run."""
    return {test["case_id"] for test in rail.all(rail.api.tests.get_tests, "tests", run.id)}


def extend(rail: TestRail, run: Run, case_ids: Iterable[int]) -> None:
    """Let a run consist of these cases; a run in a plan is changed by the plan's calls."""
    cases = {"include_all": False, "case_ids": sorted(case_ids)}
    if run.plan_id is None:
        rail.write(rail.api.runs.update_run, run.id, **cases)
    elif run.config_ids:
        rail.write(rail.api.plans.update_run_in_plan_entry, run.id, **cases)
    else:
        entry_id: Any = _entry_id(rail, run)
        rail.write(rail.api.plans.update_plan_entry, run.plan_id, entry_id, **cases)


def closed(rail: TestRail, run: Run, *, plan: bool) -> bool:
    """Say whether the run (or its plan) is closed."""
    if plan:
        return bool(rail.read(rail.api.plans.get_plan, run.plan_id).get("is_completed"))
    return read(rail, run.id).is_completed


def close(rail: TestRail, run: Run, *, plan: bool) -> None:
    """Close the run or its whole plan, for good."""
    if plan:
        rail.write(rail.api.plans.close_plan, run.plan_id)
    else:
        rail.write(rail.api.runs.close_run, run.id)


def _candidates(rail: TestRail, target: Target) -> Iterable[dict[str, Any]]:
    if target.plan_id is not None:
        plan = rail.read(rail.api.plans.get_plan, target.plan_id)
        for entry in plan.get("entries") or []:
            for row in entry.get("runs") or []:
                shown = row.get("description") or entry.get("description")
                yield {**row, "plan_id": target.plan_id, "description": shown}
        return
    filters = {"is_completed": 0, "created_after": max(target.started - _CLOCKS, 0)}
    for page in rail.pages(rail.api.runs.get_runs, "runs", target.project_id, **filters):
        yield from page


def _entry_id(rail: TestRail, run: Run) -> str:
    plan = rail.read(rail.api.plans.get_plan, run.plan_id)
    for entry in plan.get("entries") or []:
        if any(row["id"] == run.id for row in entry.get("runs") or []):
            return str(entry["id"])
    raise Refused(f"plan {run.plan_id} has no run R{run.id}")


def _only_suite(rail: TestRail, project_id: int) -> int:
    answer = rail.read(rail.api.suites.get_suites, project_id)
    suites = answer if isinstance(answer, list) else answer.get("suites") or []
    if len(suites) != 1:
        raise Refused(f"project {project_id} has {len(suites)} suites: set TESTRAIL_SUITE_ID")
    return int(suites[0]["id"])


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
