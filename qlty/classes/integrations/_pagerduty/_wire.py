"""The official client, made to try once: retrying is the outbox's, which survives this process."""

from __future__ import annotations

import weakref
from typing import Any

from qlty import delivery
from qlty.delivery import Vendor, answer_of
from qlty.errors import Refused

#: seconds for one request
TIMEOUT = 20.0

#: https://developer.pagerduty.com/docs/errors asks for nothing that the general table does not
REST = Vendor("PagerDuty", address="PAGERDUTY_API_URL")
EVENTS = Vendor("PagerDuty", address="PAGERDUTY_EVENTS_URL")


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


def accepted(response: Any, shape: Any, vendor: Vendor = REST) -> Any:
    """Return the body of a success.

    Args:
        response: what the client returned.
        shape: what PagerDuty answers to this call, see :func:`qlty.delivery.accepted`.
        vendor: which of PagerDuty's APIs.

    Raises:
        DeliveryError: it is no success, or not PagerDuty's.
    """
    answer = answer_of(response)
    assert answer is not None
    try:
        return delivery.accepted(answer, shape, vendor)
    except Refused as error:
        raise (Unauthorized(error.reason) if answer.status == 401 else error) from None


def words(response: Any) -> str:
    """Return the remote's own words.

    The client's exceptions cut them at 100 characters, which is inside the text that matters.
    """
    answer = answer_of(response)
    return answer.describe() if answer is not None else ""
