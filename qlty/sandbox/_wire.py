"""One request and its answer, as the pretended services see them.

The services are plain functions from `Call` to `Answer`: no sockets, no framework, no clock.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Part:
    """One part of a multipart body; `filename` is None for a plain field."""

    name: str
    filename: str | None
    content: bytes
    content_type: str


@dataclass(frozen=True)
class Call:
    """A request to one of the services.

    `path` is what follows the service's prefix and begins with a slash.
    `parts` is None unless the body was a well-formed multipart one.
    `root` is the sandbox's own address as the caller wrote it, without a slash at the end.
    """

    service: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    root: str
    time: float
    parts: tuple[Part, ...] | None = None

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case; empty where none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON; raises ValueError where it is not."""
        return parse_json(self.body.decode("utf-8"))

    def form(self) -> list[tuple[str, str]]:
        """The fields of an urlencoded body, in order; raises ValueError for bad UTF-8."""
        text = self.body.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=10_000)

    def params(self) -> list[tuple[str, str]]:
        """The fields of the query, in order."""
        return parse_qsl(self.query, keep_blank_values=True, max_num_fields=None)


MAX_DEPTH = 100


def parse_json(text: str) -> Any:
    """JSON as strict parsers take it; raises ValueError for anything else.

    Python's own would let pass what no vendor stores: NaN, numbers beyond a float, half
    a surrogate pair, thousands of nested brackets.
    """
    try:
        data = json.loads(text, parse_constant=_not_json, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(data)
    if "\\u" in text:
        json.dumps(data, ensure_ascii=False).encode("utf-8")
    return data


def _not_json(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _not_json(text[:40])


def _check_depth(data: Any) -> None:
    level, depth = [data], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        level = [
            each
            for outer in level
            if isinstance(outer, (list, dict))
            for each in (outer.values() if isinstance(outer, dict) else outer)
        ]


@dataclass
class Answer:
    """What goes back; `reason` says in one line why a call was refused, for the inbox."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    call_name: str = ""


def json_answer(
    status: int, data: Any, *, reason: str = "", headers: Mapping[str, str] | None = None
) -> Answer:
    """An answer whose body is `data` as JSON."""
    body = json.dumps(data, ensure_ascii=True).encode()
    return Answer(status, body, {"content-type": JSON_TYPE, **(headers or {})}, reason)


class Service(Protocol):
    """What each pretended service offers to the rest of the sandbox."""

    def name_of(self, call: Call) -> str:
        """The vendor's own name of the called method, such as `chat.postMessage`."""
        ...

    def answer(self, call: Call) -> Answer:
        """Do what was asked and answer as the vendor would."""
        ...

    def failure(self, call: Call, status: int, retry_after: float | None) -> Answer:
        """The vendor's way of saying `status` (429 with its Retry-After), for chaos."""
        ...
