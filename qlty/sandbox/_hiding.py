"""Credentials that are not the sandbox's own: what is shown and kept has none of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"

_NAMES = (
    "token|secret|password|passwd|pwd|api_?key|routing_?key|integration_?key|service_?key"
    "|access_?key|private_?key|auth|authorization|signature"
)
#: `"routing_key": "..."`, also within a text of JSON, and `token=...`; bounded: it is linear
_NAMED = re.compile(
    rf"(?<![\w-])([\w-]{{0,40}}(?:{_NAMES})\\*[\"']?\s{{0,4}}[:=]\s{{0,4}})"
    r"(\\*[\"']?)((?<=\")[^\"\\]+|[^\s&\"'\\,;{}\[\]]+)",
    re.IGNORECASE,
)
#: https://docs.slack.dev/authentication/tokens
_SLACK_TOKEN = re.compile(r"\b(?:xoxe\.)?(?:xox[a-z]|xapp)-[\w-]+")
#: what stands for a password in the address of a webhook, and of PagerDuty's older events;
#: a PagerDuty service has one part behind ``/services/``, Slack's webhook three
_ADDRESS = re.compile(
    r"/(services(?=(?:/[\w-]+){3})(?!/[\w-]+/integrations/)|workflows|triggers|integration)"
    r"/([\w-]+(?:/[\w-]+)*)"
)
_HEADER = re.compile(r"auth|token|secret|key|cookie|password|signature|session", re.IGNORECASE)
_PLAIN_HEADERS = frozenset({"idempotency-key"})
_NO_VALUES = frozenset({"null", "true", "false"})


class Hider:
    """Masks what may be somebody's credential, and leaves the sandbox's dummies alone.

    Args:
        dummies: the credentials of the seed, as they stand in headers, bodies and paths.
    """

    def __init__(self, dummies: Iterable[str]) -> None:
        self._dummies = frozenset(dummies)

    def header(self, name: str, value: str) -> str:
        """A header's value as it may be shown."""
        if name in _PLAIN_HEADERS or not _HEADER.search(name):
            return self.text(value)
        scheme, _, word = value.partition(" ")
        given = {value, word, value.partition("token=")[2].strip('"')}
        if given & self._dummies:
            return value
        return f"{scheme} {MASK}" if word else MASK

    def text(self, text: str) -> str:
        """A path or a body as it may be shown."""
        text = _ADDRESS.sub(self._address, text)
        text = _SLACK_TOKEN.sub(self._token, text)
        return _NAMED.sub(self._named, text)

    def _address(self, found: re.Match[str]) -> str:
        return found[0] if found[2] in self._dummies else f"/{found[1]}/{MASK}"

    def _token(self, found: re.Match[str]) -> str:
        return found[0] if found[0] in self._dummies else f"xox*-{MASK}"

    def _named(self, found: re.Match[str]) -> str:
        known = found[3] in self._dummies or found[3] in _NO_VALUES
        return found[0] if known else f"{found[1]}{found[2]}{MASK}"
