"""Cases that name their tests, in a TestRail whose cases have such a field."""

from __future__ import annotations

import json

import pytest

from qlty.sandbox import start
from qlty.settings import current, install

NAMES = [
    "tests/test_pay.py::TestCard::test_pay",
    "tests.test_pay.TestCard.test_refund",
    "pay.visa",
    " tests/test_ship.py::test_ship[express] ",
    "",
]


@pytest.fixture(scope="module", params=[True, False], ids=["pages", "old server"])
def named_sandbox(tmp_path_factory, request):
    cases = [{"title": f"Case {name}", "custom_automation_id": name} for name in NAMES]
    sections = [{"name": "All", "cases": cases}]
    project = {
        "id": 1,
        "name": "Shop",
        "suite_mode": 1,
        "suites": [{"id": 1, "name": "Shop", "sections": sections}],
    }
    seed = tmp_path_factory.mktemp("seed") / "seed.yaml"
    seed.write_text(json.dumps({"testrail": {"projects": [project], "paginated": request.param}}))
    with start("--seed", str(seed)) as sandbox:
        yield sandbox


@pytest.fixture
def project(named_sandbox, make_project):
    named_sandbox.reset()
    before = current()
    yield make_project(named_sandbox).use(AUTOMATION_ID_FIELD="custom_automation_id", SUITE_ID="")
    install(before)


def cases_and_tests(project):
    (run,) = project.sandbox.testrail.runs
    return {r["case_id"]: r["comment"].split(" (")[0] for r in run["results"]}


def test_node_id_and_dotted_name_find_their_case(project, ended):
    project.run(
        ended([], nodeid="tests/test_pay.py::TestCard::test_pay"),
        ended([], nodeid="tests/test_pay.py::TestCard::test_refund"),
        ended([], nodeid="tests/test_pay.py::TestCard::test_nobody_knows"),
    ).end()
    assert cases_and_tests(project) == {
        1: "passed: tests/test_pay.py::TestCard::test_pay",
        2: "passed: tests/test_pay.py::TestCard::test_refund",
    }


def test_the_markers_automation_id_finds_its_case(project, ended, marker):
    mark = marker(automation_id="pay.visa")
    project.run(ended([], nodeid="t.py::test_x", markers=[mark])).end()
    assert cases_and_tests(project) == {3: "passed: t.py::test_x"}


def test_parameters_without_a_case_of_their_own_are_lines_of_one(project, ended):
    name = "tests/test_pay.py::TestCard::test_pay"
    project.run(ended([], nodeid=f"{name}[1]"), ended([], "failed", nodeid=f"{name}[2]")).end()
    (run,) = project.sandbox.testrail.runs
    (result,) = run["results"]
    assert (result["case_id"], result["status_id"]) == (1, 5)
    assert result["comment"].startswith(f"1 of 2 tests failed:\n- failed: {name}[2]")


def test_a_parameter_with_a_case_of_its_own_has_that(project, ended):
    project.run(ended([], nodeid="tests/test_ship.py::test_ship[express]")).end()
    assert list(cases_and_tests(project)) == [4]


def test_a_test_with_an_id_is_not_looked_for_by_name(project, ended):
    project.run(ended([5], nodeid="tests/test_pay.py::TestCard::test_pay")).end()
    assert list(cases_and_tests(project)) == [5]


def test_where_no_case_names_a_test_no_run_is_made(project, ended):
    sent = project.run(ended([], nodeid="t.py::test_x")).end()
    assert project.sandbox.testrail.runs == []
    assert sent.text == "nothing was sent: no result belongs to a case"


def test_live_parameters_of_one_case_arrive_as_one(project, ended):
    name = "tests/test_pay.py::TestCard::test_pay"
    run = project.use(LIVE=True).run()
    run.integration._live._every = 0
    for nodeid, status in ((f"{name}[1]", "failed"), (f"{name}[2]", "passed")):
        run.integration.on_test_end(*ended([], status, nodeid=nodeid))
    run.end()
    (made,) = project.sandbox.testrail.runs
    assert {test["case_id"]: test["status_id"] for test in made["tests"]} == {1: 5}


def test_a_plan_in_a_project_with_one_suite_needs_no_suite_id(project, ended):
    plan = project.run().integration._rail().api.plans.add_plan(1, "Release 7").json()["id"]
    project.use(PLAN_ID=plan).run(ended([2])).end()
    assert project.sandbox.testrail.runs[0]["plan_id"] == plan
    project.use(PLAN_ID="")
