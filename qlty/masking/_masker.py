"""Taking secrets out of everything that leaves or is written; ``docs/masking.md`` has the rule."""

from __future__ import annotations

import re
from functools import cached_property
from hashlib import sha256
from json import loads
from typing import TYPE_CHECKING, Any

from qlty.masking._names import from_environment, is_weak
from qlty.masking._search import Literals, Pieces
from qlty.masking._shapes import MASK, find_shapes, mask_assignments, mask_tokens
from qlty.masking._spellings import cut_spellings, literals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: a piece of a secret at the edge of a cut text is masked from so many characters on
_PIECE = 6

# how shortened text shows where it was cut, as pytest and our own limits do
_CUT_MARK = re.compile(r"\.\.\.|…|[\[\]]")

#: white space that ends a value, and cuts no line
_BETWEEN = "\x1f"

#: fields whose value is an identity: rewriting it would make another one of it
_IDENTITIES = frozenset({"nodeid", "key", "dedup_key", "incident_key", "id", "run_id"})

#: what begins a line that QLTY itself reads again: its words are no words of the project
_OWN_LINE = "QLTY key line: "


class Masker:
    """Knows the secrets of one run and takes them out of text.

    Found are values that are known, in all their spellings and where a text was cut or wrapped;
    tokens of well-known shapes; and what is assigned to a name that says so, such as
    ``API_KEY=...``.
    A known value that looks like an ordinary word is replaced only where it stands alone, so that
    a password ``test`` leaves ``tests/test_login.py`` as it is.
    """

    def __init__(
        self, secrets: Iterable[str] = (), environ: Mapping[str, str] | None = None
    ) -> None:
        known = {secret for secret in secrets if secret}
        known.update(from_environment(environ or {}))
        self._strong = {secret for secret in known if not is_weak(secret)}
        self._words = known - self._strong
        self._literals = Literals(literals(self._strong))
        self._weak = {word: _standing_alone(word) for word in self._words}

    @cached_property
    def _pieces(self) -> Pieces:
        return Pieces(cut_spellings(self._strong), _PIECE)

    def mask(self, text: str) -> str:
        """Return ``text`` without secrets. Masking twice changes nothing more."""
        return self._mask_words(mask_assignments(self._mask_strong(text)))

    def suspects(self, text: str) -> bool:
        """Say whether :meth:`mask` might change ``text``, or a string inside it if it is JSON.

        Far cheaper than masking every string of a large record; may say yes where there is nothing.
        """
        if "\\" in text:
            text = _BETWEEN.join(_strings_of(text))
        return (
            self._literals.may_be_in(text)
            or find_shapes(text)
            or self._pieces.may_be_in(text)
            or any(word in text for word in self._weak)
        )

    def mask_json(self, value: Any) -> Any:
        """Return a JSON value with all its strings masked, except those that are identities.

        An identity (``nodeid``, ``key`` ...) that holds a secret becomes what :meth:`key` says.
        A string that is nothing but one ordinary word is a name of ours, and stays.
        """
        if isinstance(value, str):
            return value if value in self._words else self.mask(value)
        if isinstance(value, dict):
            return {
                self._mask_name(name): self._mask_field(name, item) for name, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.mask_json(item) for item in value]
        if isinstance(value, (int, float)) and str(value) in self._strong:
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
        return self.mask_json(name) if isinstance(name, str) else name

    def _mask_field(self, name: Any, item: Any) -> Any:
        if isinstance(item, str) and isinstance(name, str):
            if name in _IDENTITIES:
                return self.key(item)
            if name.lower() in {"authorization", "proxy-authorization"}:
                return MASK
        return self.mask_json(item)

    def _mask_strong(self, text: str) -> str:
        text = self._literals.replace(text, MASK)
        text = self._literals.replace_broken(text, MASK)
        text = mask_tokens(text)
        return self._pieces.replace(text, MASK, _CUT_MARK)

    def _mask_words(self, text: str) -> str:
        for word, pattern in self._weak.items():
            if word in text:
                text = pattern.sub(_mask_word, text)
        return text


def _strings_of(text: str) -> Iterator[str]:
    """Yield all that a JSON value says, without its escapes; other text as it is."""
    try:
        left = [loads(text)]
    except (ValueError, RecursionError):
        left = [text]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            for name, item in value.items():
                left += [name, item] if isinstance(item, list | dict) else [f"{name}: {item}"]
        elif isinstance(value, list):
            left += value
        else:
            yield str(value)


def _standing_alone(word: str) -> re.Pattern[str]:
    r"""Return what finds a word that is no part of a path, an id, or of compact JSON.

    It begins with the word itself: then a long text is searched for that alone.
    """
    here = re.escape(word)
    before = rf"(?<=(?<![\w./\\\[-]){here})(?<=(?<!::){here})(?<=(?<![:,{{\[]\"){here})"
    return re.compile(rf"{here}{before}(?![\w/\\\[-]|\.\w|::)")


def _mask_word(match: re.Match[str]) -> str:
    line = match.string.rfind("\n", 0, match.start()) + 1
    return match[0] if match.string.startswith(_OWN_LINE, line) else MASK
