"""A run of the Slack integration through a real outbox to the sandbox, over a real socket."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from qlty import config, settings
from qlty.classes.integrations.slack_integration import SlackIntegration
from qlty.delivery import History, Outbox, drain
from qlty.results import TestCase, split_nodeid
from qlty.sandbox import start
from qlty.settings import Sources

START = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
RUN = {
    "id": "20260301-093000-abc123",
    "start": START,
    "project": "storefront",
    "environment": "staging",
    "platform": "chrome",
    "branch": "main",
    "commit": "0123456789abcdef",
    "ci": "GitHub Actions",
    "ci_url": "https://github.com/acme/shop/actions/runs/7",
    "exit_status": 0,
    "cut_short": False,
}
TRACE = """\
    def test_total():
>       assert total() == 2
E       assert {got} == 2
E        +  where {got} = total()

tests/test_cart.py:{line}: AssertionError"""


def result(nodeid, outcome="passed", message=None, **more):
    status = {"error": "failed", "xfailed": "skipped", "xpassed": "passed"}.get(outcome, outcome)
    facts = {
        "status": status,
        "outcome": outcome,
        "message": message,
        "error": None,
        "phase": "call" if status == "failed" else None,
        "start_time": START,
        "end_time": START,
        "duration": 0.1,
        "attempts": 1,
        "flaky": False,
        "interrupted": False,
        "test_case_ids": [],
        "feature_name": None,
        "test_target": None,
        "results_dir": None,
        "attachments": [],
        "nodeid": nodeid,
    }
    return {**facts, **more}


def failed(nodeid, got=3, line=12, **more):
    return result(nodeid, "failed", TRACE.format(got=got, line=line), **more)


def results_of(*results):
    found = {}
    for one in results:
        class_key, test_key = split_nodeid(one["nodeid"])
        found.setdefault(class_key, {})[test_key] = one
    return found


class Courier:
    """One run's outbox and receipt notes."""

    def __init__(self, run):
        self.run = run
        self.outbox = Outbox.open(None)
        self.notes = []
        self.orders = []
        self.history = None

    def deliver(self, integration, payload, order):
        self.orders.append((order, json.loads(json.dumps(payload))))
        return self.outbox.enqueue(
            integration=integration.name,
            target=order.target or integration.target(),
            key=order.key,
            kind=order.kind,
            payload=payload,
            run_id=self.run["id"],
            class_path=None,
            supersedes=order.supersedes,
        )

    def note(self, integration, text):
        self.notes.append(text)


class Harness:
    """A Slack integration that is configured, run and drained."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.environ = dict(sandbox.env)
        self.run = dict(RUN)
        self.courier = Courier(self.run)
        self.set()

    def set(self, **values):
        module = ModuleType("settings")
        module.SLACK = values
        environ = {key: value for key, value in self.environ.items() if key[6:] not in values}
        settings.install(Sources(options={}, ini={}, environ=environ, module=module))
        self.slack = self.fresh()
        return self

    def fresh(self):
        """The integration as another process builds it."""
        slack = SlackIntegration()
        slack._courier = self.courier
        return slack

    def get(self, integration, class_path):
        return self.fresh()

    def test(self, one):
        self.slack.on_test_end(TestCase(one["nodeid"], one["nodeid"].split("::")[-1]), one)

    def end(self, *results, context=None, **run):
        self.run.update(run)
        if any(one["status"] == "failed" for one in results) and "exit_status" not in run:
            self.run["exit_status"] = 1
        found = results_of(*results)
        self.slack.on_run_end(
            found, self.run["id"], 62.5, context={"run": self.run, **(context or {})}
        )
        return self

    def drain(self, seconds=60.0):
        drain(self.courier.outbox, self, deadline=time.monotonic() + seconds)
        return self

    def before(self, path, *results, run_id="20260228-000000-before"):
        """Let the history know of an earlier run."""
        history = History.load(path, suite="storefront", environment="staging", branch="main")
        history.record(results, run_id=run_id)
        history.save()
        self.courier.history = history
        return self

    def post(self, *results, **more):
        """End the run, deliver, and return the messages that arrived."""
        self.end(*results, **more).drain()
        return self.messages

    @property
    def messages(self):
        return self.sandbox.slack.messages

    @property
    def parents(self):
        return [one for one in self.messages if "thread_ts" not in one]

    @property
    def replies(self):
        return [one for one in self.messages if "thread_ts" in one]

    @property
    def rows(self):
        return self.courier.outbox.rows()

    def calls(self, name):
        return [one for one in self.sandbox.calls if one["call"] == name]


def text_of(message):
    """All that a message shows."""
    return json.dumps(message.get("blocks", []), ensure_ascii=False)


@pytest.fixture(scope="session")
def make():
    """Builders of results, and readers of messages."""
    return SimpleNamespace(
        result=result, failed=failed, results=results_of, text=text_of, run=dict(RUN)
    )


@pytest.fixture(scope="session")
def running_sandbox():
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox):
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def slack(sandbox, monkeypatch):
    before = settings.current()
    monkeypatch.setattr(config, "REPORT_ON_FAIL", True)
    monkeypatch.setattr("qlty.classes.integrations._slack.limits.PAUSE", 0.0)
    monkeypatch.setattr("qlty.classes.integrations._slack.client.TIMEOUT", 3)
    yield Harness(sandbox)
    settings.install(before)


@pytest.fixture(scope="session")
def contract():
    """Slack's contract; it lies beside the checkout where the project is developed."""
    places = [
        parent / "shared" / "contracts" / "slack-web.openapi.json"
        for parent in Path(__file__).resolve().parents
    ]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        pytest.skip("Slack's contract is not beside this checkout")
    return json.loads(found.read_text())
