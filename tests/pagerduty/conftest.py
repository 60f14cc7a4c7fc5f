"""A sandbox, and pytest projects that report to its PagerDuty."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from qlty import config as flags
from qlty.classes.integrations._pagerduty._marker import MARKER, Routing
from qlty.classes.integrations._pagerduty._policy import Known, Observation, problem_key
from qlty.classes.integrations._pagerduty._scope import Scope, test_of
from qlty.classes.integrations.pagerduty_integration import PagerDutyIntegration
from qlty.delivery import History, Outbox, drain
from qlty.results import Marker, TestCase, read_failure
from qlty.sandbox import Sandbox, start
from qlty.settings import Sources, current, install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from qlty.results import TestResult

SCOPE = Scope("staging", "main", "ci")


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Sandbox:
    shared_sandbox.reset()
    return shared_sandbox


@dataclass
class Reported:
    """One finished pytest run and what PagerDuty has from it."""

    returncode: int
    output: str
    receipt: dict[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        """Pytest's last line, as ``{"failed": 1}``."""
        last = [line for line in self.output.splitlines() if re.search(r" in [\d.]+s", line)][-1]
        return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last)}

    @property
    def line(self) -> dict[str, Any]:
        """PagerDuty's part of the receipt."""
        lines = [
            one for one in self.receipt.get("integrations", []) if one["integration"] == "pagerduty"
        ]
        return lines[0] if lines else {}


@dataclass
class Suite:
    """A test project that knows the sandbox by its environment alone."""

    project: Any
    sandbox: Sandbox

    def __post_init__(self) -> None:
        for name in ("settings.py", "spy.py"):
            (self.project.root / name).unlink()
        self.env = {
            name: value for name, value in self.sandbox.env.items() if name.startswith("PAGERDUTY_")
        }
        del self.env["PAGERDUTY_SERVICE_ID"]

    def write(self, text: str, name: str = "test_shop.py") -> None:
        self.project.write(name, text)

    def run(
        self, *args: str, env: dict[str, str] | None = None, without: tuple[str, ...] = ()
    ) -> Reported:
        environ = {name: value for name, value in self.env.items() if name not in without}
        receipt = self.project.root / "receipt.json"
        receipt.unlink(missing_ok=True)
        ran = self.project.pytest(
            f"--qlty-receipt={receipt}", *args, env={**environ, **(env or {})}
        )
        told = json.loads(receipt.read_text()) if receipt.exists() else {}
        return Reported(ran.returncode, ran.stdout + ran.stderr, told)

    @property
    def incidents(self) -> list[dict[str, Any]]:
        return self.sandbox.pagerduty.incidents

    def calls(self, method: str = "") -> list[str]:
        return [one["call"] for one in self.sandbox.calls if one["call"].startswith(method)]


@pytest.fixture
def suite(project: Any, sandbox: Sandbox) -> Suite:
    return Suite(project, sandbox)


def a_case(nodeid: str = "tests/test_shop.py::test_pay", *markers: Marker, **more: Any) -> TestCase:
    name = nodeid.rpartition("::")[2]
    return TestCase(nodeid, name, path=nodeid.partition("::")[0], line=7, markers=markers, **more)


def a_failure(error: str = "ValueError: no", where: str = "tests/test_shop.py:9") -> str:
    return f"def test():\n>       raise\nE       {error}\n\n{where}: {error.partition(':')[0]}"


