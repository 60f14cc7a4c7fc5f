"""Warnings of what reporting calls meet none of the filters of the suite."""

import pytest

#: a dependency deprecates what is called while tests run, and around them
WARNS = """
import functools, json, sqlite3, warnings
import qlty.runs._writer

from qlty.recording import _facts, _recorder

def warning(module, name):
    original = getattr(module, name)
    @functools.wraps(original)
    def call(*args, **kwargs):
        with open("called.txt", "a") as file:
            file.write(f"{module.__name__}.{name}\\n")
        warnings.warn(f"{name} is deprecated", DeprecationWarning, stacklevel=2)
        return original(*args, **kwargs)
    setattr(module, name, call)

warning(_facts, "dumps")
warning(_recorder, "merge")
warning(_recorder, "error_line")
warning(_recorder, "decode")
warning(sqlite3, "connect")
warning(qlty.runs._writer, "encode")
"""

TESTS = """
def test_passes(): pass
def test_fails(): assert 0
def test_warns():
    import warnings
    warnings.warn("theirs", UserWarning)
"""


@pytest.mark.parametrize("how", [[], ["-n", "1"]], ids=["alone", "xdist"])
def test_a_deprecated_call_of_a_dependency_changes_nothing(project, how):
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    project.write("conftest.py", WARNS)
    project.write("test_one.py", TESTS)
    ran = project.pytest("--qlty", *how)
    assert ran.returncode == 1, ran.stdout
    assert "internal error" not in ran.stdout
    assert "is deprecated" not in ran.stdout
    assert {nodeid.partition("::")[2]: found for nodeid, found in ran.outcomes().items()} == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_warns": "failed",  # the suite's own filters hold
    }
    called = set(project.lines("called.txt"))
    assert {"qlty.recording._recorder.merge", "qlty.recording._recorder.error_line"} <= called
    if how:
        assert {"qlty.recording._facts.dumps", "qlty.recording._recorder.decode"} <= called


def test_a_warning_before_the_tests_and_after_them_changes_nothing(project):
    project.write(
        "own.py",
        """
        import warnings
        from qlty.classes.integrations.base_integration import Integration

        class Own(Integration):
            def on_run_start(self): warnings.warn("old", DeprecationWarning)
            def on_run_end(self, *args, **kwargs): self.deliver({"a": 1})
            def send(self, job): warnings.warn("old", DeprecationWarning)
        """,
    )
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['own.Own', 'spy.Spy']")
    project.write("conftest.py", WARNS)
    project.write("test_one.py", "def test_passes(): pass")
    ran = project.python("-W", "error", "-m", "pytest", "--qlty", "-W", "error")
    assert ran.returncode == 0, ran.stdout
    assert list(ran.outcomes().values()) == ["passed"]
    assert "old" not in ran.stdout
    assert "deprecated" not in ran.stdout
    assert "Own: 1 delivered" in ran.stdout
    assert "sqlite3.connect" in project.lines("called.txt")
