"""Replacing secrets in everything that leaves or is written."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from qlty.delivery._secrets import SHAPES, from_environment, is_weak
from qlty.settings import known_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: what stands in place of a secret
MASK = "***"

#: a piece of a secret at the edge of a cut text is masked from so many characters on
_PIECE = 6

_CUT_AFTER = ("...", "…", "[")
_CUT_BEFORE = ("...", "…", "]")

_PERCENT = re.compile("%[0-9A-F]{2}")

#: fields whose value is an identity: rewriting it would make another one of it
_IDENTITIES = frozenset({"nodeid", "key", "dedup_key", "incident_key", "id", "run_id"})


class Masker:
    """Knows the secrets of one run and takes them out of text.

    Three kinds are found: values that are known (as they stand, URL-encoded, as JSON, HTML or
    base64 write them, and pieces of them where a text was cut), tokens of well-known shapes, and
    what follows ``Authorization:``.
    A known value that looks like an ordinary word is replaced only where it stands alone, so that
    a password ``test`` leaves ``tests/test_login.py`` as it is.
    """

    def __init__(
        self, secrets: Iterable[str] = (), environ: Mapping[str, str] | None = None
    ) -> None:
        known = {secret for secret in secrets if secret}
        known.update(from_environment(environ or {}))
        strong = {secret for secret in known if not is_weak(secret)}
        # longest first: a secret that holds another one must go as a whole
        self._literals = sorted(_all_spellings(strong), key=len, reverse=True)
        self._weak = _standing_alone(known - strong)
        self._heads = [(literal[:_PIECE], literal) for literal in self._literals]
        self._tails = [(literal[-_PIECE:], literal) for literal in self._literals]

    def mask(self, text: str) -> str:
        """Return ``text`` without secrets. Masking twice changes nothing more."""
        text = self._mask_strong(text)
        return text if self._weak is None else self._weak.sub(MASK, text)

    def suspects(self, text: str) -> bool:
        """Say whether :meth:`mask` might change ``text``, or a string inside it if it is JSON.

        Far cheaper than masking every string of a large record; may say yes where there is nothing.
        """
        if any(head in text for head, _ in self._heads):
            return True
        if any(tail in text for tail, _ in self._tails):
            return True
        if any(hint in text and shape.search(text) for hint, shape in SHAPES):
            return True
        return self._weak is not None and self._weak.search(text) is not None

    def mask_json(self, value: Any) -> Any:
        """Return a JSON value with all its strings masked, except those that are identities.

        An identity (``nodeid``, ``key`` ...) that holds a secret becomes what :meth:`key` says.
        """
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {
                self._mask_name(name): self._mask_field(name, item) for name, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.mask_json(item) for item in value]
        return value

    def key(self, identity: str) -> str:
        """Return an identity unchanged or, where it holds a secret, masked with a hash of it."""
        masked = self._mask_strong(identity)
        if masked == identity:
            return identity
        digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{masked}#{digest[:16]}"

    def _mask_name(self, name: Any) -> Any:
        return self.mask(name) if isinstance(name, str) else name

    def _mask_field(self, name: Any, item: Any) -> Any:
        if isinstance(item, str) and isinstance(name, str):
            if name in _IDENTITIES:
                return self.key(item)
            if name.lower() in {"authorization", "proxy-authorization"}:
                return MASK
        return self.mask_json(item)

    def _mask_strong(self, text: str) -> str:
        for literal in self._literals:
            if literal in text:
                text = text.replace(literal, MASK)
        for hint, shape in SHAPES:
            if hint in text:
                text = shape.sub(_mask_shape, text)
        return self._mask_pieces(text)

    def _mask_pieces(self, text: str) -> str:
        for head, literal in self._heads:
            if head in text:
                text = _mask_heads(text, head, literal)
        for tail, literal in self._tails:
            if tail in text:
                text = _mask_tails(text, tail, literal)
        return text


def _all_spellings(secrets: Iterable[str]) -> set[str]:
    spellings: set[str] = set()
    for secret in secrets:
        raw = secret.encode("utf-8", "surrogatepass")
        spellings |= {
            secret,
            quote(raw, safe=""),
            quote(raw),
            quote_plus(raw),
            _PERCENT.sub(lambda match: match.group().lower(), quote(raw, safe="")),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            repr(secret)[1:-1],
            html.escape(secret),
            html.escape(secret, quote=False),
            base64.b64encode(raw).decode().rstrip("="),
            base64.urlsafe_b64encode(raw).decode().rstrip("="),
        }
    return spellings


def _standing_alone(words: set[str]) -> re.Pattern[str] | None:
    if not words:
        return None
    choices = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![\w./\\\[-])(?<!::)(?:{choices})(?![\w/\\\[-]|\.\w|::)")


def _mask_shape(match: re.Match[str]) -> str:
    # what separates a name from its value stays, so that the text can still be read
    lead = re.match(r"\\?['\"]?\s*[:=]\s*\\?['\"]?", match.group())
    return f"{lead.group() if lead else ''}{MASK}"


def _mask_heads(text: str, head: str, literal: str) -> str:
    """Mask beginnings of ``literal`` that end where the text was cut."""
    at = text.find(head)
    while at != -1:
        length = _common_length(text[at : at + len(literal)], literal)
        rest = text[at + length : at + length + 3]
        if not rest or rest.startswith(_CUT_AFTER):
            text = f"{text[:at]}{MASK}{text[at + length :]}"
            length = len(MASK)
        at = text.find(head, at + length)
    return text


def _mask_tails(text: str, tail: str, literal: str) -> str:
    """Mask ends of ``literal`` that begin where the text was cut."""
    at = text.find(tail)
    while at != -1:
        end = at + len(tail)
        start = end - _common_length(text[max(0, end - len(literal)) : end][::-1], literal[::-1])
        if start == 0 or text[:start].endswith(_CUT_BEFORE):
            text = f"{text[:start]}{MASK}{text[end:]}"
            end = start + len(MASK)
        at = text.find(tail, end)
    return text


def _common_length(text: str, literal: str) -> int:
    length = 0
    for one, other in zip(text, literal, strict=False):
        if one != other:
            break
        length += 1
    return length


@lru_cache(maxsize=8)
def _masker_of(secrets: frozenset[str]) -> Masker:
    return Masker(secrets, os.environ)


def current_masker() -> Masker:
    """Return the masker for all secrets that settings have loaded so far and the environment's."""
    return _masker_of(known_secrets())


def mask(text: str) -> str:
    """Return ``text`` without any secret that this process knows."""
    return current_masker().mask(text)


def mask_json(value: Any) -> Any:
    """Return a JSON value without any secret that this process knows; see :class:`Masker`."""
    return current_masker().mask_json(value)
