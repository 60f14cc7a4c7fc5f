"""What TestRail answers to each call, as far as it is relied on: anything else is not TestRail's.

Source: https://support.testrail.com/hc/en-us/sections/7077185274644-API-reference
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypedDict


class _Entity(TypedDict):
    id: int


class _Status(_Entity):
    name: str


class _PlanEntry(TypedDict):
    id: str
    runs: list[_Entity]


class _Configs(TypedDict):
    configs: list[_Entity]


class _Attachment(TypedDict):
    attachment_id: int | str


class _Changed(TypedDict):
    id: int | str


class _Suites(TypedDict):
    suites: list[_Entity]


_ENTITIES = ("case", "milestone", "plan", "project", "run", "suite")

_SHAPES: dict[str, Any] = {
    **{f"get_{name}": _Entity for name in _ENTITIES},
    **dict.fromkeys(("add_run", "close_plan", "close_run", "update_run"), _Entity),
    **dict.fromkeys(("update_plan_entry", "update_run_in_plan_entry"), _Changed),
    "add_attachment_to_result": _Attachment,
    "add_attachment_to_run": _Attachment,
    "add_plan_entry": _PlanEntry,
    "add_results_for_cases": list[_Entity],
    "get_configs": list[_Configs],
    "get_statuses": list[_Status],
    "get_suites": list[_Entity] | _Suites,
}


def shape_of(call: Any) -> Any:
    """Return the shape of the answer to a method of the client."""
    return _SHAPES.get(getattr(call, "__name__", ""), Any)


@lru_cache
def listing(key: str) -> Any:
    """Return the shape of one page of a listing; a server before 6.7 answers with a bare list."""
    rows = list[dict[str, Any]]
    page = TypedDict("page", {key: rows})  # type: ignore[misc]
    return page | rows