def a_result(
    nodeid: str, outcome: str, message: str | None = None, ended: float = 1000.0, **more: Any
) -> TestResult:
    status = {"xfailed": "skipped", "xpassed": "passed", "error": "failed"}.get(outcome, outcome)
    when = datetime.fromtimestamp(ended, timezone.utc)
    result = {
        "status": status,
        "outcome": outcome,
        "message": a_failure() if message is None and status == "failed" else message,
        "error": None,
        "phase": "call" if status == "failed" else None,
        "start_time": when,
        "end_time": when,
        "duration": 0.0,
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
    return result | more  # type: ignore[return-value]


def seen(
    nodeid: str, outcome: str = "failed", *, error: str = "", scope: Scope = SCOPE, **more: Any
) -> Observation:
    """What the policy gets to know of a test of service XIXOOXZ."""
    route = Routing(
        "XIXOOXZ",
        **{k: more.pop(k) for k in ("urgency", "incident_key", "resolve_on_pass") if k in more},
    )
    case = a_case(nodeid)
    message = a_failure(error or f"ValueError: {test_of(nodeid)}")
    failed = {
        "failure": read_failure(message, nodeid=nodeid),
        "message": message,
        "phase": more.pop("phase", "call"),
    }
    return Observation(
        case=case,
        routing=route,
        problem=problem_key(case, route, scope),
        verdict=outcome,  # type: ignore[arg-type]
        ended=more.pop("ended", 1000.0),
        **(failed if outcome == "failed" else {}),
        **more,
    )


def known_of(*observations: Observation) -> Known:
    known = Known("XIXOOXZ")
    for each in observations:
        known.add(each)
    return known


class Facts:
    """Facts of tests without pytest, for what is pure."""

    scope = SCOPE
    case = staticmethod(a_case)
    failure = staticmethod(a_failure)
    result = staticmethod(a_result)
    seen = staticmethod(seen)
    known = staticmethod(known_of)

    @staticmethod
    def asks(*args: Any, **kwargs: Any) -> Marker:
        return Marker(MARKER, args, kwargs)


@pytest.fixture(scope="session")
def facts() -> type[Facts]:
    return Facts


# -- runs without pytest: the integration itself, a real outbox, a real history, the sandbox


class Courier:
    """What the run hands to the integration, with real files behind it."""

    def __init__(self, run: dict[str, Any], outbox: Outbox, history: History) -> None:
        self.run = run
        self.outbox = outbox
        self.history = history
        self.notes: list[str] = []

    def deliver(self, integration: Any, payload: dict[str, Any], order: Any) -> Any:
        now = time.time()
        return self.outbox.enqueue(
            integration=integration.name,
            target=integration.target(),
            key=order.key,
            kind=order.kind,
            payload=payload,
            run_id=self.run["id"],
            class_path="",
            expires_at=None if order.expires_in is None else now + order.expires_in,
            not_before=None if order.not_before_in is None else now + order.not_before_in,
            supersedes=order.supersedes,
        )

    def waiting(self, integration: Any, kind: str) -> list[dict[str, Any]]:
        rows = self.outbox.rows(state="waiting", integration=integration.name)
        return [row.payload for row in rows if row.kind == kind]

    def note(self, integration: Any, text: str) -> None:
        self.notes.append(text)


class Machine:
    """A laptop or a CI worker with a state folder of its own; its clock may be behind."""

    numbers = itertools.count(1)

    def __init__(self, folder: Path, environ: dict[str, str], **where: Any) -> None:
        self.folder = folder
        self.environ = environ
        self.where = {"environment": "staging", "branch": "main", "ci": "Jenkins", **where}
        self.outbox = Outbox.open(folder / "outbox.sqlite3")
        self.notes: list[str] = []

    def run(
        self,
        outcomes: dict[str, str],
        *,
        deliver: bool = True,
        error: str = "",
        settings: dict[str, str] | None = None,
        marker: dict[str, Any] | None = None,
        by_tests: bool = False,
        result: dict[str, Any] | None = None,
        **where: Any,
    ) -> dict[str, Any]:
        """Run tests with these outcomes by name; return the context of ``on_run_end``."""
        install(Sources(environ={**self.environ, **(settings or {})}))
        run = {"id": f"R{next(self.numbers)}", "rootdir": str(self.folder), **self.where, **where}
        history = History.of_run(
            self.folder / "history.jsonl", {"project": self.folder.name, **run}
        )
        integration = PagerDutyIntegration()
        courier = integration._courier = Courier(run, self.outbox, history)  # type: ignore[assignment]
        flags.ACTIVATED_BY_TESTS = by_tests
        try:
            return self._run(integration, courier, outcomes, deliver, error, marker, result or {})
        finally:
            flags.ACTIVATED_BY_TESTS = False
            self.notes = courier.notes

    def _run(self, integration, courier, outcomes, deliver, error, marker, more):  # type: ignore[no-untyped-def]
        integration.on_run_start()
        results = {}
        for name, word in outcomes.items():
            nodeid = name if ".py" in name else f"tests/test_shop.py::{name}"
            message = a_failure(error or f"ValueError: {test_of(nodeid)}")
            failed = word in {"failed", "error", "collect"}
            outcome, facts = ("error", {"phase": "collect"}) if word == "collect" else (word, more)
            result = a_result(nodeid, outcome, message if failed else None, time.time(), **facts)
            mark = Marker(MARKER, (), {"service_id": "XIXOOXZ", **(marker or {})})
            fixtures = ("pagerduty_fixture",)
            integration.on_test_end(a_case(nodeid, mark, fixtures=fixtures), result)
            results[nodeid] = result
        if deliver:
            self.follow(integration)
        context: dict[str, Any] = {"run": courier.run}
        try:
            integration.on_run_end({"x": results}, courier.run["id"], 1.0, context=context)
        finally:
            if deliver:
                self.stop()
        courier.history.record(results.values(), run_id=courier.run["id"])
        courier.history.save()
        return context

    def follow(self, integration: Any) -> None:
        """Send as the reporter does, while the run goes on."""
        self._stop = threading.Event()
        self._sending = threading.Thread(target=self._drain, args=(integration, self._stop))
        self._sending.start()

    def _drain(self, integration: Any, stop: threading.Event) -> None:
        self.send(integration, stop=stop, follow=True)

    def stop(self) -> None:
        self._stop.set()
        self._sending.join()
        self.send()

    def send(self, integration: Any = None, seconds: float = 20, **how: Any) -> None:
        """Send what waits, as ``outbox deliver`` does."""
        sender = integration or PagerDutyIntegration()
        senders = SimpleNamespace(get=lambda name, path: sender)
        drain(self.outbox, senders, deadline=time.monotonic() + seconds, **how)

    def states(self, kind: str = "trigger") -> list[str]:
        return [row.state for row in self.outbox.rows() if row.kind == kind]

    @property
    def told(self) -> list[str]:
        """What the last run's receipt says of deliveries, and its notes."""
        rows = [row for row in self.outbox.rows() if row.sent is not None]
        texts = [text for row in rows for text in (row.sent.text, *row.sent.notes) if text]
        return [*texts, *self.notes]


@pytest.fixture
def machine(tmp_path: Path, sandbox: Sandbox) -> Iterator[Callable[..., Machine]]:
    """Make machines that share the sandbox's PagerDuty and nothing else."""
    made: list[Machine] = []
    environ = {key: value for key, value in sandbox.env.items() if key.startswith("PAGERDUTY_")}
    before = current()

    def make(**where: Any) -> Machine:
        folder = tmp_path / f"machine{len(made)}"
        folder.mkdir()
        made.append(Machine(folder, {**environ, "PAGERDUTY_GROUP_WAIT": "0"}, **where))
        return made[-1]

    yield make
    install(before)
    for each in made:
        each.outbox.close()


@pytest.fixture
def effects(sandbox):
    """Say what PagerDuty was told since the last question: POST, PUT and notes in order."""
    heard = 0

    def ask():
        nonlocal heard
        calls = sandbox.calls
        new, heard = calls[heard:], len(calls)
        names = {
            "POST /incidents": "open",
            "PUT /incidents": "resolve",
            "POST /incidents/{id}/notes": "note",
        }
        return [
            names[one["call"]] if one["ok"] else f"{names[one['call']]} refused"
            for one in new
            if one["call"] in names
        ]

    return ask


@pytest.fixture
def statuses(sandbox: Sandbox) -> Callable[[], list[str]]:
    """Return the status of every incident, oldest first."""
    return lambda: [incident["status"] for incident in sandbox.pagerduty.incidents]
