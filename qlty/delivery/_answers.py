"""What a server said, whichever client library carries it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: characters of a server's own words that are kept
_LONGEST_WORDS = 300

_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """An HTTP response that a client turned into an exception.

    Attributes:
        body: parsed JSON where it is JSON, else text.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def describe(self, whose: str = "") -> str:
        """Return the status and the server's own words.

        Args:
            whose: who answered, such as ``"PagerDuty"``.
        """
        status = f"{whose} answered {self.status}" if whose else f"HTTP {self.status}"
        words = " ".join(_words(self.body).split())
        if len(words) > _LONGEST_WORDS:
            words = f"{words[: _LONGEST_WORDS - 1]}…"
        return f"{status}: {words}" if words else f"{status} {_phrase(self.status)}".rstrip()

    def error_word(self) -> str | None:
        """Return the error code of an answer such as ``{"ok": false, "error": "ratelimited"}``.

        An answer that is nothing but text, as those of Slack's webhooks, is one itself.
        """
        word = self.body.get("error") if isinstance(self.body, dict) else self.body
        return word if isinstance(word, str) else None


def answer_of(error: object) -> Answer | None:
    """Find the response that an exception carries, or is; ``None`` where no answer came.

    Understands requests, httpx, slack_sdk, testrail_api, pagerduty, urllib, aiohttp, and whatever
    else has a ``response`` with a status code or is a response itself.
    """
    for holder in (getattr(error, "response", None), error):
        if holder is None:
            continue
        status = _status(holder)
        if status is not None:
            return Answer(status, _headers(holder), _body(holder))
    return None


def _status(holder: Any) -> int | None:
    for name in ("status_code", "code", "status"):
        value = getattr(holder, name, None)
        if isinstance(value, int) and not isinstance(value, bool) and 100 <= value < 600:
            return value
    return None


def _headers(holder: Any) -> Mapping[str, str]:
    headers: Any = getattr(holder, "headers", None)
    try:
        return {str(name): str(value) for name, value in headers.items()}
    except (AttributeError, TypeError, ValueError):
        return {}


def _body(holder: Any) -> Any:
    body = getattr(holder, "data", None)
    if not isinstance(body, (dict, list, str, bytes)):
        body = getattr(holder, "body", None)
    if not isinstance(body, (dict, list, str, bytes)):
        body = _text(holder)
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    return _parsed(body) if isinstance(body, str) else body


def _text(holder: Any) -> Any:
    # a response whose body was not read, or not whole, raises whatever its library raises
    try:
        text = getattr(holder, "text", None)
        return holder.read(65536) if text is None and hasattr(holder, "read") else text
    except Exception:  # noqa: BLE001
        return None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _words(body: Any) -> str:
    if isinstance(body, dict):
        return _words_of_object(body)
    if isinstance(body, list):
        return "; ".join(filter(None, (_words(item) for item in body)))
    if not isinstance(body, str):
        return ""
    title = _TITLE.search(body)
    return _TAGS.sub(" ", title.group(1) if title else body)


def _words_of_object(body: dict[str, Any]) -> str:
    names = ("error", "message", "errors", "error_description", "detail", "title", "needed")
    found = (_words(body.get(name)) for name in names)
    return ": ".join(dict.fromkeys(filter(None, found)))


def _phrase(status: int) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
