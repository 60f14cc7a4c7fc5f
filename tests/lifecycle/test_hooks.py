"""What a hook that fails, hangs or leaves does to the run, and to its neighbours."""

import pytest

BROKEN_START = """
class Broken(Spy):
    required = {required}
    def on_run_start(self): raise ValueError("no connection to the shop")
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_required_integration_that_cannot_start_aborts_the_run(suite, workers):
    project = suite(BROKEN_START.format(required=True), "['mine.Broken', 'spy.Spy']")
    project.write("test_two.py", "from pathlib import Path\nPath('collected').touch()\n")
    ran = project.pytest("--qlty", *workers)
    assert ran.returncode == 69
    assert ran.events == []
    assert not (project.root / "collected").exists()
    (said,) = [line for line in (ran.stdout + ran.stderr).splitlines() if "Broken" in line]
    assert "no connection to the shop" in said


def test_others_hear_of_a_run_that_is_aborted_whatever_their_neighbours_do(suite):
    project = suite(
        BROKEN_START.format(required=True)
        + "class Loud(Integration):\n    def on_run_abort(self, *a): raise ValueError('oh')\n"
        "class Hears(Integration):\n"
        "    def on_run_abort(self, who, cause): tell(hook='abort', who=who, cause=cause)\n",
        "['mine.Loud', 'mine.Broken', 'mine.Hears']",
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 69
    (heard,) = ran.calls("abort")
    assert (heard["who"], heard["cause"]) == ("Broken", "ValueError: no connection to the shop")
    assert "Loud: on_run_abort failed: ValueError: oh" in ran.stdout + ran.stderr


def test_another_integration_that_cannot_start_is_deregistered(suite):
    project = suite(BROKEN_START.format(required=False), "['mine.Broken', 'spy.Spy']")
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert [event["hook"] for event in ran.events] == [
        "on_run_start",
        *["on_test_end"] * 2,
        "on_run_end",
    ]
    assert "Broken: takes no part in this run: ValueError: no connection to the shop" in ran.stdout


def test_an_on_run_end_that_raises_leaves_the_others_theirs(suite):
    project = suite(
        "class Broken(Spy):\n    def on_run_end(self, *a, **k): raise ValueError('full')\n",
        "['mine.Broken', 'spy.Spy']",
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert len(ran.calls("on_run_end")) == 1
    assert "Broken: on_run_end failed: ValueError: full" in ran.stdout


def test_an_on_test_end_that_keeps_failing_is_shown_once_and_switched_off(suite):
    project = suite(
        "class Broken(Integration):\n    def on_test_end(self, *a):\n        tell(hook='try')\n        raise ValueError('full')\n",
        "['mine.Broken', 'spy.Spy']",
    )
    project.write(
        "test_two.py", "import pytest\n@pytest.mark.parametrize('i', range(9))\ndef test(i): pass\n"
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert len(ran.calls("try")) == 3
    assert len(ran.calls("on_test_end")) == 9
    assert ran.stdout.count("Traceback") == 1
    assert "on_test_end failed 3 times" in ran.stdout


def test_a_hook_that_hangs_is_stopped_by_its_limit(suite):
    project = suite(
        "import time\nclass Slow(Integration):\n    def on_test_end(self, *a):\n        tell(hook='try')\n        time.sleep(60)\n"
        "    def on_run_end(self, *a, **k): time.sleep(60)\n",
        "['mine.Slow', 'spy.Spy']",
    )
    ran = project.pytest("--qlty", env={"QLTY_HOOK_TIMEOUT": "0.5"})
    assert ran.returncode == 0
    assert len(ran.calls("try")) == 1
    assert len(ran.calls("on_test_end")) == 2
    assert "no answer within 0.5 s" in ran.stdout


def test_the_limit_passes_through_except_exception(suite):
    project = suite(
        "import time\nclass Slow(Integration):\n    def on_run_end(self, *a, **k):\n"
        "        try: time.sleep(60)\n        except Exception: tell(hook='swallowed')\n",
        "['mine.Slow', 'spy.Spy']",
    )
    ran = project.pytest("--qlty", env={"QLTY_HOOK_TIMEOUT": "0.5"})
    assert ran.calls("swallowed") == []
    assert len(ran.calls("on_run_end")) == 1


def test_system_exit_in_a_hook_is_a_failure_like_any_other(suite):
    project = suite(
        "class Leaves(Integration):\n    def on_run_start(self): raise SystemExit(3)\n",
        "['mine.Leaves', 'spy.Spy']",
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert "Leaves: takes no part in this run: SystemExit: 3" in ran.stdout


@pytest.mark.parametrize("hook", ["on_run_start", "on_test_end"])
def test_ctrl_c_in_a_hook_interrupts_the_run(suite, hook):
    project = suite(
        f"class Pressed(Integration):\n    def {hook}(self, *a): raise KeyboardInterrupt\n",
        "['mine.Pressed', 'spy.Spy']",
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 2
    assert len(ran.calls("on_test_end")) < 2


def test_ctrl_c_in_on_run_end_skips_that_integration_and_ends_as_interrupted(suite):
    project = suite(
        "class Pressed(Integration):\n    def on_run_end(self, *a): raise KeyboardInterrupt\n",
        "['mine.Pressed', 'spy.Spy']",
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 2
    assert len(ran.calls("on_run_end")) == 1


def test_a_hook_gets_only_the_keywords_that_it_takes(suite):
    project = suite(
        """
