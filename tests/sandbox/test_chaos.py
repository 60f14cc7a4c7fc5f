"""Trouble on demand, over real sockets."""

from __future__ import annotations

import http.client
import time
import urllib.error
from typing import TYPE_CHECKING, Any

import pytest

from qlty.sandbox import SandboxError

if TYPE_CHECKING:
    from qlty.sandbox import Sandbox
    from tests.sandbox.conftest import Http, Reply

TOKEN = {"Authorization": "Bearer xoxb-sandbox-token"}
LOST = (ConnectionError, http.client.HTTPException, urllib.error.URLError, TimeoutError)


def post(http: Http, text: str = "t", timeout: float = 60) -> Reply:
    body = {"channel": "C0SANDBOX", "text": text}
    return http("POST", "/slack/api/chat.postMessage", body, TOKEN, timeout)


def test_reset_cuts_the_connection_and_does_nothing(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"mode": "reset"}})
    with pytest.raises(LOST):
        post(http)
    assert sandbox.slack.messages == []


def test_drop_does_it_and_loses_the_answer(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"mode": "drop"}})
    with pytest.raises(LOST):
        post(http)
    assert len(sandbox.slack.messages) == 1


def test_hang_never_answers(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"mode": "hang"}})
    with pytest.raises(LOST):
        post(http, timeout=0.5)
    assert sandbox.slack.messages == []


def test_hang_for_a_while_ends_in_a_cut(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"mode": "hang", "seconds": 0.2}})
    with pytest.raises(LOST):
        post(http, timeout=60)


def test_a_hanging_call_does_not_stop_others(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"mode": "hang", "times": 1}})
    with pytest.raises(LOST):
        post(http, timeout=0.3)
    assert post(http).json["ok"]


def test_drip_sends_the_whole_answer_slowly(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"mode": "drip", "pace": 0.01}})
    started = time.monotonic()
    assert post(http).json["ok"]
    assert time.monotonic() - started >= 0.3


def test_latency_delays_the_answer(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"latency": 0.3}})
    started = time.monotonic()
    assert post(http).json["ok"]
    assert time.monotonic() - started >= 0.3


def test_html_comes_in_place_of_json(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"mode": "html", "status": 502}})
    answer = post(http)
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html")
    assert sandbox.slack.messages == []


def test_a_status_can_come_though_all_was_done(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"status": 500, "commit": True}})
    assert post(http).status == 500
    assert len(sandbox.slack.messages) == 1


def test_only_calls_with_a_text_in_their_body_are_hit(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"status": 500, "containing": "nothing says this"}})
    assert post(http).status == 200
    sandbox.chaos({"slack": {"status": 500, "containing": '"channel"'}})
    assert post(http).status == 500


def test_429_comes_with_retry_after_in_slacks_words(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack/chat.postMessage": {"status": 429, "retry_after": 7}})
    answer = post(http)
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.json == {"ok": False, "error": "ratelimited"}


def test_429_comes_in_pagerdutys_words(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"pagerduty": {"status": 429, "retry_after": 7}})
    answer = http("GET", "/pagerduty/abilities")
    assert answer.json == {"error": {"message": "Rate Limit Exceeded", "code": 2020}}
    assert (answer.headers["ratelimit-remaining"], answer.headers["ratelimit-reset"]) == ("0", "7")


def test_an_events_429_comes_in_the_words_of_events(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"pagerduty/POST /v2/enqueue": {"status": 429}})
    answer = http("POST", "/pagerduty-events/v2/enqueue", {})
    assert answer.json["status"] == "throttle exceeded"


@pytest.mark.parametrize(
    ("status", "word"),
    [(403, b"action_prohibited"), (429, b"rate_limited"), (500, b"rollup_error")],
)
def test_a_webhook_fails_in_plain_words(
    http: Http, sandbox: Sandbox, status: int, word: bytes
) -> None:
    sandbox.chaos({"slack/webhook": {"status": status}})
    path = "/slack/services/T0SANDBOX/B0HOOK001/sandboxhooktoken"
    answer = http("POST", path, {"text": "t"})
    assert (answer.status, answer.body) == (status, word)


def test_testrail_can_be_under_maintenance(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"testrail/get_projects": {"status": 409}})
    answer = http("GET", "/testrail/index.php?/api/v2/get_projects")
    assert answer.status == 409
    assert "maintenance" in answer.json["error"]


def test_the_next_calls_are_hit_and_then_no_more(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"status": 503, "times": 2}})
    assert [post(http).status for _ in range(3)] == [503, 503, 200]


def test_some_calls_can_pass_first(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"status": 503, "after": 1}})
    assert [post(http).status for _ in range(2)] == [200, 503]


def test_rules_used_up_leave_room_for_the_next(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack/chat.*": {"status": 429, "times": 1}, "slack": {"status": 503}})
    assert [post(http).status for _ in range(2)] == [429, 503]


def test_a_share_of_the_calls_is_hit(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"status": 503, "probability": 0.5}})
    failed = sum(post(http).status == 503 for _ in range(60))
    assert 15 <= failed <= 45


def test_a_rate_limit_may_have_latency_too(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"limit": {"calls": 1, "per": 60}, "latency": 0.2}})
    started = time.monotonic()
    statuses = [http("POST", "/slack/api/auth.test", headers=TOKEN).status for _ in range(2)]
    assert statuses == [200, 429]
    assert time.monotonic() - started >= 0.4


def test_a_rate_limit_answers_429_beyond_it(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"limit": {"calls": 2, "per": 60}}})
    answers = [post(http) for _ in range(3)]
    assert [each.status for each in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60


def test_other_services_are_left_alone(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"testrail": {"mode": "reset"}})
    assert post(http).json["ok"]


def test_an_empty_object_resets(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"*": {"status": 503}})
    sandbox.chaos({})
    assert post(http).json["ok"]


def test_a_struck_call_says_so_in_the_record(http: Http, sandbox: Sandbox) -> None:
    sandbox.chaos({"slack": {"mode": "drop"}})
    with pytest.raises(LOST):
        post(http)
    [call] = sandbox.calls
    assert (call["chaos"], call["status"], call["ok"]) == ("drop", None, False)


BAD: list[tuple[Any, str]] = [
    ([], "must be a JSON object"),
    ({"slack": 5}, "rule 'slack' must be an object"),
    ({"slack": {"speed": 1}}, "unknown field 'speed'"),
    ({"slack": {"mode": "sulk"}}, "mode must be one of"),
    ({"slack": {"status": 200}}, "status must be a whole number from 400 to 599"),
    ({"slack": {"probability": 2}}, "probability must be a number from 0 to 1"),
    ({"slack": {"times": 1.5}}, "times must be a whole number"),
    ({"slack": {"limit": {"calls": 1}}}, "limit must be like"),
    ({"slack": {"commit": "yes"}}, "commit must be true or false"),
    ({"slak": {"status": 500}}, "'slak' names no service"),
]


@pytest.mark.parametrize(("rules", "text"), BAD)
def test_bad_rules_are_refused_and_change_nothing(sandbox: Sandbox, rules: Any, text: str) -> None:
    sandbox.chaos({"slack": {"status": 503}})
    with pytest.raises(SandboxError) as caught:
        sandbox.chaos(rules)
    assert text in str(caught.value)
