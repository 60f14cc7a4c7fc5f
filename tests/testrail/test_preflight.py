"""What ``on_run_start`` says before the tests, against the sandbox's TestRail."""

from __future__ import annotations

import json

import pytest

from qlty.errors import Refused, RetryLater, SettingsError


def test_a_good_project_passes_with_few_calls(project):
    project.run()
    made = [call["call"] for call in project.sandbox.calls]
    assert made == ["get_project", "get_suite", "get_statuses"]


def test_it_changes_nothing(project):
    project.use(MILESTONE_ID=1).run()
    assert all(call["call"].startswith("get_") for call in project.sandbox.calls)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PROJECT_ID": 77}, "TESTRAIL PROJECT_ID is 77"),
        ({"SUITE_ID": 77}, "TESTRAIL SUITE_ID is 77"),
        ({"SUITE_ID": ""}, "TESTRAIL SUITE_ID is not set: project 1 (Web shop) has several suites"),
        ({"PROJECT_ID": 2}, "suite 1 (Shop) belongs to project 1, not to 2"),
        ({"RUN_ID": 77}, "TESTRAIL RUN_ID is 77"),
        ({"PLAN_ID": 77}, "TESTRAIL PLAN_ID is 77"),
        ({"MILESTONE_ID": 77}, "TESTRAIL MILESTONE_ID is 77"),
        ({"STATUSES": {"skipped": "skiped"}}, "did you mean 'skipped'?"),
        ({"STATUSES": {"xfailed": "nothing like it"}}, "it has blocked, failed, known_issue"),
    ],
)
def test_what_is_not_there_is_named(project, settings, said):
    with pytest.raises(SettingsError) as error:
        project.use(**settings).run()
    assert said in str(error.value)


def test_an_unknown_configuration_is_named_with_those_that_exist(project):
    plan = project.run().integration._rail().api.plans.add_plan(1, "Release 7").json()["id"]
    with pytest.raises(SettingsError, match=r"CONFIG_IDS has 99: project 1 has 1 \(Chrome\)"):
        project.use(PLAN_ID=plan, CONFIG_IDS="1,99").run()


def test_a_closed_run_is_named(project, ended):
    first = project.use(CLOSE_RUN=True).run(ended([1]))
    first.end()
    with pytest.raises(SettingsError, match="RUN_ID: run R1 is closed"):
        project.use(RUN_ID=first.context["testrail_run_id"]).run()


def test_a_wrong_key_says_what_to_check_and_does_not_show_it(project):
    with pytest.raises(Refused, match="check TESTRAIL_USERNAME and TESTRAIL_API_KEY") as error:
        project.use(API_KEY="no-such-key-1234").run()
    assert "no-such-key" not in str(error.value)


def test_an_address_without_a_testrail_says_what_to_check(project):
    with pytest.raises(Refused, match="check TESTRAIL_BASE_URL"):
        project.use(BASE_URL=project.sandbox.url + "/nothing").run()


def test_a_login_page_instead_of_an_answer_is_told_and_results_are_kept(project, ended):
    project.sandbox.chaos({"testrail/get_project": {"mode": "html"}})
    run = project.run(ended([1]))
    assert "not the answer of TestRail's API" in run.desk.notes[0]
    run.end()
    assert len(project.sandbox.testrail.runs) == 1


@pytest.mark.parametrize("rule", [{"status": 409}, {"status": 503}, {"mode": "reset"}])
def test_a_testrail_that_is_away_stops_nothing(project, ended, rule):
    project.sandbox.chaos({"testrail/*": rule})
    run = project.run(ended([1]))
    assert run.desk.notes[0].startswith("not all of it was checked before the run: ")
    project.sandbox.chaos({})
    run.end()
    assert len(project.sandbox.testrail.runs) == 1


def test_a_testrail_that_is_away_aborts_a_run_that_requires_it(project):
    project.sandbox.chaos({"testrail/*": {"status": 503}})
    with pytest.raises(RetryLater):
        project.use(REQUIRED=True).run()


def test_cases_of_the_mapping_file_that_do_not_exist_are_noted(project, tmp_path):
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"a": 1, "b": 90001}))
    run = project.use(CASES_FILE=str(file)).run()
    assert run.desk.notes == [f"{file} names cases that do not exist: C90001"]


def test_never_asks_nothing(project):
    project.use(WHEN="never").run()
    assert project.sandbox.calls == []


def test_a_test_run_can_be_looked_at_and_holds_no_result(project):
    sent = project.run().integration.send_test()
    (run,) = project.sandbox.testrail.runs
    assert run["name"].endswith("it can be deleted")
    assert run["results"] == []
    assert sent.links == (project.sandbox.url + run["url"],)


def test_an_existing_run_is_only_shown(project, ended):
    first = project.run(ended([1]))
    first.end()
    number = first.context["testrail_run_id"]
    sent = project.use(RUN_ID=number).run().integration.send_test()
    assert sent.text == f"run R{number}"
    assert len(project.sandbox.testrail.runs) == 1
