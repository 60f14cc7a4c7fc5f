"""What a Slack message may hold, and what is refused.

Sources: docs.slack.dev, chat.postMessage and chat.update; limits of the texts from the same.
"""

from __future__ import annotations

import json
from typing import Any

from qlty.sandbox.slack import _blocks
from qlty.sandbox.slack._arguments import SlackError

MAX_TEXT = 40_000
MAX_UPDATED_TEXT = 4_000
MAX_ATTACHMENTS = 100
# Slack names an error for each and no number; these are the sandbox's own.
MAX_METADATA = 16_000
MAX_ATTACHMENTS_SIZE = 1_000_000


def content(args: dict[str, Any], *, update: bool = False) -> dict[str, Any]:
    """The parts of a message out of the arguments; raises `SlackError` for bad ones."""
    _markdown_alone(args)
    found: dict[str, Any] = {"text": _text(args, update=update)}
    if "blocks" in args:
        found["blocks"] = checked_blocks(args["blocks"], update=update)
    if "attachments" in args:
        found["attachments"] = _attachments(args["attachments"], update=update)
    if "markdown_text" in args:
        found["blocks"] = [{"type": "markdown", "text": args["markdown_text"]}]
    if "metadata" in args:
        found["metadata"] = _metadata(args["metadata"])
    if not any(found.get(part) for part in ("text", "blocks", "attachments")):
        raise SlackError("no_text")
    return found


def checked_blocks(blocks: list[Any], *, update: bool = False) -> list[Any]:
    """The blocks, if Slack would take them."""
    problems = _blocks.problems(blocks)
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise SlackError("invalid_blocks", *messages, extra={"errors": problems})
    if _blocks.characters(blocks) > _blocks.MAX_CHARACTERS:
        raise SlackError("msg_too_long" if update else "msg_blocks_too_long")
    return blocks


def _markdown_alone(args: dict[str, Any]) -> None:
    if "markdown_text" not in args:
        return
    if args.get("text") or args.get("blocks"):
        raise SlackError("markdown_text_conflict")
    if len(args["markdown_text"]) > _blocks.MAX_MARKDOWN:
        raise SlackError("msg_too_long", "[ERROR] markdown_text must be less than 12001 characters")


def _text(args: dict[str, Any], *, update: bool) -> str:
    text: str = args.get("text") or args.get("markdown_text", "")
    if update and len(args.get("text") or "") > MAX_UPDATED_TEXT:
        raise SlackError("msg_too_long", "[ERROR] text cannot exceed 4,000 characters")
    return text[:MAX_TEXT]


def _attachments(attachments: list[Any], *, update: bool) -> list[Any]:
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    if len(json.dumps(attachments)) > MAX_ATTACHMENTS_SIZE:
        raise SlackError("invalid_attachments" if update else "attachment_payload_limit_exceeded")
    for number, each in enumerate(attachments):
        if not isinstance(each, dict):
            raise SlackError("invalid_array_arg", f"[ERROR] attachments/{number} is no object")
        blocks = each.get("blocks")
        if blocks is None:
            continue
        if not isinstance(blocks, list):
            raise SlackError("invalid_blocks_format", f"[ERROR] attachments/{number}/blocks")
        checked_blocks(blocks)
    return attachments


def _metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(event_type, str) or not event_type or not isinstance(payload, dict):
        raise SlackError(
            "invalid_metadata_format", "[ERROR] metadata needs event_type and event_payload"
        )
    if len(json.dumps(metadata)) > MAX_METADATA:
        raise SlackError("metadata_too_large")
    return {"event_type": event_type, "event_payload": payload}
