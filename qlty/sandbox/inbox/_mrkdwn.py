"""Slack's mrkdwn as HTML. Everything is escaped; only what is written here becomes a tag.

Source: docs.slack.dev, Formatting message text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping

_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_SPECIAL = re.compile(r"`([^`\n]+)`|<([^<>\n]{1,4000})>")
# Placeholders for finished HTML; the two characters are taken out of the text first.
_OPEN, _CLOSE = "\ue000", "\ue001"
_HELD = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_STYLES = (("*", "b"), ("_", "i"), ("~", "s"))
_EMOJI = {
    "white_check_mark": "✅",
    "heavy_check_mark": "✔️",
    "x": "❌",
    "warning": "⚠️",
    "rotating_light": "🚨",
    "fire": "🔥",
    "tada": "🎉",
    "rocket": "🚀",
    "bug": "🐛",
    "eyes": "👀",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "large_green_circle": "🟢",
    "large_yellow_circle": "🟡",
    "large_orange_circle": "🟠",
    "red_circle": "🔴",
    "large_blue_circle": "🔵",
    "white_circle": "⚪",
    "no_entry": "⛔",
    "no_entry_sign": "🚫",
    "question": "❓",
    "exclamation": "❗",
    "bell": "🔔",
    "link": "🔗",
    "memo": "📝",
    "page_facing_up": "📄",
    "bar_chart": "📊",
    "chart_with_upwards_trend": "📈",
    "stopwatch": "⏱️",
    "repeat": "🔁",
    "arrows_counterclockwise": "🔄",
    "fast_forward": "⏩",
    "sparkles": "✨",
    "test_tube": "🧪",
    "package": "📦",
    "wrench": "🔧",
    "construction": "🚧",
    "pager": "📟",
    "+1": "👍",
    "-1": "👎",
}
_EMOJI_WORD = re.compile(r":([a-z0-9_+'-]{1,60}):")


_LINK = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>')


class Names:
    """What mentions are called: users, groups and channels by id."""

    def __init__(self, seed: Mapping[str, Any]) -> None:
        self.users = {each["id"]: each["name"] for each in seed["users"]}
        self.groups = {each["id"]: each["handle"] for each in seed["usergroups"]}
        self.channels = {each["id"]: each["name"] for each in seed["channels"]}


def emoji(text: str) -> str:
    """`:tada:` as the sign itself, for the few that are known."""
    return _EMOJI_WORD.sub(lambda found: _EMOJI.get(found[1], found[0]), text)


def plain(text: str) -> Markup:
    """A plain_text object: no marks, but emoji and line breaks."""
    return Markup("<br>").join(emoji(text).split("\n"))


def unescape(text: str) -> str:
    """Slack's three entities back to their characters."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def render(text: str, names: Names) -> Markup:
    """Mrkdwn as HTML."""
    pieces = _FENCE.split(text.replace(_OPEN, "").replace(_CLOSE, ""))
    html = Markup("")
    for number, piece in enumerate(pieces):
        if number % 2:
            html += Markup("<pre>{}</pre>").format(unescape(piece))
        elif piece.strip("\n"):
            html += _lines(piece.strip("\n"), names)
    return html


def _lines(text: str, names: Names) -> Markup:
    html, quoted = Markup(""), False
    for number, line in enumerate(text.split("\n")):
        quote = re.match(r"(?:&gt;|>)\s?", line)
        if bool(quote) != quoted:
            html += Markup("<blockquote>") if quote else Markup("</blockquote>")
        elif number:
            html += Markup("<br>")
        quoted = bool(quote)
        html += inline(line[quote.end() :] if quote else line, names)
    return html + Markup("</blockquote>") if quoted else html


def inline(line: str, names: Names) -> Markup:
    """One line: code, links, mentions, then bold, italic and strike."""
    held: list[Markup] = []

    def hold(found: re.Match[str]) -> str:
        code, special = found[1], found[2]
        made = _code(code) if code is not None else _special(special, names)
        held.append(made)
        return f"{_OPEN}{len(held) - 1}{_CLOSE}"

    kept = _SPECIAL.sub(hold, line)
    html = str(escape(unescape(emoji(kept))))
    for mark, tag in _STYLES:
        sign = re.escape(mark)
        pattern = rf"(?<![\w{sign}]){sign}(?=\S)([^{sign}\n]*?\S){sign}(?![\w{sign}])"
        html = re.sub(pattern, rf"<{tag}>\1</{tag}>", html)
    return Markup(_HELD.sub(lambda found: str(held[int(found[1])]), html))  # noqa: S704


def _code(text: str) -> Markup:
    return Markup("<code>{}</code>").format(unescape(text))


def _special(text: str, names: Names) -> Markup:
    target, _, label = text.partition("|")
    sign = target[:1]
    if sign == "@":
        return _mention("@" + (label or names.users.get(target[1:], target[1:])))
    if sign == "#":
        return _mention("#" + (label or names.channels.get(target[1:], target[1:])))
    if target.startswith("!subteam^"):
        return _mention("@" + (label.lstrip("@") or names.groups.get(target[9:], target[9:])))
    if target in ("!here", "!channel", "!everyone"):
        return _mention("@" + target[1:])
    if target.startswith("!date^"):
        return escape(label)
    return link(unescape(target), unescape(label) or unescape(target)) or escape(f"<{text}>")


def _mention(text: str) -> Markup:
    return Markup('<span class="mention">{}</span>').format(text)


def link(url: str, label: str) -> Markup | None:
    """A link, if the address is one that a browser may follow."""
    if not re.match(r"(https?://|mailto:)[^\s]", url, re.IGNORECASE):
        return None
    return _LINK.format(url, emoji(label))


def markdown(text: str, names: Names) -> Markup:
    """A markdown block, close enough to look at: headings, bold, links, lists."""
    text = re.sub(r"^#{1,6}[ \t]+(.+)$", r"**\1**", text, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]\n]{1,500})\]\((https?://[^\s)]{1,2000})\)", r"<\2|\1>", text)
    text = re.sub(r"\*\*([^*\n]+)\*\*", r"*\1*", text)
    return render(re.sub(r"^[ \t]*[-*][ \t]+", "• ", text, flags=re.MULTILINE), names)
