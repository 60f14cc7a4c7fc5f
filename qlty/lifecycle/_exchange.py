"""What run and reporter hand each other of the context that all integrations share."""

from __future__ import annotations

from json import dumps, loads
from typing import Any

#: characters of one value; more than a pipe takes at once would make the run wait
_LONGEST = 30_000


def plain(context: dict[str, Any]) -> dict[str, Any]:
    """Return what of the context is JSON; the rest stays in the process that put it there."""
    found = {}
    for name, value in context.items():
        try:
            text = dumps(value)
        except (TypeError, ValueError, RecursionError):
            continue
        if name != "run" and len(text) <= _LONGEST:
            found[name] = loads(text)
    return found
