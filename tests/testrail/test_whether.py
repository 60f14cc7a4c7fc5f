"""Which runs are reported."""

from __future__ import annotations

import pytest

from qlty import config
from qlty.errors import Refused


@pytest.mark.parametrize(
    ("when", "status", "reported"),
    [
        ("always", "passed", True),
        ("always", "failed", True),
        ("failure", "passed", False),
        ("failure", "failed", True),
        ("success", "passed", True),
        ("success", "failed", False),
        ("never", "failed", False),
        ("change", "passed", True),
    ],
)
def test_when_decides_and_says_so(project, ended, when, status, reported):
    run = project.use(WHEN=when).run(ended([1], status))
    run.desk.history = type("NoHistory", (), {"known": False})
    run.end()
    assert len(project.sandbox.testrail.runs) == reported
    assert bool(run.desk.notes) != reported
    assert all("WHEN is" in note for note in run.desk.notes)


def test_a_failed_run_is_kept_back_where_the_run_says_so(project, ended, monkeypatch):
    monkeypatch.setattr(config, "REPORT_ON_FAIL", False)
    run = project.run(ended([1], "failed"))
    run.end()
    assert project.sandbox.testrail.runs == []
    assert run.desk.notes == ["nothing was sent: the run failed, and REPORT_ON_FAIL is off"]


@pytest.mark.parametrize("facts", [{"cut_short": True, "exit_status": 2}, {"exit_status": 1}])
def test_a_run_that_failed_without_a_failed_test_is_a_failure(project, ended, facts):
    run = project.use(WHEN="failure").run(ended([1]))
    run.desk.run.update(facts)
    run.end()
    assert len(project.sandbox.testrail.runs) == 1


def test_a_live_run_is_not_begun_where_failures_are_kept_back(project, ended, monkeypatch):
    monkeypatch.setattr(config, "REPORT_ON_FAIL", False)
    run = project.use(LIVE=True).run()
    run.integration._live._every = 0
    run.integration.on_test_end(*ended([1]))
    assert run.desk.jobs == []


def test_a_run_whose_tests_are_all_left_out_makes_nothing(project, ended):
    run = project.run(ended([1], "skipped"))
    run.end()
    assert run.desk.jobs == []
    assert "left out by its status" in run.desk.notes[0]


def test_a_status_that_is_gone_when_the_results_are_sent_is_named(project, ended):
    run = project.run(ended([1]))
    run.end(send=False)
    run.desk.jobs[0].payload["tests"][0]["status"] = "skiped"
    with pytest.raises(Refused, match="no status 'skiped'; it has blocked, failed, known_issue"):
        run.desk.send()


def test_without_an_answer_others_learn_no_number_of_a_run(project, ended):
    run = project.run(ended([1]))
    run.end(send=False)
    assert "testrail_run_id" not in run.context
    assert run.context["testrail_delivery"].id == 1
