"""Every way in which an attempt fails, raised by the clients that integrations use."""

from __future__ import annotations

import errno
import json
import socket
import urllib.error
import urllib.request

import pytest

from qlty.delivery import classify
from qlty.errors import AnswerLost, Refused, RetryLater

STATUSES = [400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 413, 414, 415, 418, 421]
STATUSES += [422, 423, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 507, 511, 599]

# 0: nothing was carried out; 1: the remote failed, and is asked before it is sent again
RETRIED = {407: 0, 408: 1, 421: 0, 425: 0, 429: 0, 511: 0}


def expected(status):
    if status in RETRIED or status >= 500:
        return ("retry", RETRIED.get(status, 1))
    return ("refused", 0)


def with_requests(url):
    import requests

    with requests.post(url, data="x", timeout=5, allow_redirects=False) as response:
        if response.status_code >= 300:
            raise requests.HTTPError("bad", response=response)
        response.json()


def with_httpx(url):
    import httpx2

    httpx2.post(url, content="x", timeout=5).raise_for_status().json()


def with_urllib(url):
    try:
        with urllib.request.urlopen(url, b"x", timeout=5) as response:
            json.load(response)
    except urllib.error.HTTPError as error:
        try:
            raise
        finally:
            error.close()


def with_slack(url):
    from slack_sdk import WebClient

    WebClient("xoxb-sandbox-0", base_url=url, timeout=5, retry_handlers=[]).chat_postMessage(
        channel="C1", text="x"
    )


def with_testrail(url):
    from testrail_api import TestRailAPI

    api = TestRailAPI(url, "a@example.com", "dummy", rate_limit=False, warn_ignore=True)
    api.runs.add_run(1, name="x")


def with_pagerduty(url):
    import pagerduty

    client = pagerduty.RestApiV2Client("dummy")
    # the public way to another address takes https only
    client._url = url
    client.max_network_attempts = 0
    client.retry = {429: 1}
    client.sleep_timer, client.timeout = 0.01, 5
    try:
        client.rpost("/incidents", json={"title": "x"})
    finally:
        client.close()


HTTP = [with_requests, with_httpx, with_urllib]
CLIENTS = [*HTTP, with_slack, with_testrail, with_pagerduty]


def verdict_of(call, url):
    with pytest.raises(Exception) as caught:
        call(url)
    return classify(caught.value)


@pytest.mark.parametrize("call", CLIENTS, ids=lambda call: call.__name__)
@pytest.mark.parametrize("status", STATUSES)
def test_every_status(remote, call, status):
    remote.script = [(status, {}, "{}")] * 5
    verdict = verdict_of(call, remote.url)
    assert (verdict.action, verdict.doubt) == expected(status)
    assert f"HTTP {status}" in verdict.reason


@pytest.mark.parametrize("call", [with_requests, with_httpx], ids=lambda call: call.__name__)
@pytest.mark.parametrize("status", [300, 301, 304, 307])
def test_a_redirect_is_not_the_answer_of_the_api(remote, call, status):
    remote.script = [(status, {}, "{}")]
    verdict = verdict_of(call, remote.url)
    assert (verdict.action, verdict.doubt) == ("retry", 2)


@pytest.mark.parametrize("call", CLIENTS, ids=lambda call: call.__name__)
def test_a_connection_that_is_refused_was_not_sent(call):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        verdict = verdict_of(call, url)
    assert (verdict.action, verdict.doubt) == ("retry", 0)
    assert "refused" in verdict.reason


@pytest.mark.parametrize("call", CLIENTS, ids=lambda call: call.__name__)
def test_a_name_that_does_not_resolve_was_not_sent(call):
    verdict = verdict_of(call, "http://nowhere.invalid:1")
    assert (verdict.action, verdict.doubt) == ("retry", 0)


@pytest.mark.parametrize("call", CLIENTS, ids=lambda call: call.__name__)
def test_a_server_that_closes_without_an_answer_leaves_doubt(remote, call):
    remote.script = [remote.lose_answer] * 5
    verdict = verdict_of(call, remote.url)
    assert (verdict.action, verdict.doubt) == ("retry", 2)


