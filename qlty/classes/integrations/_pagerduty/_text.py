"""Cutting text to what PagerDuty takes, and never the page itself."""

from __future__ import annotations

import hashlib
import json
from typing import Any

#: characters of a title: Events v2 refuses a longer ``payload.summary``; the REST reference names
#: no limit. https://developer.pagerduty.com/docs/events-api-v2-trigger-events
MAX_TITLE = 1024

#: bytes of a whole event. https://developer.pagerduty.com/docs/events-api-v2-overview
MAX_EVENT = 512_000

_CUT = "\n[... {} characters cut ...]\n"


def one_line(text: str, limit: int = MAX_TITLE) -> str:
    """Return ``text`` in one line of at most ``limit`` characters."""
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def digest(text: str, length: int) -> str:
    """Return the first ``length`` hex digits of the SHA-256 of ``text``."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def middle_cut(text: str, limit: int) -> str:
    """Return at most ``limit`` characters: the head and, since errors stand there, more tail."""
    if len(text) <= limit:
        return text
    cut = _CUT.format(len(text) - limit)
    room = limit - len(cut)
    if room <= 0:
        return text[: max(limit, 0)]
    head = room // 3
    return text[:head] + cut + text[len(text) - (room - head) :]


def size_of(value: Any) -> int:
    """Return the bytes of a value as the clients write it: ASCII JSON."""
    return len(json.dumps(value))
