"""A page leaves while the tests go on, after waiting for more of its kind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

SLOW = """
import pathlib, time, pytest
pytestmark = [
    pytest.mark.usefixtures("pagerduty_fixture"),
    pytest.mark.pagerduty_trigger_incident(service_id="XIXOOXZ"),
]
def test_first(): assert 1 == 2
def test_second():
    pathlib.Path("second").touch()
    for _ in range(600):
        if pathlib.Path("go").exists():
            return
        time.sleep(0.1)
"""


@pytest.fixture
def running(suite):
    """Start pytest and leave it running in its second test."""
    started = []

    def start(**env):
        suite.write(SLOW)
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q"],
            cwd=suite.project.root,
            env=suite.project.environ(**suite.env, **env),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_an_incident_is_opened_while_the_next_test_runs(suite, running):
    process = running(PAGERDUTY_GROUP_WAIT="0.5")
    suite.sandbox.wait_for(lambda sandbox: sandbox.pagerduty.incidents, timeout=60)
    assert process.poll() is None
    (suite.project.root / "go").touch()
    assert process.wait(60) == 1
    assert len(suite.incidents) == 1


def test_a_run_that_is_killed_has_sent_its_page(suite, running):
    process = running(PAGERDUTY_GROUP_WAIT="4")
    _wait_for((suite.project.root / "second").exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert suite.incidents == []
    suite.sandbox.wait_for(lambda sandbox: sandbox.pagerduty.incidents, timeout=60)
    (incident,) = suite.incidents
    assert "test_first" in incident["title"]


def test_the_run_after_a_killed_one_pages_nobody_again_and_resolves_what_passes(suite, running):
    process = running(PAGERDUTY_GROUP_WAIT="0")
    suite.sandbox.wait_for(lambda sandbox: sandbox.pagerduty.incidents, timeout=60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    suite.write(SLOW.replace("1 == 2", "1 == 1"))
    (suite.project.root / "go").touch()
    suite.run("--report-to=pagerduty")
    assert [incident["status"] for incident in suite.incidents] == ["resolved"]


def test_ctrl_c_pages_for_what_had_failed_and_not_for_what_was_interrupted(suite, running):
    process = running(PAGERDUTY_GROUP_WAIT="60")
    _wait_for((suite.project.root / "second").exists)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 2
    assert ["test_first" in incident["title"] for incident in suite.incidents] == [True]


def _wait_for(condition, timeout=60):
    ends = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.05)
