"""A run posted with a bot's token: one message, and the failures in its thread."""

from __future__ import annotations

import time


def test_a_run_without_failures_is_one_message(slack, make):
    (message,) = slack.post(make.result("a.py::test_one"), make.result("a.py::test_two"))
    assert message["channel"] == "C0SANDBOX"
    headline = message["blocks"][0]["text"]["text"]
    assert headline == "✅ storefront: 2 tests, none failed (staging, main)"


def test_a_run_that_skipped_everything_is_not_shown_as_good(slack, make):
    (message,) = slack.post(make.result("a.py::test_one", "skipped"))
    headline = message["blocks"][0]["text"]["text"]
    assert headline == "⚠️ storefront: 1 test, all skipped (staging, main)"


def test_the_channel_names_up_to_three_failures_of_different_errors_and_counts_the_others(
    slack, make
):
    same = [make.result(f"a.py::test_{n}", "failed", "E   no disk") for n in range(5)]
    other = make.result("b.py::test_other", "failed", "E   no network")
    slack.post(*same, other)
    (parent,) = slack.parents
    (names,) = [b["text"]["text"] for b in parent["blocks"][1:] if "•" in str(b)]
    lines = names.splitlines()
    assert [line.split("`")[1] for line in lines[:3]] == [
        "a.py::test_0",
        "b.py::test_other",
        "a.py::test_1",
    ]
    assert lines[3:] == ["and 3 more in the thread"]


def test_title_fields_and_suffix_may_be_worded_by_the_project(slack, make):
    slack.set(
        TITLE="{project} {branch}: {failed} of {total} in {duration}",
        FIELDS={"Team": "shop", "Stage": "{environment}/{platform}", "Nothing": "{user}"},
        SUFFIX="<!subteam^S0456EFGH> see {ci_url} of {branch}",
    )
    slack.post(make.failed("a.py::test_one"), branch="<!here>")
    (parent,) = slack.parents
    assert parent["blocks"][0]["text"]["text"] == "❌ storefront <!here>: 1 of 1 in 1m 2s"
    shown = make.text(parent)
    assert "Team: `shop`" in shown
    assert "Stage: `staging/chrome`" in shown
    assert "Nothing" not in shown
    suffix = parent["blocks"][-1]["text"]["text"]
    assert suffix.startswith("<!subteam^S0456EFGH> see https://")
    assert suffix.endswith(" of &lt;!here&gt;")


def test_the_message_says_where_and_how_long_it_ran(slack, make):
    (message,) = slack.post(make.result("a.py::test_one"))
    shown = make.text(message)
    for fact in ("staging", "chrome", "main", "0123456789", "1m 2s", slack.run["id"]):
        assert fact in shown
    assert "<https://github.com/acme/shop/actions/runs/7|GitHub Actions>" in shown


def test_the_message_has_a_fallback_text(slack, make):
    (message, _) = slack.post(make.failed("a.py::test_one"))
    assert message["text"].startswith("storefront: 1 of 1 test failed (staging, main): a.py")


def test_failures_stand_in_the_thread(slack, make):
    slack.post(make.failed("a.py::test_one"), make.result("a.py::test_two"))
    (parent,), (reply,) = slack.parents, slack.replies
    assert reply["thread_ts"] == parent["ts"]
    assert "assert 3 == 2" not in make.text(parent)
    assert "assert 3 == 2" in make.text(reply)


def test_a_failure_shows_its_error_its_place_and_a_link_to_it(slack, make):
    slack.post(make.failed("tests/test_cart.py::test_total", got=41, line=12))
    shown = make.text(slack.replies[0])
    assert "assert 41 == 2" in shown
    place = "https://github.com/acme/shop/blob/0123456789abcdef/tests/test_cart.py#L12"
    assert f"<{place}|tests/test_cart.py:12>" in shown


def test_failures_with_the_same_error_are_one_group(slack, make):
    slack.post(*(make.failed(f"a.py::test_{n}", got=n) for n in range(3, 7)))
    (reply,) = slack.replies
    (block,) = reply["blocks"]
    assert block["text"]["text"].startswith("*4 tests:* `assert … == 2`")


def test_a_group_whose_errors_differ_says_whose_error_is_shown(slack, make):
    slack.post(*(make.failed(f"a.py::test_{n}", got=n) for n in (3, 4)))
    assert "The first of them:\\n```\\nassert 3 == 2" in make.text(slack.replies[0])


def test_a_group_does_not_say_one_line_twice(slack, make):
    slack.post(*(make.result(f"a.py::test_{n}", "failed", "E   no database") for n in (1, 2)))
    assert make.text(slack.replies[0]).count("no database") == 1


