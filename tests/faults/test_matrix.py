"""Every integration and every fault: the run is as ever, the receipt is true, nothing is doubled.

All integrations of one run meet the same fault at once: each has a lane of its own.
"""

from __future__ import annotations

import json

import pytest

#: what three tests, one of which fails and opens an incident, leave at the remotes
ONCE = {
    "slack messages": 1,
    "slack replies": 1,
    "testrail runs": 1,
    "testrail results": {1: 1, 2: 1, 3: 1},
    "incidents": 1,
    "hooks": 1,
}

SENDERS = ["hooked", "pagerduty", "slack", "testrail"]

#: seconds that the run may spend on delivery, and that a busy machine may add to everything
BUDGET, SLACK = 3, 40

CHAOS = {
    "reset": {"mode": "reset"},
    "answer lost": {"mode": "drop"},
    "hang": {"mode": "hang"},
    "slow drip": {"mode": "drip", "pace": 5},
    "html": {"mode": "html"},
    "html after all": {"mode": "html", "commit": True},
    "429 for a while": {"status": 429, "retry_after": 1, "times": 2},
    "429 for an hour": {"status": 429, "retry_after": 3600},
    "500 after all": {"status": 500, "commit": True},
    **{str(status): {"status": status} for status in (429, 500, 502, 503, 504)},
}

REFUSALS = {str(status): {"status": status} for status in (400, 401, 403, 404, 409, 413)}


def check(ran):
    assert ran.returncode == 1, ran.output
    assert "1 failed, 2 passed" in ran.output
    assert ran.seconds < BUDGET + SLACK, ran.output


#: the trouble begins with the first test; only a required integration is waited for until then
ASKED_FIRST = {f"{name}_REQUIRED": "1" for name in ("SLACK", "TESTRAIL", "PAGERDUTY")}


def check_receipt(ran):
    """Whatever is not delivered is there with its reason; nothing is silent."""
    for name in SENDERS:
        line = ran.line(name)
        problems = [*line["waiting"], *line["refused"], *line["lost"], *line["given_up"]]
        assert line["complete"] == (not problems)
        assert all(problem["reason"] for problem in problems)
        assert line["delivered"] or problems


def check_once_the_trouble_is_over(everything):
    delivered = everything.deliver_all()
    assert delivered.returncode == 0, delivered.output
    assert everything.effects() == ONCE, delivered.output


def test_without_trouble_everything_arrives_at_once(everything):
    ran = everything.run()
    check(ran)
    assert all(ran.line(name)["complete"] for name in SENDERS), ran.output
    assert everything.effects() == ONCE


@pytest.mark.parametrize("fault", CHAOS)
def test_a_fault_of_the_remote(everything, sandbox, fault):
    everything.extra = {
        **ASKED_FIRST,
        "QLTY_DELIVERY_TIMEOUT": str(BUDGET),
        "TROUBLE_URL": f"{sandbox.url}/api/chaos",
        "TROUBLE": json.dumps({"*": CHAOS[fault]}),
    }
    ran = everything.run()
    check(ran)
    check_receipt(ran)
    sandbox.chaos({})
    check_once_the_trouble_is_over(everything)


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_is_final_until_somebody_asks_again(everything, sandbox, status):
    everything.extra = {
        **ASKED_FIRST,
        "QLTY_DELIVERY_TIMEOUT": str(BUDGET),
        "TROUBLE_URL": f"{sandbox.url}/api/chaos",
        "TROUBLE": json.dumps({"*": REFUSALS[status]}),
    }
    ran = everything.run()
    check(ran)
    check_receipt(ran)
    (refused,) = ran.line("hooked")["refused"]
    assert refused["reason"].startswith(f"HTTP {status}")
    sandbox.chaos({})
    check_once_the_trouble_is_over(everything)


@pytest.mark.parametrize("mode", ["refuse", "truncate", "date"])
def test_a_fault_on_the_way(everything, between, mode):
    everything.to = between.url
    everything.extra = {
        **ASKED_FIRST,
        "QLTY_DELIVERY_TIMEOUT": str(BUDGET),
        "TROUBLE_URL": f"{between.url}/trouble",
        "TROUBLE": json.dumps({"mode": mode}),
    }
    ran = everything.run()
    check(ran)
    check_receipt(ran)
    between.set("")
    check_once_the_trouble_is_over(everything)


@pytest.mark.parametrize(
    "to",
    ["http://127.0.0.1:{port}", "https://nowhere.invalid", "https://127.0.0.1:{sandbox}"],
    ids=["refused", "dns", "tls"],
)
def test_a_remote_that_is_not_there_from_the_start_is_said(everything, sandbox, closed_port, to):
    everything.to = to.format(port=closed_port, sandbox=sandbox.url.rpartition(":")[2])
    everything.extra = {"QLTY_DELIVERY_TIMEOUT": str(BUDGET)}
    ran = everything.run()
    check(ran)
    for name in ("slack", "testrail", "pagerduty"):
        assert name in ran.output
    waiting = ran.line("hooked")["waiting"]
    assert waiting
    assert waiting[0]["reason"]


@pytest.fixture
def one_way(everything, sandbox):
    """Slack by webhook and PagerDuty by events: neither tells what it has."""
    everything.extra = {
        "QLTY_DELIVERY_TIMEOUT": str(BUDGET),
        "SLACK_AUTH_TOKEN": "",
        "SLACK_WEBHOOK_URL": sandbox.more["SLACK_WEBHOOK_URL"],
        "PAGERDUTY_API_KEY": "",
        "PAGERDUTY_ROUTING_KEY": sandbox.more["PAGERDUTY_ROUTING_KEY"],
        "TROUBLE_URL": f"{sandbox.url}/api/chaos",
    }
    return everything


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"status": 400}])
def test_a_fault_of_a_remote_that_cannot_be_asked(one_way, sandbox, fault):
    one_way.extra["TROUBLE"] = json.dumps({"slack": fault, "pagerduty": fault})
    ran = one_way.run()
    check(ran)
    check_receipt(ran)
    sandbox.chaos({})
    delivered = one_way.deliver_all()
    assert delivered.returncode == 0, delivered.output
    assert one_way.effects()["slack messages"] == 1
    assert one_way.effects()["incidents"] == 1


def test_a_lost_answer_of_a_remote_that_cannot_be_asked_is_said(one_way, sandbox):
    one_way.extra["TROUBLE"] = json.dumps(
        {"slack": {"mode": "drop"}, "pagerduty": {"mode": "drop"}}
    )
    ran = one_way.run()
    check(ran)
    check_receipt(ran)
    assert ran.line("slack")["lost"], ran.output
    sandbox.chaos({})
    one_way.outbox("deliver", "--timeout", "60")
    # a webhook is tried twice and then left to a person; the event has a key that makes it one
    assert one_way.effects()["slack messages"] == 2
    assert one_way.effects()["incidents"] == 1
