"""TestRail plans: entries, each a set of runs, one for each configuration."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from qlty.sandbox.testrail._requests import (
    Fields,
    Request,
    TestRailError,
    id_field,
    ids_field,
    page,
    text_field,
)
from qlty.sandbox.testrail._results import Results, attach
from qlty.sandbox.testrail._runs import MAX_REFS, Runs, root_of, wanted_run

if TYPE_CHECKING:
    from qlty.sandbox._store import Store


class Plans:
    """Everything that is done to plans; an entry holds the ids of its runs."""

    def __init__(self, runs: Runs, store: Store) -> None:
        self.runs, self.catalogue = runs, runs.catalogue
        self.rows = store.table("testrail_plans")

    def find(self, plan_id: int) -> Fields:
        """The plan with this id."""
        row = self.rows.get(plan_id)
        if row is None:
            raise TestRailError("Field :plan_id is not a valid test plan.")
        return row

    def entry(self, plan: Fields, entry_id: str) -> Fields:
        """The plan's entry with this id."""
        for entry in plan["entries"]:
            if entry["id"] == entry_id:
                return dict(entry)
        raise TestRailError("Field :entry_id is not a valid test plan entry.")

    def open_plan(self, request: Request) -> Fields:
        """The plan that a request wants to change."""
        plan = self.find(request.number(0, "plan_id"))
        if plan["is_completed"]:
            raise TestRailError("Field :plan_id is a completed test plan and cannot be changed.")
        return plan

    def build_entry(self, plan: Fields, fields: Fields, user: Fields) -> Fields:
        """A new entry and its runs, checked and not yet stored: all of it comes, or nothing."""
        project = self.catalogue.project(plan["project_id"])
        suite = self.catalogue.suite_of(project, id_field(fields, "suite_id"))
        allowed = ids_field(fields, "config_ids") or []
        self.catalogue.config_names(allowed, plan["project_id"])
        name = text_field(fields, "name") or suite["name"]
        entry: Fields = {
            "id": str(uuid.uuid4()),
            "suite_id": suite["id"],
            "name": name,
            "config_ids": allowed,
            "description": text_field(fields, "description"),
            "refs": text_field(fields, "refs", most=MAX_REFS),
        }
        both = [{**fields, **own, "name": name} for own in _run_fields(fields)]
        entry["built"] = [self._build_run(plan, entry, each, user) for each in both]
        return entry

    def store_entry(self, plan: Fields, entry: Fields) -> Fields:
        """Keep a built entry and its runs in a plan."""
        for run in entry["built"]:
            run.update(plan_id=plan["id"], entry_index=len(plan["entries"]) + 1)
        entry["run_ids"] = [self.runs.store(run)["id"] for run in entry.pop("built")]
        plan["entries"].append(entry)
        self.rows.put(plan["id"], plan)
        return entry

    def _build_run(self, plan: Fields, entry: Fields, fields: Fields, user: Fields) -> Fields:
        own = ids_field(fields, "config_ids") or []
        if not set(own) <= set(entry["config_ids"]):
            raise TestRailError("Field :config_ids contains one or more invalid configurations.")
        label = self.catalogue.config_names(own, plan["project_id"])
        fields = {"milestone_id": plan["milestone_id"], **fields, "suite_id": entry["suite_id"]}
        project = self.catalogue.project(plan["project_id"])
        given = {"entry_id": entry["id"], "config": label or None, "config_ids": own}
        return self.runs.build(project, fields, user, **given)

    def runs_of(self, plan: Fields) -> list[Fields]:
        """The rows of all runs of a plan."""
        return [row for row in self.runs.rows if row["plan_id"] == plan["id"]]

    def shown_entry(self, entry: Fields, root: str) -> Fields:
        """An entry as the API shows it, with its runs."""
        rows = [row for row in (self.runs.rows.get(each) for each in entry["run_ids"]) if row]
        public = {name: value for name, value in entry.items() if name != "run_ids"}
        public["include_all"] = all(row["include_all"] for row in rows)
        return {**public, "runs": [self.runs.shown(row, root) for row in rows]}

    def shown(self, plan: Fields, root: str, *, entries: bool = True) -> Fields:
        """A plan as the API shows it, with the counts of all its runs."""
        public = {name: value for name, value in plan.items() if name != "entries"}
        public.update(self.runs.counts(self.runs_of(plan)))
        public["url"] = f"{root}/index.php?/plans/view/{plan['id']}"
        if entries:
            public["entries"] = [self.shown_entry(each, root) for each in plan["entries"]]
        return public


