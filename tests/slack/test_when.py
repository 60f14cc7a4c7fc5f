"""Which runs are posted, where, and who is notified."""

from __future__ import annotations

import pytest

from qlty import config


@pytest.mark.parametrize(
    ("when", "posted"), [("always", True), ("failure", False), ("success", True), ("never", False)]
)
def test_when_nothing_failed(slack, make, when, posted):
    slack.set(WHEN=when)
    assert bool(slack.post(make.result("a.py::test_one"))) is posted


@pytest.mark.parametrize(
    ("when", "posted"), [("always", True), ("failure", True), ("success", False), ("never", False)]
)
def test_when_a_test_failed(slack, make, when, posted):
    slack.set(WHEN=when)
    assert bool(slack.post(make.failed("a.py::test_one"))) is posted


def test_a_flaky_test_is_no_failure(slack, make):
    slack.set(WHEN="failure")
    assert slack.post(make.result("a.py::test_one", flaky=True)) == []


def test_a_run_that_was_cut_short_is_a_failure(slack, make):
    slack.set(WHEN="failure")
    (message,) = slack.post(make.result("a.py::test_one"), cut_short=True, exit_status=2)
    assert "cut short: 1 test ran without a failure" in message["text"]


def test_a_run_without_any_test_is_a_failure_where_pytest_says_so(slack):
    slack.set(WHEN="failure")
    (message,) = slack.post(exit_status=5)
    assert "no tests ran" in message["text"]


def test_what_is_held_back_is_said_in_the_receipt(slack, make):
    slack.set(WHEN="failure").post(make.result("a.py::test_one"))
    assert slack.courier.notes == ["not posted: the run was a success, and WHEN is failure"]


def test_failures_are_held_back_where_they_are_not_to_be_reported(slack, make, monkeypatch):
    monkeypatch.setattr(config, "REPORT_ON_FAIL", False)
    assert slack.post(make.failed("a.py::test_one")) == []
    assert "REPORT_ON_FAIL is off" in slack.courier.notes[0]


# -- change


@pytest.fixture
def changes(slack, tmp_path):
    slack.history_file = tmp_path / "history.jsonl"
    return slack.set(WHEN="change")


def test_a_change_without_any_history_is_posted_and_said(changes, make):
    (message,) = changes.post(make.result("a.py::test_one"))
    assert "no earlier run is known" in make.text(message)


@pytest.mark.parametrize(
    ("before", "now", "posted"),
    [
        ("passed", "passed", False),
        ("passed", "failed", True),
        ("failed", "failed", False),
        ("failed", "passed", True),
        ("skipped", "passed", False),
        ("error", "failed", False),
    ],
)
def test_a_change_is_what_differs_from_the_run_before(changes, make, before, now, posted):
    changes.before(changes.history_file, make.result("a.py::test_one", before))
    assert bool(changes.post(make.result("a.py::test_one", now, "E   x"))) is posted


def test_becoming_flaky_is_no_change(changes, make):
    changes.before(changes.history_file, make.result("a.py::test_one"))
    assert changes.post(make.result("a.py::test_one", flaky=True)) == []


def test_another_failure_in_a_run_that_fails_anyway_is_a_change(changes, make):
    passed = make.result("a.py::test_two")
    changes.before(changes.history_file, make.failed("a.py::test_one"), passed)
    assert changes.post(make.failed("a.py::test_one"), make.failed("a.py::test_two"))


def test_a_failing_test_that_was_removed_is_a_change(changes, make):
    changes.before(
        changes.history_file, make.failed("a.py::test_one"), make.result("a.py::test_two")
    )
    assert changes.post(make.result("a.py::test_two"))


def test_only_the_newest_run_counts(changes, make):
    path = changes.history_file
    changes.before(path, make.failed("a.py::test_one"), run_id="20260227-000000-older")
    changes.before(path, make.result("a.py::test_one"), run_id="20260228-000000-newer")
    assert changes.post(make.result("a.py::test_one")) == []


def test_new_failures_come_first_and_are_marked(slack, make, tmp_path):
    tests = [make.result(f"a.py::test_{n}", "failed", f"E   {'abc'[n]} broke") for n in range(3)]
    slack.before(tmp_path / "history.jsonl", tests[0], tests[1], make.result("a.py::test_2"))
    slack.post(*tests)
    shown = [block["text"]["text"] for block in slack.replies[0]["blocks"]]
    assert shown[0].startswith("🆕 `a.py::test_2`")
    assert [text.startswith("🆕") for text in shown] == [True, False, False]
    assert "*3 failed* (1 new)" in make.text(slack.parents[0])


