"""``qlty-framework report``: the results of any runner in the same play as those of a run."""

from __future__ import annotations

import json

import pytest

from qlty.sandbox import start

MAIN = "import sys; from qlty.cli import main; sys.exit(main())"

PASSED = '<testsuite name="shop"><testcase classname="Cart" name="adds" time="0.5"/></testsuite>'
FAILED = """
<testsuites>
  <testsuite name="shop">
    <testcase classname="Cart" name="adds" time="0.5"/>
    <testcase classname="Cart" name="pays [C7]" time="1.5">
      <failure message="no price" type="Error">Error: no price
    at Cart.total(cart.js:7)</failure>
    </testcase>
  </testsuite>
</testsuites>
"""


@pytest.fixture
def report(project):
    def run(*args, **env):
        return project.python("-c", MAIN, "report", *args, env=env)

    return run


def test_integrations_see_the_results_of_a_file_as_those_of_a_run(project, report):
    project.write("junit.xml", FAILED)
    ran = report("junit.xml")
    assert ran.returncode == 1, ran.stderr
    assert ran.outcomes() == {"shop::Cart::adds": "passed", "shop::Cart::pays [C7]": "failed"}
    result = ran.result("[C7]")
    assert result["test_case_ids"] == [7]
    assert result["error"] == "Error: no price"
    assert ran.end["run"]["exit_status"] == 1
    assert ran.end["run"]["cut_short"] is False
    assert [call["case"]["name"] for call in ran.calls("on_test_end")] == ["adds", "pays [C7]"]
    assert "failed: 1 passed, 1 failed in 1 file" in ran.stdout


def test_it_ends_with_0_where_the_run_passed(project, report):
    project.write("junit.xml", PASSED)
    assert report("junit.xml").returncode == 0


def test_a_file_that_cannot_be_read_makes_the_run_incomplete_and_the_rest_is_reported(
    project, report
):
    project.write("a.xml", PASSED)
    project.write("b.xml", FAILED[:200])
    ran = report("a.xml", "b.xml", "c.xml")
    assert ran.returncode == 65
    assert ran.outcomes() == {"shop::Cart::adds": "passed", "shop::Cart::adds[repeat 2]": "passed"}
    assert ran.end["run"]["cut_short"] is True
    assert "b.xml:6: the file ends in the middle" in ran.stderr
    assert "c.xml: there is no such file" in ran.stderr
    assert ran.stdout.startswith("incomplete: 2 passed")


def test_it_ends_with_4_and_reports_nothing_where_no_test_could_be_read(project, report):
    project.write("a.xml", "this is no report")
    ran = report("a.xml")
    assert ran.returncode == 4
    assert ran.events == []
    assert "a.xml:1: it is neither" in ran.stderr


def test_exit_zero_hides_the_verdict_from_the_exit_status_alone(project, report):
    project.write("junit.xml", FAILED)
    ran = report("junit.xml", "--exit-zero")
    assert ran.returncode == 0
    assert ran.end["run"]["exit_status"] == 1


def test_json_tells_what_was_read(project, report):
    project.write("junit.xml", FAILED.replace('"shop"', '"shop" tests="9"'))
    ran = report("junit.xml", "missing.xml", "--json")
    told = json.loads(ran.stdout)
    assert told["verdict"] == "incomplete"
    assert told["exit_status"] == ran.returncode == 65
    assert told["outcomes"] == {"passed": 1, "failed": 1}
    assert told["missing"] == [{"file": "missing.xml", "line": 0, "text": "there is no such file"}]
    assert [one["line"] for one in told["warnings"]] == [3]


def test_patterns_and_folders_are_read(project, report):
    project.write("reports/one/a.xml", PASSED)
    project.write("reports/two/b.xml", PASSED.replace("adds", "removes"))
    project.write("reports/two/notes.txt", "no results")
    for argument in ("reports", "reports/**/*.xml"):
        assert sorted(report(argument).outcomes()) == ["shop::Cart::adds", "shop::Cart::removes"]


def test_a_required_integration_that_fails_ends_it_with_69(project, report):
    project.write("junit.xml", PASSED)
    project.write(
        "settings.py",
        """
        from qlty.settings import required
        CUSTOM_INTEGRATIONS = ["spy.Spy", required("missing.Integration")]
        """,
    )
    assert report("junit.xml").returncode == 69


def test_a_report_reaches_the_shipped_integrations(project, report, tmp_path):
    project.write("settings.py", "")
    project.write("junit.xml", FAILED)
    with start() as sandbox:
        receipt = tmp_path / "receipt.json"
        ran = report(
            *("junit.xml", "--report-to", "slack,testrail", "--qlty-receipt", str(receipt)),
            **sandbox.env,
        )
        assert ran.returncode == 1, ran.stderr
        (message,) = [one for one in sandbox.slack.messages if not one.get("thread_ts")]
        assert "1 of 2 tests" in json.dumps(message), message
        assert len(sandbox.testrail.runs) == 1
    assert json.loads(receipt.read_text())
