from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from qlty.sandbox import Sandbox, start

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Http:
    """Raw requests to a sandbox: what the official clients would never send."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Reply:
        own = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            own.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, body, own, method=method)
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                return Reply(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.read(), error.headers)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Sandbox:
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def http(sandbox: Sandbox) -> Http:
    return Http(sandbox.url)


@pytest.fixture
def raw_http() -> type[Http]:
    return Http


@pytest.fixture
def sender(sandbox: Sandbox) -> Evening:
    return Evening(sandbox.url)


@pytest.fixture
def evening(sender: Evening) -> Evening:
    return sender.play()


# A realistic evening of test runs, for the page and its picture.
TOKEN = {"Authorization": "Bearer xoxb-sandbox-token"}
CHANNEL = "C0SANDBOX"
QA = {
    "Authorization": "Basic " + base64.b64encode(b"qa@sandbox.test:sandbox-testrail-key").decode()
}
PD = {"Authorization": "Token token=sandbox-pagerduty-key", "From": "samira@sandbox.test"}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAA"
    "AElFTkSuQmCC"
)
TRACE = """def test_declined_card(page):
    page.pay(card='4000 0000 0000 0002')
>   assert page.message == 'Your card was declined'
E   AssertionError: assert 'Something went wrong' == 'Your card was declined'

tests/test_checkout.py:48: AssertionError"""
DETAILS = """Verifies the critical feature behavior.

    def test_critical_feature():
>       assert response.status_code == 201
E       assert 502 == 201

