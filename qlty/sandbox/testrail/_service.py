"""The TestRail service: from a request to TestRail's answer."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING, Any

from qlty.sandbox._wire import Answer, json_answer
from qlty.sandbox.testrail import _plans, _results, _runs
from qlty.sandbox.testrail._catalogue import Catalogue
from qlty.sandbox.testrail._requests import Request, TestRailError, page, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.sandbox._store import Store
    from qlty.sandbox._wire import Call


class TestRail:
    """The service: from a request below `/testrail` to TestRail's answer."""

    __test__ = False

    def __init__(self, seed: dict[str, Any], store: Store, clock: Callable[[], float]) -> None:
        self.catalogue = Catalogue(seed)
        self.runs = _runs.Runs(self.catalogue, store, clock)
        self.results = _results.Results(self.runs, store)
        self.plans = _plans.Plans(self.runs, store)
        self._reads, self._writes = self._routes()

    def name_of(self, call: Call) -> str:
        """The API method, such as `add_run`."""
        return split(call.query)[0] or "page"

    def answer(self, call: Call) -> Answer:
        """Answer as TestRail does; refusals are `{"error": text}`."""
        try:
            result = self._call(call)
        except TestRailError as error:
            return json_answer(error.status, {"error": error.message}, reason=error.message)
        return result if isinstance(result, Answer) else json_answer(200, result)

    def failure(self, _call: Call, status: int, retry_after: float | None) -> Answer:
        """A trouble of TestRail's own, in its words."""
        wait = "" if retry_after is None else f" Retry after {retry_after:g} seconds."
        text = {
            409: "TestRail is undergoing scheduled maintenance. Please try again later.",
            429: f"API Rate Limit Exceeded - 180 per minute maximum allowed.{wait}",
        }.get(status, "An internal error occurred.")
        headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
        return json_answer(status, {"error": text}, reason=text, headers=headers)

    def _call(self, call: Call) -> Any:
        name, ids, filters = split(call.query)
        if call.path != "/index.php" or not name:
            raise TestRailError("Not found.", 404)
        user = self._authenticate(call)
        handler = (self._writes if call.method == "POST" else self._reads).get(name)
        if handler is None or call.method not in ("GET", "POST"):
            other = self._reads if call.method == "POST" else self._writes
            if name in other:
                raise TestRailError(f"Method '{name}' does not take {call.method} requests.", 405)
            raise TestRailError(f"Unknown method '{name[:60]}'", 404)
        if call.method == "POST" and user["role"] == "Read-only":
            raise TestRailError("You do not have the permission to perform this action.", 403)
        return handler(Request(name, ids, filters, user, call))

    def _authenticate(self, call: Call) -> dict[str, Any]:
        scheme, _, word = call.headers.get("authorization", "").partition(" ")
        try:
            email, _, key = base64.b64decode(word.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            email = key = ""
        for user in self.catalogue.users:
            same = secrets.compare_digest(user["key"].encode(), key.encode())
            if scheme.lower() == "basic" and same and user["email"] == email:
                return user
        raise TestRailError(
            "Authentication failed: invalid or missing user/password or session cookie.", 401
        )

    def _routes(self) -> tuple[dict[str, Any], dict[str, Any]]:
        reads = {**self._catalogue_routes()}
        writes: dict[str, Any] = {}
        for name in ("get_run", "get_runs", "get_test", "get_tests"):
            reads[name] = _bound(getattr(_runs, name), self.runs)
        for name in ("add_run", "update_run", "close_run"):
            writes[name] = _bound(getattr(_runs, name), self.runs)
        for name in ("get_plan", "get_plans"):
            reads[name] = _bound(getattr(_plans, name), self.plans)
        for name in _PLAN_WRITES:
            writes[name] = _bound(getattr(_plans, name), self.plans)
        for name in ("get_results", "get_results_for_run", "get_results_for_case"):
            reads[name] = _bound(getattr(_results, name), self.results)
        for name in ("add_result", "add_results", "add_result_for_case", "add_results_for_cases"):
            writes[name] = _bound(getattr(_results, name), self.results)
        self._add_attachments(reads, writes)
        return reads, writes

    def _add_attachments(self, reads: dict[str, Any], writes: dict[str, Any]) -> None:
        reads["get_attachment"] = _bound(_results.get_attachment, self.results)
        reads["get_attachments_for_test"] = _bound(_results.attachments_for_test, self.results)
        for kind in ("run", "plan", "case"):
            listed = _results.attachments_for(kind)
            reads[f"get_attachments_for_{kind}"] = _bound(listed, self.results)
        writes["add_attachment_to_result"] = _bound(_results.attach_to_result, self.results)
        writes["add_attachment_to_run"] = _bound(_results.attach_to_run, self.results)
        writes["add_attachment_to_case"] = _bound(_results.attach_to_case, self.results)
        writes["add_attachment_to_plan"] = lambda request: _plans.attach_to_plan(
            self.plans, self.results, request
        )

    def _catalogue_routes(self) -> dict[str, Any]:
        known = self.catalogue
        return {
            "get_project": lambda r: known.project(r.number(0, "project_id")),
            "get_projects": lambda r: self._page(r, "projects", list(known.projects.values())),
            "get_suite": lambda r: known.suite(r.number(0, "suite_id")),
            "get_suites": lambda r: self._of_project(r, known.suites),
            "get_sections": self._sections,
            "get_case": lambda r: known.case(r.number(0, "case_id")),
            "get_cases": self._cases,
            "get_statuses": lambda _: [_status(each) for each in known.statuses.values()],
            "get_milestone": lambda r: known.milestone(r.number(0, "milestone_id")),
            "get_milestones": lambda r: self._page(
                r, "milestones", self._of_project(r, known.milestones)
            ),
            "get_configs": lambda r: known.groups[known.project(r.number(0, "project_id"))["id"]],
            "get_user": lambda r: _person(known.user(r.number(0, "user_id"))),
            "get_users": lambda _: [_person(each) for each in known.users],
            "get_user_by_email": self._by_email,
        }

    def _page(self, request: Request, key: str, rows: list[Any]) -> Any:
        return page(request, key, rows, paginated=self.catalogue.paginated)

    def _of_project(self, request: Request, rows: dict[int, Any]) -> list[Any]:
        project = self.catalogue.project(request.number(0, "project_id"))
        return [row for row in rows.values() if row["project_id"] == project["id"]]

    def _suite_id(self, request: Request) -> int:
        project = self.catalogue.project(request.number(0, "project_id"))
        wanted = request.numbers("suite_id")
        return int(self.catalogue.suite_of(project, wanted[0] if wanted else None)["id"])

    def _sections(self, request: Request) -> Any:
        suite_id = self._suite_id(request)
        rows = [each for each in self.catalogue.sections.values() if each["suite_id"] == suite_id]
        return self._page(request, "sections", rows)

    def _cases(self, request: Request) -> Any:
        rows = self.catalogue.cases_of(self._suite_id(request))
        sections = request.numbers("section_id")
        kept = [row for row in rows if sections is None or row["section_id"] in sections]
        return self._page(request, "cases", kept)

    def _by_email(self, request: Request) -> Any:
        wanted = request.filters.get("email", "").lower()
        for user in self.catalogue.users:
            if user["email"].lower() == wanted:
                return _person(user)
        raise TestRailError("Field :email is not a valid user.")


_PLAN_WRITES = (
    "add_plan",
    "update_plan",
    "close_plan",
    "add_plan_entry",
    "update_plan_entry",
    "update_run_in_plan_entry",
)


def _bound(function: Callable[[Any, Request], Any], state: Any) -> Callable[[Request], Any]:
    return lambda request: function(state, request)


def _status(seed: dict[str, Any]) -> dict[str, Any]:
    own = seed["id"] >= 6
    return {
        "id": seed["id"],
        "name": seed["name"],
        "label": seed["label"],
        "color_bright": seed["color"],
        "color_medium": seed["color"],
        "color_dark": seed["color"],
        "is_system": not own,
        "is_untested": seed["id"] == 3,
        "is_final": seed["id"] not in (3, 4),
    }


def _person(user: dict[str, Any]) -> dict[str, Any]:
    shown = {name: user[name] for name in ("id", "name", "email", "role")}
    return {**shown, "is_active": True}
