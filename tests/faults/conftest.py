"""A project that reports to everything, a sandbox to report to, and trouble in between."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from qlty.sandbox import Sandbox, start

SUITE = """
    import pytest

    SERVICE = "{service}"

    @pytest.mark.testrail(1)
    def test_passes():
        pass

    @pytest.mark.testrail(2)
    def test_passes_too():
        pass

    @pytest.mark.testrail(3)
    @pytest.mark.pagerduty_trigger_incident(service_id=SERVICE)
    def test_fails(pagerduty_fixture):
        assert 1 + 1 == 3
"""

SETTINGS = """
    import os

    def section(name, *keys):
        found = {key: os.environ.get(f"{name}_{key}") for key in keys}
        return {key: value for key, value in found.items() if value}

    SLACK = section("SLACK", "AUTH_TOKEN", "CHANNEL_ID", "API_URL", "WEBHOOK_URL")
    TESTRAIL = section("TESTRAIL", "BASE_URL", "USERNAME", "API_KEY", "PROJECT_ID", "SUITE_ID")
    PAGERDUTY = section("PAGERDUTY", "API_KEY", "DEFAULT_FROM", "API_URL", "EVENTS_URL",
                        "ROUTING_KEY")
    CUSTOM_INTEGRATIONS = ["hooked.Hooked"] if os.environ.get("CATCHER_URL") else []
"""

# an integration as a project writes it: nothing but requests, and whom to ask
HOOKED = """
    import os

    from qlty.classes.integrations.base_integration import Integration
    from qlty.delivery import Sent


    class Hooked(Integration):
        name = "hooked"

        def target(self):
            return os.environ["CATCHER_URL"]

        def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
            self.deliver({"run": test_run_id}, key=test_run_id)

        def send(self, job):
            import requests

            url = os.environ["CATCHER_URL"]
            answer = requests.post(url, json=job.payload, timeout=10)
            answer.raise_for_status()
            answer.json()

        def find(self, job):
            import requests

            answer = requests.get(os.environ["HOOKS_URL"], timeout=10)
            answer.raise_for_status()
            for hook in answer.json()["hooks"]:
                if job.key in hook["body"] and (hook["ok"] or hook["chaos"] == "drop"):
                    return Sent("found")
            return None
"""

# the trouble begins with the first test, when the integrations have found all well
BEGIN = """
    import json
    import os
    import urllib.request

    done = []


    def pytest_runtest_setup(item):
        if not done and os.environ.get("TROUBLE_URL"):
            done.append(1)
            body = os.environ["TROUBLE"].encode()
            headers = {"content-type": "application/json"}
            request = urllib.request.Request(os.environ["TROUBLE_URL"], body, headers)
            urllib.request.urlopen(request, timeout=30).close()
"""


STAND_IN = """
    import pytest


    def pytest_configure(config):
        config.addinivalue_line("markers", "testrail: stands in")
        config.addinivalue_line("markers", "pagerduty_trigger_incident: stands in")


    @pytest.fixture
    def pagerduty_fixture():
        return None