def _run_fields(fields: Fields) -> list[Fields]:
    runs = fields.get("runs")
    if runs is None:
        return [{"config_ids": []}]
    if not isinstance(runs, list) or not runs or not all(isinstance(run, dict) for run in runs):
        raise TestRailError("Field :runs is not in a valid format.")
    return runs


def get_plan(plans: Plans, request: Request) -> Any:
    """One plan."""
    return plans.shown(plans.find(request.number(0, "plan_id")), root_of(request))


def get_plans(plans: Plans, request: Request) -> Any:
    """The plans of a project, newest first, without their entries."""
    project = plans.catalogue.project(request.number(0, "project_id"))
    rows = [row for row in reversed(list(plans.rows)) if row["project_id"] == project["id"]]
    rows = [row for row in rows if wanted_run(request, row)]
    shown = [plans.shown(row, root_of(request), entries=False) for row in rows]
    return page(request, "plans", shown, paginated=plans.catalogue.paginated)


def add_plan(plans: Plans, request: Request) -> Any:
    """A new plan, with the entries that came with it."""
    project = plans.catalogue.project(request.number(0, "project_id"))
    fields = request.fields()
    entries = fields.get("entries", [])
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise TestRailError("Field :entries is not in a valid format.")
    plan: Fields = {
        "id": 0,
        "name": text_field(fields, "name", required=True),
        **_details(plans, fields),
        "project_id": project["id"],
        "is_completed": False,
        "completed_on": None,
        "created_on": int(plans.runs.clock()),
        "created_by": request.user["id"],
        "entries": [],
    }
    built = [plans.build_entry(plan, each, request.user) for each in entries]
    plan["id"] = plans.runs.next_number("run")
    plans.rows.put(plan["id"], plan)
    for entry in built:
        plans.store_entry(plan, entry)
    return plans.shown(plan, root_of(request))


def _details(plans: Plans, fields: Fields) -> Fields:
    milestone_id = id_field(fields, "milestone_id")
    if milestone_id is not None:
        plans.catalogue.milestone(milestone_id)
    return {
        "description": text_field(fields, "description"),
        "milestone_id": milestone_id,
        "refs": text_field(fields, "refs", most=MAX_REFS),
    }


def update_plan(plans: Plans, request: Request) -> Any:
    """Change the plan itself; its entries have calls of their own."""
    plan, fields = plans.open_plan(request), request.fields()
    plan["name"] = text_field(fields, "name") or plan["name"]
    plan.update(_details(plans, {**plan, **fields}))
    plans.rows.put(plan["id"], plan)
    return plans.shown(plan, root_of(request))


def close_plan(plans: Plans, request: Request) -> Any:
    """Close a plan and all its runs for good."""
    plan = plans.open_plan(request)
    for row in plans.runs_of(plan):
        if not row["is_completed"]:
            plans.runs.close(row)
    plan.update(is_completed=True, completed_on=int(plans.runs.clock()))
    plans.rows.put(plan["id"], plan)
    return plans.shown(plan, root_of(request))


def add_plan_entry(plans: Plans, request: Request) -> Any:
    """One more entry."""
    plan = plans.open_plan(request)
    entry = plans.store_entry(plan, plans.build_entry(plan, request.fields(), request.user))
    return plans.shown_entry(entry, root_of(request))


def update_plan_entry(plans: Plans, request: Request) -> Any:
    """Change an entry and, with it, each of its runs."""
    plan = plans.open_plan(request)
    entry = plans.entry(plan, request.ids[1] if len(request.ids) > 1 else "")
    fields = request.fields()
    entry["name"] = text_field(fields, "name") or entry["name"]
    for name in ("description", "refs"):
        entry[name] = text_field({**entry, **fields}, name, most=MAX_REFS if name == "refs" else 0)
    for run_id in entry["run_ids"]:
        plans.runs.change(plans.runs.find(run_id), fields)
    plan["entries"] = [entry if each["id"] == entry["id"] else each for each in plan["entries"]]
    plans.rows.put(plan["id"], plan)
    return plans.shown_entry(entry, root_of(request))


def update_run_in_plan_entry(plans: Plans, request: Request) -> Any:
    """Change one run of a plan."""
    row = plans.runs.find(request.number(0, "run_id"))
    if not row["plan_id"]:
        raise TestRailError("Field :run_id is not a test run of a test plan.")
    plans.runs.change(row, request.fields())
    return plans.runs.shown(plans.runs.find(row["id"]), root_of(request))


def attach_to_plan(plans: Plans, results: Results, request: Request) -> Any:
    """A file beside a plan."""
    return attach(results, request, "plan", plans.find(request.number(0, "plan_id"))["id"])
