"""Slack's own SDK, one attempt at a time.

The SDK would post again by itself after a lost connection and so post twice
(``ConnectionErrorRetryHandler``), and would wait for as long as ``Retry-After`` says. Its retries
are off: the lane decides, by what the errors of :mod:`qlty.errors` say.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from qlty.classes.integrations._slack.direct import web_client, webhook_client
from qlty.classes.integrations._slack.words import explain
from qlty.delivery import Answer, Vendor, accepted, answer_of, failure, failure_of
from qlty.errors import AnswerLost, DeliveryError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slack_sdk import WebClient

#: https://docs.slack.dev/apis/web-api/rate-limits asks for nothing that the general table does not
VENDOR = Vendor("Slack", address="SLACK_API_URL", hints={404: "check SLACK_API_URL"})

#: seconds without a byte
TIMEOUT = 20

#: The SDK logs every failure as an error; ours are in the receipt.
_silent = logging.getLogger("qlty.slack_sdk")
_silent.setLevel(logging.CRITICAL)


class _Done(TypedDict):
    ok: Literal[True]


class _Posted(_Done):
    channel: str
    ts: str


class _Messages(_Done):
    messages: list[dict[str, Any]]


class _Channel(_Done):
    channel: dict[str, Any]


#: what Slack answers, as far as it is relied on
SHAPES: Mapping[str, Any] = {
    "chat.postMessage": _Posted,
    "chat.update": _Posted,
    "conversations.history": _Messages,
    "conversations.info": _Channel,
    "conversations.replies": _Messages,
}


class SlackRefused(Refused):
    """Slack said no.

    Attributes:
        error: Slack's word for it.
    """

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error


def _data(method: str, answer: Any) -> dict[str, Any]:
    body = Answer(answer.status_code, dict(answer.headers or {}), answer.data)
    return dict(accepted(body, SHAPES.get(method, _Done), VENDOR))


class Bot:
    """The Web API, as the owner of a bot token."""

    def __init__(self, token: str, api_url: str) -> None:
        self._client: WebClient = web_client()(
            token, base_url=api_url, timeout=TIMEOUT, retry_handlers=[], logger=_silent
        )
        #: of the token, once Slack has answered and said them
        self.scopes: frozenset[str] | None = None

    def call(self, method: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a method with a JSON body, or with none.

        Raises:
            RetryLater: Slack was not reached, or asks to wait.
            AnswerLost: it may have been done.
            SlackRefused: Slack said no.
        """
        with _translated():
            answer = self._client.api_call(method, json=dict(body) if body else None)
            self.scopes = _scopes(answer.headers) or self.scopes
            return _data(method, answer)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method that only reads, and takes its arguments as a form; raises as above."""
        with _translated():
            return _data(method, self._client.api_call(method, params=params))

    def upload(self, channel: str, thread: str, files: list[dict[str, Any]]) -> None:
        """Share files in a thread, in one message; raises as above.

        Args:
            channel: the channel's id.
            thread: time stamp of the thread's first message.
            files: each with ``filename``, ``title`` and ``content`` in bytes, not empty.
        """
        with _translated():
            self._client.files_upload_v2(channel=channel, thread_ts=thread, file_uploads=files)


def _scopes(headers: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the token's scopes: https://docs.slack.dev/authentication/installing-with-oauth"""
    said = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
    return frozenset(scope.strip() for scope in str(said).split(",") if scope.strip()) or None


def post_to_webhook(url: str, message: Mapping[str, Any]) -> None:
    """Post a message to an incoming webhook; raises as :meth:`Bot.call` does."""
    hook = webhook_client()(url, timeout=TIMEOUT, retry_handlers=[], logger=_silent)
    with _translated():
        answer = hook.send_dict(dict(message))
        if answer.status_code != 200 or answer.body.strip() != "ok":
            raise _meaning(answer)


@contextmanager
def _translated() -> Iterator[None]:
    from slack_sdk.errors import SlackClientError

    try:
        yield
    except DeliveryError:
        raise
    except Exception as error:
        failed = failure_of(error, VENDOR)
        if failed is not None:
            raise _meaning(error) from error
        if isinstance(error, SlackClientError):
            raise SlackRefused("", str(error)) from error
        # what the SDK raises for an answer that is no text, or JSON but no object
        raise AnswerLost(f"Slack's answer cannot be read: {error}") from error


def _meaning(said: Any) -> DeliveryError:
    """Say what follows from an answer, or from what the SDK raised, in Slack's words."""
    answer = answer_of(said)
    failed = failure(answer, VENDOR) if answer else failure_of(said, VENDOR)
    assert failed is not None
    if not isinstance(failed, Refused) or answer is None:
        return failed
    word = answer.error_word() or ""
    if not word or " " in word.strip():
        return SlackRefused("", failed.reason)
    return SlackRefused(word, _explained(word, answer.body))


def _explained(word: str, body: Any) -> str:
    data = body if isinstance(body, dict) else {}
    reason = explain(word, str(data.get("needed", "")), str(data.get("provided", "")))
    details = (data.get("response_metadata") or {}).get("messages") or data.get("errors") or []
    if details and reason == word:  # where we have no words of our own
        return f"{reason} ({'; '.join(str(each) for each in details[:3])})"
    return reason
