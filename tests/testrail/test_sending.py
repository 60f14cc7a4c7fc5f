"""One delivery against the sandbox's TestRail, over a socket."""

from __future__ import annotations

import pytest

from qlty.classes.integrations._testrail.limits import UNTESTED_ID
from qlty.errors import AnswerLost, Refused, RetryLater


def runs(project):
    return project.sandbox.testrail.runs


def calls(project, name=None):
    made = [call["call"] for call in project.sandbox.calls if call["service"] == "testrail"]
    return [call for call in made if call == name] if name else made


def statuses(run):
    return {test["case_id"]: test["status_id"] for test in run["tests"]}


def test_a_run_is_made_with_the_cases_of_its_tests_and_their_results(project, ended):
    sent = project.run(ended([1]), ended([2], "failed"), ended([3, 4])).end()
    (run,) = runs(project)
    assert statuses(run) == {1: 1, 2: 5, 3: 1, 4: 1}
    assert sent.text == f"run R{run['id']}: 4 results"
    assert sent.notes == ()


def test_others_learn_number_and_address_of_the_run(project, ended):
    run = project.run(ended([1]))
    run.end()
    (made,) = runs(project)
    assert run.context["testrail_run_id"] == made["id"]
    assert run.context["testrail_run_url"].endswith(f"/index.php?/runs/view/{made['id']}")


def test_name_and_description_say_what_ran(project, ended):
    project.run(ended([1])).end()
    (run,) = runs(project)
    assert run["name"] == "shop 2026-03-04 05:06"
    assert run["description"] == "CI job: https://ci.test/7\n\nQLTY run 20260304-050600-abcdef"


def test_templates_name_and_describe_the_run(project, ended):
    project.use(NAME="{project} on {environment} {run_id}", DESCRIPTION="from {host}")
    project.run(ended([1])).end()
    (run,) = runs(project)
    assert run["name"] == "shop on 20260304-050600-abcdef"
    assert run["description"] == "from \n\nQLTY run 20260304-050600-abcdef"


def test_a_healthy_delivery_takes_three_round_trips(project, ended):
    run = project.run(ended([1]), ended([2]))
    before = len(calls(project))
    run.end()
    assert calls(project)[before:] == ["get_cases", "add_run", "add_results_for_cases"]


def test_unknown_cases_are_found_before_the_run_and_named(project, ended):
    sent = project.run(ended([1]), ended([90001]), ended([90002])).end()
    (run,) = runs(project)
    assert statuses(run) == {1: 1}
    assert sent.notes == ("cases that do not exist: C90001, C90002",)
    assert all(call["ok"] for call in project.sandbox.calls)


def test_a_case_of_another_suite_is_foreign(project, ended):
    foreign = next(case["id"] for case in project.sandbox.testrail.cases if case["suite_id"] == 2)
    sent = project.run(ended([1]), ended([foreign])).end()
    assert sent.notes == (f"cases that do not exist: C{foreign}",)


def test_without_a_single_known_case_no_run_is_made(project, ended):
    sent = project.run(ended([90001])).end()
    assert runs(project) == []
    assert sent.text == "nothing was sent: no result belongs to a case"


def test_skipped_tests_are_left_out(project, ended):
    project.run(ended([1]), ended([2], "skipped")).end()
    assert statuses(runs(project)[0]) == {1: 1}


def test_skipped_tests_may_have_a_status_of_the_site(project, ended):
    project.use(STATUSES={"skipped": "skipped", "xfailed": "known_issue"})
    project.run(ended([1], "skipped"), ended([2], "skipped", outcome="xfailed")).end()
    assert statuses(runs(project)[0]) == {1: 6, 2: 7}


def test_several_tests_of_a_case_are_one_result_with_a_line_for_each(project, ended):
    project.run(
        ended([1], nodeid="t.py::test_a[1]"),
        ended([1], "failed", nodeid="t.py::test_a[2]"),
        ended([1], nodeid="t.py::test_a[3]"),
    ).end()
    (result,) = runs(project)[0]["results"]
    assert result["status_id"] == 5
    assert result["comment"].startswith("1 of 3 tests failed:\n- failed: t.py::test_a[2]")
    assert result["elapsed"] == "3s"


