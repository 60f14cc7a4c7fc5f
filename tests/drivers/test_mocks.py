"""A suite replaces what it likes, for good: its outcomes are told as they are, none is missing."""

import ast

import pytest

#: an integration that keeps what it needs, as the tests replace everything
KEEPS = """
import json, os
from pathlib import Path
from qlty.classes.integrations.base_integration import Integration

file = os.open(Path(__file__).with_name("told.jsonl"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

class Keeps(Integration):
    def on_test_end(self, case, result, dumps=json.dumps, write=os.write):
        write(file, dumps([case.nodeid, result["outcome"]]).encode() + b"\\n")
    def on_run_end(self, results, *rest, dumps=json.dumps, write=os.write, **more):
        told = {r["nodeid"]: r["outcome"] for tests in results.values() for r in tests.values()}
        write(file, dumps(told).encode() + b"\\n")
"""

#: as many as pytest itself, and xdist, can do without
REPLACED = {
    "0": """
        os.getpid os.fork os.kill os.write fcntl.lockf json.dumps json.loads hashlib.sha256
        time.time time.monotonic subprocess.Popen subprocess.run threading.Thread
        signal.signal signal.setitimer signal.getsignal
        logging.Logger.handle logging.Logger.log
        """,
    "1": "os.getpid json.dumps json.loads hashlib.sha256 time.time signal.signal logging.Logger.log",
}


@pytest.mark.parametrize("workers", REPLACED)
def test_what_a_suite_replaces_for_good_changes_no_outcome(project, workers):
    project.write("keeps.py", KEEPS)
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['keeps.Keeps']\n")
    project.write(
        "test_mocks.py",
        f"""
        import pkgutil  # mock loads it late, with what is replaced by then
        from unittest import mock
        def test_replaces():
            for name in {REPLACED[workers].split()}:
                mock.patch(name, mock.MagicMock(side_effect=ValueError("a mock"))).start()
        def test_fails(): assert 0
        def test_passes(): pass
        """,
    )
    plain = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")  # it asks for the time
    ran = project.pytest("--qlty", "-v", *plain, "-n", workers)
    assert ran.returncode == 1, ran.stdout
    *told, results = map(ast.literal_eval, project.lines("told.jsonl"))
    outcomes = {"replaces": "passed", "fails": "failed", "passes": "passed"}
    assert dict(told) == results == {f"test_mocks.py::test_{n}": o for n, o in outcomes.items()}
    assert "nothing to deliver" in ran.stdout
    assert "internal error" not in ran.stdout