"""


class Between:
    """An HTTP proxy before the sandbox, for trouble that the sandbox does not make.

    ``POST /trouble`` with ``{"mode": ...}`` begins it: ``refuse``, ``truncate`` (pass on, then cut
    the answer in its middle), ``date`` (429 with a date in Retry-After).
    """

    def __init__(self, to: str) -> None:
        self.to = urlsplit(to)
        self.mode = ""
        self.port = 0
        self._open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def set(self, mode: str) -> None:
        if self.mode == "refuse" and mode != "refuse":
            self._open()
        self.mode = mode
        if mode == "refuse":
            self._close_soon()

    def close(self) -> None:
        if self.mode != "refuse":
            self._close()

    def _open(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def _close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    def _close_soon(self) -> None:
        # from another thread: the answer to whoever asked for it goes out first
        closing = threading.Thread(target=self._close, daemon=True)
        closing.start()

    def _handler(between) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                self.pass_on(b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path == "/trouble":
                    between.set(json.loads(body)["mode"])
                    self.answer(200, {}, b"{}")
                else:
                    self.pass_on(body)

            do_PUT = do_POST

            def pass_on(self, body: bytes) -> None:
                if between.mode == "date":
                    self.answer(429, {"Retry-After": formatdate(time.time() + 2, usegmt=True)}, b"")
                    return
                to = http.client.HTTPConnection(between.to.hostname, between.to.port, timeout=30)
                headers = {key: value for key, value in self.headers.items() if key != "Host"}
                to.request(self.command, self.path, body, headers)
                answer = to.getresponse()
                content = answer.read()
                to.close()
                kept = {"Content-Type": answer.headers.get("Content-Type", "")}
                self.answer(answer.status, kept, content)

            def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                half = between.mode == "truncate" and len(content) > 4
                self.wfile.write(content[: len(content) // 2] if half else content)

        return Handler


@dataclass
class Ran:
    returncode: int
    output: str
    seconds: float
    receipt: dict[str, Any] | None

    def line(self, name: str) -> dict[str, Any]:
        assert self.receipt is not None, self.output
        (line,) = [line for line in self.receipt["integrations"] if line["integration"] == name]
        return line


class Everything:
    """A project whose runs are reported to Slack, TestRail, PagerDuty and its own integration."""

    def __init__(self, root: Path, sandbox: Sandbox) -> None:
        self.root, self.sandbox = root, sandbox
        self.to = sandbox.url
        self.extra: dict[str, str] = {}
        self.write("pytest.ini", "[pytest]\n")
        self.write("settings.py", SETTINGS)
        self.write("hooked.py", HOOKED)
        self.write("conftest.py", BEGIN)
        service = sandbox.env["PAGERDUTY_SERVICE_ID"]
        self.write("test_suite.py", SUITE.replace("{service}", service))

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(textwrap.dedent(text), encoding="utf-8")

    @property
    def env(self) -> dict[str, str]:
        ours = ("QLTY_", "PYTEST_", "SLACK_", "TESTRAIL_", "PAGERDUTY_", "COV_", "CATCHER_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        there = {
            **self.sandbox.env,
            "CATCHER_URL": self.sandbox.more["CATCHER_URL"],
            "HOOKS_URL": f"{self.sandbox.url}/api/hooks",
        }
        there = {key: value.replace(self.sandbox.url, self.to) for key, value in there.items()}
        return {**kept, **there, "PYTHONDONTWRITEBYTECODE": "1", **self.extra}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = ["-m", "pytest", "-p", "no:cacheprovider", "--report-to=slack,testrail,pagerduty"]
        return self._start(*command, "--qlty-receipt=receipt.json", *arguments)

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.root,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )

    def run(self, *arguments: str) -> Ran:
        (self.root / "receipt.json").unlink(missing_ok=True)
        started = time.monotonic()
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        seconds = time.monotonic() - started
        path = self.root / "receipt.json"
        receipt = json.loads(path.read_text()) if path.exists() else None
        return Ran(process.returncode, output, seconds, receipt)

    def bare(self, *arguments: str) -> Ran:
        """Run the suite without being reported; a stand-in gives it the fixture that it names."""
        self.write("stand_in.py", STAND_IN)
        started = time.monotonic()
        plain = ["-m", "pytest", "-p", "no:cacheprovider", "-p", "no:qlty", "-p", "stand_in"]
        process = self._start(*plain, *arguments)
        output, _ = process.communicate(timeout=300)
        return Ran(process.returncode, output, time.monotonic() - started, None)

    def outbox(self, *arguments: str) -> Ran:
        started = time.monotonic()
        process = self._start("-m", "qlty", "outbox", *arguments)
        output, _ = process.communicate(timeout=300)
        return Ran(process.returncode, output, time.monotonic() - started, None)

    def deliver_all(self) -> Ran:
        """Send what is left, as a person does who knows that the trouble is over."""
        rows = json.loads(self.outbox("list", "--json").output)
        left = [str(row["id"]) for row in rows if row["state"] not in ("delivered", "superseded")]
        # also those that wait for the time that a server has asked for, or for the next attempt
        self.outbox("retry", *left)
        return self.outbox("deliver", "--timeout", "120")

    def effects(self) -> dict[str, Any]:
        """What the remotes have, so that it can be compared with what they should have."""
        messages = self.sandbox.slack.messages
        runs = self.sandbox.testrail.runs
        results = Counter(result["case_id"] for run in runs for result in run["results"])
        return {
            "slack messages": sum(not message.get("thread_ts") for message in messages),
            "slack replies": sum(bool(message.get("thread_ts")) for message in messages),
            "testrail runs": len(runs),
            "testrail results": dict(results),
            "incidents": len(self.sandbox.pagerduty.incidents),
            "hooks": sum(
                bool(hook["ok"] or hook["chaos"] == "drop") for hook in self.sandbox.hooks
            ),
        }


@pytest.fixture(scope="session")
def one_sandbox():
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(one_sandbox):
    one_sandbox.reset()
    yield one_sandbox
    one_sandbox.chaos({})


@pytest.fixture
def everything(tmp_path, sandbox):
    return Everything(tmp_path, sandbox)


@pytest.fixture
def between(sandbox):
    between = Between(sandbox.url)
    yield between
    between.close()


@pytest.fixture
def closed_port():
    """A port that nobody listens to while the test runs."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
