"""Uploading a file to Slack: ask for an address, send the bytes there, complete.

Source: docs.slack.dev, files.getUploadURLExternal and files.completeUploadExternal.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from qlty.sandbox._wire import Answer, parse_json
from qlty.sandbox.slack._arguments import SlackError
from qlty.sandbox.slack._content import checked_blocks

if TYPE_CHECKING:
    from qlty.sandbox._store import Row
    from qlty.sandbox._wire import Call
    from qlty.sandbox.slack._workspace import Workspace

Args = dict[str, Any]
MAX_SNIPPET = 1024 * 1024
MAX_ALT_TEXT = 1000
MAX_CHANNELS = 100
UPLOAD = "/upload/v1/"


def get_upload_url(space: Workspace, args: Args, _scopes: list[str], root: str) -> Row:
    """`files.getUploadURLExternal`."""
    length = args.get("length", 0)
    if not args.get("filename") or length < 1:
        raise SlackError("missing_argument", "[ERROR] filename and a length of at least 1")
    if len(args.get("alt_txt", "")) > MAX_ALT_TEXT:
        raise SlackError("alt_txt_too_large")
    if args.get("snippet_type") and length > MAX_SNIPPET:
        raise SlackError("snippet_too_large")
    file_id, ticket = f"F{secrets.token_hex(5).upper()}", secrets.token_urlsafe(24)
    row = {
        "id": file_id,
        "ticket": ticket,
        "name": args["filename"],
        "size": length,
        "state": "asked",
        "created": int(space.clock()),
        "alt_txt": args.get("alt_txt", ""),
    }
    space.files.put(file_id, row)
    return {"upload_url": f"{root}/slack{UPLOAD}{file_id}-{ticket}", "file_id": file_id}


def upload(space: Workspace, call: Call) -> Answer:
    """The bytes, raw or as the one file of a multipart body, with no token at all."""
    file_id, _, ticket = call.path.removeprefix(UPLOAD).partition("-")
    row = space.files.get(file_id)
    if row is None or not secrets.compare_digest(row["ticket"].encode(), ticket.encode()):
        return _plain(404, "no such upload")
    if call.method != "POST":
        return _plain(405, "an upload is a POST")
    data = (
        call.body if call.parts is None else b"".join(p.content for p in call.parts if p.filename)
    )
    if len(data) != row["size"]:
        return _plain(400, f"{len(data)} bytes came, {row['size']} were announced")
    space.contents.put(file_id, data)
    space.files.put(file_id, {**row, "state": "uploaded"})
    return Answer(200, f"OK - {len(data)}".encode(), {"content-type": "text/plain"})


def _plain(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), {"content-type": "text/plain; charset=utf-8"}, text)


def complete(space: Workspace, args: Args, scopes: list[str], _root: str) -> Row:
    """`files.completeUploadExternal`: shares the files, with one message a channel."""
    files = [_uploaded(space, each) for each in args.get("files") or [None]]
    ids = _channel_ids(args)
    channels = [space.find_to_post(each, scopes, by_name=False) for each in ids]
    thread = args.get("thread_ts")
    for channel in channels if thread else ():
        space.parent(channel, thread or "")
    text = args.get("initial_comment", "")
    message: Row = {"text": text, "files": [shared(row) for row in files]}
    if args.get("blocks") and not text:
        message["blocks"] = _blocks(args["blocks"])
    for row in files:
        space.files.put(row["id"], {**row, "state": "shared"})
    for channel in channels:
        space.post(channel, {**message, "thread_ts": thread} if thread else dict(message))
    return {"files": [{"id": row["id"], "title": row["title"]} for row in files]}


def _channel_ids(args: Args) -> list[str]:
    one, many = args.get("channel_id"), args.get("channels", "")
    ids = [each.strip() for each in many.split(",") if each.strip()] + ([one] if one else [])
    if len(ids) > MAX_CHANNELS:
        raise SlackError("channels_limit_exceeded")
    if args.get("thread_ts") and len(ids) != 1:
        raise SlackError("invalid_channel", "[ERROR] thread_ts goes with exactly one channel")
    return ids


def _blocks(text: str) -> list[Any]:
    try:
        blocks = parse_json(text)
    except ValueError as error:
        raise SlackError("invalid_blocks", f"[ERROR] {error}") from error
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks", "[ERROR] must provide an array")
    return checked_blocks(blocks)


def _uploaded(space: Workspace, wanted: Any) -> Row:
    if not isinstance(wanted, dict) or not isinstance(wanted.get("id"), str):
        raise SlackError("file_not_found", "[ERROR] missing required field: files")
    title, hint = wanted.get("title"), wanted.get("highlight_type", "")
    if not isinstance(title, (str, type(None))) or not isinstance(hint, str) or len(hint) > 10:
        raise SlackError("invalid_array_arg", "[ERROR] bad title or highlight_type")
    row = space.files.get(wanted["id"])
    if row is None or row["state"] == "asked":
        raise SlackError("file_not_found", "[ERROR] nothing was uploaded for this file")
    if row["state"] == "shared":
        raise SlackError("file_update_failed", "[ERROR] this upload was completed before")
    return {**row, "title": title or row["name"]}


def shared(row: Row) -> Row:
    """A file as a message names it."""
    names = ("id", "name", "title", "size", "created", "alt_txt")
    return {name: row[name] for name in names if name in row}
