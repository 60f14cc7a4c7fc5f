"""Listings of servers new and old: pages, bare lists, and offsets that are not known."""

from __future__ import annotations

import json

import pytest
from requests import Response

from qlty.classes.integrations._testrail.limits import PAGE
from qlty.classes.integrations._testrail.lookup import Cases


def answer(body, status=200):
    response = Response()
    response.status_code = status
    response._content = json.dumps(body).encode()
    return response


class Server:
    """Answers ``get_cases`` and ``get_case``; what stands between is the real code."""

    def __init__(self, rail, count, style):
        self.cases = [{"id": number, "suite_id": 1} for number in range(1, count + 1)]
        self.style = style
        self.calls = []
        rail.api.cases.get_cases = self.get_cases
        rail.api.cases.get_case = self.get_case
        rail.api.suites.get_suites = lambda project_id: answer([{"id": 1}])

    def get_cases(self, project_id, limit, offset):
        self.calls.append("get_cases")
        if self.style == "whole":
            return answer(self.cases)
        rows = self.cases[offset : offset + limit]
        if self.style == "cut":
            return answer(rows)
        more = offset + limit < len(self.cases)
        return answer({"cases": rows, "_links": {"next": "more" if more else None}})

    def get_case(self, case_id):
        self.calls.append("get_case")
        if case_id > len(self.cases):
            return answer({"error": "Field :case_id is not a valid test case."}, 400)
        return answer(self.cases[case_id - 1])


@pytest.fixture
def rail(project):
    rail = project.run(start=False).integration._rail()
    yield rail
    rail.close()


@pytest.mark.parametrize("style", ["pages", "cut", "whole"])
@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE])
def test_every_entry_is_read_once(rail, style, count):
    Server(rail, count, style)
    found = rail.all(rail.api.cases.get_cases, "cases", 1)
    assert [case["id"] for case in found] == list(range(1, count + 1))


@pytest.mark.parametrize("style", ["pages", "cut", "whole"])
@pytest.mark.parametrize("count", [0, PAGE, PAGE + 1])
def test_ids_that_do_not_exist_are_found(rail, style, count):
    Server(rail, count, style)
    wanted = [*range(1, count + 1), 9001, 9002]
    assert Cases(1, None).unknown(rail, wanted, lambda: None) == [9001, 9002]


def test_a_few_ids_in_a_huge_repository_are_asked_for_one_by_one(rail):
    server = Server(rail, 100 * PAGE, "pages")
    wanted = [90 * PAGE, 99 * PAGE, 99_999]
    assert Cases(1, None).unknown(rail, wanted, lambda: None) == [99_999]
    assert len(server.calls) <= 2 * len(wanted) + 2


def test_what_was_read_is_not_read_again(rail):
    server = Server(rail, 2 * PAGE, "pages")
    cases = Cases(1, None)
    cases.unknown(rail, [1, 2 * PAGE], lambda: None)
    before = len(server.calls)
    assert cases.unknown(rail, [5, PAGE + 5], lambda: None) == []
    assert len(server.calls) == before
