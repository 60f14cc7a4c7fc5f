"""A project whose cases take many pages: they are read only where one of them does not exist."""

from __future__ import annotations

import json

import pytest

from qlty.classes.integrations._testrail import target as targets
from qlty.errors import AnswerLost, Refused
from qlty.sandbox import start

CASES = 900
LAST = CASES  # ids begin with 1


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    titles = [f"Case {number}" for number in range(CASES)]
    suites = [{"id": 1, "name": "Shop", "sections": [{"name": "All", "cases": titles}]}]
    project = {"id": 1, "name": "Shop", "suite_mode": 1, "suites": suites}
    seed = tmp_path_factory.mktemp("seed") / "seed.yaml"
    seed.write_text(json.dumps({"testrail": {"projects": [project]}}))
    with start("--seed", str(seed)) as sandbox:
        yield sandbox


@pytest.fixture
def project(large, make_project):
    large.reset()
    return make_project(large).use(SUITE_ID="", ATTACH_LOG=False)


def made(project, run):
    """Return the calls of the delivery of a run."""
    before = len(project.sandbox.calls)
    sent = run.end()
    return sent, [call["call"] for call in project.sandbox.calls[before:]]


def test_a_healthy_delivery_reads_one_page_of_cases(project, ended):
    run = project.run(*(ended([case_id]) for case_id in range(1, LAST + 1)))
    sent, calls = made(project, run)
    assert calls == ["get_cases", "add_run", "add_results_for_cases"]
    assert sent.text == f"run R1: {CASES} results"


def test_unknown_cases_are_found_before_the_run_is_made_and_named(project, ended):
    run = project.run(ended([LAST]), ended([90_001]), ended([90_002]))
    sent, _ = made(project, run)
    (only,) = project.sandbox.testrail.runs
    assert [result["case_id"] for result in only["results"]] == [LAST]
    assert sent.notes == ("cases that do not exist: C90001, C90002",)


def test_without_a_single_known_case_no_run_is_made(project, ended):
    sent, _ = made(project, project.run(ended([90_001])))
    assert project.sandbox.testrail.runs == []
    assert sent.text == "nothing was sent: no result belongs to a case"
    assert sent.notes == ("cases that do not exist: C90001",)


def test_a_server_that_leaves_unknown_cases_out_without_a_word_is_found_out(
    project, ended, monkeypatch
):
    create = targets.create

    def lenient(rail, target, case_ids):
        return create(rail, target, [case_id for case_id in case_ids if case_id <= LAST])

    monkeypatch.setattr(targets, "create", lenient)
    sent, calls = made(project, project.run(ended([LAST]), ended([90_001])))
    assert sent.notes == ("cases that do not exist: C90001",)
    assert calls.count("add_results_for_cases") == 1


def test_a_live_run_that_is_extended_by_an_unknown_case_gets_the_others(project, ended):
    run = project.use(LIVE=True).run(ended([LAST]))
    run.integration._send_live()
    run.desk.send_all()
    for case, result in (ended([LAST - 1]), ended([90_001])):
        run.results[case.nodeid] = {case.name: result}
        run.integration.on_test_end(case, result)
    sent, _ = made(project, run)
    (only,) = project.sandbox.testrail.runs
    assert {result["case_id"] for result in only["results"]} == {LAST, LAST - 1}
    assert sent.notes == ("cases that do not exist: C90001",)


@pytest.mark.parametrize("extend", [False, True])
def test_what_an_existing_run_lacks_and_what_does_not_exist_are_told_apart(project, ended, extend):
    made(project, project.run(ended([LAST])))
    run = project.use(RUN_ID=1, EXTEND_RUN=extend).run(
        ended([LAST]), ended([LAST - 1]), ended([90_001])
    )
    sent, _ = made(project, run)
    lacking = [] if extend else [f"left out C{LAST - 1}: it is not in run R1"]
    assert sent.notes == ("cases that do not exist: C90001", *lacking)


def test_after_an_answer_that_did_not_come_fewer_results_are_sent_at_once(project, ended):
    run = project.run(*(ended([case_id]) for case_id in range(1, LAST + 1)))
    run.end(send=False)
    project.sandbox.chaos({"testrail/add_results_for_cases": {"mode": "reset", "times": 1}})
    with pytest.raises(AnswerLost):
        run.desk.send()
    run.desk.new_process()
    before = len(project.sandbox.calls)
    run.desk.send()
    calls = [call["call"] for call in project.sandbox.calls[before:]]
    assert calls.count("add_results_for_cases") == 4
    assert len(project.sandbox.testrail.runs[0]["results"]) == CASES


def test_a_few_bad_results_that_are_not_named_cost_the_others_nothing(project, ended):
    run = project.run(*(ended([case_id]) for case_id in range(1, LAST + 1)))
    run.end(send=False)
    bad = {5, 400, 401, 800}
    for case_id in bad:
        run.desk.jobs[0].payload["tests"][case_id - 1]["values"] = {"assignedto_id": 999}
    sent = run.desk.send()
    stored = {result["case_id"] for result in project.sandbox.testrail.runs[0]["results"]}
    assert stored == set(range(1, LAST + 1)) - bad
    assert sent.notes[0].startswith("left out C5, C400, C401, C800: TestRail answered 400")


def test_a_refusal_of_everything_is_found_out_in_few_calls(project, ended):
    run = project.run(*(ended([case_id]) for case_id in range(1, LAST + 1)))
    run.end(send=False)
    project.sandbox.chaos({"testrail/add_results_for_cases": {"status": 400}})
    before = len(project.sandbox.calls)
    with pytest.raises(Refused, match="TestRail answered 400"):
        run.desk.send()
    assert len(project.sandbox.calls) - before < 60
