"""Incoming webhooks: a secret address that takes a message and answers `ok`.

Source: docs.slack.dev, Sending messages using incoming webhooks; the errors from
api.slack.com/changelog/2016-05-17.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qlty.sandbox._wire import Answer, parse_json
from qlty.sandbox.slack._arguments import SlackError
from qlty.sandbox.slack._content import content

if TYPE_CHECKING:
    from qlty.sandbox._wire import Call
    from qlty.sandbox.slack._workspace import Workspace

PREFIX = "/services/"
_SHOWN: dict[str, type] = {"text": str, "blocks": list, "attachments": list}
_TYPES: dict[str, type] = {**_SHOWN, "thread_ts": str}


def receive(space: Workspace, call: Call) -> Answer:
    """Post what came, or refuse it in the plain words of webhooks."""
    path = call.path.removeprefix(PREFIX)
    hook = next((each for each in space.seed["webhooks"] if each["path"] == path), None)
    if hook is None:
        return _refused(404, "no_service", "no webhook has this address")
    channel = space.channels.get(hook["channel"])
    if channel is None:
        return _refused(404, "channel_not_found", "the webhook's channel is gone")
    if channel.get("archived"):
        return _refused(410, "channel_is_archived", f"#{channel['name']} is archived")
    try:
        message = _message(call)
        if "thread_ts" in message:
            space.parent(channel, message["thread_ts"])
    except SlackError as error:
        return _refused(400, error.error, "; ".join(error.messages) or error.error)
    space.post(channel, {**message, "webhook": True, "username": "incoming-webhook"})
    return Answer(200, b"ok", {"content-type": "text/html"})


def _message(call: Call) -> dict[str, Any]:
    payload = _payload(call)
    if not isinstance(payload, dict) or not _well_typed(payload):
        raise SlackError("invalid_payload", "the body is no message in JSON")
    shown = content({name: payload[name] for name in _SHOWN if payload.get(name)})
    thread = payload.get("thread_ts")
    return {**shown, "thread_ts": thread} if thread else shown


def _payload(call: Call) -> Any:
    if call.method != "POST":
        return None
    try:
        if call.content_type == "application/x-www-form-urlencoded":
            return parse_json(dict(call.form())["payload"])
        return call.json()
    except (ValueError, KeyError):
        return None


def _well_typed(payload: dict[str, Any]) -> bool:
    return all(isinstance(payload.get(name), (kind, type(None))) for name, kind in _TYPES.items())


_FAILURES = {403: "action_prohibited", 429: "rate_limited", 500: "rollup_error"}


def failure(status: int, headers: dict[str, str]) -> Answer:
    """A trouble of Slack's own, in the plain words of webhooks."""
    word = _FAILURES.get(status, "service_unavailable")
    return Answer(status, word.encode(), {"content-type": "text/html", **headers}, word)


def _refused(status: int, word: str, reason: str) -> Answer:
    return Answer(status, word.encode(), {"content-type": "text/html"}, f"{word}: {reason}")