tests/test_critical.py:12: AssertionError"""
LOG = b"12:04:11 POST /api/pay 502\n12:04:12 retry 1 of 3\n12:04:14 gave up\n"


def send(url: str, data: object, headers: dict[str, str], method: str | None = None) -> Any:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    kind = {} if isinstance(data, bytes) else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, {**kind, **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
    except OSError:
        return {}
    return json.loads(text) if text[:1] in (b"{", b"[") else {}


class Evening:
    def __init__(self, root: str) -> None:
        self.root = root
        self.run_id = 0

    def slack(self, method: str, **args: Any) -> Any:
        return send(f"{self.root}/slack/api/{method}", args, TOKEN)

    def testrail(self, path: str, data: object) -> Any:
        return send(f"{self.root}/testrail/index.php?/api/v2/{path}", data, QA)

    def pagerduty(self, path: str, data: object, method: str = "POST") -> Any:
        return send(f"{self.root}/pagerduty/{path}", data, PD, method)

    def play(self) -> Evening:
        self.fill_testrail()
        self.fill_slack()
        self.refused()
        self.fill_pagerduty()
        send(f"{self.root}/hook/deploys", {"deployed": "4f1c2ab", "by": "ci"}, {})
        return self

    def fill_testrail(self) -> None:
        night = {"suite_id": 1, "name": "Web shop · nightly", "include_all": False}
        old = self.testrail("add_run/1", {**night, "case_ids": list(range(1, 31))})["id"]
        good = [{"case_id": n, "status_id": 1, "elapsed": f"{n % 7 + 1}s"} for n in range(1, 31)]
        self.testrail(f"add_results_for_cases/{old}", {"results": good})
        self.testrail(f"close_run/{old}", {})
        run = {**night, "name": "Web shop · staging · Chrome", "refs": "SHOP-812"}
        self.run_id = self.testrail("add_run/1", {**run, "case_ids": list(range(1, 29))})["id"]
        results = [self.result(number) for number in range(1, 27)]
        path = f"add_results_for_cases/{self.run_id}"
        self.testrail(path, {"results": [*results, {"case_id": 60, "status_id": 1}]})
        stored = self.testrail(path, {"results": results})
        body = b'--x\r\nContent-Disposition: form-data; name="attachment"; filename="declined-card.png"'
        body += b"\r\nContent-Type: image/png\r\n\r\n" + PNG + b"\r\n--x--\r\n"
        path = f"index.php?/api/v2/add_attachment_to_result/{stored[18]['id']}"
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        send(f"{self.root}/testrail/{path}", body, {**QA, **kind})

    def result(self, case_id: int) -> dict[str, Any]:
        status = {19: 5, 26: 5, 12: 6, 13: 7}.get(case_id, 1)
        made = {"case_id": case_id, "status_id": status, "elapsed": f"{case_id % 9 + 1}s"}
        return {**made, "comment": TRACE} if status == 5 else made

    def fill_slack(self) -> None:
        text = "Good morning: *30 of 30* passed on nightly :white_check_mark:"
        self.slack("chat.postMessage", channel=CHANNEL, text=text)
        running = ":hourglass_flowing_sand: Web shop on staging is running"
        ts = self.slack("chat.postMessage", channel=CHANNEL, text=running)["ts"]
        fallback = "2 of 26 tests failed on staging"
        self.slack("chat.update", channel=CHANNEL, ts=ts, text=fallback, blocks=self.blocks())
        for reply in REPLIES:
            self.slack("chat.postMessage", channel=CHANNEL, thread_ts=ts, text=reply)
        files = [{"id": self.upload(LOG), "title": "checkout.log"}]
        more = {"channel_id": CHANNEL, "thread_ts": ts, "initial_comment": "The checkout's log"}
        self.slack("files.completeUploadExternal", files=files, **more)

    def upload(self, data: bytes) -> str:
        query = f"filename=checkout.log&length={len(data)}"
        asked = send(f"{self.root}/slack/api/files.getUploadURLExternal?{query}", b"", TOKEN)
        send(asked["upload_url"], data, {"Content-Type": "text/plain"})
        return str(asked["file_id"])

    def blocks(self) -> list[dict[str, Any]]:
        title = {"type": "plain_text", "text": "❌ Web shop · staging: 2 of 26 tests failed"}
        fields = ["*Passed*\n22 (84.6%)", "*Failed*\n2", "*Skipped*\n2", "*Duration*\n3 min 12 s"]
        text = (
            "*New failures*\n• `test_declined_card` _AssertionError_\n"
            "• `test_double_click` _TimeoutError_\n"
            "<!subteam^S0ONCALL1> please look, <@U0AMINA01> owns Checkout"
        )
        context = ["`main` at <https://ci.example/42|4f1c2ab>", "Chrome on Linux", "run `r-7f3a`"]
        link = f"{self.root}/testrail/index.php?/runs/view/{self.run_id}"
        return [
            {"type": "header", "text": title},
            {"type": "section", "fields": [mrkdwn(each) for each in fields]},
            {"type": "section", "text": mrkdwn(text)},
            {"type": "context", "elements": [mrkdwn(each) for each in context]},
            {
                "type": "actions",
                "elements": [
                    button("TestRail run", link, "primary"),
                    button("CI job", "https://ci.example/42"),
                ],
            },
        ]

    def refused(self) -> None:
        fifty_one = [{"type": "divider"}] * 51
        self.slack("chat.postMessage", channel=CHANNEL, text="t", blocks=fifty_one)
        self.slack("chat.postMessage", channel="C0GENERAL", text="hello")
        send(f"{self.root}/api/chaos", {"slack": {"mode": "drop", "times": 1}}, {})
        self.slack("chat.postMessage", channel="C0ONCALL1", text="<!here> the checkout is broken")
        send(f"{self.root}/api/chaos", {}, {})

    def incident(self, title: str, service: str, **more: Any) -> Any:
        reference = {"id": service, "type": "service_reference"}
        made = {"type": "incident", "title": title, "service": reference, "urgency": "high", **more}
        return self.pagerduty("incidents", {"incident": made})

    def fill_pagerduty(self) -> None:
        title = "Test failure detected: '{}'. Possible system issue."
        old = self.incident(title.format("test_signin_locks"), "IIXOOXZ", incident_key="qlty-lock")
        path = f"incidents/{old['incident']['id']}"
        acknowledged = {"incident": {"type": "incident", "status": "acknowledged"}}
        self.pagerduty(path, acknowledged, "PUT")
        self.pagerduty(f"{path}/notes", {"note": {"content": "Passed again in run r-7f3a"}})
        self.pagerduty(path, {"incident": {"type": "incident", "status": "resolved"}}, "PUT")
        for _ in range(2):
            send(f"{self.root}/pagerduty-events/v2/enqueue", EVENT, {})
        assignee = {"assignee": {"id": "SE169QA", "type": "user_reference"}}
        critical = {
            "assignments": [assignee],
            "priority": {"id": "PRIOR01", "type": "priority_reference"},
            "body": {"type": "incident_body", "details": DETAILS},
            "incident_key": "qlty-critical",
        }
        for _ in range(2):
            self.incident(title.format("test_critical_feature"), "XIXOOXZ", **critical)


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def button(text: str, url: str, style: str = "") -> dict[str, Any]:
    made = {"type": "button", "text": {"type": "plain_text", "text": text}, "url": url}
    return {**made, "style": style} if style else made


REPLIES = (
    (
        "*test_declined_card* · tests/test_checkout.py:48\n```E   AssertionError: assert 'Something went"
        " wrong' == 'Your card was declined'```"
    ),
    (
        "*test_double_click* · tests/test_checkout.py:131\n```E   TimeoutError: button 'Place order' stayed"
        " disabled for 30 s```\n_failed for the 3rd run in a row_ :repeat:"
    ),
)
EVENT = {
    "routing_key": "sandboxsandboxsandboxsandbox0001",
    "event_action": "trigger",
    "dedup_key": "qlty/shop/checkout",
    "client": "QLTY Framework",
    "payload": {
        "summary": "Checkout: 2 tests fail on staging",
        "source": "ci.example/42",
        "severity": "critical",
        "custom_details": {"failed": ["test_declined_card", "test_double_click"]},
    },
}
