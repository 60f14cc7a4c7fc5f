"""What an HTTP exchange came to, and what follows: one table for every client.

An integration adds what its vendor does differently, as data: a :class:`Vendor`, and the shape
that each answer has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from qlty.delivery._backoff import server_wait
from qlty.errors import AnswerLost, DeliveryError, Refused, RemoteFailed, RetryLater

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qlty.delivery._answers import Answer

#: nothing was carried out: send again; it may have been: ask first; the remote said no
Follow = Literal["retry", "ask", "refuse"]

#: what differs from the rest of its hundred, https://www.rfc-editor.org/rfc/rfc9110#section-15
STATUSES: Mapping[int, Follow] = {
    407: "retry",  # a proxy in between wants credentials
    408: "ask",  # the server's patience was over, nobody says at which point
    421: "retry",  # not the right server
    425: "retry",  # too early: https://www.rfc-editor.org/rfc/rfc8470#section-5.2
    429: "retry",  # https://www.rfc-editor.org/rfc/rfc6585#section-4
    511: "retry",  # the network wants somebody to log in: RFC 6585, section 6
}

#: 1xx to 3xx are no API's answer to a change: 2xx is looked at, no redirect is followed
_BY_HUNDRED: Mapping[int, Follow] = {4: "refuse", 5: "ask"}

#: error words of APIs that answer with success and say in the body that it was none; Slack's, from
#: https://docs.slack.dev/reference/methods/chat.postMessage#errors
WORDS: Mapping[str, Follow] = {
    "fatal_error": "ask",
    "internal_error": "ask",
    "rate_limited": "retry",
    "ratelimited": "retry",
    "request_timeout": "retry",  # it came incomplete
    "rollup_error": "ask",
    "service_unavailable": "ask",
}


@dataclass(frozen=True)
class Vendor:
    """Whose API it is, and what is different there.

    Attributes:
        name: as a sentence about it begins; empty where it is not known.
        address: the setting that holds its address.
        statuses: what differs from :data:`STATUSES`.
        hints: what would help, by status.
    """

    name: str = ""
    address: str = ""
    statuses: Mapping[int, Follow] = field(default_factory=dict)
    hints: Mapping[int, str] = field(default_factory=dict)


#: any other API
ANY = Vendor()


def failure(answer: Answer, vendor: Vendor = ANY) -> DeliveryError:
    """Say what follows from an answer that is no success."""
    follow = _follow(answer, vendor)
    reason = answer.describe(vendor.name)
    if follow == "refuse":
        hint = vendor.hints.get(answer.status)
        return Refused(f"{reason} ({hint})" if hint else reason)
    after = server_wait(answer.headers)
    if follow == "retry":
        return RetryLater(reason, after)
    if answer.status >= 400 or answer.error_word() in WORDS:
        return RemoteFailed(reason, after)
    return not_the_api(answer, vendor)


def accepted(answer: Answer, shape: Any, vendor: Vendor = ANY) -> Any:
    """Return the body of a success, if it is what the API answers.

    Args:
        answer: whatever came.
        shape: a type that ``msgspec`` can check, such as a ``TypedDict``; more is welcome.
        vendor: whose answer it is.

    Raises:
        AnswerLost: it is something else, such as a login page: nobody knows what was carried out.
        DeliveryError: it is no success.
    """
    import msgspec

    if answer.status // 100 != 2:
        raise failure(answer, vendor)
    try:
        msgspec.convert(answer.body, shape)
    except msgspec.ValidationError:
        raise not_the_api(answer, vendor) from None
    return answer.body


def not_the_api(answer: Answer, vendor: Vendor = ANY) -> AnswerLost:
    """Say that an answer is somebody else's."""
    whose = f"{vendor.name}'s API" if vendor.name else "the API"
    hint = f"; is {vendor.address} right?" if vendor.address else ""
    return AnswerLost(f"not the answer of {whose}: {answer.describe()}{hint}")


def _follow(answer: Answer, vendor: Vendor) -> Follow:
    word = answer.error_word()
    if word is not None and word in WORDS:
        return WORDS[word]
    if answer.status < 300:
        # a client's own sentence about an answer that is no JSON is no word of the remote
        said_no = isinstance(answer.body, dict) and word and " " not in word
        return "refuse" if said_no else "ask"
    table = {**STATUSES, **vendor.statuses}
    return table.get(answer.status) or _BY_HUNDRED.get(answer.status // 100, "ask")
