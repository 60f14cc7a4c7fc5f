"""Each limit of Slack, with the word that Slack has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Http

TOKEN = {"Authorization": "Bearer xoxb-sandbox-token"}
CHANNEL = "C0SANDBOX"


def call(http: Http, method: str, data: object, token: str = "xoxb-sandbox-token") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = http("POST", f"/slack/api/{method}", data, headers)
    assert answer.status == 200
    return answer.json


def post(http: Http, **args: Any) -> Any:
    return call(http, "chat.postMessage", {"channel": CHANNEL, **args})


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


BLOCKS: dict[str, tuple[list[Any], str]] = {
    "51 blocks": (
        [{"type": "divider"}] * 51,
        "no more than 50 items allowed [json-pointer:/blocks]",
    ),
    "section text of 3001": (
        [section("x" * 3001)],
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    "empty section text": (
        [section("")],
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ),
    "11 fields": (
        [{"type": "section", "fields": [plain("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    "field of 2001": (
        [{"type": "section", "fields": [plain("x" * 2001)]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    "header of 151": (
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    "header in mrkdwn": (
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        "must be one of: plain_text [json-pointer:/blocks/0/text/type]",
    ),
    "11 context elements": (
        [{"type": "context", "elements": [plain("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "empty context": (
        [{"type": "context", "elements": []}],
        "no less than 1 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "26 buttons": (
        [{"type": "actions", "elements": [{"type": "button", "text": plain("x")}] * 26}],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "block_id of 256": (
        [{"type": "divider", "block_id": "x" * 256}],
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ),
    "table of 101 rows": (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}],
        "no more than 100 items allowed [json-pointer:/blocks/0/rows]",
    ),
    "row of 21 cells": (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}],
        "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]",
    ),
    "two tables": (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2,
        "only one table block allowed per message [json-pointer:/blocks]",
    ),
    "unknown block": (
        [{"type": "nonsense"}],
        "unsupported type: nonsense [json-pointer:/blocks/0/type]",
    ),
    "unknown field": (
        [{"type": "divider", "color": "red"}],
        "invalid additional property: color [json-pointer:/blocks/0]",
    ),
}


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_bad_blocks_are_refused_with_a_pointer(http: Http, name: str) -> None:
    blocks, message = BLOCKS[name]
    answer = post(http, text="t", blocks=blocks)
    assert answer["error"] == "invalid_blocks"
    assert message in answer["errors"]
    assert f"[ERROR] {message}" in answer["response_metadata"]["messages"]


def test_blocks_at_every_limit_are_taken(http: Http) -> None:
    blocks = [
        section("x" * 3000),
        {"type": "header", "text": plain("x" * 150)},
        *[{"type": "divider"}] * 48,
    ]
    assert post(http, text="t", blocks=blocks)["ok"]


def test_lengths_are_counted_in_code_points(http: Http) -> None:
    assert post(http, text="t", blocks=[{"type": "header", "text": plain("🚀" * 150)}])["ok"]


def test_blocks_over_13000_characters_in_all_are_too_long(http: Http) -> None:
    blocks = [section("x" * 2601) for _ in range(5)]
    assert post(http, text="t", blocks=blocks)["error"] == "msg_blocks_too_long"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no_text": ({}, "no_text"),
    "unknown channel": ({"channel": "C404", "text": "t"}, "channel_not_found"),
    "private channel without the bot": ({"channel": "G0SECRETS", "text": "t"}, "channel_not_found"),
    "public channel without the bot": ({"channel": "C0GENERAL", "text": "t"}, "not_in_channel"),
    "archived channel": ({"channel": "C0ARCHIVE", "text": "t"}, "is_archived"),
    "blocks that are no JSON": ({"blocks": "[{", "text": "t"}, "invalid_blocks_format"),
    "markdown beside text": ({"markdown_text": "m", "text": "t"}, "markdown_text_conflict"),
    "markdown over 12000": ({"markdown_text": "m" * 12_001}, "msg_too_long"),
    "101 attachments": ({"attachments": [{"text": "a"}] * 101}, "too_many_attachments"),
    "attachments over a million characters": (
        {"attachments": [{"text": "a" * 1_000_000}]},
        "attachment_payload_limit_exceeded",
    ),
    "metadata over 16000 characters": (
        {"text": "t", "metadata": {"event_type": "x", "event_payload": {"a": "b" * 16_000}}},
        "metadata_too_large",
    ),
    "metadata without payload": (
        {"text": "t", "metadata": {"event_type": "x"}},
        "invalid_metadata_format",
    ),
    "reply to nothing": ({"text": "t", "thread_ts": "1.000001"}, "cannot_reply_to_message"),
    "unknown argument": ({"text": "t", "chanel": "x"}, "invalid_arg_name"),
    "number for text": ({"text": 7}, "invalid_array_arg"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_bad_post_is_refused_in_slacks_word(http: Http, name: str) -> None:
    args, word = REFUSED[name]
    assert post(http, **args)["error"] == word


def test_a_reply_to_a_reply_is_refused(http: Http) -> None:
    parent = post(http, text="run")["ts"]
    reply = post(http, text="detail", thread_ts=parent)["ts"]
    assert post(http, text="deeper", thread_ts=reply)["error"] == "cannot_reply_to_message"


def test_a_refused_post_leaves_no_message(http: Http, sandbox: Any) -> None:
    post(http)
    assert sandbox.slack.messages == []


TOKENS = {
    "": "not_authed",
    "xoxb-other": "invalid_auth",
    "xoxb-sandbox-revoked": "token_revoked",
    "xoxb-sandbox-expired": "token_expired",
    "xoxb-sandbox-inactive": "account_inactive",
}


@pytest.mark.parametrize(("token", "word"), sorted(TOKENS.items()))
def test_a_bad_token_is_refused_in_slacks_word(http: Http, token: str, word: str) -> None:
    assert call(http, "auth.test", {}, token)["error"] == word


def test_a_missing_scope_is_named(http: Http) -> None:
    answer = http(
        "GET",
        f"/slack/api/conversations.info?channel={CHANNEL}",
        headers={"Authorization": "Bearer xoxb-sandbox-limited"},
    ).json
    assert answer["error"] == "missing_scope"
    assert "channels:read" in answer["needed"]
    assert answer["provided"] == "chat:write"


def test_the_public_scope_posts_where_the_bot_is_not(http: Http) -> None:
    args = {"channel": "C0GENERAL", "text": "t"}
    assert call(http, "chat.postMessage", args, "xoxb-sandbox-public")["ok"]


def test_text_over_40000_is_cut(http: Http, sandbox: Any) -> None:
    post(http, text="x" * 40_001)
    assert len(sandbox.slack.messages[0]["text"]) == 40_000


def test_an_update_over_4000_is_refused(http: Http) -> None:
    ts = post(http, text="t")["ts"]
    answer = call(http, "chat.update", {"channel": CHANNEL, "ts": ts, "text": "x" * 4001})
    assert answer["error"] == "msg_too_long"


def test_an_update_of_nothing_is_refused(http: Http) -> None:
    answer = call(http, "chat.update", {"channel": CHANNEL, "ts": "1.000001", "text": "t"})
    assert answer["error"] == "message_not_found"


def test_rich_text_cannot_become_plain_blocks(http: Http) -> None:
    rich = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}]
    ts = post(http, text="t", blocks=rich)["ts"]
    answer = call(http, "chat.update", {"channel": CHANNEL, "ts": ts, "blocks": [section()]})
    assert answer["error"] == "block_mismatch"


def test_an_update_by_channel_name_is_refused(http: Http) -> None:
    ts = post(http, text="t")["ts"]
    answer = call(http, "chat.update", {"channel": "#qa-results", "ts": ts, "text": "u"})
    assert answer["error"] == "channel_not_found"


def test_an_unknown_method_is_said(http: Http) -> None:
    assert call(http, "chat.shout", {})["error"] == "unknown_method"


def test_an_empty_upload_is_refused(http: Http) -> None:
    path = "/slack/api/files.getUploadURLExternal?filename=a.txt&length=0"
    assert http("GET", path, headers=TOKEN).json["error"] == "missing_argument"


def _upload_url(http: Http, length: int) -> str:
    path = f"/slack/api/files.getUploadURLExternal?filename=a.txt&length={length}"
    return str(http("GET", path, headers=TOKEN).json["upload_url"]).removeprefix(http.url)


def test_an_upload_of_another_length_is_refused(http: Http) -> None:
    assert http("POST", _upload_url(http, 5), b"four").status == 400


def test_a_file_that_was_never_uploaded_cannot_be_shared(http: Http) -> None:
    file_id = _upload_url(http, 5).rpartition("/")[2].partition("-")[0]
    answer = call(http, "files.completeUploadExternal", {"files": [{"id": file_id}]})
    assert answer["error"] == "file_not_found"


WEBHOOK = "/slack/services/T0SANDBOX/B0HOOK001/sandboxhooktoken"
HOOKED: dict[str, tuple[str, object, int, bytes]] = {
    "no JSON": (WEBHOOK, b"{", 400, b"invalid_payload"),
    "empty": (WEBHOOK, {}, 400, b"no_text"),
    "in a thread that is not there": (
        WEBHOOK,
        {"text": "t", "thread_ts": "1.000001"},
        400,
        b"cannot_reply_to_message",
    ),
    "bad blocks": (WEBHOOK, {"text": "t", "blocks": [{}]}, 400, b"invalid_blocks"),
    "revoked": ("/slack/services/T0/B0/x", {"text": "t"}, 404, b"no_service"),
    "archived": (
        "/slack/services/T0SANDBOX/B0HOOK002/sandboxarchived",
        {"text": "t"},
        410,
        b"channel_is_archived",
    ),
}


@pytest.mark.parametrize("name", sorted(HOOKED))
def test_a_bad_webhook_post_is_refused_in_plain_words(http: Http, name: str) -> None:
    path, body, status, word = HOOKED[name]
    answer = http("POST", path, body)
    assert (answer.status, answer.body) == (status, word)
