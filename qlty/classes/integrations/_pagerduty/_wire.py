"""Requests to PagerDuty, each tried once: retrying is the outbox's, which survives this process.

Over ``requests``, which TestRail's client brings anyway. PagerDuty's own client is built on an HTTP
library whose pytest plugin costs every start of pytest 40 ms, also where nothing is reported;
by default it repeats a POST whose answer was lost, and waits on 429 without end.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qlty import delivery
from qlty.classes.integrations._http import session
from qlty.delivery import Vendor, answer_of
from qlty.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

#: seconds for one request
TIMEOUT = 20.0

#: https://developer.pagerduty.com/docs/errors asks for nothing that the general table does not
REST = Vendor("PagerDuty", address="PAGERDUTY_API_URL")
EVENTS = Vendor("PagerDuty", address="PAGERDUTY_EVENTS_URL")


class Unauthorized(Refused):
    """The credential is wrong, or the address is that of another region."""


class Connection:
    """One address of PagerDuty's, with the headers that every request to it carries.

    It is built once per process: the TLS context alone takes 20 to 35 ms.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self._session = session()
        self._session.headers.update(headers)
        # with nothing here, an entry in ~/.netrc would replace the Authorization header
        self._session.auth = _leave_as_it_is
        # one that is left open would be a warning in the process that runs tests
        weakref.finalize(self, self._session.close)

    def request(self, method: str, path: str, **parts: Any) -> requests.Response:
        """Make one request; return the answer, whatever its status.

        Args:
            method: such as ``POST``.
            path: below the address, with its slash.
            parts: ``json`` or ``params``, as ``requests`` takes them.

        Raises:
            requests.RequestException: there was none; its cause says how far the request came.
        """
        return self._session.request(method, self._url + path, timeout=TIMEOUT, **parts)

    def act_as(self, email: str | None) -> None:
        """Set, or take away, the user in whose name changes are made."""
        self._session.headers.pop("From", None)
        if email:
            self._session.headers["From"] = email


def _leave_as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


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