class Three(Integration):
    def on_run_end(self, test_results, test_run_id, elapsed_time):
        tell(hook="three", id=test_run_id)
class Four(Integration):
    def on_run_end(self, results, run_id, elapsed, context=None):
        tell(hook="four", id=run_id, has=context is not None)
class Any(Integration):
    def on_run_end(self, results, run_id, elapsed, **extras):
        tell(hook="any", extras=sorted(extras))
""",
        "['mine.Three', 'mine.Four', 'mine.Any']",
    )
    ran = project.pytest("--qlty")
    assert len(ran.calls("three")) == 1
    assert ran.calls("four")[0]["has"] is True
    assert ran.calls("any")[0]["extras"] == ["context", "log_path"]


def test_context_is_one_dict_for_all(suite):
    project = suite(
        """
class Producer(Integration):
    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        context["my_run_id"] = 7
class Consumer(Integration):
    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        tell(hook="consumer", got=context.get("my_run_id"), run=context["run"]["id"] == test_run_id)
""",
        "['mine.Producer', 'mine.Consumer']",
    )
    (event,) = project.pytest("--qlty").calls("consumer")
    assert (event["got"], event["run"]) == (7, True)


def test_the_runs_facts_are_in_the_context(suite):
    project = suite("", "['spy.Spy']")
    env = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://code.example.com",
        "GITHUB_REPOSITORY": "shop/web",
        "GITHUB_RUN_ID": "42",
        "GITHUB_REF_NAME": "main",
        "GITHUB_SHA": "abc123",
        "QLTY_ENVIRONMENT": "staging",
        "QLTY_PLATFORM": "chrome",
    }
    run = project.pytest("--qlty", env=env).end["run"]
    assert run["ci_url"] == "https://code.example.com/shop/web/actions/runs/42"
    assert (run["branch"], run["commit"], run["ci"]) == ("main", "abc123", "GitHub Actions")
    assert (run["environment"], run["platform"]) == ("staging", "chrome")
    assert (run["exit_status"], run["cut_short"]) == (0, False)


def test_a_warning_in_a_hook_is_no_error_in_a_suite_that_makes_warnings_errors(suite):
    code = """
import warnings

class Mine(Spy):
    def on_run_start(self):
        warnings.warn("old", DeprecationWarning)

    def on_test_end(self, test_case, result):
        warnings.warn("old", DeprecationWarning)

    def on_run_end(self, *args, **more):
        warnings.warn("old", DeprecationWarning)
        tell(hook="on_run_end")
"""
    project = suite(code, "['mine.Mine']")
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert len(ran.calls("on_run_end")) == 1
    assert "old" not in ran.stdout
