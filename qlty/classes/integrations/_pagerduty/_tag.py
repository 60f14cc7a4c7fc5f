"""The key line: the last line of an incident's details, by which a later run knows it again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

_MARK = "QLTY key line: "


@dataclass(frozen=True)
class Tag:
    """What a later run must know of an incident before it may resolve it.

    Attributes:
        key: the incident's key.
        kind: ``test``, ``setup``, ``summary`` or ``storm``.
        env: environment in which it was opened.
        branch: branch on which it was opened.
        place: ``ci`` or ``local``.
        failed_at: seconds since the epoch; an older pass proves nothing.
        tests: short digests of what failed: node ids for kind ``test``, otherwise keys.
        more: there were more of them than fit.
        size: how many tests the storm was seen in.
        error: signature of the error, so that a different one is worth a note.
    """

    key: str
    kind: str
    env: str
    branch: str
    place: str
    failed_at: float
    tests: tuple[str, ...] = ()
    more: bool = False
    size: int = 0
    error: str = ""

    def line(self) -> str:
        """Return it as the last line of the details."""
        return _MARK + json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, values: Any) -> Tag | None:
        """Read it back; ``None`` where it is not one of ours."""
        try:
            return cls(**{**values, "tests": tuple(values["tests"])})
        except (TypeError, KeyError):
            return None

    @classmethod
    def find(cls, details: Any) -> Tag | None:
        """Find it in the details of an incident; ``None`` where QLTY did not open it."""
        _, mark, rest = str(details or "").rpartition(_MARK)
        if not mark:
            return None
        try:
            return cls.from_json(json.loads(rest.splitlines()[0]))
        except (ValueError, IndexError):
            return None
