"""How TestRail would answer in a dry run: every case exists, and nothing is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from qlty.classes.integrations._rehearsal import Request
    from qlty.classes.integrations._testrail.settings import TestRailSettings

_BUILT_IN = ("passed", "blocked", "untested", "retest", "failed")


def answer(request: Request, settings: TestRailSettings, case_ids: Collection[int]) -> Any:
    """Return the answer; ``None`` for a call that the integration never makes.

    Args:
        request: what was asked.
        settings: what the integration is set up for.
        case_ids: the cases that the run's tests name.
    """
    call, _, number = request.url.partition("/api/v2/")[2].partition("&")[0].partition("/")
    first = int(number.partition("/")[0] or 0)
    suite = {"id": settings.suite_id or 1, "name": "suite", "project_id": settings.project_id}
    case = {"id": first, "suite_id": suite["id"]}
    run = {"id": first or 1, "is_completed": False}
    listings: dict[str, Any] = {
        "get_cases": [{**case, "id": case_id} for case_id in sorted(case_ids)],
        "get_runs": [],
        "get_tests": [{"id": i, "case_id": i, "status_id": 1} for i in sorted(case_ids)],
        "get_results_for_run": [],
    }
    if call in listings:
        key = {"get_results_for_run": "results"}.get(call, call.removeprefix("get_"))
        return {key: listings[call], "_links": {"next": None}}
    known: dict[str, Any] = {
        "get_project": {"id": first, "name": "project", "suite_mode": 1},
        "get_suite": suite,
        "get_suites": [suite],
        "get_case": case,
        "get_statuses": _statuses(settings),
        "get_milestone": {"id": first},
        "get_configs": [{"configs": [{"id": i, "name": ""} for i in settings.config_ids]}],
        "get_run": run,
        "get_plan": {**run, "entries": [{"id": "1", "runs": [{"id": 1}]}]},
    }
    return known[call] if call in known else _written(request, settings, call)


def _written(request: Request, settings: TestRailSettings, call: str) -> Any:
    url = f"{str(settings.base_url).rstrip('/')}/index.php?/runs/view/1"
    run = {"id": 1, "url": url, "config_ids": list(settings.config_ids)}
    if call == "add_results_for_cases":
        return [{"id": i, "test_id": i} for i, _ in enumerate(request.fields()["results"], 1)]
    if call == "add_plan_entry":
        return {"id": "1", "runs": [run]}
    if call.startswith("add_attachment_to_"):
        return {"attachment_id": 1}
    return run if call.startswith(("add_run", "update_", "close_")) else None


def _statuses(settings: TestRailSettings) -> list[dict[str, Any]]:
    wanted = [name for name in settings.statuses.values() if name]
    names = dict.fromkeys([*_BUILT_IN, *wanted])
    return [{"id": number, "name": name} for number, name in enumerate(names, 1)]
