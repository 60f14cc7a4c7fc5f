"""A sender that is killed at any moment: parent, replies and files go on, and nothing is doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter

import pytest

from qlty.delivery import Outbox

SENDER = """
import os, sys, time
from pathlib import Path
from qlty import settings
from qlty.classes.integrations._slack import limits
from qlty.classes.integrations.slack_integration import SlackIntegration
from qlty.delivery import Outbox, drain

limits.PAUSE = 0.0
settings.install(settings.Sources(options={}, ini={}, environ=os.environ, module=None))

class Senders:
    def get(self, integration, class_path):
        return SlackIntegration()

drain(Outbox.open(Path(sys.argv[1])), Senders(), deadline=time.monotonic() + 60)
"""


@pytest.fixture
def sender(slack, tmp_path, monkeypatch):
    """Start a process that sends what is in the outbox file."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "outbox.sqlite"
    slack.courier.outbox = Outbox.open(path)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SLACK_")}

    def begin():
        command = [sys.executable, "-c", SENDER, str(path)]
        return subprocess.Popen(command, env={**kept, **slack.environ})

    return begin


def said_to(slack, number):
    return slack.sandbox.slack.messages if number else slack.sandbox.calls


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_doubled_and_nothing_is_lost(slack, make, sender, tmp_path, seed):
    chance = random.Random(seed)
    (tmp_path / "report.html").write_text("<p>all of it</p>")
    slack.environ["SLACK_FILES"] = "report.html"
    slack.set()
    errors = [f"E   {chr(65 + n)}{'x' * 80}\nE   {'y' * 500}" for n in range(26)]
    slack.end(*(make.result(f"a.py::test_{n}", "failed", text) for n, text in enumerate(errors)))
    ((_, payload),) = slack.courier.orders
    slack.sandbox.chaos({"slack": {"latency": 0.05}})
    for number in range(4):
        # the first one at any call; after that, a sender that never gets further counts as the
        # delivery's victim
        seen = len(said_to(slack, number))
        process = sender()
        slack.sandbox.wait_for(
            lambda _: len(said_to(slack, number)) > seen or process.poll() is not None
        )
        try:
            process.wait(chance.uniform(0, 0.15))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
    assert sender().wait(120) == 0
    said = [one["metadata"]["event_payload"]["part"] for one in slack.messages if "metadata" in one]
    expected = ["parent", *(f"reply {n}" for n in range(len(payload["replies"])))]
    assert Counter(said) == Counter(expected)
    assert len([one for one in slack.messages if one.get("files")]) == 1
    assert [row.state for row in slack.rows] == ["delivered"]
