"""The pretended workspace: tokens, channels, messages, files, and the order of time in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qlty.sandbox.slack._arguments import SlackError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.sandbox._store import Row, Store

Channel = dict[str, Any]


class Workspace:
    """What a Slack workspace knows; the messages live in the store."""

    def __init__(self, seed: dict[str, Any], store: Store, clock: Callable[[], float]) -> None:
        self.seed, self.clock = seed, clock
        self.messages = store.table("slack_messages")
        self.files = store.table("slack_files")
        self.contents = store.blobs("slack_contents")
        self.channels: dict[str, Channel] = {each["id"]: each for each in seed["channels"]}
        self.users = {each["id"]: each for each in seed["users"]}
        self.bot: dict[str, Any] = seed["bot"]
        self._tokens = {each["token"]: each for each in seed["tokens"]}
        self._last_micros = max((_micros(row["ts"]) for row in self.messages), default=0)

    def scopes(self, token: str) -> list[str]:
        """The scopes that a token was granted; raises `SlackError` for one that is no good."""
        known = self._tokens.get(token)
        if known is None:
            raise SlackError("invalid_auth")
        if "error" in known:
            raise SlackError(known["error"])
        return list(known["scopes"])

    def next_ts(self) -> str:
        """A time stamp that no message has yet; they only grow, as Slack's do."""
        self._last_micros = max(self._last_micros + 1, int(self.clock() * 1_000_000))
        return f"{self._last_micros // 1_000_000:010d}.{self._last_micros % 1_000_000:06d}"

    def find(self, name: str, *, by_name: bool) -> Channel:
        """The channel with this id (or name); raises `channel_not_found`.

        A private channel without the bot does not exist for it.
        A user's id opens the direct messages with that user.
        """
        channel = self.channels.get(name)
        if channel is None and by_name:
            plain = name.removeprefix("#")
            named = (each for each in self.channels.values() if each["name"] == plain)
            channel = next(named, None) or self._direct(f"D{name[1:]}" if name[:1] == "U" else "")
        channel = channel or self._direct(name)
        if channel is None or (channel.get("private") and not channel["member"]):
            raise SlackError("channel_not_found", f"[ERROR] no such channel: {name[:80]}")
        return channel

    def find_to_post(self, name: str, scopes: list[str], *, by_name: bool = True) -> Channel:
        """The channel, if this token may post there; raises what Slack answers if not."""
        channel = self.find(name, by_name=by_name)
        if channel.get("archived"):
            raise SlackError("is_archived", f"[ERROR] #{channel['name']} is archived")
        if not channel["member"] and "chat:write.public" not in scopes:
            raise SlackError("not_in_channel", f"[ERROR] the bot is not in #{channel['name']}")
        return channel

    def message(self, channel: str, ts: str) -> Row | None:
        """The message of this channel with this time stamp, or None."""
        return self.messages.get(f"{channel}:{ts}")

    def keep(self, row: Row) -> None:
        """Store a message, new or changed."""
        self.messages.put(f"{row['channel']}:{row['ts']}", row)

    def in_channel(self, channel: str) -> list[Row]:
        """The messages of a channel, oldest first."""
        return [row for row in self.messages if row["channel"] == channel]

    def parent(self, channel: Channel, thread_ts: str) -> Row:
        """The message that a thread hangs on; raises where there is none or it is a reply."""
        row = self.message(channel["id"], thread_ts)
        if row is None:
            raise SlackError(
                "cannot_reply_to_message", f"[ERROR] no message {thread_ts[:30]} in this channel"
            )
        if row.get("thread_ts") not in (None, thread_ts):
            raise SlackError(
                "cannot_reply_to_message", f"[ERROR] {thread_ts} is itself a reply; use its parent"
            )
        return row

    def post(self, channel: Channel, content: Row) -> Row:
        """Add a message with this content; returns the whole row."""
        ts = self.next_ts()
        row = {"type": "message", "channel": channel["id"], "ts": ts, **content}
        row.setdefault("user", self.bot["user_id"])
        row.setdefault("bot_id", self.bot["bot_id"])
        self.keep(row)
        return row

    def _direct(self, name: str) -> Channel | None:
        user = self.users.get(f"U{name[1:]}") if name[:1] == "D" else None
        if user is None:
            return None
        return {"id": name, "name": user["name"], "member": True, "im": True, "user": user["id"]}


def _micros(ts: str) -> int:
    return int(ts.replace(".", ""))
