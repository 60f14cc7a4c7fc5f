"""TestRail runs and the tests in them.

A run's tests live in its row as `tests: {case id: [test id, status id]}`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from qlty.sandbox._store import Caps
from qlty.sandbox.testrail._requests import (
    Fields,
    Request,
    TestRailError,
    flag_field,
    id_field,
    ids_field,
    page,
    text_field,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.sandbox._store import Store
    from qlty.sandbox.testrail._catalogue import Catalogue

MAX_REFS = 250
UNTESTED = 3
_COUNTED = {1: "passed", 2: "blocked", 3: "untested", 4: "retest", 5: "failed"}


class Runs:
    """Everything that is done to runs, in plans or on their own."""

    def __init__(self, catalogue: Catalogue, store: Store, clock: Callable[[], float]) -> None:
        self.catalogue, self.clock = catalogue, clock
        self.rows = store.table("testrail_runs")
        # A counter that left would hand out old ids again.
        self.ids = store.table("testrail_ids", Caps())

    def find(self, run_id: int) -> Fields:
        """The run's row; TestRail's refusal where there is none."""
        row = self.rows.get(run_id)
        if row is None:
            raise TestRailError("Field :run_id is not a valid test run.")
        return row

    def test(self, test_id: int) -> tuple[Fields, int]:
        """The run and the case of a test."""
        for run in self.rows:
            for case_id, (own_id, _) in run["tests"].items():
                if own_id == test_id:
                    return run, int(case_id)
        raise TestRailError("Field :test_id is not a valid test.")

    def next_number(self, kind: str) -> int:
        """The next id of this kind; ids are never used twice."""
        row = self.ids.get(kind) or {"last": 0}
        row["last"] += 1
        self.ids.put(kind, row)
        return int(row["last"])

    def build(self, project: Fields, fields: Fields, user: Fields, **given: Any) -> Fields:
        """A run out of the fields of `add_run`, checked and not yet stored.

        `given` holds what a plan adds; a run in a plan may do without a name of its own.
        """
        suite = self.catalogue.suite_of(project, id_field(fields, "suite_id"))
        row: Fields = {
            "id": 0,
            "suite_id": suite["id"],
            "name": text_field(fields, "name", required="entry_id" not in given) or suite["name"],
            "project_id": project["id"],
            "include_all": flag_field(fields, "include_all", default=True),
            "is_completed": False,
            "completed_on": None,
            "config": None,
            "config_ids": [],
            "plan_id": None,
            "created_on": int(self.clock()),
            "created_by": user["id"],
            **self._details(fields),
            **given,
        }
        row["tests"] = {str(each): [0, UNTESTED] for each in self._case_ids(row, fields)}
        return row

    def store(self, row: Fields) -> Fields:
        """Give a built run and its tests their ids and keep it."""
        row["id"] = self.next_number("run")
        for test in row["tests"].values():
            test[0] = self.next_number("test")
        self.keep(row)
        return row

    def change(self, row: Fields, fields: Fields) -> None:
        """Apply the fields of `update_run`; a result stays with its case."""
        self.require_open(row)
        new = {**row, **self._details({**row, **fields})}
        new["name"] = text_field(fields, "name") or row["name"]
        if "include_all" in fields or "case_ids" in fields:
            new["include_all"] = flag_field(fields, "include_all", row["include_all"])
            kept = {"case_ids": [int(each) for each in row["tests"]], **fields}
            new["tests"] = {
                str(each): row["tests"].get(str(each)) or [self.next_number("test"), UNTESTED]
                for each in self._case_ids(new, kept)
            }
        self.keep(new)

    def close(self, row: Fields) -> Fields:
        """Archive a run, which nothing undoes."""
        self.require_open(row)
        row.update(is_completed=True, completed_on=int(self.clock()))
        self.keep(row)
        return row

    def require_open(self, row: Fields) -> None:
        """Refuse a run that was closed."""
        if row["is_completed"]:
            raise TestRailError("Field :run_id is a completed test run and cannot be changed.")

    def keep(self, row: Fields) -> None:
        """Store a run, new or changed."""
        row["updated_on"] = int(self.clock())
        self.rows.put(row["id"], row)

    def shown(self, row: Fields, root: str) -> Fields:
        """A run as the API shows it, with its counts."""
        public = {name: value for name, value in row.items() if name != "tests"}
        return {**public, **self.counts([row]), "url": f"{root}/index.php?/runs/view/{row['id']}"}

    def counts(self, rows: list[Fields]) -> dict[str, int]:
        """How many tests of these runs have each status, under TestRail's names."""
        found = Counter(status for row in rows for _, status in row["tests"].values())
        own = {f"custom_status{number}_count": 0 for number in range(1, 8)}
        own.update({f"{name}_count": found[number] for number, name in _COUNTED.items()})
        for number, count in found.items():
            if number not in _COUNTED:
                own[f"custom_status{number - 5}_count"] = count
        return own

    def tests(self, row: Fields) -> list[Fields]:
        """The tests of a run as the API shows them."""
        found = []
        for case_id, (test_id, status_id) in row["tests"].items():
            case = self.catalogue.case(int(case_id))
            names = ("title", "template_id", "type_id", "priority_id", "milestone_id", "refs")
            test = {"id": test_id, "case_id": case["id"], "run_id": row["id"]}
            test.update({name: case[name] for name in names})
            found.append({**test, "status_id": status_id, "assignedto_id": row["assignedto_id"]})
        return found

    def _details(self, fields: Fields) -> Fields:
        milestone_id, user_id = id_field(fields, "milestone_id"), id_field(fields, "assignedto_id")
        if milestone_id is not None:
            self.catalogue.milestone(milestone_id)
        if user_id is not None:
            self.catalogue.user(user_id)
        return {
            "description": text_field(fields, "description"),
            "milestone_id": milestone_id,
            "assignedto_id": user_id,
            "refs": text_field(fields, "refs", most=MAX_REFS),
            "start_on": id_field(fields, "start_on"),
            "due_on": id_field(fields, "due_on"),
        }

    def _case_ids(self, row: Fields, fields: Fields) -> list[int]:
        wanted = ids_field(fields, "case_ids")
        known = [case["id"] for case in self.catalogue.cases_of(row["suite_id"])]
        if row["include_all"]:
            return known
        if wanted and not set(wanted) <= set(known):
            raise TestRailError("Field :case_ids is not a valid ID.")
        return list(dict.fromkeys(wanted or []))


