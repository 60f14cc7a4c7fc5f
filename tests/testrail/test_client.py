"""One call and what may follow its failure, over a socket."""

from __future__ import annotations

import logging
import socket

import pytest

from qlty.classes.integrations._testrail.client import BadRequest, TestRail, named_case
from qlty.errors import AnswerLost, Refused, RetryLater


@pytest.fixture
def rail(project):
    waited = []
    rail = TestRail(project.run().integration.settings, waited.append)
    rail.waited = waited
    yield rail
    rail.close()


def read(rail):
    return rail.read(rail.api.projects.get_project, 1)


def write(rail):
    return rail.write(
        rail.api.runs.add_run, 1, suite_id=1, name="x", include_all=False, case_ids=[1]
    )


UNCERTAIN = [
    {"mode": "drop"},
    {"mode": "reset"},
    {"status": 500},
    {"status": 408},
    {"status": 503},
    {"status": 504},
    {"mode": "html"},
]


@pytest.mark.parametrize("rule", UNCERTAIN, ids=str)
def test_a_write_without_an_answer_may_have_been_carried_out(rail, project, rule):
    project.sandbox.chaos({"testrail/add_run": rule})
    with pytest.raises(AnswerLost):
        write(rail)


@pytest.mark.parametrize("rule", UNCERTAIN, ids=str)
def test_a_read_without_an_answer_is_made_again_later(rail, project, rule):
    project.sandbox.chaos({"testrail/get_project": rule})
    with pytest.raises(RetryLater):
        read(rail)


@pytest.mark.parametrize("status", [409, 425, 429])
def test_what_testrail_did_not_do_is_made_again_later(rail, project, status):
    project.sandbox.chaos({"testrail/add_run": {"status": status, "retry_after": 77}})
    with pytest.raises(RetryLater) as error:
        write(rail)
    assert error.value.after == 77


def test_a_short_wait_is_waited_here(rail, project):
    project.sandbox.chaos({"testrail/add_run": {"status": 429, "retry_after": 2, "times": 2}})
    assert write(rail)["id"] == 1
    assert rail.waited == [2, 2]


def test_short_waits_without_end_are_left_to_the_lane(rail, project):
    project.sandbox.chaos({"testrail/add_run": {"status": 429, "retry_after": 1}})
    with pytest.raises(RetryLater):
        write(rail)
    assert rail.waited == [1, 1, 1]


@pytest.mark.parametrize(("status", "kind"), [(400, BadRequest), (403, Refused), (413, BadRequest)])
def test_a_no_is_not_repeated(rail, project, status, kind):
    project.sandbox.chaos({"testrail/add_run": {"status": status}})
    with pytest.raises(kind):
        write(rail)
    assert sum(call["call"] == "add_run" for call in project.sandbox.calls) == 1


def test_a_port_where_nobody_listens_was_not_reached(project):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        rail = TestRail(project.use(BASE_URL=address).run(start=False).integration.settings)
        with pytest.raises(RetryLater, match=r"TestRail was not reached: .*refused") as error:
            write(rail)
    assert "HTTPConnection" not in error.value.reason


def test_a_connection_that_is_cut_is_told_in_words(rail, project):
    project.sandbox.chaos({"testrail/add_run": {"mode": "reset"}})
    with pytest.raises(AnswerLost, match="TestRail did not answer: ") as error:
        write(rail)
    assert "(" not in error.value.reason


def test_a_page_in_the_place_of_json_is_told_without_its_markup(rail, project):
    project.sandbox.chaos({"testrail/get_project": {"mode": "html"}})
    with pytest.raises(RetryLater, match="not the answer of TestRail's API: HTTP 200: Sorry"):
        read(rail)


def test_a_host_that_does_not_exist_was_not_reached(project):
    address = "https://no-such-host.invalid"
    rail = TestRail(project.use(BASE_URL=address).run(start=False).integration.settings)
    with pytest.raises(RetryLater):
        write(rail)


def test_a_listing_is_read_to_its_end(rail, project):
    cases = rail.all(rail.api.cases.get_cases, "cases", 1, suite_id=1)
    assert [c["id"] for c in cases] == [
        c["id"] for c in project.sandbox.testrail.cases if c["suite_id"] == 1
    ]


def test_the_clients_log_stays_silent(rail, project, caplog):
    caplog.set_level(logging.DEBUG)
    project.sandbox.chaos({"testrail/get_project": {"status": 400}})
    with pytest.raises(BadRequest):
        read(rail)
    assert [record for record in caplog.records if record.name == "testrail_api"] == []


@pytest.mark.parametrize(
    ("said", "case_id"),
    [
        (
            "Field :results contains one or more invalid results (case C347 unknown or not part)",
            347,
        ),
        ("Field :case_id 12 is not a valid test case.", 12),
        ("case 5 is gone", 5),
        ("Field :results.version is now a required field", None),
        ("Field :case_ids contains invalid cases", None),
    ],
)
def test_the_case_that_a_refusal_names_is_found(said, case_id):
    assert named_case(BadRequest(said)) == case_id
