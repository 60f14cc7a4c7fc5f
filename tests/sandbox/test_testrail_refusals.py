"""Each refusal of TestRail, with its status and its text."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Http, Reply


def basic(user: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode()}


QA = basic("qa@sandbox.test", "sandbox-testrail-key")


def get(http: Http, path: str) -> Reply:
    return http("GET", f"/testrail/index.php?/api/v2/{path}", headers=QA)


def post(http: Http, path: str, data: object) -> Reply:
    return http("POST", f"/testrail/index.php?/api/v2/{path}", data, QA)


@pytest.fixture
def run(http: Http) -> int:
    data = {"suite_id": 1, "name": "Nightly", "include_all": False, "case_ids": [1, 2, 3]}
    return int(post(http, "add_run/1", data).json["id"])


RESULTS: dict[str, tuple[object, str]] = {
    "unknown case": (
        [{"case_id": 1, "status_id": 1}, {"case_id": 60, "status_id": 1}],
        (
            "Field :results contains one or more invalid results"
            " (case C60 unknown or not part of the test run)"
        ),
    ),
    "no results": ([], "Field :results cannot be empty but no valid tests or cases found."),
    "no case": ([{"status_id": 1}], "Field :results.case_id is a required field."),
    "case as text": (
        [{"case_id": "C1", "status_id": 1}],
        "Field :results.case_id is not a valid ID.",
    ),
    "untested": (
        [{"case_id": 1, "status_id": 3}],
        "Field :results.status_id is not a valid status.",
    ),
    "unknown status": (
        [{"case_id": 1, "status_id": 99}],
        "Field :results.status_id is not a valid status.",
    ),
    "no seconds": (
        [{"case_id": 1, "status_id": 1, "elapsed": "0s"}],
        "Field :results.elapsed is not in a valid time span format.",
    ),
    "fraction of a second": (
        [{"case_id": 1, "status_id": 1, "elapsed": "0.2s"}],
        "Field :results.elapsed is not in a valid time span format.",
    ),
    "elapsed made to be slow": (
        [{"case_id": 1, "status_id": 1, "elapsed": "1w" + " " * 5000 + "x"}],
        "Field :results.elapsed is not in a valid time span format.",
    ),
    "elapsed as number": (
        [{"case_id": 1, "status_id": 1, "elapsed": 3}],
        "Field :results.elapsed is not in a valid time span format.",
    ),
    "not a list": ({"case_id": 1}, "Field :results is not in a valid format."),
}


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_bad_results_are_refused_in_testrails_words(http: Http, run: int, name: str) -> None:
    results, text = RESULTS[name]
    answer = post(http, f"add_results_for_cases/{run}", {"results": results})
    assert (answer.status, answer.json) == (400, {"error": text})


def test_one_bad_result_stores_none(http: Http, run: int, sandbox: Any) -> None:
    results = [{"case_id": 1, "status_id": 1}, {"case_id": 60, "status_id": 1}]
    post(http, f"add_results_for_cases/{run}", {"results": results})
    assert sandbox.testrail.runs[0]["results"] == []


@pytest.mark.parametrize("elapsed", ["1s", "1m 45s", "1h 1m 1s", "30s", "2d"])
def test_time_spans_are_taken(http: Http, run: int, elapsed: str) -> None:
    results = [{"case_id": 1, "status_id": 1, "elapsed": elapsed}]
    assert post(http, f"add_results_for_cases/{run}", {"results": results}).status == 200


def test_a_case_outside_the_run_has_no_active_test(http: Http, run: int) -> None:
    answer = post(http, f"add_result_for_case/{run}/60", {"status_id": 1})
    assert answer.json["error"] == "No (active) test found for the run/case combination."


RUNS: dict[str, tuple[dict[str, Any], str]] = {
    "no suite": ({"name": "n"}, "Field :suite_id is a required field."),
    "no name": ({"suite_id": 1}, "Field :name is a required field."),
    "unknown suite": ({"suite_id": 99, "name": "n"}, "Field :suite_id is not a valid test suite."),
    "unknown case": (
        {"suite_id": 1, "name": "n", "include_all": False, "case_ids": [1, 999]},
        "Field :case_ids is not a valid ID.",
    ),
    "long refs": (
        {"suite_id": 1, "name": "n", "refs": "x" * 251},
        "Field :refs is too long (250 characters at most).",
    ),
    "unknown milestone": (
        {"suite_id": 1, "name": "n", "milestone_id": 9},
        "Field :milestone_id is not a valid milestone.",
    ),
}


@pytest.mark.parametrize("name", sorted(RUNS))
def test_a_bad_run_is_refused_and_not_made(http: Http, sandbox: Any, name: str) -> None:
    fields, text = RUNS[name]
    answer = post(http, "add_run/1", fields)
    assert (answer.status, answer.json) == (400, {"error": text})
    assert sandbox.testrail.runs == []


def test_a_run_takes_every_case_by_default(http: Http, sandbox: Any) -> None:
    post(http, "add_run/1", {"suite_id": 1, "name": "n", "case_ids": [1]})
    assert len(sandbox.testrail.runs[0]["tests"]) == 34


def test_a_closed_run_takes_no_results(http: Http, run: int, sandbox: Any) -> None:
    post(http, f"close_run/{run}", {})
    answer = post(
        http, f"add_results_for_cases/{run}", {"results": [{"case_id": 1, "status_id": 1}]}
    )
    assert answer.status == 400
    assert sandbox.testrail.runs[0]["results"] == []


def test_a_closed_run_cannot_be_closed_again(http: Http, run: int) -> None:
    post(http, f"close_run/{run}", {})
    assert post(http, f"close_run/{run}", {}).status == 400


def test_a_run_in_a_plan_refuses_update_run(http: Http) -> None:
    entry = {"suite_id": 1}
    plan = post(http, "add_plan/1", {"name": "p", "entries": [entry]}).json
    run_id = plan["entries"][0]["runs"][0]["id"]
    answer = post(http, f"update_run/{run_id}", {"name": "n"})
    text = "The test run belongs to a test plan and cannot be edited independently."
    assert (answer.status, answer.json["error"]) == (400, text)
    assert post(http, f"update_run_in_plan_entry/{run_id}", {"description": "d"}).status == 200


def test_a_plan_with_a_bad_entry_is_not_made(http: Http, sandbox: Any) -> None:
    entries = [{"suite_id": 1}, {"suite_id": 99}]
    assert post(http, "add_plan/1", {"name": "p", "entries": entries}).status == 400
    assert (sandbox.testrail.plans, sandbox.testrail.runs) == ([], [])


def test_closing_a_plan_closes_its_runs(http: Http, sandbox: Any) -> None:
    plan = post(http, "add_plan/1", {"name": "p", "entries": [{"suite_id": 1}]}).json
    post(http, f"close_plan/{plan['id']}", {})
    assert sandbox.testrail.runs[0]["is_completed"] is True


def test_an_empty_attachment_is_refused(http: Http, run: int) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="attachment"; filename="a"\r\n\r\n\r\n--x--\r\n'
    headers = {**QA, "Content-Type": "multipart/form-data; boundary=x"}
    answer = http("POST", f"/testrail/index.php?/api/v2/add_attachment_to_run/{run}", body, headers)
    assert answer.json == {"error": "No file attached or upload size was exceeded."}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (basic("qa@sandbox.test", "wrong"), 401),
        (basic("other@sandbox.test", "sandbox-testrail-key"), 401),
        ({"Authorization": "Basic %%%"}, 401),
    ],
)
def test_bad_credentials_are_refused(http: Http, headers: dict[str, str], status: int) -> None:
    answer = http("GET", "/testrail/index.php?/api/v2/get_projects", headers=headers)
    assert answer.status == status


def test_a_read_only_user_may_not_add_a_run(http: Http) -> None:
    headers = basic("guest@sandbox.test", "sandbox-testrail-guest")
    answer = http(
        "POST", "/testrail/index.php?/api/v2/add_run/1", {"suite_id": 1, "name": "n"}, headers
    )
    assert answer.status == 403


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("get_nothing", 404, "Unknown method 'get_nothing'"),
        ("get_project/99", 400, "Field :project_id is not a valid or accessible project."),
        ("get_run/99", 400, "Field :run_id is not a valid test run."),
        ("get_cases/1", 400, "Field :suite_id is a required field."),
        ("get_cases/1&suite_id=1&limit=251", 400, "Field :limit must be a number from 1 to 250."),
    ],
)
def test_a_bad_read_is_refused(http: Http, path: str, status: int, text: str) -> None:
    answer = get(http, path)
    assert (answer.status, answer.json["error"]) == (status, text)


def test_pages_link_to_the_next(http: Http) -> None:
    first = get(http, "get_cases/1&suite_id=1&limit=30").json
    assert (first["size"], first["_links"]["prev"]) == (30, None)
    second = get(http, first["_links"]["next"].removeprefix("/api/v2/")).json
    assert (second["size"], second["_links"]["next"]) == (4, None)


def test_a_run_link_leads_to_the_inbox(http: Http, run: int) -> None:
    answer = http("GET", f"/testrail/index.php?/runs/view/{run}")
    assert (answer.status, answer.headers["location"]) == (307, f"/inbox/testrail/runs/{run}")
