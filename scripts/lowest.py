"""Print the lowest versions that the installed project allows, as constraints for pip."""

from __future__ import annotations

import re
from importlib.metadata import requires
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_BOUND = re.compile(r"(?P<name>[A-Za-z0-9._-]+)>=(?P<version>[0-9.]+)(?P<marker>\s*;.*)?")
_EXTRA = re.compile(r"\s*(;|\band\b)\s*extra == '[^']*'|\s*(;|\band\b)\s*extra == \"[^\"]*\"")


def constraints(requirements: Iterable[str]) -> list[str]:
    """Return ``name==version`` for each requirement, with its marker.

    Raises:
        ValueError: one has no lower bound, so nobody knows which versions work.
    """
    pinned = []
    for requirement in requirements:
        found = _BOUND.fullmatch(_EXTRA.sub("", requirement))
        if found is None:
            raise ValueError(f"{requirement!r} has no lower bound")
        pinned.append(f"{found['name']}=={found['version']}{found['marker'] or ''}")
    return pinned


if __name__ == "__main__":
    print("\n".join(constraints(requires("qlty-framework") or ())))