def test_a_long_error_of_a_group_is_not_only_shown_cut(slack, make):
    message = f"E   {'x' * 400} the end"
    slack.post(*(make.result(f"a.py::test_{n}", "failed", message) for n in (1, 2)))
    assert "the end" in make.text(slack.replies[0])


def test_a_run_without_tests_has_no_counts(slack, make):
    slack.post(context={"run": {**slack.run, "exit_status": 5}})
    shown = make.text(slack.parents[0])
    assert "no tests ran" in shown
    assert "passed" not in shown


def test_a_file_that_cannot_be_collected_is_no_test(slack, make):
    slack.post(
        make.result("b.py", "error", "E   no module", phase="collect"),
        make.result("a.py::test_one"),
    )
    assert "1 file could not be collected" in make.text(slack.parents[0])
    assert "`b.py` (collection)" in make.text(slack.replies[0])


def test_the_headline_tells_tests_from_files(slack, make):
    slack.post(
        make.result("b.py", "error", "E   no module", phase="collect"),
        make.failed("a.py::test_one"),
    )
    shown = make.text(slack.parents[0])
    assert "1 of 1 test failed, 1 file could not be collected" in shown


def test_a_failure_outside_of_the_test_itself_says_so(slack, make):
    slack.post(make.result("a.py::test_one", "error", "E   no database", phase="setup"))
    assert "`a.py::test_one` (setup)" in make.text(slack.replies[0])


def test_flaky_tests_are_a_group_of_their_own_and_no_failure(slack, make):
    slack.post(make.result("a.py::test_one", flaky=True, attempts=2))
    (parent,), (reply,) = slack.parents, slack.replies
    assert "✅" in make.text(parent)
    assert "*Flaky:* 1 test passed only after a rerun\\n• `a.py::test_one`" in make.text(reply)


def test_a_flaky_test_says_why_it_failed_first(slack, make):
    first = {"message": "E   TimeoutError: no answer in 3 s", "outcome": "failed"}
    slack.post(
        make.result("a.py::test_one", flaky=True, attempts=2, earlier_attempts=[first]),
    )
    shown = make.text(slack.replies[0])
    assert "`a.py::test_one` failed first with `TimeoutError: no answer in 3 s`" in shown


def test_testrail_and_pagerduty_are_linked_where_they_are_known(slack, make):
    context = {
        "testrail_run_id": 12,
        "testrail_run_url": "https://acme.testrail.io/index.php?/runs/view/12",
        "pagerduty_incidents": [
            {"title": "Cart is down", "number": 7, "html_url": "https://acme.pagerduty.com/i/7"},
            {"title": "Stock is down", "number": 8, "html_url": "https://acme.pagerduty.com/i/8"},
        ],
    }
    slack.post(make.result("a.py::test_one"), context=context)
    shown = make.text(slack.parents[0])
    assert "<https://acme.testrail.io/index.php?/runs/view/12|TestRail run 12>" in shown
    assert (
        "PagerDuty <https://acme.pagerduty.com/i/7|#7>, <https://acme.pagerduty.com/i/8|#8>"
    ) in shown


def test_incidents_without_a_number_have_their_title_and_many_are_counted(slack, make):
    incidents = [{"title": f"{n} {'is down ' * 20}"} for n in range(9)]
    slack.post(make.result("a.py::test_one"), context={"pagerduty_incidents": incidents})
    shown = make.text(slack.parents[0])
    assert "PagerDuty 0 is down is down" in shown
    assert "+4 more" in shown
    assert len(shown) < 1000


def test_every_message_carries_the_runs_key(slack, make):
    slack.post(make.failed("a.py::test_one"))
    said = [message["metadata"]["event_payload"] for message in slack.messages]
    assert {one["key"] for one in said} == {f"{slack.run['id']} C0SANDBOX"}
    assert [one["part"] for one in said] == ["parent", "reply 0"]


def test_markup_in_output_mentions_nobody_and_links_nothing(slack, make):
    nodeid = "a.py::test[<!channel>-<https://evil.test|click>]"
    slack.post(make.result(nodeid, "failed", "E   <!here> <@U0AMINA01> & ``` *bold*"))
    for message in slack.messages:
        shown = message["text"] + make.text(message)
        assert "<!" not in shown
        assert "<@" not in shown
        assert "<https://evil" not in shown


