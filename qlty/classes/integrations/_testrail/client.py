"""Calls to TestRail: one attempt each, with every failure sorted by what may follow it."""

from __future__ import annotations

import logging
import re
import time
import warnings
from contextlib import contextmanager
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._testrail.limits import ANSWER_SECONDS, OWN_WAIT_SECONDS, PAGE
from qlty.errors import AnswerLost, DeliveryError, Refused, RemoteFailed, RetryLater
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testrail_api import StatusCodeError, TestRailAPI

    from qlty.classes.integrations._testrail.settings import TestRailSettings

#: how often one call is made again by itself after a short 429
_OWN_RETRIES = 3

#: statuses that say that nothing was done: too many calls, maintenance, overloaded
#: https://support.testrail.com/hc/en-us/articles/7077175066388
_COME_BACK = frozenset({408, 409, 429, 503})

#: names of the causes that say that no connection was made; an SSLError can also come later
_NOT_CONNECTED = frozenset(
    {
        "ConnectTimeoutError",
        "NameResolutionError",
        "NewConnectionError",
        "ProxyError",
        "SSLCertVerificationError",
    }
)

#: how urllib3 begins what it says about a connection
_OBJECT = re.compile(r"^\w+\((?:host=|'|<)[^)]*\): ")

_ABOUT_THE_REQUEST = frozenset({400, 413})

_HINTS = {
    401: "check TESTRAIL_USERNAME and TESTRAIL_API_KEY, and that the API is enabled for the site",
    403: "the account may not do this",
    404: "check TESTRAIL_BASE_URL",
}


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
        try:
            return self._patiently(call, args, kwargs)
        except AnswerLost as error:
            raise RetryLater(error.reason) from error

    def write(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make a call that changes something.

        Raises:
            RetryLater: it was not carried out.
            Refused: TestRail said no.
            AnswerLost: it may have been carried out.
        """
        return self._patiently(call, args, kwargs)

    def page(
        self, call: Callable[..., Any], key: str, offset: int, *args: Any, **kwargs: Any
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return one page of a listing and whether there may be another.

        A server before 6.7 answers with a bare list, some listings whole and some cut at a page.
        """
        answer = self.read(call, *args, limit=PAGE, offset=offset, **kwargs)
        if isinstance(answer, list):
            return answer, len(answer) == PAGE
        rows = answer.get(key) or []
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

    def _patiently(
        self,
        call: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        again: int = _OWN_RETRIES,
    ) -> Any:
        try:
            return self._once(call, args, kwargs)
        except RetryLater as error:
            if not again or error.after is None or error.after > OWN_WAIT_SECONDS:
                raise
            self._sleep(error.after)
        return self._patiently(call, args, kwargs, again - 1)

    def _once(self, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from requests import RequestException
        from testrail_api import StatusCodeError

        try:
            with _quiet():
                answer = call(*args, **kwargs)
        except StatusCodeError as error:
            raise _of_status(error) from error
        except RequestException as error:
            raise _of_connection(error) from error
        if not isinstance(answer, (dict, list)):
            shown = _without_tags(str(answer or ""))[:80]
            raise AnswerLost(f"{self.base_url} did not answer with JSON but with {shown!r}")
        return answer


def named_case(error: DeliveryError) -> int | None:
    """Return the case that a refusal names, such as ``case C12 unknown``."""
    found = re.search(r"\bcase(?:_id)?\W{0,3}C?(\d+)", error.reason, re.IGNORECASE)
    return int(found[1]) if found else None


def _of_status(error: StatusCodeError) -> DeliveryError:
    status = error.status_code
    said = f"TestRail answered {status}: {_words(error)}"
    if status in _COME_BACK:
        return RetryLater(said, _seconds(error))
    if status >= 500:
        return RemoteFailed(said)
    hint = _HINTS.get(status)
    kind = BadRequest if status in _ABOUT_THE_REQUEST else Refused
    return kind(f"{said} ({hint})" if hint else said)


def _words(error: StatusCodeError) -> str:
    """Return the server's own words; those of a proxy in front of it are cut short."""
    try:
        return str(error.response.json()["error"])  # type: ignore[union-attr]
    except (ValueError, KeyError, TypeError, AttributeError):
        return _without_tags(error.content.decode("utf-8", "replace"))[:200] or error.reason


def _without_tags(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def _seconds(error: StatusCodeError) -> float | None:
    """Return how long ``Retry-After`` asks to wait: seconds or a date."""
    value = error.response.headers.get("Retry-After", "") if error.response is not None else ""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return max(0.0, (date - clock.utc_now()).total_seconds())


def _of_connection(error: Exception) -> DeliveryError:
    causes = list(_causes(error))
    words = _OBJECT.sub("", str(causes[-1])) or type(causes[-1]).__name__
    if any(type(cause).__name__ in _NOT_CONNECTED for cause in causes):
        return RetryLater(f"TestRail was not reached: {words}")
    return AnswerLost(f"TestRail did not answer: {words}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it wraps; requests hides the cause in its arguments."""
    while True:
        yield error
        inner = (getattr(error, "reason", None), *error.args)
        found = next((each for each in inner if isinstance(each, BaseException)), None)
        if found is None:
            return
        error = found


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the client's own log silent: it repeats what is raised, with the account's address."""
    log = logging.getLogger("testrail_api")
    was, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = was
