"""TestRail results and attachments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qlty.sandbox._wire import Answer
from qlty.sandbox.testrail._requests import Fields, Request, TestRailError, id_field, is_id, page
from qlty.sandbox.testrail._runs import UNTESTED, Runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.sandbox._store import Store

_ELAPSED = re.compile(
    r"(?=.)(\d{1,4}w)?\s*(\d{1,4}d)?\s*(\d{1,5}h)?\s*(\d{1,6}m)?\s*(\d{1,8}s)?", re.ASCII
)
_TEXTS = ("comment", "version", "defects")


class Results:
    """Everything that is done to results and the files beside them."""

    def __init__(self, runs: Runs, store: Store) -> None:
        self.runs, self.catalogue = runs, runs.catalogue
        self.rows = store.table("testrail_results")
        self.files = store.table("testrail_attachments")
        self.contents = store.blobs("testrail_contents")

    def checked(self, given: Any, prefix: str = "") -> Fields:
        """The fields of one result; refused with the words that TestRail has for each."""
        if not isinstance(given, dict):
            raise TestRailError("Field :results is not in a valid format.")
        self._check_status(given, prefix)
        _check_elapsed(given.get("elapsed"), prefix)
        for name in _TEXTS:
            if not isinstance(given.get(name), (str, type(None))):
                raise TestRailError(f"Field :{prefix}{name} is not a valid string.")
        user_id = given.get("assignedto_id")
        if user_id is not None and (not is_id(user_id) or user_id not in self._user_ids()):
            raise TestRailError(f"Field :{prefix}assignedto_id is not a valid user.")
        for name in self.catalogue.required:
            if given.get(name) in (None, ""):
                raise TestRailError(f"Results.{name} is now a required field")
        return given

    def store(self, run: Fields, case_id: int, given: Fields, user: Fields) -> Fields:
        """Keep one result and give its test the new status."""
        test = run["tests"][str(case_id)]
        row: Fields = {
            "id": self.runs.next_number("result"),
            "test_id": test[0],
            "status_id": given.get("status_id"),
            "created_on": int(self.runs.clock()),
            "created_by": user["id"],
            "assignedto_id": given.get("assignedto_id"),
            **{name: given.get(name) for name in (*_TEXTS, "elapsed")},
            **{name: value for name, value in given.items() if name.startswith("custom_")},
            "attachment_ids": [],
            "run_id": run["id"],
            "case_id": case_id,
        }
        if row["status_id"]:
            test[1] = row["status_id"]
        self.rows.put(row["id"], row)
        return row

    def find(self, result_id: int) -> Fields:
        """The result with this id."""
        row = self.rows.get(result_id)
        if row is None:
            raise TestRailError("Field :result_id is not a valid test result.")
        return row

    def of_run(self, run_id: int) -> list[Fields]:
        """The results of a run, newest first."""
        return [row for row in reversed(list(self.rows)) if row["run_id"] == run_id]

    def _user_ids(self) -> set[int]:
        return {user["id"] for user in self.catalogue.users}

    def _check_status(self, given: Fields, prefix: str) -> None:
        status_id = given.get("status_id")
        known = is_id(status_id) and status_id in self.catalogue.statuses
        if status_id is not None and (not known or status_id == UNTESTED):
            raise TestRailError(f"Field :{prefix}status_id is not a valid status.")
        if not any(given.get(name) for name in ("status_id", "assignedto_id", "comment")):
            raise TestRailError(f"Field :{prefix}status_id is a required field.")


def _check_elapsed(elapsed: Any, prefix: str) -> None:
    if elapsed is None or elapsed == "":
        return
    # The length comes first: on a long run of blanks the pattern would take minutes.
    good = isinstance(elapsed, str) and len(elapsed) < 80 and _ELAPSED.fullmatch(elapsed.strip())
    if not good or not re.search(r"[1-9]", elapsed):
        raise TestRailError(f"Field :{prefix}elapsed is not in a valid time span format.")


def public(row: Fields) -> Fields:
    """A result as the API shows it."""
    return {name: value for name, value in row.items() if name not in ("run_id", "case_id")}


def add_results_for_cases(results: Results, request: Request) -> Any:
    """Many results by case; all are stored, in order, or none."""
    run = _open_run(results, request)
    listed = [
        (_by_case(run, results.checked(each, "results.")), each) for each in _list(request.fields())
    ]
    return _store_all(results, run, listed, request.user)


def add_results(results: Results, request: Request) -> Any:
    """Many results by test; all are stored, in order, or none."""
    run = _open_run(results, request)
    cases = {test_id: int(case_id) for case_id, (test_id, _) in run["tests"].items()}
    listed = []
    for each in _list(request.fields()):
        test_id = results.checked(each, "results.").get("test_id")
        if test_id is None:
            raise TestRailError("Field :results.test_id is a required field.")
        if not is_id(test_id) or test_id not in cases:
            raise TestRailError(
                "Field :results contains one or more invalid results"
                f" (test T{str(test_id)[:20]} unknown or not part of the test run)"
            )
        listed.append((cases[test_id], each))
    return _store_all(results, run, listed, request.user)


def add_result_for_case(results: Results, request: Request) -> Any:
    """One result by run and case."""
    run = results.runs.find(request.number(0, "run_id"))
    case_id = request.number(1, "case_id")
    if run["is_completed"] or str(case_id) not in run["tests"]:
        raise TestRailError("No (active) test found for the run/case combination.")
    given = results.checked(request.fields())
    return _store_all(results, run, [(case_id, given)], request.user)[0]


def add_result(results: Results, request: Request) -> Any:
    """One result by test."""
    run, case_id = results.runs.test(request.number(0, "test_id"))
    results.runs.require_open(run)
    given = results.checked(request.fields())
    return _store_all(results, run, [(case_id, given)], request.user)[0]


def _open_run(results: Results, request: Request) -> Fields:
    run = results.runs.find(request.number(0, "run_id"))
    results.runs.require_open(run)
    return run


def _list(fields: Fields) -> list[Any]:
    given = fields.get("results")
    if given is None:
        raise TestRailError("Field :results is a required field.")
    if not isinstance(given, list):
        raise TestRailError("Field :results is not in a valid format.")
    if not given:
        raise TestRailError("Field :results cannot be empty but no valid tests or cases found.")
    return given


def _by_case(run: Fields, given: Fields) -> int:
    if given.get("case_id") is None:
        raise TestRailError("Field :results.case_id is a required field.")
    case_id = id_field({"results.case_id": given["case_id"]}, "results.case_id")
    if str(case_id) not in run["tests"]:
        raise TestRailError(
            "Field :results contains one or more invalid results"
            f" (case C{case_id} unknown or not part of the test run)"
        )
    return case_id or 0


def _store_all(
    results: Results, run: Fields, listed: list[tuple[int, Fields]], user: Fields
) -> list[Fields]:
    rows = [results.store(run, case_id, given, user) for case_id, given in listed]
    results.runs.keep(run)
    return [public(row) for row in rows]


def get_results_for_run(results: Results, request: Request) -> Any:
    """The results of a run, newest first."""
    run = results.runs.find(request.number(0, "run_id"))
    return _listed(results, request, results.of_run(run["id"]))


def get_results_for_case(results: Results, request: Request) -> Any:
    """The results of one case in a run."""
    run, case_id = results.runs.find(request.number(0, "run_id")), request.number(1, "case_id")
    if str(case_id) not in run["tests"]:
        raise TestRailError("No (active) test found for the run/case combination.")
    rows = [row for row in results.of_run(run["id"]) if row["case_id"] == case_id]
    return _listed(results, request, rows)


def get_results(results: Results, request: Request) -> Any:
    """The results of one test."""
    test_id = request.number(0, "test_id")
    run, _ = results.runs.test(test_id)
    rows = [row for row in results.of_run(run["id"]) if row["test_id"] == test_id]
    return _listed(results, request, rows)


def _listed(results: Results, request: Request, rows: list[Fields]) -> Any:
    wanted = request.numbers("status_id")
    shown = [public(row) for row in rows if wanted is None or row["status_id"] in wanted]
    return page(request, "results", shown, paginated=results.catalogue.paginated)


def attach(results: Results, request: Request, kind: str, target: int | str) -> Any:
    """Keep the file of a multipart body beside a result, run, plan or case."""
    parts = [each for each in request.call.parts or () if each.name == "attachment"]
    if not parts or parts[0].filename is None or not parts[0].content:
        raise TestRailError("No file attached or upload size was exceeded.")
    attachment_id = results.runs.next_number("attachment")
    row = {
        "id": attachment_id,
        "name": parts[0].filename,
        "filename": parts[0].filename,
        "size": len(parts[0].content),
        "created_on": int(results.runs.clock()),
        "user_id": request.user["id"],
        "kind": kind,
        "target": target,
    }
    results.files.put(attachment_id, row)
    results.contents.put(attachment_id, parts[0].content)
    return {"attachment_id": attachment_id}


def attach_to_result(results: Results, request: Request) -> Any:
    """A file beside a result."""
    row = results.find(request.number(0, "result_id"))
    answer = attach(results, request, "result", row["id"])
    row["attachment_ids"].append(answer["attachment_id"])
    results.rows.put(row["id"], row)
    return answer


def attach_to_run(results: Results, request: Request) -> Any:
    """A file beside a run."""
    return attach(results, request, "run", results.runs.find(request.number(0, "run_id"))["id"])


def attach_to_case(results: Results, request: Request) -> Any:
    """A file beside a case."""
    case = results.catalogue.case(request.number(0, "case_id"))
    return attach(results, request, "case", case["id"])


def attachments_for(kind: str) -> Callable[[Results, Request], Any]:
    """The call that lists the files of a run, plan or case."""

    def listed(results: Results, request: Request) -> Any:
        number = request.number(0, f"{kind}_id")
        rows = [row for row in results.files if (row["kind"], row["target"]) == (kind, number)]
        paginated = results.catalogue.paginated
        return page(request, "attachments", [_file(row) for row in rows], paginated=paginated)

    return listed


def attachments_for_test(results: Results, request: Request) -> Any:
    """The files of all results of a test."""
    test_id = request.number(0, "test_id")
    run, _ = results.runs.test(test_id)
    own = {row["id"] for row in results.of_run(run["id"]) if row["test_id"] == test_id}
    rows = [row for row in results.files if row["kind"] == "result" and row["target"] in own]
    shown = [{**_file(row), "result_id": row["target"]} for row in rows]
    return page(request, "attachments", shown, paginated=results.catalogue.paginated)


def _file(row: Fields) -> Fields:
    return {name: value for name, value in row.items() if name not in ("kind", "target")}


def get_attachment(results: Results, request: Request) -> Any:
    """The bytes of a file."""
    data = results.contents.get(request.number(0, "attachment_id"))
    if data is None:
        raise TestRailError("Field :attachment_id is not a valid attachment.")
    return Answer(200, data, {"content-type": "application/octet-stream"})
