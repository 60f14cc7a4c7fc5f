"""Results while the run goes on."""

from __future__ import annotations

import pytest

LIVE = {"LIVE": True, "LIVE_EVERY": 1}


@pytest.fixture
def live(project, ended):
    """A live run of which every delivery is due at once."""

    def start(*tests, **settings):
        run = project.use(**LIVE, **settings).run()
        run.integration.settings
        run.integration._live._every = 0
        for case, result in tests:
            run.integration.on_test_end(case, result)
            run.results.setdefault(case.nodeid, {})[case.name] = result
        return run

    return start


def the_run(project):
    (run,) = project.sandbox.testrail.runs
    return run


def statuses(project):
    return {test["case_id"]: test["status_id"] for test in the_run(project)["tests"]}


def test_every_delivery_goes_into_the_same_run(live, project, ended):
    run = live(ended([1]), ended([2], "failed"), ended([3]))
    assert len(run.desk.jobs) == 3
    run.desk.send_all()
    assert statuses(project) == {1: 1, 2: 5, 3: 1}


def test_later_deliveries_read_the_listing_of_cases_no_second_time(live, project, ended):
    run = live(ended([1]), ended([2]), ended([3]))
    run.desk.send_all()
    assert sum(call["call"] == "get_cases" for call in project.sandbox.calls) == 1


def test_the_end_sends_only_what_is_left(live, project, ended):
    run = live(ended([1]), ended([2]))
    run.end()
    assert len(run.desk.jobs) == 2
    assert len(the_run(project)["results"]) == 2
    assert run.context["testrail_run_id"] == the_run(project)["id"]


def test_only_the_last_delivery_says_what_arrived(live, project, ended):
    run = live(ended([1]), ended([2]), ended([2], nodeid="t.py::again"))
    run.integration._live._every = 1000
    case, result = ended([3])
    run.results[case.nodeid] = {case.name: result}
    run.integration.on_test_end(case, result)
    run.end()
    assert [sent.text for sent in run.desk.sent.values()] == [
        *[""] * 3,
        "run R1: live, results of 3 cases",
    ]


def test_a_case_never_looks_better_than_it_is(live, project, ended):
    run = live(ended([1], "failed", nodeid="t.py::a[1]"), ended([1], nodeid="t.py::a[2]"))
    run.end()
    assert statuses(project) == {1: 5}
    assert "1 of 2 tests failed" in the_run(project)["results"][-1]["comment"]


def test_a_new_process_finds_the_run_and_doubles_nothing(live, project, ended):
    run = live(ended([1]), ended([2]), ended([3]))
    for job in run.desk.jobs:
        run.desk.new_process()
        run.desk.send(job)
    assert statuses(project) == {1: 1, 2: 1, 3: 1}
    assert len(the_run(project)["results"]) == 3


def test_a_run_that_was_killed_is_continued_without_a_result_twice(live, project, ended):
    killed = live(ended([1]), ended([2], "failed"))
    killed.desk.send_all()
    recovered = project.run(start=False)
    case, result = ended([3])
    recovered.results = {**killed.results, case.nodeid: {case.name: result}}
    recovered.desk.new_process()
    recovered.end()
    assert statuses(project) == {1: 1, 2: 5, 3: 1}
    assert len(the_run(project)["results"]) == 3


def test_the_run_is_closed_at_the_end_only(live, project, ended):
    run = live(ended([1]), ended([2]), CLOSE_RUN=True)
    run.desk.send_all()
    assert not the_run(project)["is_completed"]
    run.end()
    assert the_run(project)["is_completed"]


def test_a_live_run_with_an_unknown_case_stays_open(live, project, ended):
    run = live(ended([1]), ended([90001]), CLOSE_RUN=True)
    sent = run.end()
    assert not the_run(project)["is_completed"]
    assert sent.notes == ("the run stays open: 1 result could not be stored",)


def test_results_appear_in_a_plan_too(live, project, ended):
    plan = project.run().integration._rail().api.plans.add_plan(1, "Release 7").json()["id"]
    run = live(ended([1]), ended([2]), PLAN_ID=plan)
    for job in run.desk.jobs:
        run.desk.new_process()
        run.desk.send(job)
    assert statuses(project) == {1: 1, 2: 1}


def test_deliveries_are_some_seconds_apart(project, ended):
    run = project.use(LIVE=True, LIVE_EVERY=3600).run()
    for case, result in (ended([1]), ended([2])):
        run.integration.on_test_end(case, result)
    assert run.desk.jobs == []
    run.end()
    assert len(run.desk.jobs) == 1
