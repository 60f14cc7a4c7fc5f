"""Replacing secrets in everything that leaves or is written."""

from __future__ import annotations

import base64
import html
import re
from functools import lru_cache
from hashlib import sha256
from json import dumps
from os import environ, fsdecode
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

# how shortened text shows where it was cut, as pytest and our own limits do
_CUT_MARK = re.compile(r"\.\.\.|…|[\[\]]")

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
        self._literals = sorted(_all_spellings(strong | _lines(strong)), key=len, reverse=True)
        self._weak = _standing_alone(known - strong)
        self._heads = [(literal[:_PIECE], literal) for literal in self._literals]
        self._tails = [(literal[-_PIECE:], literal) for literal in self._literals]
        self._pieces = _any_of({piece for piece, _ in [*self._heads, *self._tails]})

    def mask(self, text: str) -> str:
        """Return ``text`` without secrets. Masking twice changes nothing more."""
        text = self._mask_strong(text)
        return text if self._weak is None else self._weak.sub(MASK, text)

    def suspects(self, text: str) -> bool:
        """Say whether :meth:`mask` might change ``text``, or a string inside it if it is JSON.

        Far cheaper than masking every string of a large record; may say yes where there is nothing.
        """
        if self._pieces is not None and self._pieces.search(text):
            return True
        for hint, shape in SHAPES:
            if hint in text and shape.search(text):
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
        if isinstance(value, (int, float)) and str(value) in self._literals:
            return MASK
        return value

    def key(self, identity: str) -> str:
        """Return an identity unchanged or, where it holds a secret, masked with a hash of it."""
        masked = self._mask_strong(identity)
        if masked == identity:
            return identity
        digest = sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
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
        heads = [literal for head, literal in self._heads if head in text]
        if heads:
            text = _mask_heads(text, heads)
        tails = [literal for tail, literal in self._tails if tail in text]
        return _mask_tails(text, tails) if tails else text


def _lines(secrets: Iterable[str]) -> set[str]:
    """Return the lines of keys and certificates: pytest shows each with something before it."""
    lines = {line.strip() for secret in secrets if "\n" in secret for line in secret.splitlines()}
    return {line for line in lines if not is_weak(line)}


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
            dumps(secret)[1:-1],
            dumps(secret, ensure_ascii=False)[1:-1],
            repr(secret)[1:-1],
            html.escape(secret),
            html.escape(secret, quote=False),
            base64.b64encode(raw).decode().rstrip("="),
            base64.urlsafe_b64encode(raw).decode().rstrip("="),
        }
    return spellings


def _any_of(pieces: set[str]) -> re.Pattern[str] | None:
    # one pass over the text, whatever their number: this is searched once per test
    return re.compile("|".join(map(re.escape, sorted(pieces)))) if pieces else None


def _standing_alone(words: set[str]) -> re.Pattern[str] | None:
    if not words:
        return None
    choices = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![\w./\\\[-])(?<!::)(?:{choices})(?![\w/\\\[-]|\.\w|::)")


def _mask_shape(match: re.Match[str]) -> str:
    # what separates a name from its value stays, so that the text can still be read
    lead = re.match(r"\\?['\"]?\s*[:=]\s*\\?['\"]?", match.group())
    return f"{lead.group() if lead else ''}{MASK}"


def _mask_heads(text: str, literals: list[str]) -> str:
    """Mask the longest beginning of a literal before each place where the text was cut."""
    limit = len(text)
    for at in [len(text), *reversed([mark.start() for mark in _CUT_MARK.finditer(text)])]:
        length = max(_longest_head(text, at, literal) for literal in literals)
        # a mark may be part of the secret itself, and is gone then
        if length and at <= limit:
            limit = at - length
            text = f"{text[:limit]}{MASK}{text[at:]}"
    return text


def _mask_tails(text: str, literals: list[str]) -> str:
    """Mask the longest end of a literal behind each place where the text was cut."""
    parts, done = [], 0
    for at in [0, *(mark.end() for mark in _CUT_MARK.finditer(text))]:
        length = max(_longest_tail(text, at, literal) for literal in literals)
        if length and at >= done:
            parts += [text[done:at], MASK]
            done = at + length
    return "".join([*parts, text[done:]])


def _longest_head(text: str, end: int, literal: str) -> int:
    lengths = range(len(literal) - 1, _PIECE - 1, -1)
    return next((n for n in lengths if text.endswith(literal[:n], 0, end)), 0)


def _longest_tail(text: str, start: int, literal: str) -> int:
    lengths = range(len(literal) - 1, _PIECE - 1, -1)
    return next((n for n in lengths if text.startswith(literal[-n:], start)), 0)


@lru_cache(maxsize=8)
def _masker_of(secrets: frozenset[str]) -> Masker:
    return Masker(secrets)


class _Environment:
    """The secrets of this process's environment, also those that came, or went, during the run."""

    #: a suite that makes a new token for each test must not be slowed down by all of them
    most = 100

    def __init__(self) -> None:
        self._seen: dict[Any, Any] = {}
        self._first: frozenset[str] | None = None
        self._later: list[str] = []
        self._secrets: frozenset[str] = frozenset()

    @property
    def known(self) -> frozenset[str]:
        """All that were found so far."""
        return self.secrets() if self._first is None else self._secrets

    def secrets(self) -> frozenset[str]:
        """Look at what has changed, and return all of them.

        It takes 10 µs, for pytest itself changes a variable three times per test.
        """
        # what environ keeps, without decoding all of it again
        now = vars(environ).get("_data") or dict(environ)
        if now != self._seen:
            seen = self._seen
            changed = [name for name, value in now.items() if seen.get(name) != value]
            seen.update((name, now[name]) for name in changed)
            self._add(list(map(fsdecode, changed)))
        return self._secrets

    def _add(self, names: Iterable[str]) -> None:
        values = {name: environ[name] for name in names if name in environ}
        new = list(dict.fromkeys(from_environment(values)))
        if self._first is None:
            self._first = self._secrets = frozenset(new)
        elif new:
            kept = [secret for secret in self._later if secret not in new][-self.most :]
            self._later = [*kept, *new]
            self._secrets = self._first.union(self._later)


_environment = _Environment()


def current_masker(*, look: bool = True) -> Masker:
    """Return the masker for all secrets that settings have loaded so far and the environment's.

    Without ``look``, what came into the environment since somebody looked is not known.
    """
    return _masker_of(known_secrets() | (_environment.secrets() if look else _environment.known))


def mask(text: str) -> str:
    """Return ``text`` without any secret that this process knows."""
    return current_masker().mask(text)


def mask_json(value: Any) -> Any:
    """Return a JSON value without any secret that this process knows; see :class:`Masker`."""
    return current_masker().mask_json(value)
