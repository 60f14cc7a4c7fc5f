"""Slack's own SDK, one attempt at a time.

The SDK would post again by itself after a lost connection and so post twice
(``ConnectionErrorRetryHandler``), and would wait for as long as ``Retry-After`` says. Its retries
are off: the relay decides, by what the errors of :mod:`qlty.errors` say.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError

from qlty.classes.integrations._slack.words import IN_DOUBT, RETRY, explain
from qlty.errors import AnswerLost, DeliveryError, Refused, RetryLater

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError

_NOTHING_DONE = {408, 425, 429, 503}

#: seconds without a byte
TIMEOUT = 20

#: The SDK logs every failure as an error; ours are in the receipt.
_silent = logging.getLogger("qlty.slack_sdk")
_silent.setLevel(logging.CRITICAL)


class SlackRefused(Refused):
    """Slack said no.

    Attributes:
        error: Slack's word for it.
    """

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error


class SlackFailed(AnswerLost):
    """Slack, or something before it, answered that it failed: it may have been done in part."""


class Bot:
    """The Web API, as the owner of a bot token."""

    def __init__(self, token: str, api_url: str) -> None:
        from slack_sdk import WebClient

        self._client: WebClient = WebClient(
            token, base_url=api_url, timeout=TIMEOUT, retry_handlers=[], logger=_silent
        )

    def call(self, method: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a method with a JSON body, or with none.

        Raises:
            RetryLater: Slack was not reached, or asks to wait.
            AnswerLost: it may have been done.
            SlackRefused: Slack said no.
        """
        with _translated():
            answer = self._client.api_call(method, json=dict(body) if body else None)
            return _data(answer)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method that only reads, and takes its arguments as a form; raises as above."""
        with _translated():
            return _data(self._client.api_call(method, params=params))

    def upload(self, channel: str, thread: str, files: list[dict[str, Any]]) -> None:
        """Share files in a thread, in one message; raises as above.

        Args:
            channel: the channel's id.
            thread: time stamp of the thread's first message.
            files: each with ``filename``, ``title`` and ``content`` in bytes, not empty.
        """
        with _translated():
            self._client.files_upload_v2(channel=channel, thread_ts=thread, file_uploads=files)


def post_to_webhook(url: str, message: Mapping[str, Any]) -> None:
    """Post a message to an incoming webhook; raises as :meth:`Bot.call` does."""
    from slack_sdk.webhook import WebhookClient

    client = WebhookClient(url, timeout=TIMEOUT, retry_handlers=[], logger=_silent)
    with _translated():
        answer = client.send_dict(dict(message))
        if answer.status_code != 200 or answer.body.strip() != "ok":
            raise _from_status(answer.status_code, answer.body, answer.headers)


@contextmanager
def _translated() -> Iterator[None]:
    from slack_sdk.errors import SlackApiError, SlackClientError

    try:
        yield
    except SlackApiError as error:
        raise _from_answer(error) from error
    except HTTPError as error:
        # the upload of a file's bytes, which the SDK lets through as it is
        raise _from_status(error.code, error.reason, dict(error.headers)) from error
    except URLError as error:
        # urllib wraps what happened before the whole request was handed over, and only that
        raise RetryLater(f"Slack was not reached: {_words(error.reason)}") from error
    except (OSError, HTTPException) as error:
        raise AnswerLost(f"Slack did not answer: {_words(error)}") from error
    except SlackClientError as error:
        raise SlackRefused("", str(error)) from error
    except (ValueError, LookupError, AttributeError) as error:
        # what the SDK raises for an answer that is no text, or JSON but no object
        raise AnswerLost(f"Slack's answer cannot be read: {_words(error)}") from error


def _from_answer(error: SlackApiError) -> DeliveryError:
    answer: Any = error.response
    word = str(answer.get("error") or "")
    headers = answer.headers or {}
    if " " in word or answer.status_code != 200:
        # not Slack's JSON: a proxy's page, or an answer that was torn off
        known = word if word and " " not in word else ""
        return _from_status(answer.status_code, known, headers)
    return _from_word(word, answer.data, headers)


def _from_word(word: str, data: Mapping[str, Any], headers: Mapping[str, Any]) -> DeliveryError:
    if word in RETRY:
        return RetryLater(explain(word), _seconds(headers))
    if word in IN_DOUBT:
        return SlackFailed(f"Slack reports {word}: it may have been done")
    reason = explain(word, str(data.get("needed", "")), str(data.get("provided", "")))
    details = (data.get("response_metadata") or {}).get("messages") or data.get("errors") or []
    if details and reason == word:  # where we have no words of our own
        reason = f"{reason} ({'; '.join(str(each) for each in details[:3])})"
    return SlackRefused(word, reason)


def _from_status(status: int, body: str, headers: Mapping[str, Any]) -> DeliveryError:
    word = " ".join(body.split())[:80]
    if status in _NOTHING_DONE or word in RETRY:
        return RetryLater(f"Slack answered {status} {word}".strip(), _seconds(headers))
    if status < 400:
        return AnswerLost(f"Slack answered {status}, and not in its own words: it may be done")
    if status >= 500:
        return SlackFailed(f"Slack answered {status} {word}".strip())
    return SlackRefused(word, explain(word) if word else f"the answer was {status}")


def _seconds(headers: Mapping[str, Any]) -> float | None:
    found = next((headers[name] for name in headers if name.lower() == "retry-after"), None)
    try:
        return max(float(str(found)), 0.0)
    except ValueError:
        return None


def _words(error: Any) -> str:
    return f"{type(error).__name__}: {error}" if isinstance(error, Exception) else str(error)


def _data(answer: Any) -> dict[str, Any]:
    return dict(answer.data)
