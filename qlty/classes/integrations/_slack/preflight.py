"""Finding out before the tests whether the results will arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._slack.client import SlackRefused
from qlty.classes.integrations._slack.words import explain
from qlty.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qlty.classes.integrations._slack.client import Bot

#: Slack's answers that say nothing about the channel: the app may post without these scopes.
_CANNOT_SEE = {"missing_scope", "not_allowed_token_type", "unknown_method", "access_denied"}

#: with this scope an app posts to public channels that it is not in
_PUBLIC = "chat:write.public"


def check(bot: Bot, channels: Iterable[str], note: Callable[[str], None]) -> str:
    """Ask who the token belongs to, and look at the channels where the scopes allow it.

    Returns:
        the address of the workspace.

    Raises:
        Refused: the token, or a channel, cannot be used.
        RetryLater, AnswerLost: Slack was not reached.
    """
    who = bot.call("auth.test")
    for channel in channels:
        if channel[0] not in "UW":  # a user's id names no conversation yet
            _check_channel(bot, channel, note)
    return str(who.get("url") or "")


def _check_channel(bot: Bot, channel: str, note: Callable[[str], None]) -> None:
    try:
        found = bot.ask("conversations.info", channel=channel)["channel"]
    except SlackRefused as error:
        if error.error not in _CANNOT_SEE:
            raise Refused(f"channel {channel}: {error.reason}") from error
        note(f"channel {channel} was not checked: {error.reason}")
        return
    name = f"channel {channel} (#{found.get('name', '?')})"
    if found.get("is_archived"):
        raise Refused(f"{name}: {explain('is_archived')}")
    if found.get("is_member") is False and _PUBLIC not in (bot.scopes or ()):
        if bot.scopes is not None or found.get("is_private"):
            raise Refused(f"{name}: {explain('not_in_channel')}")
        note(f"{name}: the bot is not in it; that works only with the scope {_PUBLIC}")
