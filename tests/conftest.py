"""A project on disk and real pytest processes in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from qlty.masking import _process as _masking

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # as a shell starts what runs in its background; processes that tests start would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

SPY = """
import json, os, signal
from pathlib import Path
from qlty.classes.integrations.base_integration import Integration

HERE = Path(__file__).parent

def kill_reporter():
    # a run that is killed then is left to the next one
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes()
            if b"_reporter_main" in command and os.readlink(folder / "cwd") == str(HERE):
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:
            pass

def tell(**event):
    with open(HERE / "spy.jsonl", "a") as file:
        file.write(json.dumps({"pid": os.getpid(), **event}, default=str) + "\\n")

class Spy(Integration):
    def on_run_start(self):
        tell(hook="on_run_start")

    def on_test_end(self, test_case, result):
        tell(hook="on_test_end", case=vars(test_case), result=result)

    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        log = Path(log_path).read_text() if log_path else None
        tell(hook="on_run_end", results=test_results, id=test_run_id, elapsed=elapsed_time,
             log=log, run=context["run"])
"""


@dataclass
class Ran:
    """One finished process and what the spy integration was told in it."""

    returncode: int
    stdout: str
    stderr: str
    events: list[dict[str, Any]] = field(repr=False)

    def calls(self, hook: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["hook"] == hook]

    @property
    def end(self) -> dict[str, Any]:
        """The one call of ``on_run_end``."""
        (event,) = self.calls("on_run_end")
        return event

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """All results of ``on_run_end`` by node id; each must stand there once."""
        found = [result for tests in self.end["results"].values() for result in tests.values()]
        by_id = {result["nodeid"]: result for result in found}
        assert len(by_id) == len(found)
        return by_id

    def outcomes(self) -> dict[str, str]:
        return {nodeid: result["outcome"] for nodeid, result in self.results.items()}

    def result(self, ending: str) -> dict[str, Any]:
        (result,) = [r for nodeid, r in self.results.items() if nodeid.endswith(ending)]
        return result


class Project:
    """A test project in a folder of its own, with a spy among its integrations."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pytest.ini", "[pytest]\n")
        self.write("spy.py", SPY)
        self.write("settings.py", "CUSTOM_INTEGRATIONS = ['spy.Spy']\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8", errors="surrogatepass")
        return path

    def lines(self, name: str) -> list[str]:
        """Return the lines of a file, none where it is not there."""
        path = self.root / name
        return path.read_text().splitlines() if path.exists() else []

    def environ(self, **extra: str) -> dict[str, str]:
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("QLTY_", "PYTEST_", "SLACK_", "TESTRAIL_", "PAGERDUTY_", "COV_"))
        }
        return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **extra}

    def python(self, *args: str, cwd: str = ".", env: dict[str, str] | None = None) -> Ran:
        """Run Python to its end, in the project or in one of its folders."""
        spy = self.root / "spy.jsonl"
        spy.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, *args],
            cwd=self.root / cwd,
            env=self.environ(**(env or {})),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=180,
            check=False,
        )
        lines = spy.read_text().splitlines() if spy.exists() else []
        return Ran(done.returncode, done.stdout, done.stderr, [json.loads(line) for line in lines])

    def pytest(self, *args: str, cwd: str = ".", env: dict[str, str] | None = None) -> Ran:
        """Run ``python -m pytest``."""
        return self.python("-m", "pytest", *args, cwd=cwd, env=env)

    def script(self, *args: str, cwd: str = ".", env: dict[str, str] | None = None) -> Ran:
        """Run the ``pytest`` script, which does not put the current folder on ``sys.path``."""
        script = str(Path(sys.executable).with_name("pytest"))
        return self.python(script, *args, cwd=cwd, env=env)


@pytest.fixture(autouse=True)
def _secrets_of_one_test(monkeypatch):
    """Forget what a test has loaded: a secret ``main`` would be masked in every later one."""
    before = set(_masking._known)
    monkeypatch.setattr(_masking, "_environment", _masking._Environment())
    yield
    _masking._known.clear()
    _masking._known.update(before)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
