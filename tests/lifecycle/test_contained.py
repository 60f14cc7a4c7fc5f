"""Nothing that an integration, a plugin or the machine does to the reporting reaches the run."""

import os
import subprocess
import sys

import pytest

BAD_CLASSES = {
    "on_run_end is no function": "class Bad(Integration):\n    on_run_end = None\n",
    "on_test_end is no function": "class Bad(Integration):\n    on_test_end = 7\n",
    "on_run_start is no function": "class Bad(Integration):\n    on_run_start = None\n",
    "required raises": "class Bad(Integration):\n    @property\n    def required(self): raise ValueError('odd')\n",
    "must_deliver raises": "class Bad(Integration):\n    @property\n    def must_deliver(self): raise ValueError('odd')\n",
    "name cannot be set": "class Bad(Integration):\n    @property\n    def name(self): return 'mine'\n",
    "takes no attributes": "class Bad(Integration):\n    def __setattr__(self, *a): raise AttributeError('frozen')\n",
    "results are destroyed": "class Bad(Integration):\n    def on_run_end(self, results, *a, **k):\n        for key in list(results): results[key] = None\n",
}


@pytest.mark.parametrize("code", BAD_CLASSES.values(), ids=BAD_CLASSES)
def test_an_odd_integration_changes_nothing_and_costs_no_other_its_hooks(suite, code):
    order = (
        "['spy.Spy', 'mine.Bad']"
        if "destroyed" in code or "results[key]" in code
        else "['mine.Bad', 'spy.Spy']"
    )
    ran = suite(code, order).pytest("--qlty")
    assert ran.returncode == 0, ran.stdout
    assert len(ran.calls("on_test_end")) == 2
    assert len(ran.calls("on_run_end")) == 1
    assert "Bad" in ran.stdout or "results[key]" in code


ODD_TESTS = {
    "property whose str() raises": """
        class B:
            def __str__(self): raise ValueError("odd")
        def test_odd(request): request.node.user_properties.append(("feature_name", B()))
    """,
    "property with an odd name": """
        def test_odd(request): request.node.user_properties.append((["l"], 1))
    """,
    "property that is no pair": """
        def test_odd(request): request.node.user_properties.append("abc")
    """,
    "xfail reason whose str() raises": """
        import pytest
        class B:
            def __str__(self): raise ValueError("odd")
        @pytest.mark.xfail(reason=B())
        def test_odd(): assert 0
    """,
    "marker nested deeper than any stack": """
        import pytest
        L = []
        for _ in range(900): L = [L]
        @pytest.mark.odd(L)
        def test_odd(): pass
    """,
    "marker with a dict that cannot be read": """
        import pytest
        class D(dict):
            def items(self): raise ValueError("odd")
        @pytest.mark.odd(D(a=1))
        def test_odd(): pass
    """,
}


@pytest.mark.parametrize("code", ODD_TESTS.values(), ids=ODD_TESTS)
def test_whatever_stands_on_a_test_its_outcome_is_reported(project, code):
    project.write("pytest.ini", "[pytest]\nmarkers = odd\n")
    project.write("test_odd.py", code)
    bare = project.pytest("-p", "no:terminal")
    ran = project.pytest("--qlty", "-p", "no:terminal")
    assert ran.returncode == bare.returncode == 0
    assert len(ran.results) == 1
    assert "internal" not in ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_names_that_are_no_utf_8_do_not_end_the_run(project):
    project.write("test_one.py", "def test_one(): pass\n")
    env = {"JENKINS_URL": "x", "GIT_BRANCH": os.fsdecode(b"\xfe-branch")}
    ran = project.pytest("--qlty", env=env)
    assert ran.returncode == 0
    assert "branch" in ran.end["run"]["branch"]


def test_a_branch_whose_name_is_no_utf_8_does_not_end_the_run(project):
    project.write("test_one.py", "def test_one(): pass\n")
    branch = os.fsdecode(b"br\xe9")
    for command in (["init", "-q"], ["checkout", "-q", "-b", branch], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *who, "commit", "-q", "-m", "one"], cwd=project.root, check=True)
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert ran.end["run"]["branch"].startswith("br")


def test_a_machine_that_can_be_written_nowhere_costs_the_log_alone(project):
    project.write("conftest.py", "import tempfile\ntempfile.tempdir = '/nonexistent'\n")
    project.write("test_one.py", "def test_one(): pass\n")
    ran = project.pytest("--qlty", "-p", "no:cacheprovider", env={"QLTY_DIR": "/proc/nowhere"})
    assert ran.returncode == 0
    assert ran.end["log"] is None


