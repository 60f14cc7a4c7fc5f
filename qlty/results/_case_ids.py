"""TestRail case ids, from where tests carry them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qlty.results._model import Marker

_IN_NAME = re.compile(r"\[C(\d+)\]")
_ID = re.compile(r"[Cc]?(\d+)")


def case_ids(name: str, markers: Iterable[Marker]) -> tuple[int, ...]:
    """Return the case ids of ``@pytest.mark.testrail(1, "C2")`` and of ``[C123]`` in the name.

    Each id once, in this order. What is no id is left out.
    """
    found = [number for mark in markers if mark.name == "testrail" for number in ids_in(mark.args)]
    found += [int(digits) for digits in _IN_NAME.findall(name)]
    return tuple(dict.fromkeys(found))


def ids_in(values: Iterable[Any]) -> Iterator[int]:
    """Yield the ids among ``values``: ``7``, ``"7"``, ``"C7"``, or lists of these."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from ids_in(value)
        elif isinstance(value, int) and not isinstance(value, bool) and value > 0:
            yield value
        elif isinstance(value, str) and (match := _ID.fullmatch(value.strip())):
            yield int(match[1])
