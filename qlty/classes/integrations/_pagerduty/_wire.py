"""The official client, made to try once: retrying is the outbox's, which survives this process."""

from __future__ import annotations

import weakref
from typing import Any

from qlty.errors import DeliveryError, Refused, RetryLater

#: seconds for one request
TIMEOUT = 20.0

#: "please try again", beside 5xx: https://developer.pagerduty.com/docs/errors
_REQUEST_TIMEOUT = 408


class Unauthorized(Refused):
    """The credential is wrong, or the address is that of another region."""


def single_attempt(client: Any, url: str, owner: object) -> Any:
    """Set up a client of ``pagerduty`` so that it makes one request and returns.

    By default it repeats a POST whose answer was lost, and waits on 429 without end. A 429 entry
    of 0 means "without end", too; only the limit over all statuses below zero means none.

    It is closed when its owner is gone: a connection that is left open would be a warning in the
    process that runs tests.
    """
    client.timeout = TIMEOUT
    client.max_network_attempts = 0
    client.max_http_attempts = -1
    client.retry = dict.fromkeys((429, 500, 502, 503, 504), 1)
    _set_address(client, url.rstrip("/"))
    weakref.finalize(owner, client.close)
    return client


def _set_address(client: Any, url: str) -> None:
    import pagerduty

    try:
        client.url = url
    except pagerduty.UrlError:
        # from version 6 on it refuses http, which is how a sandbox on this host speaks;
        # qlty.settings has checked the address
        client._url = url


def request(client: Any, method: str, path: str, **parts: Any) -> Any:
    """Make one request; return the answer, whatever its status.

    Raises:
        pagerduty.Error: there was none; its cause says how far the request came.
    """
    import pagerduty

    try:
        return getattr(client, method.lower())(path, **parts)
    except pagerduty.HttpError as error:
        return error.response


def refusal(response: Any) -> DeliveryError:
    """Return what an answer that is no success means for the delivery."""
    status = response.status_code
    reason = f"PagerDuty answered {status}: {words(response)}"
    if status == 429:
        return RetryLater(reason, after=_reset(response))
    if status == _REQUEST_TIMEOUT or status >= 500:
        return RetryLater(reason)
    return Unauthorized(reason) if status == 401 else Refused(reason)


def words(response: Any) -> str:
    """Return the remote's own words.

    The client's exceptions cut them at 100 characters, which is inside the text that matters.
    ``error`` is an object, a text (GET /users/me), or missing (Events v2).
    """
    try:
        body = response.json()
    except ValueError:
        return str(response.text)[:300]
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return str(error)
    parts = [str(error.get("message") or ""), *(str(text) for text in error.get("errors") or ())]
    return "; ".join(part for part in parts if part) or str(body)[:300]


def _reset(response: Any) -> float | None:
    """``ratelimit-reset``: seconds, https://developer.pagerduty.com/docs/rest-api-rate-limits."""
    try:
        return float(response.headers["ratelimit-reset"])
    except (KeyError, ValueError):
        return None
