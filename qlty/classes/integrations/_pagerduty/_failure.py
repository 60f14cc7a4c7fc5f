"""What a failure says: its error in one line, where it is, and a word that tells it from others."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_CRASH = re.compile(r"^(?P<place>[^\s:][^:\n]*:\d+): (?P<kind>.+)$")
_IDS = r"0x[0-9a-fA-F]+|\b[0-9a-f]{8,}\b|\d{4,}"
_VARYING_IDS = re.compile(_IDS)
_VARYING = re.compile(rf"{_IDS}|\d+")
#: characters of an error in one line
_LINE = 300


@dataclass(frozen=True)
class Failure:
    """One failure, read from its traceback.

    Attributes:
        line: the error in one line, such as ``AssertionError: assert 201 == 502``.
        place: ``path:line`` of the innermost frame that pytest shows, or ``""``.
        cause: equal for failures of different tests that one cause explains: everything but
            addresses and ids must be the same.
        signature: equal for the same error of one test in two runs, whatever numbers are in it.
    """

    line: str
    place: str
    cause: str
    signature: str


def read(message: str | None) -> Failure:
    """Read a failure text as pytest shows it, in any ``--tb`` style."""
    lines = (message or "").splitlines()
    place, kind = _crash(lines)
    said = [line[1:].strip() for line in lines if line.startswith("E ")]
    text = next((line for line in said if line), "")
    if not text:
        text = kind or next((line.strip() for line in reversed(lines) if line.strip()), "")
    elif kind and not text.startswith(kind.partition(":")[0]):
        text = f"{kind}: {text}"
    line = _one_line(text) or "no message"
    file = place.partition(":")[0]
    cause = digest(f"{_VARYING_IDS.sub('#', line)}\0{file}", 8)
    return Failure(line, place, cause, digest(f"{_VARYING.sub('#', line)}\0{file}", 8))


def digest(text: str, length: int) -> str:
    """Return the first ``length`` hex digits of the SHA-256 of ``text``."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def _crash(lines: list[str]) -> tuple[str, str]:
    """Return place and exception type of the last line of the form ``path:7: ValueError``."""
    for line in reversed(lines):
        match = _CRASH.match(line)
        if match:
            # with --tb=short, and for import errors, it names the function instead
            kind = match["kind"]
            return match["place"], "" if kind.startswith("in ") else kind
    return "", ""


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LINE else f"{text[: _LINE - 1]}…"
