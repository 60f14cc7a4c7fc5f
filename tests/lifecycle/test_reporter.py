"""The reporter: what it takes off the run, and what happens where it fails."""

import json
import os
import threading
import time

import pytest

from qlty.classes.integrations.base_integration import Integration
from qlty.classes.integrations.registry import HookLimits, Registry

THERE = """
import os
from pathlib import Path

class There(Integration):
    runs_in = "reporter"

    def on_test_end(self, test_case, result):
        tell(hook="there_test", name=test_case.name, outcome=result["outcome"])

    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        tell(hook="there_end", seen=sorted(context), status=context["run"].get("exit_status"))
        context["there"] = [1, {"deep": test_run_id}]
        self.deliver({"text": "hello"}, key=test_run_id)

    def send(self, job):
        with open(Path(__file__).parent / "sent.txt", "a") as file:
            file.write(f"{os.getpid()} {job.key}\\n")
"""

HERE = """
class Here(Spy):
    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        tell(hook="here_end", seen=sorted(context), there=context.get("there"))
        context["here"] = "yes"
        context["odd"] = object()

class After(There):
    pass
"""


def test_a_class_may_live_in_the_reporter_and_sees_each_test(suite):
    project = suite(THERE, "['mine.There', 'spy.Spy']")
    project.write("test_two.py", "def test_one(): pass\ndef test_two(): assert 0\n")
    ran = project.pytest("--qlty")
    assert ran.returncode == 1
    told = ran.calls("there_test")
    assert [(one["name"], one["outcome"]) for one in told] == [
        ("test_one", "passed"),
        ("test_two", "failed"),
    ]
    (end,) = ran.calls("there_end")
    assert end["status"] == 1
    assert {told[0]["pid"]} == {end["pid"]} != {ran.end["pid"]}
    assert "There: 1 delivered" in ran.stdout
    assert len(project.lines("sent.txt")) == 1


def test_context_passes_between_both_processes_in_the_order_of_registration(suite):
    project = suite(THERE + HERE, "['mine.There', 'mine.Here', 'mine.After']")
    ran = project.pytest("--qlty")
    first, after = ran.calls("there_end")
    (here,) = ran.calls("here_end")
    assert first["seen"] == ["run"]
    assert here["seen"] == ["run", "there"]
    assert here["there"][1]["deep"].startswith("20")
    assert after["seen"] == ["here", "run", "there"]


def test_an_instance_that_wants_the_reporter_and_cannot_be_built_there_lives_in_the_run(suite):
    project = suite(THERE, "[__import__('mine').There()]")
    ran = project.pytest("--qlty")
    assert len(ran.calls("there_end")) == 1
    assert len(project.lines("sent.txt")) == 1


NO_VENDOR = """
    import os, sys
    import pytest

    @pytest.fixture(scope="session", autouse=True)
    def look():
        yield
        vendors = {"slack_sdk", "requests", "httpx", "httpx2", "pagerduty", "testrail_api",
                   "urllib3", "sqlite3", "tenacity", "http.client", "http.server"}
        print("\\nfound", sorted(vendors & sys.modules.keys() - before))

    before = set(sys.modules) - {name for name in sys.modules if name.startswith("qlty")}

    def test_no_child():
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
"""

NOWHERE = {
    "SLACK_AUTH_TOKEN": "xoxb-dummy",
    "SLACK_CHANNEL_ID": "C1",
    "SLACK_API_URL": "http://127.0.0.1:9/",
    "TESTRAIL_BASE_URL": "http://127.0.0.1:9/",
    "TESTRAIL_USERNAME": "a@b.example",
    "TESTRAIL_API_KEY": "dummy",
    "TESTRAIL_PROJECT_ID": "1",
    "PAGERDUTY_API_KEY": "dummy",
    "PAGERDUTY_DEFAULT_FROM": "a@b.example",
    "PAGERDUTY_API_URL": "http://127.0.0.1:9/",
    "QLTY_DELIVERY_TIMEOUT": "3",
}


def test_the_run_imports_no_client_and_has_no_child(project):
    project.write("test_it.py", NO_VENDOR)
    arguments = ("--report-to", "slack,testrail,pagerduty", "-s", "-p", "no:anyio")
    ran = project.pytest(*arguments, env=NOWHERE)
    assert ran.returncode == 0, ran.stdout
    assert "found []" in ran.stdout


KILLER = """
    import os, signal, time
    from pathlib import Path

    def reporters():
        for folder in Path("/proc").iterdir():
            try:
                command = (folder / "cmdline").read_bytes()
                if b"_reporter_main" in command and os.readlink(folder / "cwd") == os.getcwd():
                    yield int(folder.name)
            except OSError:
                pass

    def test_one():
        for pid in reporters():
            os.kill(pid, signal.{signal})

    def test_two(): pass
"""

needs_proc = pytest.mark.skipif(
    not os.path.exists("/proc/self/cwd"), reason="finds processes there"
)


@needs_proc
def test_a_reporter_that_is_killed_is_started_again_and_nothing_is_lost_or_doubled(suite):
    project = suite(THERE, "['mine.There', 'spy.Spy']")
    project.write("test_two.py", KILLER.replace("{signal}", "SIGKILL"))
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert "the reporter died: it is started again" in ran.stdout
    assert "There: 1 delivered" in ran.stdout
    assert [one["name"] for one in ran.calls("there_test")][-2:] == ["test_one", "test_two"]
    assert len(project.lines("sent.txt")) == 1


