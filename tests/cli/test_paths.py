"""One rule for paths in every command: relative to the project's root."""

from __future__ import annotations

import pytest

from qlty.cli import _outbox
from qlty.cli._project import Project
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
