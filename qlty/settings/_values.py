"""Types of settings that need more care than text and numbers."""

from __future__ import annotations

import re
from typing import Any, NoReturn
from urllib.parse import urlsplit

from qlty.masking import MASK, remember

#: Control characters, which no HTTP header takes, and lone surrogates, which no encoding does.
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Secret:
    """A token, key or password that shows itself only to :meth:`reveal`.

    ``repr``, ``str`` and ``format`` give ``***``, and it cannot be pickled.
    Every value is remembered by :func:`qlty.masking.known_secrets`, so that output can be masked.

    Raises:
        ValueError: the text is empty, or holds a character that cannot be sent.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        value = value.strip()
        if not value:
            raise ValueError("it is empty")
        if _UNSENDABLE.search(value):
            raise ValueError("it holds a line break or another character that cannot be sent")
        self._value = value
        remember(value)

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled: it would leave the process in clear text")


class SecretUrl(Secret):
    """An address that is a secret as a whole, such as an incoming webhook's."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        super().__init__(value)
        Url(self._value)

    def is_plain(self) -> bool:
        """Say whether it is plain ``http`` to another host than this one."""
        return Url(self._value).is_plain()


class Condition(str):
    """Where a run may be: ``ci``, or ``environment:``, ``branch:`` or ``tag:`` and a pattern.

    Raises:
        ValueError: it is none of these.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Condition:
        """Check the text."""
        text = text.strip()
        kind, _, pattern = text.partition(":")
        if text != "ci" and not (kind in {"environment", "branch", "tag"} and pattern):
            raise ValueError("that is no place where a run can be")
        return super().__new__(cls, text)


class Url(str):
    """The address of a web server: ``https``, or ``http``.

    Plain ``http`` to another host than this one is refused by :func:`qlty.settings.load`
    unless ``ALLOW_HTTP`` is set.

    Raises:
        ValueError: it is not such an address, or it has a user name or password in it.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Url:
        """Check the text."""
        text = text.strip()
        if _UNSENDABLE.search(text) or re.search(r"[\s\\]", text):
            raise ValueError("it holds a space, a backslash or a control character")
        parts = urlsplit(text)
        if parts.scheme not in {"https", "http"}:
            raise ValueError("it does not begin with https://")
        if "@" in parts.netloc:
            raise ValueError("it has a user name or password in it")
        if not parts.hostname:
            raise ValueError("it names no host")
        _check_port(text)
        return super().__new__(cls, text)

    def is_plain(self) -> bool:
        """Say whether it is plain ``http`` to another host than this one."""
        parts = urlsplit(self)
        return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _check_port(text: str) -> None:
    try:
        _ = urlsplit(text).port
    except ValueError:
        raise ValueError("its port is not a number from 0 to 65535") from None


def _is_loopback(host: str) -> bool:
    """Localhost, 127.0.0.0/8 and ::1; never a name that only begins like one of them."""
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
