"""Whole runs: pytest with the plugin, in a process of its own, against the sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

SUITE = """
import pytest

pytestmark = pytest.mark.filterwarnings("error")

@pytest.mark.testrail(1)
def test_passes(): pass

@pytest.mark.testrail("C2", defects="SHOP-1")
def test_fails(): assert 1 == 2

@pytest.mark.testrail(3)
@pytest.mark.skip(reason="not today")
def test_skipped(): pass

@pytest.mark.testrail(4)
def test_setup_error(no_such_fixture): pass

@pytest.fixture
def leaves_a_mess():
    yield
    raise RuntimeError("mess")

@pytest.mark.testrail(5)
def test_teardown_error(leaves_a_mess): pass

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.testrail(6)), 2], ids=["one", "[C7]"])
def test_params(x): pass

@pytest.mark.testrail(8)
@pytest.mark.xfail
def test_xfail(): assert 0
"""


@pytest.fixture
def run_pytest(sandbox, tmp_path):
    def run(*arguments, suite=SUITE, settings="", **environ):
        (tmp_path / "test_suite.py").write_text(suite)
        (tmp_path / "settings.py").write_text(settings)
        command = [sys.executable, "-m", "pytest", "-q", "--report-to", "testrail", *arguments]
        env = {**os.environ, **sandbox.env, **environ}
        return subprocess.run(
            command, check=False, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120
        )

    return run


def statuses(sandbox):
    (run,) = sandbox.testrail.runs
    return {test["case_id"]: test["status_id"] for test in run["tests"]}


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_outcomes_arrive_in_one_run(sandbox, run_pytest, workers):
    done = run_pytest(*workers)
    assert statuses(sandbox) == {1: 1, 2: 5, 4: 5, 5: 5, 6: 1, 7: 1}
    assert done.returncode == 1
    assert "testrail: run R1: 6 results" in done.stdout + done.stderr


def test_the_receipt_names_unknown_cases(sandbox, run_pytest):
    suite = "import pytest\n@pytest.mark.testrail(1, 99999)\ndef test_a(): pass\n"
    done = run_pytest(suite=suite)
    assert statuses(sandbox) == {1: 1}
    assert "cases that do not exist: C99999" in done.stdout + done.stderr
    assert done.returncode == 0


def test_a_run_without_case_ids_says_so_and_makes_nothing(sandbox, run_pytest):
    done = run_pytest(suite="def test_a(): pass\n")
    assert sandbox.testrail.runs == []
    assert "no test names a TestRail case" in done.stdout + done.stderr


SKIPS = """
import pytest
pytestmark = [pytest.mark.testrail(1), pytest.mark.skip(reason="not today")]
def test_a(): pass
def test_b(): pass
"""


def test_a_run_that_skipped_everything_is_no_pass_in_testrail(sandbox, run_pytest):
    done = run_pytest(suite=SKIPS)
    assert done.returncode == 0
    assert sandbox.testrail.runs == []
    assert "delivered" not in done.stdout + done.stderr


def test_a_comment_on_skipped_tests_does_not_say_that_they_passed(sandbox, run_pytest):
    settings = "TESTRAIL = {'STATUSES': {'skipped': 'blocked'}}"
    run_pytest(suite=SKIPS, settings=settings)
    (run,) = sandbox.testrail.runs
    (result,) = run["results"]
    assert (result["case_id"], result["status_id"]) == (1, 2)
    assert result["comment"].startswith("2 tests:\n- skipped: test_suite.py::test_a")
    assert "pass" not in result["comment"]


def test_a_wrong_project_is_told_before_the_tests_and_changes_no_outcome(sandbox, run_pytest):
    done = run_pytest(suite="def test_a(): pass\n", TESTRAIL_PROJECT_ID="77")
    assert "TESTRAIL PROJECT_ID is 77" in done.stdout + done.stderr
    assert done.returncode == 0


def test_a_required_preflight_that_fails_aborts_the_run(sandbox, run_pytest):
    done = run_pytest(TESTRAIL_API_KEY="wrong-key", TESTRAIL_REQUIRED="true")
    assert done.returncode == 69
    assert "check TESTRAIL_USERNAME and TESTRAIL_API_KEY" in done.stdout + done.stderr
    assert "wrong-key" not in done.stdout + done.stderr


def test_a_required_integration_without_settings_aborts_the_run(sandbox, run_pytest):
    done = run_pytest(TESTRAIL_PROJECT_ID="", TESTRAIL_REQUIRED="true")
    assert done.returncode == 69
    assert "TESTRAIL PROJECT_ID is not set" in done.stdout + done.stderr


DEFAULTS = """
import pytest, unittest

pytestmark = pytest.mark.testrail(20)

def test_module_default(): pass

@pytest.mark.testrail(1)
def test_own(): pass

@pytest.mark.testrail(defects="SHOP-1")
def test_only_defects(): assert 0

@pytest.mark.parametrize("browser", ["chrome", "firefox"])
@pytest.mark.testrail(params={"chrome": 2, "firefox": "C3"})
def test_by_parameter(browser): pass

@pytest.mark.parametrize("x", ["[C4]", "other"])
def test_by_name(x): pass

@pytest.mark.testrail("C21")
class TestClass:
    def test_class_default(self): pass

    @pytest.mark.testrail(5)
    def test_own(self): pass

