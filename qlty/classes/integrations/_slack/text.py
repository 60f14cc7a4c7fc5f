"""Text as Slack takes it: escaped, cut and fenced.

Every function counts code points and returns text that is complete in itself: no entity, no
fence, no link and no combined character is ever left half.
Source: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from qlty.classes.integrations._slack import limits
from qlty.results import clean

ELLIPSIS = "…"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_FENCE = "```"
#: Between backticks of a test's own output, so that they do not close our fence.
_ZERO_WIDTH_SPACE = "\u200b"
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f"}
#: What a URL may hold without breaking out of ``<url|text>``.
_URL_SAFE = ":/?#[]@!$&'()*+,;=%-._~"


def escape(text: str) -> str:
    """Replace the three characters that Slack reads as markup."""
    return re.sub("[&<>]", lambda match: _ENTITIES[match[0]], text)


def cut(text: str, limit: int) -> str:
    """Return ``text`` in at most ``limit`` code points; a cut one ends with an ellipsis."""
    if len(text) <= limit:
        return text
    return text[: _boundary(text, limit - 1)] + ELLIPSIS if limit > 0 else ""


def plain(text: str, limit: int) -> str:
    """Return one line for a ``plain_text`` object, which knows no markup and no entities."""
    return cut(_one_line(text), limit)


def line(text: str, limit: int) -> str:
    """Return one escaped line."""
    return _escaped(_one_line(text), limit)


def code(text: str, limit: int) -> str:
    """Return one line as inline code, in which Slack reads no ``*``, ``_`` or ``~``."""
    inner = _escaped(_one_line(text).replace("`", "'"), limit - 2)
    return f"`{inner}`" if inner else ""


def fence(text: str, limit: int) -> str:
    """Return lines as a code block; ``""`` for blank text."""
    inner = clean(text).replace("``", f"`{_ZERO_WIDTH_SPACE}`").strip("\n")
    inner = _escaped(inner, limit - 2 * len(_FENCE) - 2)
    return f"{_FENCE}\n{inner}\n{_FENCE}" if inner.strip() else ""


def link(url: str | None, text: str, limit: int) -> str:
    """Return ``<url|text>``, or the text alone where there is no address that Slack would take.

    The text has at most ``limit`` code points, the whole at most ``limit + limits.URL + 3``.
    """
    label = _escaped(_one_line(text).replace("|", "¦"), limit)
    address = _address(url)
    return f"<{address}|{label}>" if address and label else label


def mention(who: str) -> str:
    """Return the markup that notifies a user (``U…``, ``W…``), a group (``S…``) or ``here``."""
    if who in {"here", "channel", "everyone"}:
        return f"<!{who}>"
    return f"<!subteam^{who}>" if who.startswith("S") else f"<@{who}>"


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())


def _address(url: str | None) -> str:
    if not url or not url.startswith(("https://", "http://")):
        return ""
    address = escape(quote(url, safe=_URL_SAFE, errors="replace"))
    return address if len(address) <= limits.URL else ""


def _escaped(text: str, limit: int) -> str:
    """Cut before escaping, so that no entity is cut: the result has at most ``limit``."""
    if limit <= 0:
        return ""
    whole = escape(text[: limit + 1])
    if len(text) <= limit and len(whole) <= limit:
        return whole
    room, end = limit - 1, 0
    while end < len(text) and (cost := len(_ENTITIES.get(text[end], "?"))) <= room:
        room -= cost
        end += 1
    return escape(text[: _boundary(text, end)]) + ELLIPSIS


def _boundary(text: str, end: int) -> int:
    """Return the last place at or before ``end`` where no visible character is torn apart."""
    place = end
    while place > 0 and place < len(text) and _continues(text, place):
        place -= 1
    return place if place > 0 else end


def _continues(text: str, place: int) -> bool:
    after, before = text[place], text[place - 1]
    return bool(unicodedata.combining(after)) or after in _JOINERS or before == "\u200d"
