"""Facts of tests and runs, made in one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from qlty.classes.integrations._testrail.tests import Test
from qlty.classes.integrations.testrail_integration import TestRailIntegration
from qlty.delivery import Job
from qlty.results import Marker, TestCase, TestResult
from qlty.sandbox import Sandbox, start
from qlty.settings import Sources, current, install

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=timezone.utc)


def a_test(
    nodeid: str = "tests/test_a.py::test_x", status: str | None = "passed", **more: Any
) -> Test:
    outcome = more.pop("outcome", status or "skipped")
    return Test(nodeid, outcome, status, **{"case_ids": (1,), "duration": 1.0, **more})


def a_case(nodeid: str = "tests/test_a.py::test_x", *markers: Marker, **more: Any) -> TestCase:
    return TestCase(nodeid, nodeid.rpartition("::")[2], markers=markers, **more)


def a_result(
    nodeid: str = "tests/test_a.py::test_x", status: str = "passed", **more: Any
) -> TestResult:
    result: dict[str, Any] = {
        "status": status,
        "outcome": status,
        "message": "AssertionError: no" if status == "failed" else None,
        "error": None,
        "phase": "call" if status == "failed" else None,
        "start_time": NOW,
        "end_time": NOW,
        "duration": 1.0,
        "attempts": 1,
        "flaky": False,
        "interrupted": False,
        "test_case_ids": [1],
        "feature_name": None,
        "test_target": None,
        "results_dir": None,
        "attachments": [],
        "nodeid": nodeid,
        **more,
    }
    return result  # type: ignore[return-value]


@pytest.fixture(scope="session")
def make_test():
    return a_test


@pytest.fixture(scope="session")
def make_case():
    return a_case


@pytest.fixture(scope="session")
def make_result():
    return a_result


@pytest.fixture(scope="session")
def marker():
    def make(*args: Any, **kwargs: Any) -> Marker:
        return Marker("testrail", args, kwargs)

    return make


class Desk:
    """Takes deliveries as a run does, and sends them as the reporter does: elsewhere, from JSON."""

    history = None

    def __init__(self, run_id: str = "20260304-050600-abcdef") -> None:
        self.run: Any = {
            "id": run_id,
            "start": NOW,
            "project": "shop",
            "ci_url": "https://ci.test/7",
        }
        self.jobs: list[Job] = []
        self.notes: list[str] = []
        self.sent: dict[int, Any] = {}
        self.sender = TestRailIntegration()

    def deliver(self, integration: Any, payload: dict[str, Any], order: Any) -> Handle:
        stored = json.loads(json.dumps(payload))
        same = [job for job in self.jobs if job.key == order.key]
        if not same:
            number = len(self.jobs) + 1
            same = [Job(number, "testrail", order.kind, order.key, integration.target(), stored)]
            self.jobs += same
        return Handle(self, same[0])

    def note(self, integration: Any, text: str) -> None:
        self.notes.append(text)

    def send(self, job: Job | None = None) -> Any:
        """Make one attempt; what it stored is all that the next one knows."""
        job = job or self.jobs[-1]
        again = Job(**{**_shown(job), "checkpoint": json.loads(json.dumps(job.checkpoint))})
        again._commit = lambda checkpoint: job.checkpoint.update(json.loads(json.dumps(checkpoint)))
        self.sent[job.id] = self.sender.send(again)
        return self.sent[job.id]

    def send_all(self) -> None:
        for job in self.jobs:
            if job.id not in self.sent:
                self.send(job)

    def new_process(self) -> None:
        self.sender = TestRailIntegration()


class Handle:
    def __init__(self, desk: Desk, job: Job) -> None:
        self.desk, self.job, self.id = desk, job, job.id

    def wait_for(self, name: str, timeout: float) -> Any:
        self.desk.send_all()
        return self.job.checkpoint.get(name)


def _shown(job: Job) -> dict[str, Any]:
    return {
        name: getattr(job, name)
        for name in ("id", "integration", "kind", "key", "target", "payload")
    }


class Project:
    """A test project that reports to the sandbox's TestRail."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.environ = dict(sandbox.env)
        self.use()

    def use(self, **settings: Any) -> Project:
        self.environ |= {
            f"TESTRAIL_{k}": v if isinstance(v, str) else json.dumps(v) for k, v in settings.items()
        }
        install(Sources(environ=self.environ))
        return self

    def run(
        self, *ended: tuple[TestCase, TestResult], log_path: str | None = None, start: bool = True
    ) -> Run:
        """Play one run through the hooks; nothing is sent yet."""
        integration, desk = TestRailIntegration(), Desk()
        integration._courier = desk
        if start:
            integration.on_run_start()
        results: Any = {}
        for case, result in ended:
            results.setdefault(case.nodeid, {})[case.name] = result
            integration.on_test_end(case, result)
        return Run(integration, desk, results, log_path)


class Run:
    def __init__(self, integration: Any, desk: Desk, results: Any, log_path: str | None) -> None:
        self.integration, self.desk, self.results, self.log_path = (
            integration,
            desk,
            results,
            log_path,
        )
        self.context: dict[str, Any] = {"run": desk.run}

    def end(self, *, send: bool = True) -> Any:
        if not send:
            self.desk.send_all = lambda: None  # type: ignore[method-assign]
        self.integration.on_run_end(
            self.results, self.desk.run["id"], 1.0, log_path=self.log_path, context=self.context
        )
        return self.desk.sent.get(len(self.desk.jobs))


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Sandbox:
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def project(sandbox: Sandbox) -> Iterator[Project]:
    before = current()
    yield Project(sandbox)
    install(before)


@pytest.fixture(scope="session")
def ended():
    """A test that ended: its case ids, its status."""

    def make(ids: Any = (1,), status: str = "passed", nodeid: str = "", **more: Any) -> Any:
        nodeid = nodeid or f"tests/test_a.py::test_{'_'.join(map(str, ids))}"
        markers = more.pop("markers", ())
        return a_case(nodeid, *markers), a_result(nodeid, status, test_case_ids=list(ids), **more)

    return make


@pytest.fixture(scope="session")
def make_project():
    return Project