@pytest.mark.parametrize("call", [*HTTP, with_slack], ids=lambda call: call.__name__)
def test_half_an_answer_leaves_doubt(remote, call):
    def half(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.wfile.write(b'{"ok"')
        handler.close_connection = True

    remote.script = [half] * 5
    verdict = verdict_of(call, remote.url)
    assert (verdict.action, verdict.doubt) == ("retry", 2)


@pytest.mark.parametrize("call", [*HTTP, with_slack], ids=lambda call: call.__name__)
def test_html_with_status_200_is_not_the_answer_of_the_api(remote, call):
    remote.script = [(200, {"Content-Type": "text/html"}, "<html><title>Sign in</title></html>")]
    verdict = verdict_of(call, remote.url)
    assert (verdict.action, verdict.doubt) == ("retry", 2)


@pytest.mark.parametrize("call", HTTP, ids=lambda call: call.__name__)
def test_a_certificate_that_is_not_trusted_was_not_sent(call, tls_remote):
    verdict = verdict_of(call, tls_remote)
    assert (verdict.action, verdict.doubt) == ("retry", 0)
    assert "certificate" in verdict.reason.lower()


@pytest.mark.parametrize("call", HTTP, ids=lambda call: call.__name__)
def test_a_server_that_does_not_speak_tls_was_not_sent_anything(call, remote):
    verdict = verdict_of(call, remote.url.replace("http:", "https:"))
    assert (verdict.action, verdict.doubt) == ("retry", 0)


@pytest.mark.parametrize(
    "name", ["timeout", "ReadTimeout", "ConnectTimeout"], ids=["socket", "requests", "connect"]
)
def test_timeouts_before_and_after_sending_differ(name):
    import requests

    errors = {
        "timeout": (TimeoutError("timed out"), 2),
        "ReadTimeout": (requests.ReadTimeout("read timed out"), 2),
        "ConnectTimeout": (requests.ConnectTimeout("connect timed out"), 0),
    }
    error, doubt = errors[name]
    assert classify(error).doubt == doubt


@pytest.mark.parametrize("number", [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ECONNREFUSED])
def test_a_network_that_is_not_there_was_not_sent(number):
    verdict = classify(OSError(number, "unreachable"))
    assert (verdict.action, verdict.doubt) == ("retry", 0)


def test_a_timeout_while_connecting_with_urllib_was_not_sent():
    verdict = classify(urllib.error.URLError(TimeoutError("timed out")))
    assert (verdict.action, verdict.doubt) == ("retry", 0)


@pytest.mark.parametrize(
    ("word", "action", "doubt"),
    [
        ("ratelimited", "retry", 0),
        ("rate_limited", "retry", 0),
        ("service_unavailable", "retry", 1),
        ("internal_error", "retry", 1),
        ("fatal_error", "retry", 1),
        ("channel_not_found", "refused", 0),
        ("invalid_auth", "refused", 0),
        ("missing_scope", "refused", 0),
    ],
)
def test_slack_says_its_errors_in_words(remote, word, action, doubt):
    remote.script = [(200, {}, json.dumps({"ok": False, "error": word}))]
    verdict = verdict_of(with_slack, remote.url)
    assert (verdict.action, verdict.doubt) == (action, doubt)
    assert word in verdict.reason


@pytest.mark.parametrize("call", CLIENTS, ids=lambda call: call.__name__)
def test_the_server_says_how_long_to_wait(remote, call):
    remote.script = [(503, {"Retry-After": "7"}, "{}")] * 5
    assert verdict_of(call, remote.url).after == 7


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": "text"}', "text"),
        (
            '{"error": {"message": "Invalid", "code": 2001, "errors": ["Title cannot be empty."]}}',
            "Invalid: Title cannot be empty.",
        ),
        ('{"message": "no", "errors": ["a", "b"]}', "no: a; b"),
        ('{"detail": "no"}', "no"),
        ("<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"),
        ("<p>plain <b>words</b></p>", "plain words"),
        ("  spaced\n\nout ", "spaced out"),
        ("x" * 1000, "x" * 299 + "…"),
        ("[1, 2", "[1, 2"),
    ],
)
def test_the_servers_own_words_are_found(remote, body, words):
    remote.script = [(400, {}, body)]
    assert verdict_of(with_requests, remote.url).reason == f"HTTP 400: {words}"


def test_an_answer_without_words_is_named_by_its_status(remote):
    remote.script = [(404, {}, "")]
    assert verdict_of(with_requests, remote.url).reason == "HTTP 404 Not Found"


def test_our_own_exceptions_say_what_follows():
    assert classify(RetryLater("busy", after=3)).after == 3
    assert classify(RetryLater("busy")).action == "retry"
    assert classify(Refused("no")).action == "refused"
    assert classify(AnswerLost("silence")).doubt == 2


@pytest.mark.parametrize(
    "error",
    [KeyError("ts"), TypeError("x"), ValueError(), FileNotFoundError(2, "gone"), SystemExit(3)],
)
def test_a_mistake_in_the_sender_is_refused_with_its_type(error):
    verdict = classify(error)
    assert verdict.action == "refused"
    assert type(error).__name__ in verdict.reason


def test_exceptions_that_wrap_each_other_in_a_circle_end():
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert classify(one).action == "refused"
