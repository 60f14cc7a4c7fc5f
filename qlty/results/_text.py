"""Making any text fit to be stored, shown and sent."""

from __future__ import annotations

import re

#: characters of a failure's text that are kept; a longer one loses its middle
MESSAGE_LIMIT = 65_536

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
#: beside those: back to the line's beginning, and what 8-bit terminals take for an escape
_MOVES = re.compile("[\r\x80-\x9f]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def clean(text: str) -> str:
    """Remove colour codes and control characters; show lone surrogates as escapes.

    What is left is valid UTF-8 and survives JSON, SQLite and XML.
    """
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if _CONTROL.search(text):
        text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _ANSI.sub("", text))
    return text


def for_terminal(text: str) -> str:
    """Return a text that moves no cursor and sets no colour or title, whoever wrote it."""
    return _MOVES.sub("\N{REPLACEMENT CHARACTER}", clean(text.replace("\r\n", "\n")))


def shorten(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """Cut the middle out of a text longer than ``limit`` characters, and say so.

    A quarter is left of the head, where a traceback says which test it is, and the rest of the
    tail, where it says what went wrong.
    """
    if len(text) <= limit:
        return text
    mark = f"\n[... {len(text) - limit} characters cut ...]\n"
    room = max(limit - len(mark), 0)
    head = room // 4
    tail = room - head
    return text[:head] + mark[:limit] + (text[-tail:] if tail else "")
