"""Which of the cases that tests name exist, and which case a test's name stands for."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._testrail.client import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from qlty.classes.integrations._testrail.client import TestRail
    from qlty.classes.integrations._testrail.tests import Test


class Cases:
    """The cases of a project or of one of its suites, read as far as they are asked for.

    Args:
        project_id: the project.
        suite_id: the suite, ``None`` for the only one of the project.
        name_field: field of a case that holds the name of its test, if there is one.
    """

    def __init__(
        self, project_id: int, suite_id: int | None, name_field: str | None = None
    ) -> None:
        self._project_id = project_id
        self._suite_id = suite_id
        self._name_field = name_field
        self._ids: set[int] = set()
        self._names: dict[str, int] = {}
        self._offset = 0
        self._pages_read = 0
        self._more = True
        self._first: int | None = None

    @property
    def complete(self) -> bool:
        """Whether the whole listing was read."""
        return not self._more

    def unseen(
        self, rail: TestRail, case_ids: Iterable[int], beat: Callable[[], None]
    ) -> list[int]:
        """Return those of the ids that the listing's first page does not hold.

        They do not exist where the listing is ``complete`` with it, and are in doubt otherwise.
        """
        missing = set(case_ids) - self._ids
        if missing and not self._pages_read:
            self._read_page(rail, beat)
        return sorted(missing - self._ids)

    def unknown(
        self, rail: TestRail, case_ids: Iterable[int], beat: Callable[[], None]
    ) -> list[int]:
        """Return those of the ids that do not exist, or belong to another project or suite.

        The listing is read page by page until every id was seen. Once it costs less to ask for
        those that are left one by one, that is done: 100,000 cases are 400 pages.

        Args:
            rail: where to ask.
            case_ids: what tests name.
            beat: called before every request, for whoever watches that there is progress.
        """
        missing = set(case_ids) - self._ids
        while missing and self._more:
            if len(missing) < self._pages_read:
                missing -= self._one_by_one(rail, missing, beat)
                break
            self._read_page(rail, beat)
            missing -= self._ids
        return sorted(missing)

    def named(
        self, rail: TestRail, names: Iterable[str], beat: Callable[[], None]
    ) -> dict[str, int]:
        """Return the case of each of these automation ids, as far as there is one."""
        if not self._name_field:
            return {}
        wanted = set(names)
        while self._more and not wanted <= self._names.keys():
            self._read_page(rail, beat)
        return {name: self._names[name] for name in wanted & self._names.keys()}

    def of_first(self, names: Iterable[str]) -> tuple[int, ...]:
        """Return the case of the first of these automation ids that was read with a case."""
        found = (self._names[name] for name in names if name in self._names)
        return tuple(islice(found, 1))

    def vanished(self, rail: TestRail, case_ids: Iterable[int]) -> list[int]:
        """Return those of the ids that do not exist now, whatever was read before."""
        anew = Cases(self._project_id, self._suite_id, self._name_field)
        return anew.unknown(rail, case_ids, lambda: None)

    def titles(self, rail: TestRail) -> dict[int, str]:
        """Return the title of every case; afterwards every automation id is known, too."""
        call = rail.api.cases.get_cases
        rows = rail.all(call, "cases", self._project_id, **self._filters())
        self._more = False
        return {case["id"]: str(case.get("title", "")) for case in rows if self._take(case)}

    def _filters(self) -> dict[str, int]:
        return {"suite_id": self._suite_id} if self._suite_id else {}

    def _read_page(self, rail: TestRail, beat: Callable[[], None]) -> None:
        beat()
        page, self._more = rail.page(
            rail.api.cases.get_cases,
            "cases",
            self._offset,
            self._project_id,
            **self._filters(),
        )
        self._offset += len(page)
        self._pages_read += 1
        for case in page:
            self._take(case)
        # a server that does not know offsets gives the same page again
        first, before = page[0]["id"] if page else None, self._first
        self._first = first
        self._more = self._more and first not in (None, before)

    def _take(self, case: dict[str, Any]) -> bool:
        if _deleted(case):
            return False
        self._ids.add(case["id"])
        name = str(case.get(self._name_field or "") or "").strip()
        if name:
            self._names.setdefault(name, case["id"])
        return True

    def _one_by_one(
        self, rail: TestRail, case_ids: Iterable[int], beat: Callable[[], None]
    ) -> set[int]:
        """Return those of the ids that are cases here; a case knows its suite, not its project."""
        suites = {self._suite_id} if self._suite_id else self._suites(rail)
        found = set()
        for case_id in sorted(case_ids):
            beat()
            try:
                case = rail.read(rail.api.cases.get_case, case_id)
            except BadRequest:
                continue
            if case.get("suite_id") in suites and self._take(case):
                found.add(case_id)
        return found

    def _suites(self, rail: TestRail) -> set[int]:
        answer = rail.read(rail.api.suites.get_suites, self._project_id)
        rows = answer if isinstance(answer, list) else answer.get("suites") or []
        return {suite["id"] for suite in rows}


def resolve(tests: Iterable[Test], named: Mapping[str, int]) -> list[Test]:
    """Return the tests, each with the case that the best of its automation ids stands for."""
    from msgspec.structs import replace

    resolved = []
    for test in tests:
        case_id = next((named[name] for name in test.automation_ids if name in named), None)
        resolved.append(test if case_id is None else replace(test, case_ids=(case_id,)))
    return resolved


def _deleted(case: Mapping[str, Any]) -> bool:
    return bool(case.get("is_deleted"))
