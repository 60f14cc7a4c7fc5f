"""The sandbox from the outside: started as a child process, read over its JSON API."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, Any]
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class SandboxError(RuntimeError):
    """The sandbox did not start, or refused what it was asked."""


class _Api:
    """Plain JSON over loopback; proxies of the environment are not for this."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str, **filters: object) -> Any:
        query = "?" + urlencode(filters) if filters else ""
        return self._open(urllib.request.Request(f"{self.url}/api/{path}{query}"))  # noqa: S310

    def post(self, path: str, data: object) -> Any:
        body = json.dumps(data).encode()
        headers = {"content-type": "application/json"}
        return self._open(
            urllib.request.Request(f"{self.url}/api/{path}", body, headers)  # noqa: S310
        )

    def _open(self, request: urllib.request.Request) -> Any:
        try:
            with self._opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(2000).decode("utf-8", "replace")
            raise SandboxError(f"{request.full_url}: {error.code} {text}") from None


class _Slack:
    """What the sandbox's Slack received."""

    def __init__(self, api: _Api) -> None:
        self._api = api

    @property
    def messages(self) -> list[Row]:
        """Every message, oldest first: channel, ts, thread_ts, text, blocks, metadata, files..."""
        found: list[Row] = self._api.get("slack/messages")["messages"]
        return found

    @property
    def files(self) -> list[Row]:
        """Every uploaded file: id, name, size, state."""
        found: list[Row] = self._api.get("slack/files")["files"]
        return found


class _TestRail:
    """What the sandbox's TestRail received."""

    def __init__(self, api: _Api) -> None:
        self._api = api

    @property
    def runs(self) -> list[Row]:
        """Every run, oldest first, with its tests, results and attachments."""
        found: list[Row] = self._api.get("testrail/runs")["runs"]
        return found

    @property
    def plans(self) -> list[Row]:
        """Every plan with its entries."""
        found: list[Row] = self._api.get("testrail/plans")["plans"]
        return found

    @property
    def cases(self) -> list[Row]:
        """The cases that exist: id, title, suite_id, section_id."""
        found: list[Row] = self._api.get("testrail/cases")["cases"]
        return found


class _PagerDuty:
    """What the sandbox's PagerDuty received."""

    def __init__(self, api: _Api) -> None:
        self._api = api

    @property
    def incidents(self) -> list[Row]:
        """Every incident, oldest first, with notes, alerts and log."""
        found: list[Row] = self._api.get("pagerduty/incidents")["incidents"]
        return found

    @property
    def events(self) -> list[Row]:
        """Every event that Events v2 took, and its outcome."""
        found: list[Row] = self._api.get("pagerduty/events")["events"]
        return found


class Sandbox:
    """A running sandbox.

    `url` is its address, `env` the variables that point integrations at it, `more` what can
    be used beside those (`SLACK_WEBHOOK_URL`, `PAGERDUTY_ROUTING_KEY`, `CATCHER_URL`).
    """

    def __init__(self, url: str, env: dict[str, str], more: dict[str, str]) -> None:
        self.url, self.env, self.more = url, env, more
        self._api = _Api(url)
        self.slack, self.testrail = _Slack(self._api), _TestRail(self._api)
        self.pagerduty = _PagerDuty(self._api)

    @property
    def calls(self) -> list[Row]:
        """Every call, oldest first: service, call, status, ok, reason, body, answer, chaos..."""
        found: list[Row] = self._api.get("calls")["calls"]
        return found

    @property
    def hooks(self) -> list[Row]:
        """What came to `/hook/<name>`: the calls of the catcher."""
        found: list[Row] = self._api.get("hooks")["hooks"]
        return found

    def chaos(self, rules: dict[str, Any]) -> None:
        """Put these rules in force (see `qlty.sandbox._chaos`); `{}` resets.

        Raises `SandboxError` for rules that make no sense.
        """
        self._api.post("chaos", rules)

    def reset(self) -> None:
        """Forget everything that arrived, and all chaos."""
        self._api.post("reset", {})

    def wait_for(self, condition: Callable[[Sandbox], Any], timeout: float = 30) -> Any:
        """Poll until `condition(sandbox)` is true, and return what it returned.

        Raises `SandboxError` after `timeout` seconds.
        """
        ends = time.monotonic() + timeout
        while True:
            found = condition(self)
            if found:
                return found
            if time.monotonic() > ends:
                raise SandboxError(f"nothing came within {timeout:g} seconds")
            time.sleep(0.05)


@contextlib.contextmanager
def start(*arguments: str, timeout: float = 60) -> Iterator[Sandbox]:
    """Start a sandbox in a child process on a free loopback port; it ends with the block.

    It also ends when this process does, however that dies: the child watches a pipe.
    `arguments` are those of the command, such as `"--seed", "world.yaml"`.
    Raises `SandboxError` with the child's own words where it does not come up.
    """
    command = [sys.executable, "-m", "qlty.sandbox", "--port", "0", *arguments]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [*command, "--json", "--exit-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            # Where the package lies, so that this very code runs and no file of the
            # caller's folder shadows a module.
            cwd=_PACKAGE_ROOT,
        )
        try:
            ready = _ready(child, said, timeout)
            yield Sandbox(ready["url"], ready["env"], ready["more"])
        finally:
            _stop(child)


def _ready(child: subprocess.Popen[bytes], said: IO[bytes], timeout: float) -> Row:
    import selectors

    assert child.stdout is not None
    with selectors.DefaultSelector() as waiting:
        waiting.register(child.stdout, selectors.EVENT_READ)
        line = child.stdout.readline() if waiting.select(timeout) else b""
    if not line:
        child.kill()
        child.wait()
        said.seek(0)
        words = said.read()[-4000:].decode("utf-8", "replace").strip()
        raise SandboxError(f"the sandbox did not start within {timeout:g} s: {words}")
    ready: Row = json.loads(line)
    return ready


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