def test_tests_that_were_repaired_are_counted(slack, make, tmp_path):
    slack.before(tmp_path / "history.jsonl", make.failed("a.py::test_one"))
    assert "1 fixed" in make.text(slack.post(make.result("a.py::test_one"))[0])


def test_without_history_nothing_is_called_new(slack, make):
    slack.post(make.failed("a.py::test_one"))
    assert "🆕" not in make.text(slack.replies[0])


# -- where, and who


def test_each_outcome_has_its_channel(slack, make):
    slack.set(SUCCESS_CHANNEL_ID="G0RELEASE", FAILURE_CHANNEL_ID="C0ONCALL1")
    slack.post(make.failed("a.py::test_one"))
    assert {message["channel"] for message in slack.messages} == {"C0ONCALL1"}


def test_an_outcome_without_a_channel_of_its_own_goes_to_the_usual_one(slack, make):
    slack.set(FAILURE_CHANNEL_ID="C0ONCALL1")
    assert slack.post(make.result("a.py::test_one"))[0]["channel"] == "C0SANDBOX"


def test_users_and_groups_are_notified_of_a_failure(slack, make):
    slack.set(MENTION="U0AMINA01,S0ONCALL1,here")
    slack.post(make.failed("a.py::test_one"))
    assert "<@U0AMINA01> <!subteam^S0ONCALL1> <!here>" in make.text(slack.parents[0])


def test_nobody_is_notified_of_a_success(slack, make):
    slack.set(MENTION=["U0AMINA01"])
    slack.post(make.result("a.py::test_one", flaky=True))
    assert all("<@" not in make.text(message) for message in slack.messages)


def test_deliveries_for_one_channel_are_never_sent_to_another(slack, make):
    slack.end(make.result("a.py::test_one"))
    slack.set(CHANNEL_ID="C0ONCALL1").drain()
    assert slack.messages == []
    assert "this is for" in slack.rows[0].reason


# -- aborted


@pytest.mark.parametrize(
    ("when", "posted"),
    [("always", 1), ("failure", 1), ("change", 1), ("success", 0), ("never", 0)],
)
def test_a_run_that_does_not_begin_is_a_failure(slack, when, posted):
    slack.set(WHEN=when)
    slack.run["exit_status"] = 69
    slack.slack.on_run_abort("shop", "ValueError: closed")
    assert len(slack.drain().messages) == posted


def test_a_run_that_does_not_begin_is_told_where_failures_are_and_mentions_people(slack, make):
    slack.set(FAILURE_CHANNEL_ID="C0ONCALL1", MENTION="U0AMINA01")
    slack.run["exit_status"] = 69
    slack.slack.on_run_abort("shop", "ValueError: closed")
    (message,) = slack.drain().messages
    assert message["channel"] == "C0ONCALL1"
    assert "<@U0AMINA01>" in make.text(message)


def test_a_run_that_does_not_begin_is_told_through_a_webhook(slack):
    slack.set(AUTH_TOKEN=None, WEBHOOK_URL=slack.sandbox.more["SLACK_WEBHOOK_URL"])
    slack.run["exit_status"] = 69
    slack.slack.on_run_abort("shop", "ValueError: closed")
    assert len(slack.drain().messages) == 1


# -- several channels


def test_a_run_is_posted_with_its_thread_in_each_of_several_channels(slack, make):
    slack.set(CHANNEL_ID="C0SANDBOX, C0ONCALL1")
    slack.post(make.failed("a.py::test_one"))
    assert {one["channel"] for one in slack.parents} == {"C0SANDBOX", "C0ONCALL1"}
    threads = {(one["channel"], one["thread_ts"]) for one in slack.replies}
    assert threads == {(one["channel"], one["ts"]) for one in slack.parents}


def test_a_channel_that_refuses_the_message_costs_the_other_nothing(slack, make):
    slack.set(CHANNEL_ID=["C0ARCHIVE", "C0SANDBOX"])
    slack.post(make.result("a.py::test_one"))
    assert [one["channel"] for one in slack.messages] == ["C0SANDBOX"]
    assert {row.target.rpartition(" ")[2]: row.state for row in slack.rows} == {
        "C0ARCHIVE": "refused",
        "C0SANDBOX": "delivered",
    }


def test_what_waits_for_a_channel_that_is_not_set_any_more_goes_nowhere(slack, make):
    slack.set(CHANNEL_ID="C0SANDBOX,C0ONCALL1")
    slack.end(make.result("a.py::test_one"))
    slack.set(CHANNEL_ID="C0SANDBOX").drain()
    assert [one["channel"] for one in slack.messages] == ["C0SANDBOX"]
    assert [row.state for row in slack.rows] == ["delivered", "waiting"]
