"""One rule for paths in every command: relative to the project's root."""

from __future__ import annotations

import pytest

from qlty.cli import _outbox
from qlty.cli._check import _Courier
from qlty.cli._main import main
from qlty.cli._project import Project
from qlty.delivery import Outbox
from qlty.lifecycle import Recovered
from qlty.runs import StateDir
from qlty.settings import Sources, current, install


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({"QLTY_HISTORY": "past/h.jsonl"}, "past/h.jsonl"), ({}, ".qlty-framework/history.jsonl")],
)
def test_outbox_deliver_writes_the_history_of_the_project(tmp_path, monkeypatch, environ, expected):
    histories = []
    monkeypatch.setattr(_outbox, "RunCourier", lambda *args, **_: histories.append(args[3]))

    def report(state, rootdir, make_courier, limits):
        make_courier(None, None)
        return Recovered()

    monkeypatch.setattr(_outbox, "report_dead_runs", report)
    before = current()
    install(Sources(environ=environ))
    try:
        project = Project(tmp_path, StateDir(tmp_path / ".qlty-framework"), None)
        _outbox._report_killed_runs(project, None)
    finally:
        install(before)
    assert histories == [tmp_path / expected]


HISTORY = """
{"version": 1}
{"suite": "shop", "environment": "", "branch": "", "nodeid": "test_a.py::test_a", "outcomes": ["failed"], "run_id": "r", "time": "2100-01-01T00:00:00+00:00"}
"""


def test_check_reads_the_history_that_a_run_reads(tmp_path):
    (tmp_path / "past").mkdir()
    (tmp_path / "past" / "h.jsonl").write_text(HISTORY.lstrip())
    before = current()
    install(Sources(environ={"QLTY_HISTORY": "past/h.jsonl", "QLTY_PROJECT": "shop"}))
    try:
        project = Project(tmp_path, StateDir(tmp_path / ".qlty-framework"), None)
        assert _Courier(project, current()).history.failed_last() == {"test_a.py::test_a"}
    finally:
        install(before)


SENDS = """
from qlty.classes.integrations.base_integration import Integration

class Sends(Integration):
    def on_run_end(self, *args, **kwargs): self.deliver({"what": "this"})
    def send(self, job): pass
"""

COMMANDS = [
    ["list"],
    ["show", "1"],
    ["deliver", "--timeout", "5"],
    ["retry", "1"],
    ["drop", "1"],
    ["prune"],
]


def test_a_run_in_a_sub_folder_leaves_its_files_relative_to_the_root(project):
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['spy.Spy']")
    project.write("sub/test_a.py", "def test_a(): pass")
    environ = {"QLTY_DIR": "kept/state", "QLTY_HISTORY": "kept/past.jsonl"}
    ran = project.pytest("--qlty", cwd="sub", env=environ)
    assert ran.returncode == 0, ran.stdout
    assert (project.root / "kept" / "state" / "runs").is_dir()
    assert "test_a" in (project.root / "kept" / "past.jsonl").read_text()
    assert not (project.root / ".qlty-framework").exists()
    assert sorted(path.name for path in (project.root / "sub").iterdir()) == ["test_a.py"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_outbox_is_found_relative_to_the_root(tmp_path, monkeypatch, capsys, command):
    (tmp_path / "settings.py").write_text("")
    (tmp_path / "sub").mkdir()
    state = StateDir(tmp_path / "kept" / "state")
    assert state.ensure() is None
    outbox = Outbox.open(state.outbox)
    waits = {"integration": "gone", "target": "t", "kind": "", "class_path": None}
    outbox.enqueue(**waits, key="k", payload={"a": 1}, run_id="r")
    outbox.close()
    monkeypatch.chdir(tmp_path / "sub")
    monkeypatch.setenv("QLTY_DIR", "kept/state")
    before = current()
    try:
        status = main(["outbox", *command])
    finally:
        install(before)
    said = capsys.readouterr()
    assert status in {0, 75}, said.err
    assert "there is no outbox" not in said.err
    assert list((tmp_path / "sub").iterdir()) == []
