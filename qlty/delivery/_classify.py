"""One question of every failed attempt: what now?

Exceptions are told apart by what they carry (a response, a cause) and by the names of their
classes, so that no client library has to be imported to understand its errors.
"""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qlty.delivery._answers import Answer, answer_of
from qlty.delivery._backoff import server_wait
from qlty.delivery._rows import ANSWER_LOST, DOUBTFUL, NO_DOUBT
from qlty.errors import AnswerLost, Refused, RetryLater

if TYPE_CHECKING:
    from collections.abc import Iterator

#: statuses below 500 that ask to come back
_RETRY_STATUSES = frozenset({408, 429})

#: the remote says that it did nothing: no need to ask it before sending again
_NOTHING_DONE = frozenset({408, 429, 503})

#: Slack's error words that ask to come back, https://docs.slack.dev/reference/methods/chat.postMessage
_RETRY_WORDS = frozenset({"ratelimited", "rate_limited", "service_unavailable"})
_SERVER_FAILURE_WORDS = frozenset({"internal_error", "fatal_error", "request_timeout"})

#: how slack_sdk reports an answer that is not of Slack's making
_NO_JSON = "Received a response in a non-JSON format"

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

    - 429, 408 and 5xx, and connections that could not be made: retry.
    - Other answers that are not 2xx: refused.
    - No answer, half an answer, or one that is not what was asked for: ask the remote, then retry.
    - Anything else is a mistake in the sender's own code: refused, with its type and text.
    """
    own = _of_our_own(error)
    if own is not None:
        return own
    answer = answer_of(error)
    if answer is not None:
        return _of_answer(answer)
    return _of_connection(error) or _of_code(error)


def _of_our_own(error: BaseException) -> Verdict | None:
    if isinstance(error, RetryLater):
        return Verdict("retry", NO_DOUBT, error.reason, error.after)
    if isinstance(error, Refused):
        return Verdict("refused", NO_DOUBT, error.reason)
    if isinstance(error, AnswerLost):
        return Verdict("retry", ANSWER_LOST, error.reason)
    return None


def _of_answer(answer: Answer) -> Verdict:
    status, reason = answer.status, answer.describe()
    if status in _RETRY_STATUSES or status >= 500:
        doubt = NO_DOUBT if status in _NOTHING_DONE else DOUBTFUL
        return Verdict("retry", doubt, reason, server_wait(answer.headers))
    if 200 <= status < 300:
        return _of_success(answer, reason)
    return Verdict("refused", NO_DOUBT, reason)


def _of_success(answer: Answer, reason: str) -> Verdict:
    """Read an answer that the client took for an error although its status says success."""
    word = answer.error_word()
    if word is None or word.startswith(_NO_JSON):
        return Verdict("retry", ANSWER_LOST, f"not the answer of the API: {reason}")
    if word in _RETRY_WORDS:
        return Verdict("retry", NO_DOUBT, reason, server_wait(answer.headers))
    if word in _SERVER_FAILURE_WORDS:
        return Verdict("retry", DOUBTFUL, reason)
    return Verdict("refused", NO_DOUBT, reason)


def _of_connection(error: BaseException) -> Verdict | None:
    phase = "answer"
    for link in _chain(error):
        names = {base.__name__ for base in type(link).__mro__}
        # urllib wraps what goes wrong before the request was sent, and nothing after it
        phase = "request" if type(link).__name__ == "URLError" else phase
        doubt = _doubt(link, names, phase)
        if doubt is not None:
            return Verdict("retry", doubt, _describe(error, link))
    return None


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


def _of_code(error: BaseException) -> Verdict:
    text = str(error).strip()
    reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    # it may have been raised while the answer was read: whoever retries it asks first
    return Verdict("refused", ANSWER_LOST, f"the integration raised {reason}"[:500])


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
    text = str(link).strip() or str(error).strip()
    name = type(link).__name__
    return (f"{name}: {text}" if text and name not in text else text or name)[:500]
