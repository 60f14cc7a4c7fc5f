"""Slack calls that succeed: what they answer, and how the inbox shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from qlty.sandbox import Sandbox
    from tests.sandbox.conftest import Evening, Http

CHANNEL = "C0SANDBOX"
TOKEN = {"Authorization": "Bearer xoxb-sandbox-token"}


def test_a_direct_message_goes_to_a_user_and_is_updated_by_its_channel(sender: Evening) -> None:
    answer = sender.slack("chat.postMessage", channel="U0AMINA01", text="hello")
    assert answer["channel"] == "D0AMINA01"
    update = {"ts": answer["ts"], "text": "hello again"}
    assert (
        sender.slack("chat.update", channel="U0AMINA01", **update)["error"] == "channel_not_found"
    )
    assert sender.slack("chat.update", channel="D0AMINA01", **update)["ok"]


def test_a_permalink_leads_to_the_message_in_the_inbox(http: Http, sender: Evening) -> None:
    ts = sender.slack("chat.postMessage", channel=CHANNEL, text="t")["ts"]
    query = f"channel={CHANNEL}&message_ts={ts}"
    link = http("GET", f"/slack/api/chat.getPermalink?{query}", headers=TOKEN).json["permalink"]
    answer = http("GET", link.removeprefix(http.url))
    assert answer.headers["location"] == f"/inbox/slack/{CHANNEL}#m{ts.replace('.', '')}"


def test_the_address_of_auth_test_begins_links_to_the_inbox(sender: Evening, http: Http) -> None:
    ts = sender.slack("chat.postMessage", channel=CHANNEL, text="t")["ts"].replace(".", "")
    url = sender.slack("auth.test")["url"].removeprefix(http.url)
    assert http("GET", f"{url}archives/{CHANNEL}/p{ts}").headers["location"].endswith(f"#m{ts}")


def test_an_update_of_blocks_alone_keeps_the_text(sender: Evening, sandbox: Sandbox) -> None:
    ts = sender.slack("chat.postMessage", channel=CHANNEL, text="kept")["ts"]
    sender.slack("chat.update", channel=CHANNEL, ts=ts, blocks=[{"type": "divider"}])
    assert sandbox.slack.messages[0]["text"] == "kept"


def test_a_broadcast_reply_shows_in_the_history(http: Http, sender: Evening) -> None:
    parent = sender.slack("chat.postMessage", channel=CHANNEL, text="run")["ts"]
    args = {"channel": CHANNEL, "thread_ts": parent}
    sender.slack("chat.postMessage", text="quiet", **args)
    sender.slack("chat.postMessage", text="loud", reply_broadcast=True, **args)
    path = f"/slack/api/conversations.history?channel={CHANNEL}"
    rows = http("GET", path, headers=TOKEN).json["messages"]
    assert [row["text"] for row in rows] == ["loud", "run"]
    assert rows[1]["reply_count"] == 2


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1000", "cursor=%%%", "cursor=bmV4dDp4", "oldest=noon"]
)
def test_bad_pages_are_refused(http: Http, query: str) -> None:
    path = f"/slack/api/conversations.history?channel={CHANNEL}&{query}"
    assert http("GET", path, headers=TOKEN).json["ok"] is False


def test_history_keeps_to_its_window(http: Http, sender: Evening) -> None:
    stamps = [
        sender.slack("chat.postMessage", channel=CHANNEL, text=str(n))["ts"] for n in range(3)
    ]
    path = (
        f"/slack/api/conversations.history?channel={CHANNEL}&oldest={stamps[0]}&latest={stamps[2]}"
    )
    inside = [
        len(http("GET", path + more, headers=TOKEN).json["messages"])
        for more in ("", "&inclusive=true")
    ]
    assert inside == [1, 3]


def test_markdown_text_becomes_a_markdown_block(sender: Evening, http: Http) -> None:
    sender.slack(
        "chat.postMessage",
        channel=CHANNEL,
        markdown_text="# Head\n- **one** [link](https://x.test)",
    )
    page = http("GET", f"/inbox/slack/{CHANNEL}").body.decode()
    assert '<b>Head</b><br>• <b>one</b> <a href="https://x.test"' in page


def test_attachments_are_shown_with_their_colour(sender: Evening, http: Http) -> None:
    attachment = {
        "color": "danger",
        "title": "2 failed",
        "text": "*why*",
        "fields": [{"title": "Branch", "value": "`main`"}],
        "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "inside"}}],
    }
    sender.slack("chat.postMessage", channel=CHANNEL, attachments=[attachment])
    page = http("GET", f"/inbox/slack/{CHANNEL}").body.decode()
    for part in (
        'fill="#e01e5a"',
        "2 failed",
        "<b>why</b>",
        "<b>Branch</b><br><code>main</code>",
        "inside",
    ):
        assert part in page


def test_an_attachment_with_bad_blocks_is_refused(sender: Evening) -> None:
    attachments = [{"blocks": [{"type": "nonsense"}]}]
    answer = sender.slack("chat.postMessage", channel=CHANNEL, attachments=attachments)
    assert answer["error"] == "invalid_blocks"


RICH = [
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "fat", "style": {"bold": True}},
                    {"type": "link", "url": "https://x.test", "text": "there"},
                    {"type": "link", "url": "javascript:x", "text": "nowhere"},
                    {"type": "user", "user_id": "U0AMINA01"},
                    {"type": "emoji", "name": "tada"},
                ],
            },
            {
                "type": "rich_text_list",
                "style": "ordered",
                "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "first"}]}
                ],
            },
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "E  <x>"}]},
        ],
    },
    {
        "type": "table",
        "rows": [[{"type": "raw_text", "text": "cell"}, {"type": "rich_text", "elements": 5}]],
    },
    {"type": "image", "image_url": "https://x.test/a.png", "alt_text": "a chart"},
]


def test_rich_text_tables_and_pictures_are_shown(sender: Evening, http: Http) -> None:
    assert sender.slack("chat.postMessage", channel=CHANNEL, text="t", blocks=RICH)["ok"]
    page = http("GET", f"/inbox/slack/{CHANNEL}").body.decode()
    shown = [
        "<b>fat</b>",
        ">there</a>",
        "javascript:x",
        "@amina",
        "🎉",
        "<ol><li><div>first",
        "E  &lt;x&gt;",
        "<td>cell</td>",
        "a chart",
    ]
    for part in shown:
        assert part in page
    assert 'href="javascript' not in page


def test_a_file_may_go_to_many_channels_or_to_none(sender: Evening, sandbox: Sandbox) -> None:
    for channels in ({"channels": f"{CHANNEL},C0ONCALL1"}, {}):
        files = [{"id": sender.upload(b"log"), "title": "log"}]
        assert sender.slack("files.completeUploadExternal", files=files, **channels)["ok"]
    assert [each["channel"] for each in sandbox.slack.messages] == [CHANNEL, "C0ONCALL1"]


def test_an_upload_completes_only_once(sender: Evening) -> None:
    file_id = sender.upload(b"x")
    answers = [
        sender.slack("files.completeUploadExternal", files=[{"id": file_id}]) for _ in range(2)
    ]
    assert [each["ok"] for each in answers] == [True, False]


def test_a_thread_takes_one_channel_at_a_time(sender: Evening) -> None:
    parent = sender.slack("chat.postMessage", channel=CHANNEL, text="run")["ts"]
    args = {"files": [{"id": sender.upload(b"x")}], "thread_ts": parent}
    answer = sender.slack("files.completeUploadExternal", channels=f"{CHANNEL},C0ONCALL1", **args)
    assert answer["error"] == "invalid_channel"


def test_the_token_may_be_a_parameter_of_a_form(http: Http) -> None:
    body = b"token=xoxb-sandbox-token&channel=C0SANDBOX&text=hi"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert http("POST", "/slack/api/chat.postMessage", body, form).json["ok"]
    wrong = body.replace(b"-token&", b"-unknown&")
    assert http("POST", "/slack/api/chat.postMessage", wrong, form).json["error"] == "invalid_auth"


def test_a_token_in_json_or_in_the_address_is_none(http: Http) -> None:
    body = {"token": "xoxb-sandbox-token", "channel": CHANNEL, "text": "hi"}
    assert http("POST", "/slack/api/chat.postMessage", body).json["error"] == "not_authed"
    path = "/slack/api/auth.test?token=xoxb-sandbox-token"
    assert http("GET", path).json["error"] == "not_authed"


def test_a_webhook_replies_in_the_thread_of_a_message_that_is_there(
    http: Http, sender: Evening, sandbox: Sandbox
) -> None:
    ts = sender.slack("chat.postMessage", channel=CHANNEL, text="run")["ts"]
    hook = "/slack/services/T0SANDBOX/B0HOOK001/sandboxhooktoken"
    assert http("POST", hook, {"text": "more", "thread_ts": ts}).body == b"ok"
    assert sandbox.slack.messages[-1]["thread_ts"] == ts
