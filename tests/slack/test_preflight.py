"""What is found out before the first test."""

from __future__ import annotations

import pytest

from qlty.errors import DeliveryError, Refused, RemoteFailed, SettingsError


def test_the_token_and_the_channel_are_checked(slack):
    slack.slack.on_run_start()
    assert [call["call"] for call in slack.sandbox.calls] == ["auth.test", "conversations.info"]
    assert slack.courier.notes == []


def test_every_channel_is_checked(slack):
    slack.set(FAILURE_CHANNEL_ID="C0ONCALL1", SUCCESS_CHANNEL_ID="G0RELEASE")
    slack.slack.on_run_start()
    assert len(slack.calls("conversations.info")) == 3


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"AUTH_TOKEN": "xoxb-sandbox-unknown"}, "invalid_auth: the token is not valid"),
        ({"AUTH_TOKEN": "xoxb-sandbox-revoked"}, "token_revoked: the token was revoked"),
        ({"AUTH_TOKEN": "xoxb-sandbox-expired"}, "token_expired: the token has expired"),
        ({"AUTH_TOKEN": "xoxb-sandbox-inactive"}, "account_inactive: the token's bot was removed"),
        ({"CHANNEL_ID": "C0NOWHERE"}, "channel C0NOWHERE: channel_not_found: no such channel"),
        ({"CHANNEL_ID": "C0ARCHIVE"}, "#old-results): is_archived: the channel is archived"),
        ({"FAILURE_CHANNEL_ID": "G0SECRETS"}, "channel G0SECRETS: channel_not_found"),
    ],
)
def test_what_cannot_work_is_said_in_clear_words(slack, values, words):
    slack.set(**values)
    with pytest.raises(Refused) as refused:
        slack.slack.on_run_start()
    assert words in refused.value.reason


def test_a_channel_without_the_bot_is_told_where_the_token_may_not_post_there(slack):
    slack.set(CHANNEL_ID="C0GENERAL")
    with pytest.raises(
        Refused, match=r"\(#general\): not_in_channel: the bot is not in the channel"
    ):
        slack.slack.on_run_start()


def test_a_public_channel_without_the_bot_is_fine_for_a_token_that_may_post_everywhere(slack):
    slack.set(CHANNEL_ID="C0GENERAL", AUTH_TOKEN="xoxb-sandbox-public")
    slack.slack.on_run_start()
    assert slack.courier.notes == []


def test_a_channel_without_the_bot_is_only_noted_where_the_scopes_are_not_known(slack, monkeypatch):
    monkeypatch.setattr("qlty.classes.integrations._slack.client._scopes", lambda headers: None)
    slack.set(CHANNEL_ID="C0GENERAL")
    slack.slack.on_run_start()
    assert "(#general): the bot is not in it" in slack.courier.notes[0]


@pytest.mark.parametrize("path", ["/nothing/api/", "/inbox/slack?"])
def test_an_address_that_is_not_slacks_says_what_answered(slack, path):
    slack.set(API_URL=slack.sandbox.url + path, REQUIRED=True)
    with pytest.raises(DeliveryError, match="SLACK_API_URL") as error:
        slack.slack.on_run_start()
    assert "Slack" in error.value.reason
    assert "404" in error.value.reason or "Not Found" in error.value.reason


def test_the_test_message_stands_in_every_channel(slack):
    slack.set(FAILURE_CHANNEL_ID="C0ONCALL1")
    slack.slack.on_run_start()
    sent = slack.slack.send_test()
    assert [one["channel"] for one in slack.messages] == ["C0SANDBOX", "C0ONCALL1"]
    assert sent.text == "a test message in C0SANDBOX, C0ONCALL1"
    assert all(
        f"/archives/{one['channel']}/p" in sent.links[n] for n, one in enumerate(slack.messages)
    )


def test_the_test_message_goes_through_a_webhook_once(slack):
    slack.set(AUTH_TOKEN=None, WEBHOOK_URL=slack.sandbox.more["SLACK_WEBHOOK_URL"])
    assert slack.slack.send_test().text == "a test message in the channel of the webhook"
    assert len(slack.messages) == 1


def test_a_missing_scope_for_looking_is_only_noted_and_named(slack):
    slack.set(AUTH_TOKEN="xoxb-sandbox-limited")
    slack.slack.on_run_start()
    (note,) = slack.courier.notes
    assert "missing_scope: the app needs the scope channels:read" in note
    assert "the token has chat:write" in note


def test_slack_out_of_reach_does_not_cost_the_results(slack, make):
    slack.sandbox.chaos({"slack/auth.test": {"status": 503}})
    slack.slack.on_run_start()
    assert "not all of it was checked before the run" in slack.courier.notes[0]


def test_a_slack_that_hangs_does_not_cost_the_results(slack):
    slack.environ["QLTY_HOOK_TIMEOUT"] = "0.5"
    slack.set()
    slack.sandbox.chaos({"slack/auth.test": {"mode": "hang"}})
    slack.slack.on_run_start()
    (note,) = slack.courier.notes
    assert note == "not all of it was checked before the run: no answer within 0.375 s"


def test_slack_out_of_reach_stops_a_run_that_requires_it(slack):
    slack.set(REQUIRED=True)
    slack.sandbox.chaos({"slack/auth.test": {"status": 503}})
    with pytest.raises(RemoteFailed):
        slack.slack.on_run_start()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"CHANNEL_ID": "#qa-results"}, "SLACK CHANNEL_ID is '#qa-results', which is a name"),
        ({"CHANNEL_ID": None}, "SLACK CHANNEL_ID is not set"),
        ({"AUTH_TOKEN": None}, "SLACK AUTH_TOKEN is not set"),
        ({"TITLE": "{brunch}"}, "SLACK TITLE has {brunch}, which is not known: did you mean"),
        ({"SUFFIX": "{run.__class__}"}, "SLACK SUFFIX has {run.__class__}, which is not known"),
        ({"FIELDS": {"A": "{host:9}"}}, "SLACK FIELDS['A'] has {host} with a format"),
        ({"MENTION": "amina"}, "SLACK MENTION has 'amina': an id of a user"),
        ({"AUTH_TOKEN": None, "LIVE": True}, "SLACK LIVE needs AUTH_TOKEN"),
    ],
)
def test_wrong_settings_are_named(slack, values, words):
    slack.set(**values)
    with pytest.raises(SettingsError) as wrong:
        slack.slack.on_run_start()
    assert words in str(wrong.value)
