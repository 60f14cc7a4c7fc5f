"""A message that follows the run: one message from its first test to its summary."""

from __future__ import annotations

import pytest

from qlty.classes.integrations._slack import limits


@pytest.fixture
def live(slack, monkeypatch):
    monkeypatch.setattr(limits, "LIVE_EVERY", 0.0)
    return slack.set(LIVE=True)


def test_nothing_is_posted_before_the_first_test(live):
    live.slack.on_run_start()
    assert live.drain().messages == []


def test_the_message_appears_with_the_first_test(live, make):
    live.test(make.result("a.py::test_one"))
    (message,) = live.drain().messages
    assert "storefront: running, 1 test so far" in make.text(message)


def test_it_leaves_while_tests_run_and_replaces_its_older_state(live, make):
    live.test(make.result("a.py::test_one"))
    ((order, _),) = live.courier.orders
    assert order.urgent
    assert order.supersedes


def test_it_is_updated_in_place(live, make):
    live.test(make.result("a.py::test_one"))
    live.drain().test(make.failed("a.py::test_two"))
    (message,) = live.drain().messages
    assert "2 tests so far" in make.text(message)
    assert "*Failed so far:*\\n• `a.py::test_two`" in make.text(message)


def test_it_ends_as_the_summary_with_the_failures_in_its_thread(live, make):
    tests = [make.result("a.py::test_one"), make.failed("a.py::test_two")]
    for one in tests:
        live.test(one)
        live.drain()
    live.post(*tests)
    (parent,), (reply,) = live.parents, live.replies
    assert "❌ storefront: 1 of 2 tests failed" in make.text(parent)
    assert reply["thread_ts"] == parent["ts"]


def test_states_that_nobody_could_send_in_time_are_left_out(live, make):
    for n in range(20):
        live.test(make.result(f"a.py::test_{n}"))
    live.drain()
    assert len(live.calls("chat.postMessage")) == 1
    assert live.calls("chat.update") == []


def test_updates_are_at_least_seconds_apart(slack, make, monkeypatch):
    monkeypatch.setattr(limits, "LIVE_EVERY", 3600.0)
    slack.set(LIVE=True)
    for n in range(50):
        slack.test(make.result(f"a.py::test_{n}"))
    assert len(slack.courier.orders) == 1


def test_people_are_notified_in_the_thread_since_an_edit_notifies_nobody(live, make):
    live.set(LIVE=True, MENTION="U0AMINA01")
    live.test(make.failed("a.py::test_one"))
    live.post(make.failed("a.py::test_one"))
    assert "<@" not in make.text(live.parents[0])
    assert "<@U0AMINA01>" in make.text(live.replies[0])


def test_after_a_crash_the_recovered_run_ends_the_same_message(live, make):
    live.test(make.result("a.py::test_one"))
    live.drain()
    live.slack = live.fresh()  # the process that recovers the run knows only its results
    crashed = make.result("a.py::test_two", "error", "the run was killed", interrupted=True)
    live.post(make.result("a.py::test_one"), crashed, cut_short=True)
    (parent,) = live.parents
    assert "cut short: 1 of 2 tests failed" in make.text(parent)


def test_a_live_message_whose_answer_was_lost_is_not_posted_twice(live, make):
    live.sandbox.chaos({"slack/chat.postMessage": {"mode": "drop", "times": 1}})
    live.test(make.result("a.py::test_one"))
    live.drain()
    live.post(make.result("a.py::test_one"))
    assert len(live.parents) == 1


def test_a_message_that_somebody_deleted_is_posted_anew_at_the_end(live, make):
    live.test(make.result("a.py::test_one"))
    live.drain()
    live.sandbox.reset()
    (parent,) = live.post(make.result("a.py::test_one"))
    assert "1 test, none failed" in parent["text"]


def test_only_failures_begin_a_message_where_only_failures_are_posted(live, make):
    live.set(LIVE=True, WHEN="failure")
    live.test(make.result("a.py::test_one"))
    assert live.courier.orders == []
    live.test(make.failed("a.py::test_two"))
    assert len(live.courier.orders) == 1


@pytest.mark.parametrize("when", ["change", "success", "never"])
def test_what_may_turn_out_to_be_unwanted_is_not_begun(live, make, when):
    live.set(LIVE=True, WHEN=when)
    live.test(make.failed("a.py::test_one"))
    assert live.courier.orders == []


def test_the_live_message_ends_also_where_the_run_goes_to_another_channel(live, make):
    live.set(LIVE=True, FAILURE_CHANNEL_ID="C0ONCALL1")
    live.test(make.failed("a.py::test_one"))
    live.drain()
    live.post(make.failed("a.py::test_one"))
    assert sorted(message["channel"] for message in live.parents) == ["C0ONCALL1", "C0SANDBOX"]
    assert all("1 of 1 test failed" in make.text(message) for message in live.parents)
    assert {message["channel"] for message in live.replies} == {"C0ONCALL1"}