@needs_proc
def test_a_reporter_that_hangs_costs_the_delivery_budget_and_the_next_run_reports(suite):
    project = suite(THERE, "['mine.There', 'spy.Spy']")
    project.write("test_two.py", KILLER.replace("{signal}", "SIGSTOP"))
    started = time.monotonic()
    ran = project.pytest("--qlty", env={"QLTY_DELIVERY_TIMEOUT": "3"})
    assert time.monotonic() - started < 60
    assert ran.returncode == 0
    assert "the next run reports this one to There again" in ran.stdout
    project.write("test_two.py", "def test_one(): pass\n")
    project.pytest("--qlty")
    assert len({line.split()[1] for line in project.lines("sent.txt")}) == 2


def test_a_reporter_that_cannot_be_started_costs_nothing_and_the_next_run_reports(suite):
    project = suite(THERE, "['mine.There', 'spy.Spy']")
    project.write(
        "conftest.py",
        """
        from qlty.lifecycle import _reporter
        def refuse(*args, **more):
            raise OSError("no more processes")
        _reporter.start_detached = refuse
        """,
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert "the reporter cannot be started: no more processes" in ran.stdout
    (project.root / "conftest.py").unlink()
    project.pytest("--qlty")
    assert len(project.lines("sent.txt")) == 2


def test_without_a_place_on_disk_the_reporter_reads_memory(suite):
    project = suite(THERE, "['mine.There', 'spy.Spy']")
    project.write(".qlty-framework", "a file in the way")
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert "There: 1 delivered" in ran.stdout
    assert "deliveries are not kept beyond this run" in ran.stdout
    assert [one["name"] for one in ran.calls("there_test")] == ["test_one", "test_two"]


REQUIRED = """
class Needed(Integration):
    runs_in = "reporter"
    required = True
    def on_run_start(self):
        raise ValueError("no access")
"""


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "xdist"])
def test_a_required_integration_of_the_reporter_aborts_before_any_test(suite, workers):
    project = suite(REQUIRED, "['mine.Needed', 'spy.Spy']")
    ran = project.pytest("--qlty", *workers)
    assert ran.returncode == 69, ran.stdout
    assert "no access" in ran.stdout
    assert ran.calls("on_test_end") == ran.calls("on_run_end") == []
    assert not list((project.root / ".qlty-framework" / "runs").glob("*.jsonl"))


def test_what_takes_no_part_is_said(suite):
    project = suite(REQUIRED.replace("required = True", "must_deliver = True"), "['mine.Needed']")
    ran = project.pytest("--qlty")
    assert ran.returncode == 75
    assert "Needed: takes no part in this run: ValueError: no access" in ran.stdout


NO_IMPORT = """
    import sys

    class Refusing:
        def find_spec(self, name, *more):
            if name.startswith("qlty."):
                raise RuntimeError("no import any more")

    def test_it():
        sys.meta_path.insert(0, Refusing())
"""


def test_what_became_of_the_deliveries_is_said_where_a_test_has_broken_imports(suite):
    project = suite(THERE + "    must_deliver = True\n", "['mine.There']")
    project.write("test_two.py", NO_IMPORT)
    ran = project.pytest("--qlty", "--qlty-receipt", "receipt.json")
    assert ran.returncode == 0, ran.stdout
    assert "internal error" not in ran.stdout
    assert "There: 1 delivered" in ran.stdout
    assert (project.root / "receipt.json").exists()


class Meeting(Integration):
    together = threading.Barrier(3)

    def on_run_start(self):
        self.together.wait(30)


def test_all_are_asked_at_the_same_time():
    registry, told = Registry(), {}
    for _ in range(3):
        registry.register(Meeting())
    registry.start_at_once(told.__setitem__)
    assert told == {"Meeting": None, "Meeting#2": None, "Meeting#3": None}


class Slow(Integration):
    never = threading.Event()

    def on_run_start(self):
        self.never.wait(60)


class SlowAndRequired(Slow):
    required = True


def test_who_does_not_answer_in_time_takes_part_unless_it_is_required():
    registry, told = Registry(HookLimits(run_start=0.1)), {}
    registry.register(Slow())
    registry.register(SlowAndRequired())
    registry.start_at_once(told.__setitem__)
    Slow.never.set()
    assert told == {"Slow": None, "SlowAndRequired": "no answer within 0.1 s"}
    assert [integration.name for integration in registry] == ["Slow"]


def test_nobody_waits_long_for_an_answer_once_the_tests_are_over():
    registry, told = Registry(HookLimits(run_start=1000)), {}
    registry.register(Slow())
    registry.start_at_once(told.__setitem__, lambda: True)
    assert told == {"Slow": None}


def test_a_check_that_outlives_a_short_suite_is_finished_and_leaves_no_note():
    class Quick(Integration):
        noted = ()

        def on_run_start(self):
            over.wait(1)

        def note(self, text):
            self.noted = (*self.noted, text)

    over = threading.Event()
    registry, told, quick = Registry(HookLimits(run_start=1000)), {}, Quick()
    registry.register(quick)
    registry.start_at_once(told.__setitem__, lambda: over.set() or True)
    assert (told, quick.noted) == ({"Quick": None}, ())


def test_json_output_stays_clean(suite):
    project = suite(THERE, "['mine.There']")
    ran = project.pytest("--qlty", "--qlty-receipt", "receipt.json", "-p", "no:terminal")
    assert ran.stdout == ""
    assert json.loads((project.root / "receipt.json").read_text())["durable"] is True
