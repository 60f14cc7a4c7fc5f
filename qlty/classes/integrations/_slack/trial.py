"""The message of ``qlty-framework check --send``: something to look at, that asks for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._slack.client import post_to_webhook
from qlty.delivery import Sent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qlty.classes.integrations._slack.client import Bot

MESSAGE = {"text": "QLTY Framework: a test message, sent by `check --send`. Nothing is to be done."}


def post(bot: Bot, channels: Sequence[str], workspace: str) -> Sent:
    """Post to each channel; raises as :class:`Bot` does."""
    links = []
    for channel in channels:
        posted = bot.call("chat.postMessage", {"channel": channel, **MESSAGE})
        links.append(permalink(workspace, posted["channel"], posted["ts"]))
    return Sent(f"a test message in {', '.join(channels)}", tuple(filter(None, links)))


def post_to_webhooks(urls: Sequence[str]) -> Sent:
    """Post through each webhook; raises as :class:`Bot` does."""
    for url in urls:
        post_to_webhook(url, MESSAGE)
    what = "a test message" if len(urls) == 1 else f"{len(urls)} test messages"
    return Sent(f"{what} in the channel of the webhook")


def permalink(workspace: str, channel: str, ts: str) -> str:
    """Return the address of a message; ``""`` where that of the workspace is not known."""
    return f"{workspace}archives/{channel}/p{ts.replace('.', '')}" if workspace else ""
