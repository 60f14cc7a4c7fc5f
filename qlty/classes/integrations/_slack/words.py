"""Slack's error words, in sentences that say what would help.

Source: the error tables of https://docs.slack.dev/reference/methods/chat.postMessage,
auth.test, conversations.info and files.completeUploadExternal.
"""

from __future__ import annotations

_HELP = {
    "account_inactive": "the token's bot was removed; install the app again",
    "action_prohibited": "an admin of the workspace has restricted this webhook",
    "cannot_reply_to_message": "the message of this thread is gone",
    "channel_is_archived": "the channel is archived; unarchive it or choose another",
    "channel_not_found": "no such channel, or a private one that the bot is not in; "
    "invite it with /invite, and check that CHANNEL_ID is the id and not the name",
    "invalid_auth": "the token is not valid; AUTH_TOKEN is the bot token that begins with xoxb-",
    "invalid_token": "the webhook is not valid; copy its address again",
    "is_archived": "the channel is archived; unarchive it or choose another",
    "no_active_hooks": "the webhook is disabled; make a new one",
    "no_service": "the webhook was removed; make a new one",
    "not_allowed_token_type": "AUTH_TOKEN is the bot token that begins with xoxb-",
    "not_authed": "no token was sent; set AUTH_TOKEN",
    "not_in_channel": "the bot is not in the channel; invite it with /invite, or give the app "
    "the scope chat:write.public",
    "restricted_action": "the workspace does not let the bot post in this channel",
    "team_not_found": "the workspace of this webhook is gone",
    "token_expired": "the token has expired; make a new one",
    "token_revoked": "the token was revoked; install the app again",
}

#: The message cannot be edited, or is gone: what is to be said needs a new one.
NOT_EDITABLE = {"cant_update_message", "edit_window_closed", "message_not_found", "block_mismatch"}

#: The blocks are at fault, not the message as a whole.
BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"}


def explain(error: str, needed: str = "", provided: str = "") -> str:
    """Return Slack's word and what would help.

    Args:
        error: the word, such as ``not_in_channel``.
        needed: the scopes that ``missing_scope`` asks for.
        provided: the scopes that the token has.
    """
    if error == "missing_scope":
        has = f"; the token has {provided}" if provided else ""
        scopes = needed or "another one"
        return f"missing_scope: the app needs the scope {scopes}; add it and reinstall the app{has}"
    return f"{error}: {_HELP[error]}" if error in _HELP else error
