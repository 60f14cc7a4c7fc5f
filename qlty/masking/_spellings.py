"""How a secret may be written: as it is, encoded, or encoded twice."""

from __future__ import annotations

import html
import re
from base64 import b64encode, urlsafe_b64encode
from functools import lru_cache
from json import dumps
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from qlty.masking._names import MINIMUM_LENGTH, is_weak

if TYPE_CHECKING:
    from collections.abc import Iterable

_PERCENT = re.compile("%[0-9A-F]{2}")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*[/?#]?")
_USER_INFO = re.compile(r"://[^\s/@:]*:([^\s/@]+)@")


def literals(secrets: Iterable[str]) -> set[str]:
    """Return all spellings of all secrets, and of what is secret in addresses and many lines."""
    return {one for secret in secrets for part in _parts(secret) for one in spellings(part)}


def _parts(secret: str) -> set[str]:
    """Return a secret and what of it may stand alone: lines, an address's path and password."""
    parts = {secret, secret.removeprefix(_head(secret))}
    parts.update(_USER_INFO.findall(secret))
    if "\n" in secret:  # pytest shows each line of a key with something before it
        parts.update(line.strip() for line in secret.splitlines())
    return {part for part in parts if part == secret or not is_weak(part)}


def _head(secret: str) -> str:
    address = _ADDRESS.match(secret)
    return address[0] if address else ""


def cut_spellings(secrets: Iterable[str]) -> set[str]:
    """Return what is secret of all spellings wherever a text was cut: ``https://`` is not."""
    parts = {part for secret in secrets for part in _parts(secret) if not _head(part)}
    return {one for part in parts for one in _encoded(part)}


@lru_cache(maxsize=1024)
def spellings(secret: str) -> frozenset[str]:
    """Return how one secret may be written, encoded once or twice."""
    once = _encoded(secret)
    twice = set().union(*map(_encoded, once))
    return frozenset(one for one in once | twice if len(one) >= MINIMUM_LENGTH)


def _encoded(text: str) -> set[str]:
    raw = text.encode("utf-8", "surrogatepass")
    whole = quote(raw, safe="")
    return {
        text,
        whole,
        quote(raw),
        quote_plus(raw),
        _PERCENT.sub(lambda match: match.group().lower(), whole),
        dumps(text)[1:-1],
        dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
        ascii(text)[1:-1],
        repr(raw)[2:-1],
        html.escape(text),
        html.escape(text, quote=False),
        *_in_base64(raw),
    }


def _in_base64(raw: bytes) -> set[str]:
    """Return the base64 of a text wherever it begins in what was encoded, such as ``user:key``.

    The characters at both ends depend on what is beside it, and are left out.
    """
    found = {b64encode(raw).decode().rstrip("="), urlsafe_b64encode(raw).decode().rstrip("=")}
    for before, kept in ((0, 0), (1, 2), (2, 3)):
        padded = b"\0" * before + raw
        end = len(padded) * 8 // 6
        found.add(b64encode(padded).decode()[kept:end])
        found.add(urlsafe_b64encode(padded).decode()[kept:end])
    return found