def test_the_receipt_links_the_message(slack, make):
    slack.slack.on_run_start()
    slack.post(make.result("a.py::test_one"))
    (row,) = slack.rows
    ts = slack.parents[0]["ts"].replace(".", "")
    (link,) = row.sent.links
    assert link.endswith(f"/slack/archives/C0SANDBOX/p{ts}")


def test_no_more_calls_than_messages_are_made(slack, make):
    slack.post(make.failed("a.py::test_one"))
    assert [call["call"] for call in slack.sandbox.calls] == ["chat.postMessage"] * 2


# -- answers that are lost


def test_a_message_whose_answer_was_lost_is_found_and_not_posted_twice(slack, make):
    slack.sandbox.chaos({"slack/chat.postMessage": {"mode": "drop", "times": 1}})
    slack.post(make.failed("a.py::test_one"))
    assert len(slack.parents) == len(slack.replies) == 1
    assert [row.state for row in slack.rows] == ["delivered"]


def test_a_reply_whose_answer_was_lost_is_found_and_not_posted_twice(slack, make):
    slack.sandbox.chaos({"slack/chat.postMessage": {"mode": "drop", "times": 1, "after": 1}})
    slack.post(make.failed("a.py::test_one"))
    assert len(slack.parents) == len(slack.replies) == 1


def test_a_message_that_never_arrived_is_posted_again(slack, make):
    slack.sandbox.chaos({"slack/chat.postMessage": {"mode": "reset", "times": 1}})
    slack.post(make.failed("a.py::test_one"))
    assert len(slack.parents) == len(slack.replies) == 1


def test_a_message_posted_in_spite_of_an_internal_error_is_not_posted_twice(slack, make):
    slack.sandbox.chaos({"slack/chat.postMessage": {"status": 500, "commit": True, "times": 1}})
    slack.post(make.failed("a.py::test_one"))
    assert len(slack.parents) == len(slack.replies) == 1


def test_without_the_history_scope_a_lost_answer_is_followed_by_one_more_try(slack, make):
    slack.set(AUTH_TOKEN="xoxb-sandbox-limited")
    slack.sandbox.chaos({"slack/chat.postMessage": {"mode": "drop", "times": 1}})
    slack.post(make.result("a.py::test_one"))
    assert len(slack.parents) == 2
    assert "may stand there twice" in slack.rows[0].sent.notes[0]


def test_without_the_history_scope_a_second_lost_answer_ends_it(slack, make):
    slack.set(AUTH_TOKEN="xoxb-sandbox-limited")
    slack.sandbox.chaos({"slack/chat.postMessage": {"mode": "drop"}})
    slack.post(make.result("a.py::test_one"))
    (row,) = slack.rows
    assert row.state == "lost"
    assert "look into the channel" in row.reason
    assert len(slack.parents) == 2


def test_a_rate_limit_is_waited_for_and_nothing_is_posted_twice(slack, make):
    rule = {"status": 429, "retry_after": 1, "after": 1, "times": 1}
    slack.sandbox.chaos({"slack/chat.postMessage": rule})
    began = time.monotonic()
    slack.post(make.failed("a.py::test_one"))
    assert time.monotonic() - began >= 1
    assert len(slack.parents) == len(slack.replies) == 1


# -- Slack says no


def test_a_refusal_is_in_the_receipt_in_clear_words(slack, make):
    slack.set(CHANNEL_ID="C0GENERAL")
    slack.post(make.result("a.py::test_one"))
    (row,) = slack.rows
    assert row.state == "refused"
    assert "not_in_channel: the bot is not in the channel; invite it" in row.reason


def test_a_deleted_parent_does_not_keep_the_job_from_ending(slack, make):
    slack.end(make.failed("a.py::test_one"))
    (row,) = slack.rows
    slack.courier.outbox.stores[0]._execute(
        "UPDATE delivery SET checkpoint = ? WHERE id = ?",
        [
            '{"ts": "1.000001", "channel": "C0SANDBOX", "replies": 0, "shown": "x"}',
            row.id,
        ],
    )
    slack.drain()
    (row,) = slack.rows
    assert row.state == "delivered"
    assert "posted anew" in row.sent.notes[0]
    assert len(slack.parents) == len(slack.replies) == 1


def test_blocks_that_a_workspace_refuses_become_plain_text(slack):
    parent = {"text": "what happened", "blocks": [{"type": "divider"}] * 51}
    slack.slack._deliver("run", "C0SANDBOX", {"parent": parent})
    slack.drain()
    (message,) = slack.messages
    assert message["text"] == "what happened"
    assert slack.rows[0].sent.notes[0].startswith("posted as plain text: Slack refused its form")
