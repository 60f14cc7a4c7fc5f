"""The secrets of this process: those that settings have loaded, and the environment's."""

from __future__ import annotations

from functools import lru_cache
from os import environ, fsdecode
from typing import TYPE_CHECKING, Any

from qlty.masking._masker import Masker
from qlty.masking._names import from_environment
from qlty.masking._shapes import MASK, mask_address

if TYPE_CHECKING:
    from collections.abc import Iterable

_known: set[str] = set()
#: characters; a shorter secret would be found everywhere
_SHORTEST = 4


def remember(secret: str) -> None:
    """Have a value masked from now on."""
    _known.add(secret)


def known_secrets() -> frozenset[str]:
    """Return every value that was remembered so far."""
    return frozenset(_known)


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


def mask_setting(text: str) -> str:
    """Return a wrong setting as it may be shown: without short secrets and what addresses hide.

    It is shown before all secrets are known, so of an address neither user info nor query stays.
    """
    for secret in sorted(known_secrets(), key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, MASK)
    return mask_address(text)


def mask_json(value: Any) -> Any:
    """Return a JSON value without any secret that this process knows; see :class:`Masker`."""
    return current_masker().mask_json(value)
