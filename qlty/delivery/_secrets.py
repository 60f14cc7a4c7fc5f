"""Which values are secrets: by where they come from, by name, by shape."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: a shorter value of an environment variable is too likely to be part of an ordinary word
MINIMUM_LENGTH = 8

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|SECRET|SECRETS|TOKEN|API_?KEY|APIKEY|"
    r"PRIVATE_?KEY|ACCESS_?KEY|SECRET_?KEY|ROUTING_?KEY|AUTH|AUTHORIZATION|CREDENTIALS?|"
    r"WEBHOOK_?URL|DSN|JWT)(?:_|$)",
    re.IGNORECASE,
)

# names that say so but hold something harmless, or only where a secret is kept
_HARMLESS_NAME = re.compile(
    r"^(?:PWD|OLDPWD)$|(?:_FILE|_PATH|_DIR|_SOCK|_NAME|_TYPE|_METHOD|_MODE|_HEADER)$",
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

_AUTHORIZATION = (
    r"(?<=uthorization)\\?['\"]?\s*[:=]\s*\\?['\"]?"
    r"(?:(?:Basic|Bearer|Token|Digest|ApiKey|AWS4-HMAC-SHA256)\s+)?[^\s'\"\\]+[^\n'\"\\]*"
)

#: what tokens of well-known services look like, each with a piece of text that all of them hold
SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (hint, re.compile(pattern))
    for hint, pattern in (
        ("xox", r"\bxox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}"),
        ("xapp-", r"\bxapp-[A-Za-z0-9-]{8,}"),
        ("hooks.slack.com", r"(?<=hooks\.slack\.com/)[A-Za-z]+/[A-Za-z0-9/_-]{8,}"),
        ("AKIA", r"\bAKIA[A-Z0-9]{16}\b"),
        ("ASIA", r"\bASIA[A-Z0-9]{16}\b"),
        ("secret_access_key", r"(?<=secret_access_key)\\?['\"]?\s*[=:]\s*\\?['\"]?[\w/+=]{40}"),
        ("SECRET_ACCESS_KEY", r"(?<=SECRET_ACCESS_KEY)\\?['\"]?\s*[=:]\s*\\?['\"]?[\w/+=]{40}"),
        *((f"gh{kind}_", rf"\bgh{kind}_[A-Za-z0-9]{{20,}}") for kind in "pousr"),
        ("github_pat_", r"\bgithub_pat_\w{20,}"),
        ("glpat-", r"\bglpat-[\w-]{16,}"),
        ("eyJ", r"\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?"),
        ("routing_key", r"(?<=routing_key)\\?['\"]?\s*[=:]\s*\\?['\"]?[A-Za-z0-9]{32}\b"),
        ("oken token=", r"(?<=oken token=)[^\s\"',;]+"),
        ("PRIVATE KEY-----", r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.|\n)*?(?:-----END|\Z)"),
        ("://", r"(?<=://)[^\s/@:'\"]*:[^\s/@'\"]+(?=@)"),
        ("uthorization", _AUTHORIZATION),
        ("Bearer ", r"(?<=Bearer )[\w.~+/=-]{8,}"),
        ("Basic ", r"(?<=Basic )[A-Za-z0-9+/]{8,}={0,2}"),
    )
)


def from_environment(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of variables whose names say that they hold a secret."""
    for name, value in environ.items():
        if not _is_secret_name(name):
            continue
        if len(value) >= MINIMUM_LENGTH and value.lower() not in _COMMON_WORDS:
            yield value


@lru_cache(maxsize=4096)
def _is_secret_name(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _HARMLESS_NAME.search(name)


def is_weak(secret: str) -> bool:
    """Say whether a secret looks like an ordinary word, which other words and names may hold."""
    return len(secret) < MINIMUM_LENGTH or secret.isalpha() or secret.lower() in _COMMON_WORDS