def get_run(runs: Runs, request: Request) -> Any:
    """One run."""
    return runs.shown(runs.find(request.number(0, "run_id")), root_of(request))


def get_runs(runs: Runs, request: Request) -> Any:
    """The runs of a project that are in no plan, newest first."""
    project = runs.catalogue.project(request.number(0, "project_id"))
    rows = [row for row in runs.rows if row["project_id"] == project["id"] and not row["plan_id"]]
    rows = [row for row in reversed(rows) if wanted_run(request, row)]
    shown = [runs.shown(row, root_of(request)) for row in rows]
    return page(request, "runs", shown, paginated=runs.catalogue.paginated)


def wanted_run(request: Request, row: Fields) -> bool:
    """Whether a run or plan passes the filters of the request."""
    completed = request.filters.get("is_completed")
    if completed is not None and completed != str(int(row["is_completed"])):
        return False
    after, before = request.numbers("created_after"), request.numbers("created_before")
    if (after and row["created_on"] <= after[0]) or (before and row["created_on"] >= before[0]):
        return False
    for name, field in (("milestone_id", "milestone_id"), ("suite_id", "suite_id")):
        wanted = request.numbers(name)
        if wanted is not None and row.get(field) not in wanted:
            return False
    refs = request.filters.get("refs_filter")
    return refs is None or refs in (row.get("refs") or "").replace(" ", "").split(",")


def add_run(runs: Runs, request: Request) -> Any:
    """A new run of a project."""
    project = runs.catalogue.project(request.number(0, "project_id"))
    if project["is_completed"]:
        raise TestRailError("Field :project_id is not a valid or accessible project.")
    row = runs.store(runs.build(project, request.fields(), request.user))
    return runs.shown(row, root_of(request))


def update_run(runs: Runs, request: Request) -> Any:
    """Change a run that is in no plan."""
    row = runs.find(request.number(0, "run_id"))
    if row["plan_id"]:
        raise TestRailError(
            "The test run belongs to a test plan and cannot be edited independently."
        )
    runs.change(row, request.fields())
    return runs.shown(runs.find(row["id"]), root_of(request))


def close_run(runs: Runs, request: Request) -> Any:
    """Close a run for good."""
    row = runs.find(request.number(0, "run_id"))
    if row["plan_id"]:
        raise TestRailError(
            "The test run belongs to a test plan and cannot be closed independently."
        )
    return runs.shown(runs.close(row), root_of(request))


def get_tests(runs: Runs, request: Request) -> Any:
    """The tests of a run."""
    row = runs.find(request.number(0, "run_id"))
    wanted = request.numbers("status_id")
    tests = [each for each in runs.tests(row) if wanted is None or each["status_id"] in wanted]
    return page(request, "tests", tests, paginated=runs.catalogue.paginated)


def get_test(runs: Runs, request: Request) -> Any:
    """One test."""
    test_id = request.number(0, "test_id")
    row, _ = runs.test(test_id)
    return next(test for test in runs.tests(row) if test["id"] == test_id)


def root_of(request: Request) -> str:
    """The address of this TestRail, for the links in its answers."""
    return f"{request.call.root}/testrail"
