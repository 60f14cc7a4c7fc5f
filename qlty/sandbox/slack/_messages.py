"""The Slack methods around messages and channels."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from qlty.sandbox.slack._arguments import SlackError
from qlty.sandbox.slack._blocks import is_rich
from qlty.sandbox.slack._content import content

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.sandbox._store import Row
    from qlty.sandbox.slack._workspace import Channel, Workspace

Args = dict[str, Any]
TS = re.compile(r"\d{1,10}\.\d{6}")
_LOOK = ("username", "icon_emoji", "icon_url")


def auth_test(space: Workspace, _args: Args, _scopes: list[str], root: str) -> Row:
    """Who the token belongs to; links made with its `url` lead to the inbox."""
    team, bot = space.seed["team"], space.bot
    return {
        "url": f"{root}/slack/",
        "team": team["name"],
        "user": bot["name"],
        "team_id": team["id"],
        "user_id": bot["user_id"],
        "bot_id": bot["bot_id"],
        "is_enterprise_install": False,
    }


def post_message(space: Workspace, args: Args, scopes: list[str], _root: str) -> Row:
    """`chat.postMessage`."""
    channel = space.find_to_post(_channel(args), scopes)
    row = content(args)
    if any(name in args for name in _LOOK) and "chat:write.customize" in scopes:
        row.update({name: args[name] for name in _LOOK if name in args})
    if args.get("thread_ts"):
        space.parent(channel, args["thread_ts"])
        row["thread_ts"] = args["thread_ts"]
        if args.get("reply_broadcast"):
            row["subtype"] = "thread_broadcast"
    row = space.post(channel, row)
    return {"channel": channel["id"], "ts": row["ts"], "message": public(row, metadata=True)}


def update(space: Workspace, args: Args, scopes: list[str], _root: str) -> Row:
    """`chat.update`: what is not given stays, except that link_names and parse are reset."""
    channel = space.find_to_post(_channel(args), scopes, by_name=False)
    ts = args.get("ts", "")
    row = space.message(channel["id"], ts) if TS.fullmatch(ts) else None
    if row is None:
        raise SlackError("message_not_found", f"[ERROR] no message {ts[:30]!r} in this channel")
    if row.get("webhook"):
        raise SlackError("cant_update_message")
    new = content(args, update=True)
    if is_rich(row.get("blocks", [])) and new.get("blocks") and not is_rich(new["blocks"]):
        raise SlackError("block_mismatch")
    _replace(space, row, new)
    shown = public(row, metadata=True)
    return {"channel": channel["id"], "ts": ts, "text": row["text"], "message": shown}


def _replace(space: Workspace, row: Row, new: Row) -> None:
    versions = row.setdefault("versions", [])
    versions.append({name: row[name] for name in ("text", "blocks", "attachments") if name in row})
    # A message edited for hours must not grow without end.
    del versions[:-20]
    if not new["text"]:
        del new["text"]
    row.update(new)
    row["edited"] = {"user": space.bot["user_id"], "ts": f"{int(space.clock())}.000000"}
    space.keep(row)


def permalink(space: Workspace, args: Args, _scopes: list[str], root: str) -> Row:
    """`chat.getPermalink`; the link leads to the inbox."""
    channel = space.find(_channel(args), by_name=False)
    ts = args.get("message_ts", "")
    if space.message(channel["id"], ts) is None:
        raise SlackError("message_not_found")
    link = f"{root}/slack/archives/{channel['id']}/p{ts.replace('.', '')}"
    return {"channel": channel["id"], "permalink": link}


def info(space: Workspace, args: Args, _scopes: list[str], _root: str) -> Row:
    """`conversations.info`."""
    channel = space.find(_channel(args), by_name=False)
    shown = describe(space, channel)
    if args.get("include_num_members"):
        shown["num_members"] = 2 if channel.get("im") else len(space.users)
    return {"channel": shown}


def describe(space: Workspace, channel: Channel) -> Row:
    """A channel as Slack shows it."""
    is_im, private = bool(channel.get("im")), bool(channel.get("private"))
    shown = {
        "id": channel["id"],
        "is_channel": not private and not is_im,
        "is_group": private,
        "is_im": is_im,
        "is_mpim": False,
        "is_private": private or is_im,
        "is_archived": bool(channel.get("archived")),
        "created": 1_700_000_000,
        "context_team_id": space.seed["team"]["id"],
    }
    if is_im:
        return {**shown, "user": channel["user"], "is_open": True}
    name = channel["name"]
    return {**shown, "name": name, "name_normalized": name, "is_member": bool(channel["member"])}


def history(space: Workspace, args: Args, _scopes: list[str], _root: str) -> Row:
    """`conversations.history`: newest first, without the replies of threads."""
    channel = _readable(space, args)
    rows = [row for row in space.in_channel(channel["id"]) if _is_top(row)]
    return _page(space, list(reversed(rows)), args)


def replies(space: Workspace, args: Args, _scopes: list[str], _root: str) -> Row:
    """`conversations.replies`: the parent, then its replies, oldest first."""
    channel, ts = _readable(space, args), args.get("ts", "")
    row = space.message(channel["id"], ts)
    if row is None:
        raise SlackError("thread_not_found")
    root = row.get("thread_ts", ts)
    rows = [each for each in space.in_channel(channel["id"]) if root in _own_ts(each)]
    return _page(space, rows, args)


def _own_ts(row: Row) -> tuple[Any, Any]:
    return row["ts"], row.get("thread_ts")


def _is_top(row: Row) -> bool:
    return row.get("thread_ts") in (None, row["ts"]) or row.get("subtype") == "thread_broadcast"


def _channel(args: Args) -> str:
    name: str = args.get("channel", "")
    if not name:
        raise SlackError("channel_not_found", "[ERROR] missing required field: channel")
    return name


def _readable(space: Workspace, args: Args) -> Channel:
    channel = space.find(_channel(args), by_name=False)
    if not channel["member"]:
        raise SlackError("not_in_channel")
    return channel


def _page(space: Workspace, rows: list[Row], args: Args) -> Row:
    limit = args.get("limit", 100)
    if not 1 <= limit <= 999:
        raise SlackError("invalid_limit")
    is_inside = _window(args)
    rows = [row for row in rows if is_inside(float(row["ts"]))]
    start = _start(args.get("cursor", ""))
    counts = Counter(row.get("thread_ts") for row in space.in_channel(args["channel"]))
    metadata = bool(args.get("include_all_metadata"))
    shown = [_counted(row, counts, metadata=metadata) for row in rows[start : start + limit]]
    more = start + limit < len(rows)
    cursor = base64.b64encode(f"next:{start + limit}".encode()).decode() if more else ""
    return {
        "messages": shown,
        "has_more": more,
        "response_metadata": {"next_cursor": cursor},
    }


def _window(args: Args) -> Callable[[float], bool]:
    oldest, latest = _seconds(args.get("oldest", "0")), _seconds(args.get("latest", "9999999999"))
    if args.get("inclusive"):
        return lambda ts: oldest <= ts <= latest
    return lambda ts: oldest < ts < latest


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,10}(\.\d{1,6})?", text, re.ASCII):
        raise SlackError("invalid_ts_oldest", f"[ERROR] no time stamp: {text[:30]!r}")
    return float(text)


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word = base64.b64decode(cursor, validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise SlackError("invalid_cursor") from error
    found = re.fullmatch(r"next:(\d{1,9})", word, re.ASCII)
    if found is None:
        raise SlackError("invalid_cursor")
    return int(found[1])


def _counted(row: Row, counts: Counter[Any], *, metadata: bool) -> Row:
    shown = public(row, metadata=metadata)
    count = counts[row["ts"]]
    return {**shown, "thread_ts": row["ts"], "reply_count": count} if count else shown


_HIDDEN = ("channel", "versions", "webhook")


def public(row: Row, *, metadata: bool) -> Row:
    """A message as the API shows it."""
    hidden = _HIDDEN if metadata else (*_HIDDEN, "metadata")
    return {name: value for name, value in row.items() if name not in hidden}