def test_an_outbox_that_is_overwritten_by_a_test_does_not_change_the_exit_status(suite):
    code = """
class Sends(Integration):
    def on_run_end(self, *a, **k): self.deliver({"a": 1}, key="a")
    def send(self, job): pass
"""
    project = suite(code, "['mine.Sends', 'spy.Spy']")
    project.write(
        "test_two.py",
        """
        from pathlib import Path
        def test_writes():
            for file in Path(".qlty-framework").glob("outbox*"): file.write_bytes(b"x" * 5000)
        """,
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert len(ran.calls("on_run_end")) == 1
    assert "outbox" in ran.stdout


def test_a_state_folder_that_a_test_removes_is_said(suite):
    project = suite(
        "from qlty.errors import RetryLater\nclass Sends(Integration):\n    def on_run_end(self, *a, **k): self.deliver({}, key='a')\n    def send(self, job): raise RetryLater('full')\n",
        "['mine.Sends', 'spy.Spy']",
    )
    project.write(
        "test_two.py", "import shutil\ndef test_cleans(): shutil.rmtree('.qlty-framework')\n"
    )
    ran = project.pytest("--qlty", env={"QLTY_DELIVERY_TIMEOUT": "1"})
    assert ran.returncode == 0
    assert ran.end["log"] is None
    assert "removed during the run" in ran.stdout


def test_folders_with_brackets_do_not_confuse_the_keys(project):
    project.write(
        "[id]/test_y.py", "class TestA:\n    def test_a(self): pass\ndef test_b(): pass\n"
    )
    results = project.pytest("--qlty").end["results"]
    assert {key: list(tests) for key, tests in results.items()} == {
        "[id]/test_y.py::TestA": ["test_a"],
        "[id]/test_y.py": ["test_b"],
    }


EMPTIES = """
class Empties(Integration):
    def on_test_end(self, case, result): result.clear()
class Sends(Integration):
    must_deliver = True
    def on_run_end(self, *a, **k): self.deliver({"a": 1}, key="a")
    def send(self, job): tell(hook="sent")
"""


def test_a_hook_that_empties_its_result_empties_nobody_elses(suite):
    ran = suite(EMPTIES, "['mine.Empties', 'mine.Sends', 'spy.Spy']").pytest("--qlty")
    assert ran.returncode == 0
    assert set(ran.outcomes().values()) == {"passed"}
    assert len(ran.calls("sent")) == 1


def test_a_dead_run_that_cannot_be_reported_costs_the_own_run_nothing(suite):
    project = suite(EMPTIES, "['mine.Sends', 'spy.Spy']")
    project.write(
        "test_two.py", "import os, spy\ndef test_dies(): spy.kill_reporter(); os._exit(3)\n"
    )
    project.pytest("--qlty")
    (journal,) = (project.root / ".qlty-framework" / "runs").glob("*.jsonl")
    journal.write_text(journal.read_text().replace('"start":"', '"start":"no time '))
    project.write("test_two.py", "def test_next(): pass\n")
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert "cannot be reported now" in ran.stdout
    assert list(ran.outcomes()) == ["test_two.py::test_next"]
    assert len(ran.calls("sent")) == 1


def test_a_dead_run_waits_for_a_required_integration_that_cannot_start(suite):
    code = """
from pathlib import Path
class Needs(Spy):
    required = True
    def on_run_start(self):
        count = Path(__file__).with_name("starts")
        count.write_text(count.read_text() + "x" if count.exists() else "x")
        if count.read_text() == "xxx": raise ValueError("not now")
"""
    project = suite(code, "['mine.Needs']")
    project.write(
        "test_two.py", "import os, spy\ndef test_dies(): spy.kill_reporter(); os._exit(3)\n"
    )
    project.pytest("--qlty")
    project.write("test_two.py", "def test_next(): pass\n")
    assert len(project.pytest("--qlty").calls("on_run_end")) == 1
    assert len(project.pytest("--qlty").calls("on_run_end")) == 2


def test_a_journal_that_a_test_closes_costs_recovery_alone(suite):
    project = suite(EMPTIES, "['mine.Sends', 'spy.Spy']")
    project.write(
        "test_two.py",
        """
        import os
        def test_closes():
            for name in os.listdir("/proc/self/fd"):
                try:
                    if os.readlink(f"/proc/self/fd/{name}").endswith(".jsonl"): os.close(int(name))
                except OSError: pass
        def test_after(): pass
        """,
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert len(ran.calls("on_test_end")) == 2
    assert len(ran.calls("sent")) == 1


def test_an_internal_error_is_told_once_with_its_traceback(suite):

    project = suite(
        "import qlty.recording._recorder as recorder\ndef broken(*_, **__): raise ValueError('our own mistake')\nrecorder.merge = broken\n",
        "['mine.tell', 'spy.Spy']",
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert ran.stdout.count("internal error, the run goes on") == 1
    assert ran.stdout.count("ValueError: our own mistake") == 1
    assert len(ran.calls("on_run_end")) == 1


def test_a_hook_that_is_set_on_the_instance_is_called(suite):
    code = "class Mine(Integration):\n    def __init__(self): self.on_test_end = lambda c, r: tell(hook='own')\n"
    assert len(suite(code, "['mine.Mine']").pytest("--qlty").calls("own")) == 2


def test_a_limit_is_kept_also_where_progress_is_told():
    import time

    from qlty.classes.integrations import _guard

    waits = []
    started = time.monotonic()
    failure = _guard.attempt(lambda: time.sleep(30), 0.5, waits.append)
    assert failure is not None
    assert failure.timed_out
    assert 0.4 < time.monotonic() - started < 10
