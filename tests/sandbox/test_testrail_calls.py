"""TestRail calls that succeed: what they answer and what they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Evening, Http

QA = {"Authorization": "Basic cWFAc2FuZGJveC50ZXN0OnNhbmRib3gtdGVzdHJhaWwta2V5"}
FILE = b'--x\r\nContent-Disposition: form-data; name="attachment"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n'


@pytest.fixture
def get(http: Http) -> Any:
    return lambda path: http("GET", f"/testrail/index.php?/api/v2/{path}", headers=QA).json


@pytest.fixture
def attach(http: Http) -> Any:
    headers = {**QA, "Content-Type": "multipart/form-data; boundary=x"}
    return lambda path: http("POST", f"/testrail/index.php?/api/v2/{path}", FILE, headers)


@pytest.fixture
def run(sender: Evening) -> Any:
    fields = {"suite_id": 1, "name": "n", "include_all": False, "case_ids": [1, 2, 3]}
    return sender.testrail("add_run/1", fields)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("get_project/1", "Web shop"),
        ("get_suite/2", "Accounts and API"),
        ("get_milestone/2", "Release 24.2"),
        ("get_user/2", "Jonas Berg"),
        ("get_user_by_email&email=jonas@sandbox.test", "Jonas Berg"),
    ],
)
def test_one_thing_can_be_read(get: Any, path: str, name: str) -> None:
    assert get(path)["name"] == name


def test_a_case_can_be_read(get: Any) -> None:
    assert get("get_case/1")["title"] == "Search finds a product by its exact name"


@pytest.mark.parametrize(
    ("path", "key", "count"),
    [
        ("get_projects", "projects", 3),
        ("get_sections/1&suite_id=1", "sections", 4),
        ("get_cases/1&suite_id=1&section_id=1,2", "cases", 17),
        ("get_cases/2", "cases", 3),
        ("get_milestones/1", "milestones", 2),
    ],
)
def test_many_things_come_in_pages(get: Any, path: str, key: str, count: int) -> None:
    assert len(get(path)[key]) == count


@pytest.mark.parametrize(
    ("path", "count"),
    [("get_suites/1", 2), ("get_statuses", 7), ("get_users", 3), ("get_configs/1", 2)],
)
def test_some_things_come_in_bare_lists(get: Any, path: str, count: int) -> None:
    assert len(get(path)) == count


def test_a_project_with_one_suite_needs_no_suite_id(sender: Evening) -> None:
    assert sender.testrail("add_run/2", {"name": "n"})["suite_id"] == 3


def test_update_run_keeps_results_with_their_cases(sender: Evening, get: Any, run: Any) -> None:
    results = [{"case_id": 2, "status_id": 5}]
    sender.testrail(f"add_results_for_cases/{run['id']}", {"results": results})
    changed = {"case_ids": [2, 4], "description": "less", "milestone_id": 2, "name": "new"}
    answer = sender.testrail(f"update_run/{run['id']}", changed)
    statuses = {
        each["case_id"]: each["status_id"] for each in get(f"get_tests/{run['id']}")["tests"]
    }
    assert statuses == {2: 5, 4: 3}
    assert (answer["name"], answer["description"], answer["milestone_id"]) == ("new", "less", 2)


def test_results_by_test_id(sender: Evening, get: Any, run: Any) -> None:
    first, second, _ = (each["id"] for each in get(f"get_tests/{run['id']}")["tests"])
    bulk = {"results": [{"test_id": first, "status_id": 1}]}
    assert sender.testrail(f"add_results/{run['id']}", bulk)[0]["test_id"] == first
    assert sender.testrail(f"add_result/{second}", {"status_id": 5})["test_id"] == second
    assert get(f"get_test/{second}")["status_id"] == 5


def test_results_can_be_read_by_run_case_test_and_status(
    sender: Evening, get: Any, run: Any
) -> None:
    results = [
        {"case_id": 1, "status_id": 1},
        {"case_id": 1, "status_id": 5},
        {"case_id": 2, "status_id": 1},
    ]
    stored = sender.testrail(f"add_results_for_cases/{run['id']}", {"results": results})
    paths = [
        "get_results_for_run/{0}",
        "get_results_for_run/{0}&status_id=5",
        "get_results_for_case/{0}/1",
        "get_results/{1}",
    ]
    found = [get(each.format(run["id"], stored[0]["test_id"]))["results"] for each in paths]
    assert [len(each) for each in found] == [3, 1, 2, 2]
    assert found[0][0]["id"] == stored[-1]["id"]


def test_own_fields_of_results_are_kept(sender: Evening, run: Any) -> None:
    result = {"case_id": 1, "status_id": 1, "custom_browser": "Chrome", "version": "2.0"}
    stored = sender.testrail(f"add_results_for_cases/{run['id']}", {"results": [result]})[0]
    assert (stored["custom_browser"], stored["version"]) == ("Chrome", "2.0")


def test_a_long_comment_is_cut_on_the_page_alone(
    sender: Evening, http: Http, sandbox: Any, run: Any
) -> None:
    results = [{"case_id": 1, "status_id": 5, "comment": "x" * 100_000}]
    sender.testrail(f"add_results_for_cases/{run['id']}", {"results": results})
    page = http("GET", f"/inbox/testrail/runs/{run['id']}").body
    assert b"(cut: 100000 characters in all)" in page
    assert len(page) < 60_000
    assert len(sandbox.testrail.runs[0]["results"][0]["comment"]) == 100_000


def test_attachments_are_listed_where_they_lie(
    sender: Evening, get: Any, attach: Any, run: Any
) -> None:
    result = sender.testrail(f"add_result_for_case/{run['id']}/1", {"status_id": 5})
    plan = sender.testrail("add_plan/1", {"name": "p"})
    for path in (f"run/{run['id']}", f"result/{result['id']}", "case/1", f"plan/{plan['id']}"):
        assert attach(f"add_attachment_to_{path}").status == 200
    listed = [f"run/{run['id']}", f"test/{result['test_id']}", "case/1", f"plan/{plan['id']}"]
    for path in listed:
        found = get(f"get_attachments_for_{path}")["attachments"]
        assert [(each["name"], each["size"]) for each in found] == [("a.txt", 5)]


def test_runs_can_be_filtered(sender: Evening, get: Any, run: Any) -> None:
    sender.testrail("add_run/1", {"suite_id": 2, "name": "other", "refs": "A-1, A-2"})
    sender.testrail(f"close_run/{run['id']}", {})
    filters = [
        "",
        "&is_completed=1",
        "&suite_id=2",
        "&refs_filter=A-2",
        "&created_after=9999999999",
    ]
    counts = [len(get(f"get_runs/1{each}")["runs"]) for each in filters]
    assert counts == [2, 1, 1, 1, 0]


def test_a_plan_can_be_changed_entry_by_entry(sender: Evening, get: Any) -> None:
    entries = [{"suite_id": 1, "include_all": False, "case_ids": [1]}]
    plan = sender.testrail("add_plan/1", {"name": "p", "entries": entries, "milestone_id": 2})
    entry = plan["entries"][0]
    path = f"update_plan_entry/{plan['id']}/{entry['id']}"
    changed = sender.testrail(path, {"name": "new", "case_ids": [1, 2]})
    sender.testrail(f"update_plan/{plan['id']}", {"description": "d"})
    shown = get(f"get_plan/{plan['id']}")
    assert (changed["name"], shown["description"], shown["untested_count"]) == ("new", "d", 2)
    assert [each["name"] for each in get("get_plans/1")["plans"]] == ["p"]
    assert entry["runs"][0]["milestone_id"] == 2


def test_a_run_takes_configurations_of_its_entry_only(sender: Evening) -> None:
    plan = sender.testrail("add_plan/1", {"name": "p"})
    entry = {"suite_id": 1, "config_ids": [1], "runs": [{"config_ids": [2]}]}
    answer = sender.testrail(f"add_plan_entry/{plan['id']}", entry)
    assert answer["error"] == "Field :config_ids contains one or more invalid configurations."


def test_a_seed_can_require_fields(http: Http) -> None:
    from qlty.sandbox import _seed
    from qlty.sandbox._store import Store
    from qlty.sandbox.testrail import _catalogue, _requests, _results, _runs

    seed = {**_seed.load()["testrail"], "required_result_fields": ["version"]}
    store = Store()
    runs = _runs.Runs(_catalogue.Catalogue(seed), store, lambda: 0.0)
    with pytest.raises(_requests.TestRailError, match=r"Results\.version is now a required field"):
        _results.Results(runs, store).checked({"status_id": 1})