def test_marker_and_settings_give_version_defects_and_fields(project, ended, marker):
    project.use(VERSION="2.0", FIELDS={"custom_browser": "chrome"})
    mark = marker(1, version="2.1", defects=["A-1", "A-2"], custom_os="linux")
    project.run(ended([1], "failed", markers=[mark])).end()
    (result,) = runs(project)[0]["results"]
    assert (result["version"], result["defects"]) == ("2.1", "A-1, A-2")
    assert (result["custom_browser"], result["custom_os"]) == ("chrome", "linux")


def test_ten_thousand_characters_of_failure_are_cut(project, ended):
    project.run(ended([1], "failed", message="first line\n" + "x" * 10_000 + "\nlast line")).end()
    (result,) = runs(project)[0]["results"]
    assert len(result["comment"]) <= 4000
    assert "first line" in result["comment"]
    assert "last line" in result["comment"]


def test_many_results_go_in_chunks(project, ended):
    known = [case["id"] for case in project.sandbox.testrail.cases if case["suite_id"] == 1]
    message = "y" * 3_500
    tests = [ended([case_id], "failed", message=message) for case_id in known]
    project.run(*tests).end()
    assert len(runs(project)[0]["results"]) == len(known)
    assert len(calls(project, "add_results_for_cases")) == 1


def test_the_run_is_closed_when_everything_was_stored(project, ended):
    project.use(CLOSE_RUN=True).run(ended([1])).end()
    assert runs(project)[0]["is_completed"]


def test_the_run_stays_open_when_a_result_could_not_be_stored(project, ended):
    sent = project.use(CLOSE_RUN=True).run(ended([1]), ended([90001])).end()
    assert not runs(project)[0]["is_completed"]
    assert sent.notes[-1] == "the run stays open: 1 result could not be stored"


# -- where


def test_refs_and_milestone_are_given_to_the_run(project, ended):
    project.use(REFS="SHOP-1,SHOP-2", MILESTONE_ID=1).run(ended([1])).end()
    (run,) = runs(project)
    assert (run["refs"], run["milestone_id"]) == ("SHOP-1,SHOP-2", 1)


def test_a_second_delivery_may_go_into_an_existing_run(project, ended):
    first = project.run(ended([1]), ended([2]))
    first.end()
    number = first.context["testrail_run_id"]
    second = project.use(RUN_ID=number).run(ended([1], "failed"))
    second.end()
    assert statuses(runs(project)[0]) == {1: 5, 2: 1}
    assert second.context["testrail_run_id"] == number
    assert len(runs(project)) == 1


def test_a_case_that_an_existing_run_lacks_is_named(project, ended):
    first = project.run(ended([1]))
    first.end()
    number = first.context["testrail_run_id"]
    sent = project.use(RUN_ID=number).run(ended([1]), ended([2])).end()
    assert sent.notes == (f"left out C2: it is not in run R{number}",)
    assert statuses(runs(project)[0]) == {1: 1}


def test_a_case_that_an_existing_run_lacks_is_added_if_asked(project, ended):
    first = project.run(ended([1]))
    first.end()
    project.use(RUN_ID=first.context["testrail_run_id"], EXTEND_RUN=True).run(ended([2])).end()
    assert statuses(runs(project)[0]) == {1: 1, 2: 1}


def a_plan(project):
    api = project.run().integration._rail().api
    return api.plans.add_plan(1, "Release 7").json()["id"]


def test_a_run_is_made_in_a_plan_with_its_configurations(project, ended):
    project.use(PLAN_ID=a_plan(project), CONFIG_IDS="1,3").run(ended([1])).end()
    (run,) = runs(project)
    assert run["plan_id"] == project.sandbox.testrail.plans[0]["id"]
    assert run["config_ids"] == [1, 3]
    assert statuses(run) == {1: 1}


