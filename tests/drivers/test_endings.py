"""However a run ends, on_run_end is called once, with what there is."""

import signal
import subprocess
import sys
import time

import pytest

THREE = """
import pytest
def test_first(): pass
def test_second(): assert 0
def test_third(): pass
"""


def test_stop_at_the_first_failure(project):
    project.write("test_three.py", THREE)
    ran = project.pytest("--qlty", "-x")
    assert ran.returncode == 1
    assert list(ran.outcomes().values()) == ["passed", "failed"]
    assert ran.end["run"]["cut_short"] is True


def test_maxfail_under_xdist(project):
    project.write("test_three.py", THREE)
    ran = project.pytest("--qlty", "-n", "2", "--maxfail=1")
    assert ran.outcomes()["test_three.py::test_second"] == "failed"
    assert ran.returncode == project.pytest("-n", "2", "--maxfail=1").returncode


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("pytest.exit('enough', returncode=7)", 7),
        ("raise KeyboardInterrupt", 2),
    ],
)
def test_leaving_in_the_middle_of_a_test(project, how, status):
    project.write("test_leave.py", THREE + f"\ndef test_leaves(): {how}\ndef test_never(): pass\n")
    ran = project.pytest("--qlty")
    assert ran.returncode == status
    assert ran.end["run"]["cut_short"] is True
    result = ran.result("test_leaves")
    assert (result["outcome"], result["interrupted"]) == ("error", True)
    assert not any(nodeid.endswith("test_never") for nodeid in ran.results)


def test_an_internal_error_of_pytest(project):
    project.write("conftest.py", "def pytest_runtest_logfinish(): raise RuntimeError('inside')\n")
    project.write("test_three.py", THREE)
    ran = project.pytest("--qlty")
    assert ran.returncode == 3
    assert ran.outcomes() == {"test_three.py::test_first": "passed"}
    assert ran.end["run"]["exit_status"] == 3


SLOW = """
import time
from pathlib import Path
def test_quick(): pass
def test_slow():
    Path("started").write_text("")
    time.sleep(60)
"""


def signalled(project, number, *args):
    """Send a signal while the slow test runs; return the exit status and on_run_end's lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--qlty", *args],
        cwd=project.root,
        env=project.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_for((project.root / "started").exists)
    time.sleep(0.5)
    process.send_signal(number)
    process.communicate(timeout=60)
    told = (project.root / "spy.jsonl").read_text().splitlines()
    return process.returncode, [line for line in told if "on_run_end" in line]


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_ctrl_c_while_a_test_runs(project, workers):
    project.write("test_slow.py", SLOW)
    status, ends = signalled(project, signal.SIGINT, *workers)
    assert status == 2
    assert len(ends) == 1
    assert '"interrupted": true' in ends[0]


def test_sigterm_is_left_to_whoever_handles_it(project):
    project.write("test_slow.py", SLOW)
    project.write(
        "conftest.py",
        """
        import os, signal
        signal.signal(signal.SIGTERM, lambda *_: os._exit(42))
        """,
    )
    status, _ = signalled(project, signal.SIGTERM)
    assert status == 42


def wait_for(condition, timeout=60):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_crashed_worker_fails_its_test_and_keeps_its_facts(project):
    project.write(
        "test_crash.py",
        '''
        import os, pytest
        @pytest.mark.testrail(7)
        def test_crashes():
            """It takes the worker along."""
            os._exit(3)
        def test_other(): pass
        ''',
    )
    ran = project.pytest("--qlty", "-n", "2")
    result = ran.result("test_crashes")
    assert (result["status"], result["phase"], result["test_case_ids"]) == ("failed", "call", [7])
    assert "crashed" in result["message"]
    (event,) = [e for e in ran.calls("on_test_end") if e["result"]["status"] == "failed"]
    assert event["case"]["docstring"] == "It takes the worker along."
    assert ran.outcomes()["test_crash.py::test_other"] == "passed"


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_reruns_are_one_result_with_all_attempts(project, workers):
    project.write(
        "test_reruns.py",
        """
        import pytest
        runs = []
        def test_flaky():
            runs.append(1)
            assert len(runs) == 3
        def test_broken(): assert 0
        @pytest.fixture
        def shaky():
            yield
            runs.append(2)
            assert runs.count(2) == 2
        def test_shaky_teardown(shaky): pass
        def test_fine(): pass
        """,
    )
    ran = project.pytest("--qlty", "--reruns", "2", *workers)
    seen = {
        n.split("::")[1]: (r["outcome"], r["attempts"], r["flaky"]) for n, r in ran.results.items()
    }
    assert seen == {
        "test_flaky": ("passed", 3, True),
        "test_broken": ("failed", 3, False),
        "test_shaky_teardown": ("passed", 2, True),
        "test_fine": ("passed", 1, False),
    }
    assert len(ran.calls("on_test_end")) == 4


def test_pytest_timeout_keeps_working_beside_hook_limits(project):
    project.write(
        "test_slow.py",
        """
        import time, pytest
        def test_quick(): pass
        @pytest.mark.timeout(1)
        def test_slow(): time.sleep(30)
        def test_after(): pass
        """,
    )
    ran = project.pytest("--qlty", "--timeout", "20", "--timeout-method", "signal")
    assert ran.returncode == 1
    assert ran.result("test_slow")["outcome"] == "failed"
    assert "Timeout" in ran.result("test_slow")["message"]
    assert ran.result("test_after")["outcome"] == "passed"


ENDS_OTHERWISE = {
    "sessionfinish": ("def pytest_sessionfinish(session): session.exitstatus = 7\n", 7),
    "terminal summary": (
        "def pytest_terminal_summary(terminalreporter): terminalreporter._session.exitstatus = 7\n",
        7,
    ),
    "exit after the tests": (
        "import pytest\ndef pytest_sessionfinish(): pytest.exit('no licence', returncode=7)\n",
        7,
    ),
    "error after the tests": ("def pytest_sessionfinish(): raise OSError('no disk')\n", 1),
    "a wrapper around everything": (
        """
import pytest
class Late:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session):
        yield
        session.exitstatus = 7
def pytest_collection(session): session.config.pluginmanager.register(Late())
""",
        7,
    ),
}


@pytest.mark.parametrize(("conftest", "status"), ENDS_OTHERWISE.values(), ids=ENDS_OTHERWISE)
def test_the_exit_status_that_is_told_is_that_of_the_process(project, conftest, status):
    project.write("conftest.py", conftest)
    project.write("test_one.py", "def test_one(): pass\n")
    ran = project.pytest("--qlty")
    assert (ran.returncode, ran.end["run"]["exit_status"]) == (status, status)
