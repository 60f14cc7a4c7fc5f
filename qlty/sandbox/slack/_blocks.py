"""Block Kit as Slack checks it: shapes, counts and lengths.

Sources: docs.slack.dev/reference/block-kit/blocks; the wording of the messages is the one
seen in public issue threads (`no more than 50 items allowed [json-pointer:/blocks]`).
Lengths are counted in code points.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Problems = list[str]
Check = Callable[[Any, str], Problems]

MAX_BLOCKS = 50
# Undocumented; messages were refused from about 13,200 characters (slackapi/bolt-js#2509).
MAX_CHARACTERS = 13_000
MAX_MARKDOWN = 12_000


def problems(blocks: list[Any]) -> Problems:
    """Every reason for which Slack would answer `invalid_blocks`; empty for good blocks."""
    found = _count(blocks, "/blocks", 0, MAX_BLOCKS)
    for number, block in enumerate(blocks):
        found += _block(block, f"/blocks/{number}")
    return found + _together(blocks)


def characters(blocks: list[Any]) -> int:
    """All characters that the texts of these blocks hold together."""
    return sum(len(text) for text in _texts(blocks))


def is_rich(blocks: list[Any]) -> bool:
    """Whether a rich-text block is among them."""
    return any(isinstance(block, dict) and block.get("type") == "rich_text" for block in blocks)


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if isinstance(value.get("text"), str) else []
    return own + [text for item in value.values() for text in _texts(item)]


def _together(blocks: list[Any]) -> Problems:
    known = [block for block in blocks if isinstance(block, dict)]
    tables = [block for block in known if block.get("type") == "table"]
    markdown = [block for block in known if block.get("type") == "markdown"]
    found = []
    if len(tables) > 1:
        found.append(_say("only one table block allowed per message", "/blocks"))
    if len(markdown) > 1 and characters(markdown) > MAX_MARKDOWN:
        found.append(_say(f"markdown must be less than {MAX_MARKDOWN + 1} characters", "/blocks"))
    return found


def _say(message: str, pointer: str) -> str:
    return f"{message} [json-pointer:{pointer}]"


def _block(block: Any, at: str) -> Problems:
    if not isinstance(block, dict):
        return [_say("must provide an object", at)]
    kind = block.get("type")
    check = _BLOCKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        return [_say(f"unsupported type: {str(kind)[:40]}", f"{at}/type")]
    return check(block, at)


def _count(items: Any, at: str, least: int, most: int) -> Problems:
    if not isinstance(items, list):
        return [_say("must provide an array", at)]
    if len(items) > most:
        return [_say(f"no more than {most} items allowed", at)]
    if len(items) < least:
        return [_say(f"no less than {least} items allowed", at)]
    return []


def _string(least: int, most: int | None) -> Check:
    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, str):
            return [_say("must provide a string", at)]
        if len(value) < least:
            return [_say(f"must be more than {least - 1} characters", at)]
        if most is not None and len(value) > most:
            return [_say(f"must be less than {most + 1} characters", at)]
        return []

    return check


def _one_of(*allowed: str) -> Check:
    def check(value: Any, at: str) -> Problems:
        if isinstance(value, str) and value in allowed:
            return []
        return [_say(f"must be one of: {', '.join(allowed)}", at)]

    return check


def _boolean(value: Any, at: str) -> Problems:
    return [] if isinstance(value, bool) else [_say("must be a boolean", at)]


def _object(value: Any, at: str) -> Problems:
    return [] if isinstance(value, dict) else [_say("must provide an object", at)]


def _items(least: int, most: int, item: Check) -> Check:
    def check(value: Any, at: str) -> Problems:
        found = _count(value, at, least, most)
        # Beyond the count nothing is looked at: an answer must not grow with the request.
        inside = value[:most] if isinstance(value, list) else []
        return found + [p for n, each in enumerate(inside) for p in item(each, f"{at}/{n}")]

    return check


def _shape(required: dict[str, Check], optional: dict[str, Check]) -> Check:
    checks = {**required, **optional}

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, dict):
            return [_say("must provide an object", at)]
        found = [_say(f"missing required field: {n}", at) for n in required if n not in value]
        for name, inner in value.items():
            if name in checks:
                found += checks[name](inner, f"{at}/{name}")
            else:
                found.append(_say(f"invalid additional property: {name[:40]}", at))
        return found

    return check


def _text(least: int, most: int, *kinds: str) -> Check:
    return _shape(
        {"type": _one_of(*kinds), "text": _string(least, most)},
        {"emoji": _boolean, "verbatim": _boolean},
    )


def _plain(most: int) -> Check:
    return _text(1, most, "plain_text")


def _any_text(most: int) -> Check:
    return _text(1, most, "mrkdwn", "plain_text")


_ANY_TYPE: Check = _string(1, 40)
_IMAGE_SOURCE: dict[str, Check] = {"image_url": _string(0, 3000), "slack_file": _object}
_IMAGE_ELEMENT = _shape({"type": _one_of("image"), "alt_text": _string(0, 2000)}, _IMAGE_SOURCE)
_CONTEXT_TEXT = _any_text(3000)


def _context_element(value: Any, at: str) -> Problems:
    if isinstance(value, dict) and value.get("type") == "image":
        return _IMAGE_ELEMENT(value, at)
    return _CONTEXT_TEXT(value, at)


_BUTTON = _shape(
    {"type": _one_of("button"), "text": _plain(75)},
    {
        "action_id": _string(0, 255),
        "url": _string(0, 3000),
        "value": _string(0, 2000),
        "style": _one_of("primary", "danger"),
        "accessibility_label": _string(0, 75),
        "confirm": _object,
    },
)
_RICH = _one_of("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")


def _tagged(tag: Check) -> Check:
    """An object of which only the `type` is checked."""

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, dict):
            return [_say("must provide an object", at)]
        if "type" not in value:
            return [_say("missing required field: type", at)]
        return tag(value["type"], f"{at}/type")

    return check


_CELL = _tagged(_one_of("raw_text", "raw_number", "rich_text"))


def _section(value: Any, at: str) -> Problems:
    found = _SECTION(value, at)
    if isinstance(value, dict) and "text" not in value and "fields" not in value:
        found.append(_say("missing required field: text", at))
    return found


def _kind(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    extra: dict[str, Check] = {"block_id": _string(0, 255), **(optional or {})}
    return _shape({"type": _ANY_TYPE, **required}, extra)


_SECTION = _kind(
    {},
    {
        "text": _any_text(3000),
        "fields": _items(1, 10, _any_text(2000)),
        "accessory": _object,
        "expand": _boolean,
    },
)
_BLOCKS: dict[str, Check] = {
    "header": _kind({"text": _plain(150)}),
    "section": _section,
    "divider": _kind({}),
    "context": _kind({"elements": _items(1, 10, _context_element)}),
    "actions": _kind({"elements": _items(1, 25, _BUTTON)}),
    "image": _kind({"alt_text": _string(0, 2000)}, {**_IMAGE_SOURCE, "title": _plain(2000)}),
    "markdown": _kind({"text": _string(1, MAX_MARKDOWN)}),
    "rich_text": _kind({"elements": _items(0, 1000, _tagged(_RICH))}),
    "table": _kind(
        {"rows": _items(1, 100, _items(1, 20, _CELL))}, {"column_settings": _items(0, 20, _object)}
    ),
}