@pytest.mark.testrail(22)
class Legacy(unittest.TestCase):
    def test_class_default(self): pass
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_class_or_module_is_the_default_for_tests_without_ids_of_their_own(
    sandbox, run_pytest, workers
):
    run_pytest(*workers, suite=DEFAULTS)
    (run,) = sandbox.testrail.runs
    comments = {result["case_id"]: result["comment"] for result in run["results"]}
    assert sorted(comments) == [1, 2, 3, 4, 5, 20, 21, 22]
    assert comments[20].startswith(
        "1 of 3 tests failed:\n- failed: test_suite.py::test_only_defects"
    )
    assert "TestClass::test_class_default" in comments[21]
    assert "Legacy::test_class_default" in comments[22]


def test_a_mapping_file_in_the_project_is_used(sandbox, run_pytest, tmp_path):
    (tmp_path / "cases.csv").write_text("test,case\ntest_suite.py,C7\ntest_suite.py::test_b,C8\n")
    suite = "def test_a(): pass\ndef test_b(): pass\ndef test_c(): assert 0\n"
    run_pytest(suite=suite, settings="TESTRAIL = {'CASES_FILE': 'cases.csv'}")
    assert statuses(sandbox) == {7: 5, 8: 1}


WAITS = """
import json, os, time, urllib.request
import pytest

def runs():
    root = os.environ["TESTRAIL_BASE_URL"].removesuffix("/testrail")
    with urllib.request.urlopen(root + "/api/testrail/runs") as answer:
        return json.load(answer)["runs"]

@pytest.mark.testrail(1)
def test_first(): time.sleep(1.1)

@pytest.mark.testrail(2)
def test_second(): time.sleep(1.1)

@pytest.mark.testrail(3)
def test_results_are_there_before_the_end():
    end = time.monotonic() + 60
    while not any(test["status_id"] == 1 for run in runs() for test in run["tests"]):
        assert time.monotonic() < end, "no result appeared while the run went on"
        time.sleep(0.1)
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2", "--dist", "loadfile")])
def test_live_results_appear_while_the_run_goes_on_in_one_run(sandbox, run_pytest, workers):
    live = {"TESTRAIL_LIVE": "true", "TESTRAIL_LIVE_EVERY": "1", "TESTRAIL_CLOSE_RUN": "true"}
    done = run_pytest(*workers, suite=WAITS, **live)
    assert done.returncode == 0, done.stdout
    assert statuses(sandbox) == {1: 1, 2: 1, 3: 1}
    (run,) = sandbox.testrail.runs
    assert len(run["results"]) == 3
    assert run["is_completed"]


@pytest.mark.parametrize(("second", "runs"), [("assert 0", 1), ("pass", 2)])
def test_a_run_like_the_one_before_is_not_reported_where_only_changes_are(
    sandbox, run_pytest, second, runs
):
    suite = "import pytest\n@pytest.mark.testrail(1)\ndef test_a(): {}\n"
    run_pytest(suite=suite.format("assert 0"), TESTRAIL_WHEN="change")
    run_pytest(suite=suite.format(second), TESTRAIL_WHEN="change")
    assert len(sandbox.testrail.runs) == runs


def test_a_testrail_that_is_too_slow_for_its_check_gets_the_results_all_the_same(
    sandbox, run_pytest
):
    sandbox.chaos({"testrail/get_project": {"latency": 2, "times": 1}})
    done = run_pytest(QLTY_HOOK_TIMEOUT="1")
    # which of the two comes first depends on how long the tests take
    why = r"not all of it was checked before the run: no answer (within 1 s|before the tests were over)\n"
    assert re.search(why, done.stdout + done.stderr)
    assert statuses(sandbox) == {1: 1, 2: 5, 4: 5, 5: 5, 6: 1, 7: 1}


def test_a_testrail_that_hangs_aborts_a_run_that_requires_it(sandbox, run_pytest):
    sandbox.chaos({"testrail/get_project": {"mode": "hang"}})
    done = run_pytest(QLTY_HOOK_TIMEOUT="1", TESTRAIL_REQUIRED="true")
    assert done.returncode == 69
    assert "testrail failed: no answer within 1 s" in done.stdout + done.stderr


#: as pytest-testrail has it: https://github.com/allankp/pytest-testrail
OTHER_PLUGIN = """
import pytest

class pytestrail:
    @staticmethod
    def case(*ids): return pytest.mark.testrail(ids=ids)
    @staticmethod
    def defect(*defect_ids): return pytest.mark.testrail_defects(defect_ids=defect_ids)

@pytestrail.case("C1", "C2")
@pytestrail.defect("PF-524", "BR-543")
def test_search(): assert 0

@pytestrail.case("C9x")
def test_misspelt(): pass

@pytestrail.case("C9x")
def test_misspelt_too(): pass
"""


def test_a_suite_of_pytest_testrail_moves_without_an_edit_and_its_mistakes_are_told(
    sandbox, run_pytest
):
    done = run_pytest("--strict-markers", suite=OTHER_PLUGIN)
    assert statuses(sandbox) == {1: 5, 2: 5}
    (run,) = sandbox.testrail.runs
    assert {result["defects"] for result in run["results"]} == {"PF-524, BR-543"}
    said = done.stdout + done.stderr
    assert said.count("has 'C9x', which is no case") == 1
    assert "(test_suite.py::test_misspelt and 1 more)" in said
