"""Malformed requests over a real socket: whatever comes, never a 500, and it lives on.

QLTY_FUZZ=10000 sends that many; the default is for every day.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qlty.sandbox import Sandbox, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Http

COUNT = int(os.environ.get("QLTY_FUZZ", "400"))
AUTHORISED = [
    "Bearer xoxb-sandbox-token",
    "Basic cWFAc2FuZGJveC50ZXN0OnNhbmRib3gtdGVzdHJhaWwta2V5",
    "Token token=sandbox-pagerduty-key",
    "Token token=sandbox-pagerduty-user",
]
SLACK = [
    "auth.test",
    "chat.postMessage",
    "chat.update",
    "chat.getPermalink",
    "conversations.info",
    "conversations.history",
    "conversations.replies",
    "files.getUploadURLExternal",
    "files.completeUploadExternal",
]
TESTRAIL = [
    *("get_projects", "get_project/1", "get_cases/1", "get_runs/1", "get_run/1", "get_tests/1"),
    *("get_results_for_run/1", "get_plans/1", "get_plan/2", "get_attachment/1", "get_milestones/1"),
    *("add_run/1", "update_run/1", "close_run/2", "add_results_for_cases/1", "add_results/1"),
    *("add_result_for_case/1/1", "add_plan/1", "add_plan_entry/3", "update_plan/3"),
    *("update_plan_entry/3/x", "update_run_in_plan_entry/4", "add_attachment_to_run/1"),
]
PATHS = [
    *(f"/slack/api/{method}" for method in SLACK),
    *(f"/testrail/index.php?/api/v2/{path}" for path in TESTRAIL),
    *("/pagerduty/incidents", "/pagerduty/incidents/1", "/pagerduty/incidents/1/notes"),
    *("/pagerduty/services/XIXOOXZ", "/pagerduty/users/me", "/pagerduty/incidents/1/alerts"),
    *("/pagerduty-events/v2/enqueue", "/pagerduty-events/v2/change/enqueue", "/hook/x"),
    *("/slack/services/T0SANDBOX/B0HOOK001/sandboxhooktoken", "/slack/upload/v1/F1-x"),
    *("/api/chaos", "/api/calls", "/inbox/calls", "/inbox/slack/C0SANDBOX", "/", "/inbox/chaos"),
]
NAMES = [
    *("channel", "text", "blocks", "attachments", "metadata", "ts", "thread_ts", "files", "length"),
    *(
        "filename",
        "limit",
        "cursor",
        "oldest",
        "results",
        "case_id",
        "status_id",
        "elapsed",
        "refs",
    ),
    *("suite_id", "name", "case_ids", "include_all", "config_ids", "runs", "entries", "offset"),
    *("incident", "incidents", "title", "service", "type", "id", "assignments", "assignee"),
    *("priority", "escalation_policy", "body", "details", "incident_key", "status", "note"),
    *("routing_key", "event_action", "payload", "summary", "source", "severity", "dedup_key"),
    *("links", "images", "elements", "fields", "accessory", "rows", "milestone_id", "payload"),
]
VALUES = [
    *("C0SANDBOX", "1.000001", "header", "section", "table", "rich_text", "markdown", "actions"),
    *("incident", "service_reference", "XIXOOXZ", "SE169QA", "trigger", "resolve", "critical"),
    *("sandboxsandboxsandboxsandbox0001", "incident_body", "user_reference", "resolved", "image"),
    *("mrkdwn", "plain_text", "button", "context", "<@U0AMINA01|x>", "```", "*_~`<", "1m 5s"),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**12)
    | st.floats(allow_nan=False)
    | st.sampled_from(VALUES)
    | st.text(max_size=30)
)
DATA = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), DATA, max_size=6)
# Objects that get past the first checks, so that what lies behind is reached.
LIKELY = st.one_of(
    st.builds(lambda more: {"channel": "C0SANDBOX", "text": "t", **more}, OBJECTS),
    st.builds(
        lambda blocks: {"channel": "C0SANDBOX", "blocks": blocks}, st.lists(OBJECTS, max_size=4)
    ),
    st.builds(lambda more: {"suite_id": 1, "name": "n", **more}, OBJECTS),
    st.builds(lambda more: {"results": [{"case_id": 1, "status_id": 5, **more}]}, OBJECTS),
    st.builds(lambda more: {"incident": {**INCIDENT, **more}}, OBJECTS),
    st.builds(lambda more: {"incidents": [{"id": "1", "type": "incident", **more}]}, OBJECTS),
    st.builds(lambda more: {**EVENT, **more}, OBJECTS),
    st.builds(lambda more: {**EVENT, "payload": {**EVENT["payload"], **more}}, OBJECTS),
)
INCIDENT = {
    "type": "incident",
    "title": "t",
    "service": {"id": "XIXOOXZ", "type": "service_reference"},
}
EVENT: dict[str, Any] = {
    "routing_key": "sandboxsandboxsandboxsandbox0001",
    "event_action": "trigger",
    "payload": {"summary": "s", "source": "s", "severity": "info"},
}
# What Python's own JSON parser lets through, at places that are stored.
HARD = [
    b'{"channel": "C0SANDBOX", "text": "\\ud800"}',
    b'{"channel": "C0SANDBOX", "text": "t", "metadata": {"event_type": "x", "event_payload": {"n": 1e999}}}',
    b'{"channel": "C0SANDBOX", "text": "t", "metadata": {"event_type": "x", "event_payload": '
    + b'{"n":' * 900
    + b"1"
    + b"}" * 900
    + b"}}",
    b'{"channel": "C0SANDBOX", "text": "t", "blocks": "[{\\"type\\": \\"\\\\ud800\\"}]"}',
    b'{"suite_id": 1, "name": "\\udfff"}',
]
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def as_form(data: dict[str, Any]) -> bytes:
    return urlencode(
        {k: v if isinstance(v, str) else json.dumps(v) for k, v in data.items()}, errors="replace"
    ).encode()


BODIES = st.one_of(
    st.tuples(st.just(JSON), (LIKELY | OBJECTS | DATA).map(lambda data: json.dumps(data).encode())),
    st.tuples(st.just(FORM), (LIKELY | OBJECTS).map(as_form)),
    st.tuples(
        st.sampled_from([JSON, FORM, "text/plain", "", "multipart/form-data; boundary=x"]),
        st.binary(max_size=200),
    ),
    st.tuples(
        st.just("multipart/form-data; boundary=x"),
        st.binary(max_size=60).map(
            lambda data: (
                b'--x\r\nContent-Disposition: form-data; name="attachment"; filename="a"\r\n\r\n'
                + data
                + b"\r\n--x--\r\n"
            )
        ),
    ),
    st.tuples(
        st.just(JSON),
        st.sampled_from([b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe{", b"NaN", b"1e999", *HARD]),
    ),
)
QUERIES = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=12), max_size=3
)


@pytest.fixture(scope="module")
def victim() -> Iterator[Sandbox]:
    with start("--keep", "500") as sandbox:
        yield sandbox


@settings(
    max_examples=COUNT,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["GET", "POST", "POST", "POST", "PUT", "DELETE", "PATCH"]),
    authorised=st.sampled_from(AUTHORISED)
    | st.text(st.characters(codec="ascii", categories=["L", "P"]), max_size=20),
    body=BODIES,
    query=QUERIES,
    sender=st.sampled_from(["", "samira@sandbox.test", "x"]),
)
def test_no_request_is_answered_with_a_500(
    victim: Sandbox,
    path: str,
    method: str,
    authorised: str,
    body: tuple[str, bytes],
    query: dict[str, str],
    sender: str,
) -> None:
    more = "&".join(f"{quote(k)}={quote(v, errors='replace')}" for k, v in query.items())
    address = path + (("&" if "?" in path else "?") + more if more else "")
    headers = {"Authorization": authorised, "Content-Type": body[0], "From": sender}
    status = send(victim, method, address, body[1], headers)
    assert status < 500


def send(victim: Sandbox, method: str, address: str, body: bytes, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(victim.url).port, timeout=60)
    try:
        data = None if method == "GET" else body
        connection.request(method, address, data, {k: v for k, v in headers.items() if v})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
        # A rule that the fuzzer hit upon must not make the next answers 500.
        if address.startswith("/api/chaos"):
            victim.chaos({})


@settings(max_examples=max(50, COUNT // 20), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    noise=st.binary(min_size=1, max_size=300),
    head=st.sampled_from(
        [
            b"",
            b"GET / HTTP/1.1\r\n",
            b"POST /hook/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        ]
    ),
)
def test_noise_on_the_socket_harms_nobody(victim: Sandbox, noise: bytes, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(victim.url).port or 0), timeout=60) as raw:
        raw.sendall(head + noise)
        raw.shutdown(socket.SHUT_WR)
        try:
            answer = raw.recv(100)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"HTTP/1.1 5")


PAGES = [
    *(
        "/",
        "/inbox/slack/C0SANDBOX",
        "/inbox/testrail",
        "/inbox/testrail/runs/1",
        "/inbox/pagerduty",
    ),
    *("/inbox/hooks", "/inbox/calls", "/inbox/chaos", "/api/slack/messages", "/api/testrail/runs"),
    *("/api/testrail/plans", "/api/pagerduty/incidents", "/api/pagerduty/events", "/api/calls"),
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_still_shows_after_all_that(
    victim: Sandbox, raw_http: type[Http], path: str
) -> None:
    assert raw_http(victim.url)("GET", path).status in (200, 404)
