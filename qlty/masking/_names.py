"""Which values are secrets: by the name that they go by, and by their own look.

``docs/masking.md`` has the rule with examples.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: a shorter value of an environment variable is too likely to be part of an ordinary word
MINIMUM_LENGTH = 8
#: so many letters in a row are a token, and no word that a text has for other reasons
_LONG_WORD = 16

_WORD = r"(?<!COM)(?<!BY)(?<!TRES)(?<!SUR)PASS(?:WORD|WD|PHRASE)?S?"
_KEYS = r"(?:API|PRIVATE|ACCESS|SECRET|ROUTING|INTEGRATION|SIGNING|ENCRYPTION|MASTER|AUTH)_?KEYS?"
#: names that end like this hold a secret, whatever it looks like
_CERTAIN = re.compile(
    rf"(?:{_WORD}|(?:^|_)(?:PWD|SECRETS?|TOKENS?|{_KEYS}|AUTHORIZATION|WEBHOOK_?URL|DSN|JWT))"
    r"(?:_[A-Z]|_?\d+)?$",
    re.IGNORECASE,
)
#: names that have this in them may hold one: the value has to look like it
_POSSIBLE = re.compile(
    rf"{_WORD}(?:_|$)|(?:^|_)(?:PWD|SECRETS?|TOKENS?|{_KEYS}|AUTH|AUTHORIZATION|CREDENTIALS?|"
    r"WEBHOOK|DSN|JWT|COOKIE)(?:_|$)|_KEYS?$",
    re.IGNORECASE,
)
# names that say so but hold something harmless, or only where a secret is kept
_HARMLESS = re.compile(
    r"^(?:PWD|OLDPWD)$|_(?:FILE|PATH|DIR|SOCK|NAME|TYPE|METHOD|MODE|HEADER)$|"
    # keys that tell things apart and open nothing
    r"(?:^|_)(?:CACHE|DEDUP|DEDUPLICATION|FOREIGN|GROUP|IDEMPOTENCY|INCIDENT|ISSUE|OBJECT|"
    r"PARTITION|PRIMARY|PROJECT|PUBLIC|RUN|SORT)_KEYS?$",
    re.IGNORECASE,
)

# one block of words reads better than sixty lines of a list
_COMMON_WORDS = frozenset(
    """
    administrator anonymous changeme database default demodemo development disabled
    docker-compose dummydummy enabled example examples false guestguest integration letmein
    localhost minioadmin mongodb mypassword mysecret mysql notasecret nopassword passw0rd
    password password1 password123 placeholder postgres postgresql preproduction production
    qwerty123 rabbitmq required root sandbox secretsecret something staging superuser
    test-password test-secret test-token testing testpassword testtest true undefined
    username welcome1 12345678 123456789 1234567890 00000000 11111111
    """.split()  # noqa: SIM905
)

_PLACE = re.compile(r"(?:[a-z][a-z0-9+.-]*://[^\s/@?#]+|~|\.{1,2})?(?:/[\w.~%{}:-]*)+|[a-z]+://\S+")
_RUN = re.compile(r"[^\s/._:,;=@-]+")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")


def from_environment(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of variables that hold a secret, and each of several in one."""
    for name, value in environ.items():
        if not is_secret_name(name) or not holds_secret(name, value):
            continue
        for secret in {value, *re.split(r"[,;\s]+", value)}:
            if len(secret) >= MINIMUM_LENGTH and secret.lower() not in _COMMON_WORDS:
                yield secret


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Say whether a name, of a variable, field or header, may be that of a secret."""
    name = name.replace("-", "_")
    return bool(_POSSIBLE.search(name) or _CERTAIN.search(name)) and not _HARMLESS.search(name)


def holds_secret(name: str, value: str) -> bool:
    """Say whether the value of such a name is a secret."""
    if value.lower() in _COMMON_WORDS or _is_place(value):
        return False
    return bool(_CERTAIN.search(name.replace("-", "_"))) or looks_random(value)


def looks_random(text: str) -> bool:
    """Say whether a part of a text mixes letters and digits, or is a very long word."""
    return any(
        (len(run) >= _LONG_WORD and not run.isdigit())
        or (len(run) >= MINIMUM_LENGTH and _DIGIT.search(run) and _LETTER.search(run))
        for run in _RUN.findall(text)
    )


def _is_place(value: str) -> bool:
    """Say whether it is a path or an address without anything secret in it."""
    if not _PLACE.fullmatch(value) or "@" in value:
        return False
    return not looks_random(value.partition("://")[2].partition("/")[2] or value)


def is_weak(secret: str) -> bool:
    """Say whether a secret looks like an ordinary word, which other words and names may hold."""
    if len(secret) < MINIMUM_LENGTH or secret.lower() in _COMMON_WORDS:
        return True
    return secret.isalpha() and len(secret) < _LONG_WORD