def test_a_plan_is_closed_when_everything_was_stored(project, ended):
    project.use(PLAN_ID=a_plan(project), CLOSE_PLAN=True).run(ended([1])).end()
    assert project.sandbox.testrail.plans[0]["is_completed"]


@pytest.mark.parametrize("configs", ["", "1,3"])
def test_an_existing_run_of_a_plan_is_extended_by_the_calls_of_plans(project, ended, configs):
    project.use(PLAN_ID=a_plan(project), CONFIG_IDS=configs)
    first = project.run(ended([1]))
    first.end()
    project.use(PLAN_ID="", CONFIG_IDS="", RUN_ID=first.context["testrail_run_id"], EXTEND_RUN=True)
    project.run(ended([2])).end()
    assert statuses(runs(project)[0]) == {1: 1, 2: 1}


# -- what goes wrong

IDS = range(1, 31)


def test_a_case_that_is_deleted_meanwhile_costs_the_others_nothing(project, ended):
    run = project.run(ended([1]), ended([2]), ended([3]))
    run.end(send=False)
    job = run.desk.jobs[0]
    job.checkpoint.update(unknown=[], named={}, checked=True)
    job.payload["tests"].append({**job.payload["tests"][0], "nodeid": "x", "case_ids": [90001]})
    sent = run.desk.send()
    assert statuses(runs(project)[0]) == {1: 1, 2: 1, 3: 1}
    assert sent.notes[0].startswith("left out C90001: TestRail answered 400")


@pytest.mark.parametrize("step", ["add_run", "add_results_for_cases", "close_run"])
@pytest.mark.parametrize("same_process", [True, False])
def test_a_lost_answer_doubles_nothing(project, ended, step, same_process):
    run = project.use(CLOSE_RUN=True).run(ended([1]), ended([2], "failed"))
    run.end(send=False)
    project.sandbox.chaos({f"testrail/{step}": {"mode": "drop", "times": 1}})
    with pytest.raises(AnswerLost):
        run.desk.send()
    if not same_process:
        run.desk.new_process()
    run.desk.send()
    (made,) = runs(project)
    assert statuses(made) == {1: 1, 2: 5}
    assert len(made["results"]) == 2
    assert made["is_completed"]


@pytest.mark.parametrize("step", ["add_run", "add_results_for_cases"])
def test_a_lost_answer_is_asked_for_although_the_first_question_fails(project, ended, step):
    run = project.run(ended([1]), ended([2]))
    run.end(send=False)
    project.sandbox.chaos({f"testrail/{step}": {"mode": "drop", "times": 1}})
    with pytest.raises(AnswerLost):
        run.desk.send()
    for _ in range(2):
        run.desk.new_process()
        project.sandbox.chaos({"testrail/get_r*": {"mode": "reset", "times": 1}})
        with pytest.raises(RetryLater):
            run.desk.send()
    run.desk.new_process()
    run.desk.send()
    (made,) = runs(project)
    assert len(made["results"]) == 2


def with_result(project):
    (run,) = runs(project)
    return {case_id for case_id, status_id in statuses(run).items() if status_id != UNTESTED_ID}


def attempts(run, most=8):
    """Send until it arrives; return what that gave and how many attempts failed."""
    for failed in range(most):
        try:
            return run.desk.send(), failed
        except AnswerLost:
            run.desk.new_process()
    return None, most


@pytest.mark.parametrize("bad", [[7], [1, 30], [3, 4, 5]])
def test_results_at_which_testrail_fails_cost_the_others_nothing_and_are_named(project, ended, bad):
    marked = [ended([n], message="<bad>" if n in bad else "", status="failed") for n in IDS]
    run = project.run(*marked)
    run.end(send=False)
    project.sandbox.chaos({"testrail/add_results*": {"status": 500, "containing": "<bad>"}})
    sent, failed = attempts(run)
    assert with_result(project) == {*IDS} - {*bad}
    names = ", ".join(f"C{case_id}" for case_id in bad)
    (note,) = sent.notes
    assert note.startswith(f"left out {names}: TestRail answered 500")
    assert failed == 1


