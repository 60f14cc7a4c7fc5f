"""Secrets that nobody has named to us: tokens of well-known shapes, and printed assignments."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from qlty.masking._names import holds_secret, is_secret_name, looks_random

if TYPE_CHECKING:
    from collections.abc import Iterator

#: what stands in place of a secret
MASK = "***"

_AUTHORIZATION = (
    r"(uthorization\\?['\"]?\s{0,9}[:=]\s{0,9}\\?['\"]?)"
    r"(?:(?:Basic|Bearer|Token|Digest|ApiKey|AWS4-HMAC-SHA256)\s+)?[^\s'\"\\]+[^\n'\"\\]*"
)
_IS = r"\\?['\"]?\s{0,9}[=:]\s{0,9}\\?['\"]?"

# Each has a piece of text that all of them hold, and begins with it: then a long text is searched
# for that piece alone. The first group, where there is one, stays.
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (hint, re.compile(pattern))
    for hint, pattern in (
        ("xox", r"xox(?<!\wxox)[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}"),
        ("xapp-", r"xapp-(?<!\wxapp-)[A-Za-z0-9-]{8,}"),
        ("hooks.slack.com", r"(hooks\.slack\.com/)[A-Za-z]+/[A-Za-z0-9/_-]{8,}"),
        ("AKIA", r"AKIA(?<!\wAKIA)[A-Z0-9]{16}\b"),
        ("ASIA", r"ASIA(?<!\wASIA)[A-Z0-9]{16}\b"),
        ("secret_access_key", rf"(secret_access_key{_IS})[\w/+=]{{40}}"),
        ("SECRET_ACCESS_KEY", rf"(SECRET_ACCESS_KEY{_IS})[\w/+=]{{40}}"),
        *((f"gh{kind}_", rf"gh{kind}_(?<!\wgh{kind}_)[A-Za-z0-9]{{20,}}") for kind in "pousr"),
        ("github_pat_", r"github_pat_(?<!\wgithub_pat_)\w{20,}"),
        ("glpat-", r"glpat-(?<!\wglpat-)[\w-]{16,}"),
        ("eyJ", r"eyJ(?<!\weyJ)[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?"),
        ("outing", r"(outing[ _-]?[Kk]ey%s)[A-Za-z0-9]{32}\b" % _IS),  # noqa: UP031
        ("oken token=", r"(oken token=)[^\s\"',;]+"),
        ("PRIVATE KEY-----", r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END|\Z)"),
        ("://", r"(://)[^\s/@:'\"]*:[^\s/@'\"]+(?=@)"),
        ("uthorization", _AUTHORIZATION),
        ("Bearer ", r"(Bearer )[\w.~+/=-]{8,}"),
        ("Basic ", r"(Basic )[A-Za-z0-9+/]{8,}={0,2}"),
    )
)

_USER_INFO = re.compile(r"://.*@")
_QUERY = re.compile(r"\?.*")

_LONGEST_NAME = 60
#: every name of a secret has one of these in it, and a value behind it
_HINTS = {
    hint: re.compile(rf"{hint}[\w-]{{0,{_LONGEST_NAME}}}\\?[\"']?[ \t]{{0,4}}[:=]>?[ \t]{{0,4}}\S")
    for hint in "pass pwd secret token key auth credential hook dsn jwt cookie".split()  # noqa: SIM905
}
_NAME = re.compile(r"[\w-]+")
#: a quoted value, or one that ends with a space or a sign that values do not have
_VALUE = re.compile(
    r"""(?P<is>\\?["']?[ \t]{0,4}(?:=(?!=)|:(?!:)|=>)[ \t]{0,4}(?:[bruf](?=["']))?)"""
    r"""(?:(?P<quote>\\?["'])(?P<quoted>[^"'\\\n]{3,4000}(?=\\?["']))|(?P<bare>[^\s"'`,;&()<>\[\]{}\\]{4,4000}))"""
)


def find_shapes(text: str) -> bool:
    """Say whether a token of a well-known shape, or a printed assignment, may be in a text."""
    if any(hint in text and shape.search(text) for hint, shape in _SHAPES):
        return True
    return next(_assigned(text), None) is not None


def mask_tokens(text: str) -> str:
    """Take tokens of well-known shapes out of a text."""
    for hint, shape in _SHAPES:
        if hint in text:
            text = shape.sub(_masked, text)
    return text


def mask_address(text: str) -> str:
    """Take all that may be secret out of a text that is an address: user info and query."""
    if "://" not in text:
        return text
    return _QUERY.sub(f"?{MASK}", _USER_INFO.sub(f"://{MASK}@", text))


def mask_assignments(text: str) -> str:
    """Take the values out of ``API_KEY=...``, ``"password": "..."`` and the like."""
    parts, done = [], 0
    for start, end in _assigned(text):
        if start >= done:
            parts += [text[done:start], MASK]
            done = end
    return "".join([*parts, text[done:]])


def _masked(match: re.Match[str]) -> str:
    return f"{match[1] or ''}{MASK}" if match.re.groups else MASK


def _assigned(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the values of printed secrets begin and end."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = text  # a letter whose small form is two
    end = 0
    found = [assigned.finditer(lower) for hint, assigned in _HINTS.items() if hint in lower]
    for at in sorted(one.start() for one in chain.from_iterable(found)):
        if at < end:
            continue
        before = _NAME.match(text[max(end, at - _LONGEST_NAME) : at][::-1])
        start = at - (before.end() if before else 0)
        name = _NAME.match(text, start, at + _LONGEST_NAME)
        if name is None:
            continue
        end = name.end()
        value = _VALUE.match(text, end)
        if value and is_secret_name(name[0]) and _is_secret(name[0], value):
            end = value.end()
            yield value.span("quoted" if value["quote"] else "bare")


def _is_secret(name: str, value: re.Match[str]) -> bool:
    said = value["quoted"] or value["bare"]
    if MASK in said or not holds_secret(name, said):
        return False
    # what stands without quotes may be source or prose, and so may several words
    return looks_random(said) if value["bare"] or " " in said else True
