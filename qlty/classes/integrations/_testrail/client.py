"""Calls to TestRail: one attempt each, with every failure sorted by what may follow it."""

from __future__ import annotations

import logging
import re
import time
import warnings
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._http import session
from qlty.classes.integrations._testrail.answers import listing, shape_of
from qlty.classes.integrations._testrail.limits import ANSWER_SECONDS, OWN_WAIT_SECONDS, PAGE
from qlty.delivery import Vendor, accepted, answer_of, failure_of
from qlty.errors import AnswerLost, DeliveryError, Refused, RetryLater

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testrail_api import TestRailAPI

    from qlty.classes.integrations._testrail.settings import TestRailSettings

#: how often one call is made again by itself after a short 429
_OWN_RETRIES = 3

_ABOUT_THE_REQUEST = frozenset({400, 413})

#: https://support.testrail.com/hc/en-us/articles/7077175066388: 409 is the daily maintenance
VENDOR = Vendor(
    "TestRail",
    address="TESTRAIL_BASE_URL",
    statuses={409: "retry"},
    hints={
        401: "check TESTRAIL_USERNAME and TESTRAIL_API_KEY, and that the API is enabled for the "
        "site",
        403: "the account may not do this",
        404: "check TESTRAIL_BASE_URL",
    },
)


class BadRequest(Refused):
    """TestRail found something wrong with the request itself: an unknown id, a bad field."""


class TestRail:
    """A TestRail, by its official-style client, without that client's own retries.

    The client would wait for minutes, send an empty file on its second try, and post again what
    may have arrived; the steps of a delivery know better.

    Args:
        settings: address and account.
        sleep: waits seconds; replaced in tests.
    """

    __test__ = False

    def __init__(
        self, settings: TestRailSettings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.base_url = str(settings.base_url).rstrip("/")
        self._sleep = sleep
        self._settings = settings
        self._made: TestRailAPI | None = None

    @property
    def api(self) -> TestRailAPI:
        """The client behind it; made on first use, for its import is slow."""
        if self._made is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from testrail_api import TestRailAPI
            with _quiet():
                self._made = TestRailAPI(
                    self.base_url,
                    self._settings.username,
                    self._settings.api_key.reveal(),
                    timeout=ANSWER_SECONDS,
                    rate_limit=False,
                    exc_iterations=1,
                    warn_ignore=True,
                    session=session(),
                    # as it came: what it means is decided where that is decided for all
                    response_handler=lambda response: response,
                )
        return self._made

    def close(self) -> None:
        """Close its connections."""
        if self._made is not None:
            self._made.close()
            self._made = None

    def read(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make a call that changes nothing.

        Raises:
            RetryLater: no answer, or none that can be used.
            Refused: TestRail said no.
        """
        return self._read(call, args, kwargs, shape_of(call))

    def _read(
        self, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], shape: Any
    ) -> Any:
        try:
            return self._patiently(partial(self._once, call, args, kwargs, shape))
        except AnswerLost as error:
            raise RetryLater(error.reason, error.after) from error

    def write(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make a call that changes something.

        Raises:
            RetryLater: it was not carried out.
            Refused: TestRail said no.
            AnswerLost: it may have been carried out.
        """
        return self._patiently(partial(self._once, call, args, kwargs, shape_of(call)))

    def page(
        self, call: Callable[..., Any], key: str, offset: int, *args: Any, **kwargs: Any
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return one page of a listing and whether there may be another.

        A server before 6.7 answers with a bare list, some listings whole and some cut at a page.
        """
        where = {"limit": PAGE, "offset": offset, **kwargs}
        answer = self._read(call, args, where, listing(key))
        if isinstance(answer, list):
            return answer, len(answer) == PAGE
        rows = answer[key]
        return rows, bool(rows) and bool((answer.get("_links") or {}).get("next"))

    def pages(
        self, call: Callable[..., Any], key: str, *args: Any, **kwargs: Any
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the pages of a listing."""
        offset, more, before = 0, True, None
        while more:
            rows, more = self.page(call, key, offset, *args, **kwargs)
            first = rows[0]["id"] if rows else None
            if first is None or first == before:
                return  # nothing left, or a server that does not know offsets begins again
            offset, before = offset + len(rows), first
            yield rows

    def all(
        self, call: Callable[..., Any], key: str, *args: Any, **kw: Any
    ) -> list[dict[str, Any]]:
        """Return all entries of a listing."""
        return [row for page in self.pages(call, key, *args, **kw) for row in page]

    def _patiently(self, once: Callable[[], Any], again: int = _OWN_RETRIES) -> Any:
        try:
            return once()
        except RetryLater as error:
            if not again or error.after is None or error.after > OWN_WAIT_SECONDS:
                raise
            self._sleep(error.after)
        return self._patiently(once, again - 1)

    def _once(
        self, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], shape: Any
    ) -> Any:
        try:
            with _quiet():
                answer = answer_of(call(*args, **kwargs))
        except Exception as error:
            raise failure_of(error, VENDOR) or error from error
        assert answer is not None
        try:
            return accepted(answer, shape, VENDOR)
        except Refused as error:
            if answer.status not in _ABOUT_THE_REQUEST:
                raise
            raise BadRequest(error.reason) from None


def named_case(error: DeliveryError) -> int | None:
    """Return the case that a refusal names, such as ``case C12 unknown``."""
    found = re.search(r"\bcase(?:_id)?\W{0,3}C?(\d+)", error.reason, re.IGNORECASE)
    return int(found[1]) if found else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the client's own log silent: it repeats what is raised, with the account's address."""
    log = logging.getLogger("testrail_api")
    was, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = was
