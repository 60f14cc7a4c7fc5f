"""Block Kit blocks as HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from qlty.sandbox.inbox import _mrkdwn

if TYPE_CHECKING:
    from qlty.sandbox.inbox._mrkdwn import Names

Block = dict[str, Any]


def blocks(listed: list[Block], names: Names) -> Markup:
    """All blocks of a message."""
    return Markup("").join(_block(each, names) for each in listed)


def _block(block: Block, names: Names) -> Markup:
    made = _KINDS[block["type"]](block, names)
    return Markup('<div class="b b-{}">{}</div>').format(block["type"], made)


def text(given: Any, names: Names) -> Markup:
    """A text object: plain_text or mrkdwn."""
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        return Markup("")
    if given.get("type") == "mrkdwn":
        return _mrkdwn.render(given["text"], names)
    return _mrkdwn.plain(given["text"])


def _header(block: Block, names: Names) -> Markup:
    return text(block["text"], names)


def _section(block: Block, names: Names) -> Markup:
    html = Markup("")
    if "text" in block:
        html += Markup('<div class="b-text">{}</div>').format(text(block["text"], names))
    if block.get("fields"):
        cells = [Markup("<div>{}</div>").format(text(each, names)) for each in block["fields"]]
        html += Markup('<div class="b-fields">{}</div>').format(Markup("").join(cells))
    accessory = block.get("accessory")
    if isinstance(accessory, dict):
        html += Markup('<div class="b-accessory">{}</div>').format(_element(accessory, names))
    return html


def _divider(_block: Block, _names: Names) -> Markup:
    return Markup("<hr>")


def _elements(block: Block, names: Names) -> Markup:
    made = (_element(each, names) for each in block["elements"])
    return Markup("").join(Markup("<span>{}</span>").format(each) for each in made)


def _element(element: Block, names: Names) -> Markup:
    kind = element.get("type")
    if kind == "image":
        return _picture(element)
    if kind != "button":
        return text(element, names)
    label = text(element.get("text"), names)
    look = element.get("style") if element.get("style") in ("primary", "danger") else "plain"
    url = element.get("url")
    if isinstance(url, str) and re.match(r"https?://", url, re.IGNORECASE):
        return _BUTTON.format(look, url, label)
    return Markup('<span class="button {}">{}</span>').format(look, label)


_BUTTON = Markup('<a class="button {}" href="{}" target="_blank" rel="noopener noreferrer">{}</a>')


def _picture(block: Block, *_: Any) -> Markup:
    """A picture's words: the inbox loads nothing from elsewhere."""
    url = str(block.get("image_url") or "a file in Slack")
    return Markup('<span class="picture" title="{}">{}</span>').format(
        url, str(block.get("alt_text", ""))
    )


def _markdown(block: Block, names: Names) -> Markup:
    return _mrkdwn.markdown(block["text"], names)


def _rich_text(block: Block, names: Names) -> Markup:
    return Markup("").join(_rich(each, names) for each in block["elements"])


_RICH = {
    "rich_text_section": Markup("<div>{}</div>"),
    "rich_text_preformatted": Markup("<pre>{}</pre>"),
    "rich_text_quote": Markup("<blockquote>{}</blockquote>"),
}


def _rich(element: Any, names: Names) -> Markup:
    if not isinstance(element, dict):
        return Markup("")
    kind = element.get("type")
    inner = element.get("elements")
    listed = inner if isinstance(inner, list) else []
    if kind == "rich_text_list":
        items = [Markup("<li>{}</li>").format(_rich(each, names)) for each in listed]
        tag = "ol" if element.get("style") == "ordered" else "ul"
        return Markup(f"<{tag}>{{}}</{tag}>").format(Markup("").join(items))  # noqa: S704
    shape = _RICH.get(str(kind))
    made = Markup("").join(_rich_word(each, names) for each in listed)
    return shape.format(made) if shape else made


def _rich_word(element: Any, names: Names) -> Markup:
    if not isinstance(element, dict):
        return Markup("")
    kind = element.get("type")
    if kind == "link":
        url = str(element.get("url", ""))
        return _mrkdwn.link(url, str(element.get("text") or url)) or escape(url)
    if kind == "emoji":
        return escape(_mrkdwn.emoji(f":{element.get('name', '')}:"))
    if kind in ("user", "usergroup", "channel"):
        known = {"user": names.users, "usergroup": names.groups, "channel": names.channels}[kind]
        name = str(element.get(f"{kind}_id", ""))
        sign = "#" if kind == "channel" else "@"
        return Markup('<span class="mention">{}</span>').format(sign + known.get(name, name))
    made = _mrkdwn.plain(str(element.get("text", "")))
    style = element.get("style")
    for word, tag in (("bold", "b"), ("italic", "i"), ("strike", "s"), ("code", "code")):
        if isinstance(style, dict) and style.get(word):
            made = Markup(f"<{tag}>{{}}</{tag}>").format(made)  # noqa: S704
    return made


def _table(block: Block, names: Names) -> Markup:
    rows = []
    for row in block["rows"]:
        cells = [Markup("<td>{}</td>").format(_cell(each, names)) for each in row]
        rows.append(Markup("<tr>{}</tr>").format(Markup("").join(cells)))
    return Markup("<table>{}</table>").format(Markup("").join(rows))


def _cell(cell: Block, names: Names) -> Markup:
    if cell["type"] == "rich_text":
        inner = cell.get("elements")
        return _rich_text({"elements": inner if isinstance(inner, list) else []}, names)
    return _mrkdwn.plain(str(cell.get("text", cell.get("value", ""))))


_KINDS = {
    "header": _header,
    "section": _section,
    "divider": _divider,
    "context": _elements,
    "actions": _elements,
    "image": _picture,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "table": _table,
}