def test_a_testrail_that_fails_at_everything_for_a_while_gets_every_result_in_one_call(
    project, ended
):
    run = project.run(*(ended([n]) for n in IDS))
    run.end(send=False)
    project.sandbox.chaos({"testrail/add_results*": {"status": 500}})
    assert attempts(run, 3) == (None, 3)
    project.sandbox.chaos({})
    before = len(calls(project, "add_results_for_cases"))
    sent, _ = attempts(run)
    assert with_result(project) == {*IDS}
    assert len(calls(project, "add_results_for_cases")) == before + 1
    assert sent.notes == ()


def test_the_only_result_is_kept_for_a_testrail_that_fails(project, ended):
    run = project.run(ended([1]))
    run.end(send=False)
    project.sandbox.chaos({"testrail/add_results*": {"status": 500}})
    assert attempts(run, 3) == (None, 3)
    project.sandbox.chaos({})
    attempts(run)
    assert statuses(runs(project)[0]) == {1: 1}


def test_a_failure_that_comes_after_the_results_were_stored_doubles_none(project, ended):
    run = project.run(*(ended([n]) for n in IDS))
    run.end(send=False)
    project.sandbox.chaos({"testrail/add_results*": {"status": 500, "commit": True, "times": 2}})
    sent, _ = attempts(run)
    assert len(runs(project)[0]["results"]) == len(IDS)
    assert sent.notes == ()


@pytest.mark.parametrize("status", [429, 409])
def test_what_was_not_carried_out_is_simply_made_again(project, ended, status):
    run = project.run(ended([1]))
    run.end(send=False)
    project.sandbox.chaos(
        {"testrail/add_results_for_cases": {"status": status, "retry_after": 60, "times": 1}}
    )
    with pytest.raises(RetryLater) as error:
        run.desk.send()
    assert error.value.after == 60
    before = len(calls(project))
    run.desk.send()
    assert "get_results_for_run" not in calls(project)[before:]
    assert len(runs(project)[0]["results"]) == 1


def test_an_error_page_of_a_proxy_is_shown_short(project, ended):
    run = project.run(ended([1]))
    run.end(send=False)
    project.sandbox.chaos({"testrail/add_run": {"mode": "html", "status": 502, "times": 1}})
    with pytest.raises(AnswerLost) as error:
        run.desk.send()
    assert "<" not in error.value.reason
    assert len(error.value.reason) < 300


def test_a_required_field_that_is_missing_is_refused_in_testrails_words(
    project, ended, monkeypatch
):
    run = project.run(ended([1]))
    run.end(send=False)
    run.desk.jobs[0].payload["values"] = {"assignedto_id": 999}
    with pytest.raises(Refused, match="assignedto_id is not a valid user"):
        run.desk.send()


def test_one_bad_result_that_is_not_named_costs_the_others_nothing(project, ended, marker):
    tests = [ended([case_id]) for case_id in range(1, 20)]
    run = project.run(*tests)
    run.end(send=False)
    run.desk.jobs[0].payload["tests"][6]["values"] = {"assignedto_id": 999}
    sent = run.desk.send()
    assert set(statuses(runs(project)[0]).items()) >= {(c, 1) for c in range(1, 20) if c != 7}
    assert len(runs(project)[0]["results"]) == 18
    assert "left out C7" in sent.notes[0]


def test_a_closed_run_is_refused_with_its_number(project, ended):
    first = project.use(CLOSE_RUN=True).run(ended([1]))
    first.end()
    number = first.context["testrail_run_id"]
    second = project.use(RUN_ID=number).run(ended([1]), start=False)
    second.end(send=False)
    with pytest.raises(Refused, match=f"run R{number} is closed"):
        second.desk.send()
