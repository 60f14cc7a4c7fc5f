"""What counts as an attempt of a test, and what is a test of its own."""

import pytest

#: plugins that repeat tests, each in the sequence of hooks of a published one
ANNOUNCES = """
import pytest
from _pytest.runner import call_and_report

def phases(item, **kept):
    return [call_and_report(item, when, log=False, **kept) for when in ("setup", "call", "teardown")]

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    hook, where = item.ihook, {"nodeid": item.nodeid, "location": item.location}
    how = item.get_closest_marker("how").args[0] if item.get_closest_marker("how") else None
    if how is None:
        return None
    hook.pytest_runtest_logstart(**where)
    first = [call_and_report(item, when, log=False) for when in ("setup", "call")]
    item._initrequest()
    first[1].outcome = how if how != "withheld" else "failed"
    again = ("setup", "call") if how != "retried" else ("call",)
    for report in first:
        if how != "withheld" or report.when == "setup":
            hook.pytest_runtest_logreport(report=report)
    last = call_and_report(item, "teardown", log=False, nextitem=nextitem)
    if how != "retried":
        hook.pytest_runtest_logreport(report=last)
        hook.pytest_runtest_logfinish(**where)
        hook.pytest_runtest_logstart(**where)
    item._initrequest()
    for report in [call_and_report(item, when, log=False) for when in ("setup", "call")]:
        if report.when in again:
            hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logreport(report=call_and_report(item, "teardown", log=False, nextitem=nextitem))
    hook.pytest_runtest_logfinish(**where)
    return True

def pytest_report_teststatus(report):
    if report.outcome not in ("passed", "failed", "skipped"):
        return "repeated", "R", "REPEATED"
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_an_attempt_is_one_whatever_its_plugin_calls_it(project, workers):
    project.write("conftest.py", ANNOUNCES)
    project.write("pytest.ini", "[pytest]\nmarkers = how\n")
    project.write(
        "test_again.py",
        """
        import pytest
        calls = []
        @pytest.mark.parametrize(
            "how", [pytest.param(h, marks=pytest.mark.how(h)) for h in ("retried", "dd_retry", "withheld")]
        )
        def test_second_time(how):
            calls.append(how)
            assert calls.count(how) == 2
        """,
    )
    ran = project.pytest("--qlty", "-n", workers)
    assert ran.returncode == 0, ran.stdout
    assert len(ran.calls("on_test_end")) == 3
    found = {n: (r["outcome"], r["attempts"], r["flaky"]) for n, r in ran.results.items()}
    assert set(found.values()) == {("passed", 2, True)}, found
    for result in ran.results.values():
        assert [attempt["status"] for attempt in result["earlier_attempts"]] == ["failed"]


def test_a_repetition_that_never_came_is_no_interruption(project):
    project.write(
        "conftest.py",
        """
        import pytest
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            if call.when == "call": report.outcome = "quarantined"
            return report
        def pytest_report_teststatus(report):
            if report.outcome == "quarantined": return "quarantined", "q", "QUARANTINED"
        """,
    )
    project.write("test_q.py", "def test_bad(): assert 0\ndef test_good(): pass\n")
    ran = project.pytest("--qlty")
    assert ran.outcomes() == {"test_q.py::test_bad": "failed", "test_q.py::test_good": "passed"}
    assert not any(result["interrupted"] for result in ran.results.values())


@pytest.mark.parametrize(
    "options",
    [("--keep-duplicates", "test_twice.py", "test_twice.py"), ("-n2", "--dist", "each")],
    ids=["keep-duplicates", "dist-each"],
)
def test_two_tests_of_one_name_have_two_results(project, options):
    project.write(
        "test_twice.py",
        """
        import os
        def test_first_one_fails():
            try: os.close(os.open("seen", os.O_CREAT | os.O_EXCL))
            except FileExistsError: return
            assert 0
        """,
    )
    ran = project.pytest("--qlty", *options)
    assert ran.returncode == 1, ran.stdout
    name = "test_twice.py::test_first_one_fails"
    assert set(ran.results) == {name, f"{name}[repeat 2]"}
    assert sorted(ran.outcomes().values()) == ["failed", "passed"]
    assert not any(r["flaky"] or r["interrupted"] for r in ran.results.values())
    assert len(ran.calls("on_test_end")) == 2


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_is_skipped_while_it_is_collected_is_a_result(project, workers):
    project.write("test_driver.py", "import pytest\npytest.importorskip('no_such_driver')\n")
    project.write(
        "test_here.py", "import pytest\npytest.skip('not here', allow_module_level=True)\n"
    )
    project.write("test_runs.py", "def test_runs(): pass\n")
    ran = project.pytest("--qlty", "-n", workers)
    assert "1 passed, 2 skipped" in ran.stdout
    assert ran.outcomes() == {
        "test_driver.py": "skipped",
        "test_here.py": "skipped",
        "test_runs.py::test_runs": "passed",
    }
    assert ran.results["test_here.py"]["message"] == "not here"
    assert "no_such_driver" in ran.results["test_driver.py"]["message"]
    assert len(ran.calls("on_test_end")) == 3


def test_a_frozen_clock_dates_no_result(project):
    project.write(
        "test_frozen.py",
        """
        import pytest
        from freezegun import freeze_time
        @pytest.fixture(scope="module", autouse=True)
        def frozen():
            with freeze_time("2001-02-03"): yield
        def test_one(): pass
        def test_two(): pass
        """,
    )
    ran = project.pytest("--qlty")
    assert len(ran.results) == 2
    for result in ran.results.values():
        assert ran.end["run"]["start"] <= result["start_time"] <= result["end_time"]
        assert 0 <= result["duration"] < 60
