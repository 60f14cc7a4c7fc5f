"""Which arguments each Slack method takes, and how they are read from JSON, forms and queries.

Source: the reference pages of docs.slack.dev, one per method.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qlty.sandbox._wire import parse_json

if TYPE_CHECKING:
    from qlty.sandbox._wire import Call

Kind = Literal["string", "boolean", "flag", "integer", "array", "object", "strings", "whole"]
TOKEN = "token"  # noqa: S105  # the name of an argument
JSON_BODY, FORM_BODY = "application/json", "application/x-www-form-urlencoded"


class SlackError(Exception):
    """A refusal: Slack's error word, the messages beside it, and the HTTP status."""

    def __init__(
        self, error: str, *messages: str, status: int = 200, extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(error)
        self.error, self.messages, self.status = error, messages, status
        self.extra = extra or {}


@dataclass(frozen=True)
class Arg:
    """One argument: its kind, and whether null stands for leaving it out."""

    kind: Kind
    null: bool = False


STRING, BOOLEAN = Arg("string"), Arg("boolean")
TEXT = Arg("string", null=True)


@dataclass(frozen=True)
class Method:
    """A method's arguments, needed scopes (any one of them), body types and rate tier."""

    args: dict[str, Arg]
    scopes: tuple[str, ...] = ()
    reads: bool = False
    json_body: bool = True
    not_json: str = "invalid_json"


_POST = {
    "as_user": BOOLEAN,
    "attachments": Arg("array", null=True),
    "blocks": Arg("array", null=True),
    "channel": STRING,
    "current_draft_last_updated_ts": STRING,
    "icon_emoji": TEXT,
    "icon_url": TEXT,
    "link_names": BOOLEAN,
    "markdown_text": STRING,
    "metadata": Arg("object", null=True),
    "mrkdwn": BOOLEAN,
    "parse": TEXT,
    "reply_broadcast": BOOLEAN,
    "text": TEXT,
    "thread_ts": TEXT,
    "unfurl_links": BOOLEAN,
    "unfurl_media": BOOLEAN,
    "username": TEXT,
}
_UPDATE = {
    **{
        name: _POST[name]
        for name in ("attachments", "blocks", "markdown_text", "metadata", "parse", "text")
    },
    "as_user": Arg("flag", null=True),
    "unfurled_attachments": TEXT,
    "channel": STRING,
    "link_names": Arg("flag", null=True),
    "ts": STRING,
    "reply_broadcast": BOOLEAN,
    "file_ids": Arg("strings"),
    "unfurl_links": BOOLEAN,
    "unfurl_media": BOOLEAN,
}
_COMPLETE = {
    "files": Arg("array"),
    "channel_id": STRING,
    "channels": STRING,
    "thread_ts": STRING,
    "initial_comment": STRING,
    "blocks": STRING,
    "username": TEXT,
    "icon_url": STRING,
    "icon_emoji": STRING,
}
_PAGE = {
    "channel": STRING,
    "cursor": STRING,
    "limit": Arg("integer"),
    "oldest": STRING,
    "latest": STRING,
    "inclusive": BOOLEAN,
    "include_all_metadata": BOOLEAN,
}
_INFO = {"channel": STRING, "include_locale": BOOLEAN, "include_num_members": BOOLEAN}
_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
_URL = {"filename": STRING, "length": Arg("whole"), "snippet_type": STRING, "alt_txt": STRING}

METHODS = {
    "auth.test": Method({}, reads=True),
    "chat.postMessage": Method(_POST, ("chat:write",), not_json="invalid_form_data"),
    "chat.update": Method(_UPDATE, ("chat:write",)),
    "chat.getPermalink": Method(
        {"channel": STRING, "message_ts": STRING}, reads=True, json_body=False
    ),
    "conversations.info": Method(_INFO, _READ, reads=True, json_body=False),
    "conversations.history": Method(_PAGE, _HISTORY, reads=True),
    "conversations.replies": Method({**_PAGE, "ts": STRING}, _HISTORY, reads=True),
    "files.getUploadURLExternal": Method(_URL, ("files:write",), reads=True, json_body=False),
    "files.completeUploadExternal": Method(
        _COMPLETE, ("files:write",), not_json="invalid_form_data"
    ),
}


def read(call: Call, method: Method) -> dict[str, Any]:
    """The arguments of this call, typed; raises `SlackError` as Slack refuses bad ones."""
    given, from_json = _given(call, method)
    if not from_json and call.body:
        given.pop(TOKEN, None)
    found = {}
    for name, value in given.items():
        arg = method.args.get(name)
        if arg is None:
            raise SlackError("invalid_arg_name", f"[ERROR] unknown argument: {name}")
        if value is None and arg.null:
            continue
        found[name] = _typed(name, arg, value, from_json=from_json)
    return found


def token_in_form(call: Call) -> str:
    """The token among the parameters of a POST: "as a bearer token in the HTTP Authorization
    header, or as a POST parameter" (docs.slack.dev/apis/web-api); empty where there is none.
    """
    if call.parts is not None:
        return next(
            (p.content.decode("utf-8", "replace") for p in call.parts if p.name == TOKEN), ""
        )
    return str(_form(call).get(TOKEN, "")) if call.content_type == FORM_BODY else ""


def _given(call: Call, method: Method) -> tuple[dict[str, Any], bool]:
    if call.method == "GET" or not call.body:
        return _pairs(call.params()), False
    if not call.content_type:
        raise SlackError("missing_post_type")
    if call.content_type == JSON_BODY and method.json_body:
        return _json_object(call, method), True
    if call.content_type == FORM_BODY:
        return {**_pairs(call.params()), **_form(call)}, False
    if call.parts is not None:
        plain = [(part.name, part.content.decode("utf-8", "replace")) for part in call.parts]
        return _pairs(plain), False
    raise SlackError("invalid_post_type", f"[ERROR] not taken here: {call.content_type}")


def _form(call: Call) -> dict[str, Any]:
    try:
        return _pairs(call.form())
    except ValueError as error:
        raise SlackError("invalid_form_data", f"[ERROR] {error}") from error


def _pairs(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SlackError("invalid_array_arg", f"[ERROR] given more than once: {twice}")
    return dict(pairs)


def _json_object(call: Call, method: Method) -> dict[str, Any]:
    charset = re.search(r"charset=\"?([^\s;\"]+)", call.headers.get("content-type", ""), re.I)
    if charset and charset[1].lower() not in ("utf-8", "utf8", "iso-8859-1"):
        raise SlackError("invalid_charset", "[ERROR] Valid charset names are: utf-8 iso-8859-1")
    try:
        data = call.json()
    except ValueError as error:
        raise SlackError(method.not_json, f"[ERROR] {error}") from error
    if not isinstance(data, dict):
        word = "json_not_object" if method.not_json == "invalid_json" else method.not_json
        raise SlackError(word, "[ERROR] must provide an object")
    return data


_WORDS = {"true": True, "1": True, "false": False, "0": False}


def _typed(name: str, arg: Arg, value: Any, *, from_json: bool) -> Any:
    if arg.kind in ("array", "object") and isinstance(value, str):
        return _embedded(name, arg, value)
    if arg.kind == "strings" and not from_json and not value.startswith("["):
        value = [each.strip() for each in value.split(",")]
    elif arg.kind == "strings" and not from_json:
        return _embedded(name, arg, value)
    if not from_json and arg.kind in ("boolean", "flag"):
        value = _WORDS.get(value.lower(), value)
    if arg.kind in ("integer", "whole") and isinstance(value, str) and value.isascii():
        value = int(value) if value.isdigit() and len(value) < 16 else value
    if _fits(arg.kind, value):
        return value
    raise SlackError("invalid_array_arg", f"[ERROR] {name} must be {_EXPECTED[arg.kind]}")


_EXPECTED = {
    "string": "a string",
    "boolean": "true or false",
    "flag": "true or false",
    "integer": "a number",
    "whole": "a number of at least 1",
    "array": "an array",
    "strings": "an array of strings",
    "object": "an object",
}


def _fits(kind: Kind, value: Any) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "flag": isinstance(value, (bool, str)),
        "integer": is_whole,
        "whole": is_whole,
        "array": isinstance(value, list),
        "strings": isinstance(value, list) and all(isinstance(item, str) for item in value),
        "object": isinstance(value, dict),
    }[kind]


# Slack's word for an argument that should hold JSON and does not.
_UNREADABLE = {"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format"}


def _embedded(name: str, arg: Arg, text: str) -> Any:
    word = _UNREADABLE.get(name, "invalid_array_arg")
    try:
        data = parse_json(text)
    except ValueError as error:
        raise SlackError(word, f"[ERROR] {name} is not JSON: {error}") from error
    if not _fits(arg.kind, data):
        raise SlackError(word, f"[ERROR] {name} must be {_EXPECTED[arg.kind]}")
    return data
