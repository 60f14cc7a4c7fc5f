"""One question of every failed attempt: what now?

Exceptions are told apart by what they carry (a response, a cause) and by the names of their
classes, so that no client library has to be imported to understand its errors.
"""

from __future__ import annotations

import errno
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qlty.delivery._answers import answer_of
from qlty.delivery._exchange import ANY, Vendor, failure
from qlty.delivery._rows import ANSWER_LOST, DOUBTFUL, NO_DOUBT
from qlty.errors import AnswerLost, DeliveryError, Refused, RemoteFailed, RetryLater

if TYPE_CHECKING:
    from collections.abc import Iterator

#: the connection was never made, so nothing was carried out
_NOT_SENT = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "ConnectTimeoutError",
        "ConnectionRefusedError",
        "NameResolutionError",
        "NewConnectionError",
        "PoolTimeout",
        "ProxyError",
        "SSLCertVerificationError",
        "gaierror",
    }
)

#: something was sent and no whole answer came back
_ANSWER_LOST = frozenset(
    {
        "BrokenPipeError",
        "ChunkedEncodingError",
        "ConnectionAbortedError",
        "ConnectionResetError",
        "ContentDecodingError",
        "DecodeError",
        "IncompleteRead",
        "JSONDecodeError",
        "ProtocolError",
        "ReadError",
        "ReadTimeout",
        "ReadTimeoutError",
        "RemoteDisconnected",
        "RemoteProtocolError",
        "SSLError",
        "TimeoutError",
        "WriteError",
        "WriteTimeout",
    }
)

#: OpenSSL's words for what goes wrong before anything can be sent
_NO_HANDSHAKE = frozenset(
    {"CERTIFICATE_VERIFY_FAILED", "UNSUPPORTED_PROTOCOL", "WRONG_VERSION_NUMBER"}
)

_UNREACHABLE = frozenset(
    {
        errno.EADDRNOTAVAIL,
        errno.ECONNREFUSED,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
    }
)


#: how urllib3 begins what it says about a connection
_OBJECT = re.compile(r"^\w+\((?:host=|'|<)[^)]*\): ")


@dataclass(frozen=True)
class Verdict:
    """What follows a failed attempt.

    Attributes:
        action: ``retry`` it, or it is ``refused`` for good.
        doubt: 0 where it had no effect at the remote, 1 where the remote reported a failure of its
            own, 2 where no answer came; the remote is asked before 1 and 2 are sent again.
        reason: why, with the server's own words; not masked yet.
        after: seconds that the server asked to wait.
    """

    action: Literal["retry", "refused"]
    doubt: int
    reason: str
    after: float | None = None


def classify(error: BaseException) -> Verdict:
    """Say what follows from an exception that a sender raised.

    What an HTTP exchange came to is looked up in :mod:`qlty.delivery._exchange`. Anything else is
    a mistake in the sender's own code: refused, with its type and text.
    """
    known = failure_of(error)
    if known is None:
        # it may have been raised while the answer was read: whoever retries it asks first
        return Verdict("refused", ANSWER_LOST, f"the integration raised {_in_words(error)}"[:500])
    if isinstance(known, (RetryLater, AnswerLost)):
        return Verdict("retry", _doubt_of(known), known.reason, known.after)
    return Verdict("refused", NO_DOUBT, known.reason)


def failure_of(error: BaseException, vendor: Vendor = ANY) -> DeliveryError | None:
    """Say what an exception of a client means for a delivery.

    Args:
        error: what the client raised.
        vendor: whose API was called.

    Returns:
        ``None`` where it does not tell of an exchange over a network.
    """
    if isinstance(error, (RetryLater, Refused, AnswerLost)):
        return error
    answer = answer_of(error)
    return failure(answer, vendor) if answer is not None else _of_connection(error, vendor)


def _doubt_of(error: DeliveryError) -> int:
    if isinstance(error, RemoteFailed):
        return DOUBTFUL
    return ANSWER_LOST if isinstance(error, AnswerLost) else NO_DOUBT


def _of_connection(error: BaseException, vendor: Vendor) -> DeliveryError | None:
    phase, doubt, said = "answer", None, error
    for link in _chain(error):
        names = {base.__name__ for base in type(link).__mro__}
        # urllib wraps what goes wrong before the request was sent, and nothing after it
        phase = "request" if type(link).__name__ == "URLError" else phase
        found = _doubt(link, names, phase)
        if found is not None:
            # the outermost knows how far it came, the innermost has the system's own words
            doubt, said = (found if doubt is None else doubt), link
    if doubt is None:
        return None
    words = _describe(error, said)
    if doubt == NO_DOUBT:
        return RetryLater(f"{vendor.name} was not reached: {words}" if vendor.name else words)
    return AnswerLost(f"{vendor.name} did not answer: {words}" if vendor.name else words)


def _doubt(link: BaseException, names: set[str], phase: str) -> int | None:
    if names & _NOT_SENT or getattr(link, "errno", None) in _UNREACHABLE:
        return NO_DOUBT
    if "SSLError" in names and type(link).__module__ != "ssl":
        return None  # a library's own: what it wraps tells whether it was the handshake
    if getattr(link, "reason", None) in _NO_HANDSHAKE:
        return NO_DOUBT
    if phase == "request" and names & {"TimeoutError", "SSLError"}:
        return NO_DOUBT
    if names & _ANSWER_LOST or isinstance(link, json.JSONDecodeError):
        return ANSWER_LOST
    return None


def _in_words(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it wraps, outermost first."""
    seen: set[int] = set()
    pending: list[Any] = [error]
    while pending:
        link = pending.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        wrapped = [*link.args, getattr(link, "reason", None), link.__cause__]
        if not link.__suppress_context__:
            wrapped.append(link.__context__)
        pending.extend(wrapped)


def _describe(error: BaseException, link: BaseException) -> str:
    text = _OBJECT.sub("", str(link).strip()) or str(error).strip()
    name = type(link).__name__
    return (f"{name}: {text}" if text and name not in text else text or name)[:500]
