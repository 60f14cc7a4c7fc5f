"""A suite closes every descriptor that it may have, or removes the state folder."""

from __future__ import annotations

import json
import time

import pytest

from qlty.sandbox import start

OWN = """
from qlty.classes.integrations.base_integration import Integration

class Own(Integration):
    def on_test_end(self, test_case, result): self.deliver({"name": test_case.name})
    def send(self, job):
        with open("sent.txt", "a") as file: file.write(job.payload["name"] + "\\n")
"""

SUITE = """
import os, pathlib, shutil, time

mine = []

def test_before(): pass

def test_bad():
    while not os.path.exists("sent.txt"): time.sleep(0.01)  # the reporter is at work
    {statement}

def test_takes_the_numbers():
    folder = pathlib.Path("theirs")
    folder.mkdir()
    mine.extend(os.open(folder / str(n), os.O_RDWR | os.O_CREAT) for n in range(40))

def test_fails(): assert 0
"""

NAMES = ["test_bad", "test_before", "test_fails", "test_takes_the_numbers"]


@pytest.fixture(scope="module")
def slack():
    with start() as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("statement", "how"),
    [
        ("os.closerange(3, 256)", ["--capture=no"]),
        ("os.closerange(3, 256)", []),
        ("shutil.rmtree('.qlty-framework')", []),
    ],
    ids=["closed", "closed with pytest's own", "removed"],
)
def test_the_run_is_reported_once_and_the_suites_files_are_its_own(project, slack, statement, how):
    slack.reset()
    project.write("own.py", OWN)
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['own.Own']")
    project.write("test_it.py", SUITE.format(statement=statement))
    began = time.monotonic()
    ran = project.pytest("--report-to", "slack", "--qlty-receipt", "r.json", *how, env=slack.env)
    assert time.monotonic() - began < 55
    assert sum("4 tests failed" in message["text"] for message in slack.slack.messages) == 1
    assert sorted(project.lines("sent.txt")) == NAMES
    written = [path.name for path in project.root.glob("theirs/*") if path.stat().st_size]
    assert written == []
    if how or "rmtree" in statement:  # without its own descriptors pytest cannot say anything
        assert ran.returncode == 1
        assert "internal error" not in ran.stdout
        receipt = json.loads((project.root / "r.json").read_text())
        assert {line["integration"] for line in receipt["integrations"]} == {"Own", "slack"}
        assert all(line["complete"] for line in receipt["integrations"])
        assert sum(one["delivered"] for one in receipt["integrations"]) == 5
