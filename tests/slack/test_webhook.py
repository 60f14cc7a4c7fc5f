"""A run posted through an incoming webhook: one message within its limits."""

from __future__ import annotations

import pytest


@pytest.fixture
def hook(slack):
    slack.environ.pop("SLACK_AUTH_TOKEN")
    slack.environ.pop("SLACK_CHANNEL_ID")
    slack.environ["SLACK_WEBHOOK_URL"] = slack.sandbox.more["SLACK_WEBHOOK_URL"]
    return slack.set()


def test_everything_stands_in_one_message(hook, make):
    (message,) = hook.post(make.failed("a.py::test_one"), make.result("a.py::test_two", flaky=True))
    shown = make.text(message)
    assert "test_one" in shown
    assert "*Flaky:*" in shown


def test_a_thousand_failures_are_one_message_that_says_how_many_are_missing(hook, make):
    errors = [
        f"E   {'abcdefghij'[n // 100]}{'klmnopqrst'[n // 10 % 10]}{'uvwxyzABCD'[n % 10]}"
        for n in range(1000)
    ]
    tests = [make.result(f"a.py::test_{n}", "failed", error) for n, error in enumerate(errors)]
    (message,) = hook.post(*tests)
    assert "more failures" in make.text(message)


def test_the_address_is_nowhere_in_the_outbox(hook, make):
    hook.end(make.result("a.py::test_one"))
    (row,) = hook.rows
    secret = hook.environ["SLACK_WEBHOOK_URL"].rpartition("/")[2]
    assert secret not in repr(row)


def test_a_lost_answer_is_followed_by_one_more_try_and_said(hook, make):
    hook.sandbox.chaos({"slack/webhook": {"mode": "drop", "times": 1}})
    hook.post(make.result("a.py::test_one"))
    assert len(hook.messages) == 2
    assert "may stand there twice" in hook.rows[0].sent.notes[0]


def test_a_second_lost_answer_ends_it(hook, make):
    hook.sandbox.chaos({"slack/webhook": {"mode": "drop"}})
    hook.post(make.result("a.py::test_one"))
    assert len(hook.messages) == 2
    assert hook.rows[0].state == "lost"
    assert "a webhook cannot be asked whether a message arrived" in hook.rows[0].reason


def test_a_rate_limit_is_waited_for(hook, make):
    hook.sandbox.chaos({"slack/webhook": {"status": 429, "retry_after": 1, "times": 1}})
    assert len(hook.post(make.result("a.py::test_one"))) == 1


def test_a_failure_of_slack_is_tried_again(hook, make):
    hook.sandbox.chaos({"slack/webhook": {"status": 500, "times": 3}})
    assert len(hook.post(make.result("a.py::test_one"))) == 1


def test_a_removed_webhook_is_refused_in_clear_words(hook, make):
    url = hook.environ["SLACK_WEBHOOK_URL"]
    hook.environ["SLACK_WEBHOOK_URL"] = url.rpartition("/")[0] + "/gone"
    hook.set()
    hook.post(make.result("a.py::test_one"))
    assert hook.rows[0].state == "refused"
    assert "no_service: the webhook was removed; make a new one" in hook.rows[0].reason


def test_no_call_is_made_before_the_run(hook):
    hook.slack.on_run_start()
    assert hook.sandbox.calls == []
