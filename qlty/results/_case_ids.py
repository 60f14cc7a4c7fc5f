"""TestRail case ids, from where tests carry them."""

from __future__ import annotations

import re
from itertools import repeat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qlty.results._model import Marker

_IN_NAME = re.compile(r"\[C(\d+)\]")
_ID = re.compile(r"[Cc]?(\d+)")


def case_ids(
    name: str, markers: Iterable[Marker], levels: Iterable[int] | None = None
) -> tuple[int, ...]:
    """Return the case ids of a test, each once.

    They come from ``@pytest.mark.testrail(1, "C2")``, from ``@pytest.mark.testrail(ids=("C2",))``,
    which pytest-testrail's ``@pytestrail.case("C2")`` makes, from the entry of the test's parameter
    in ``@pytest.mark.testrail(params={"chrome": 3})``, and from ``[C123]`` in the name. What is no
    id is left out.

    Args:
        name: of the test, with its parameters.
        markers: nearest first.
        levels: for each marker 0 where it is the test's own, more the farther away it stands:
            ids of a class or a module are a default for tests without ids of their own. Without
            it all markers are the test's own.
    """
    parameter = name.partition("[")[2].removesuffix("]")
    by_level: dict[int, list[int]] = {}
    for marker, level in zip(markers, levels or repeat(0), strict=False):
        if marker.name == "testrail":
            by_level.setdefault(level, []).extend(_of_marker(marker, parameter))
    if "[C" in name:
        by_level.setdefault(0, []).extend(map(int, _IN_NAME.findall(name)))
    if not by_level:
        return ()
    nearest = next((by_level[level] for level in sorted(by_level) if by_level[level]), [])
    return tuple(dict.fromkeys(nearest))


def _of_marker(marker: Marker, parameter: str) -> Iterator[int]:
    yield from ids_in(marker.args)
    yield from ids_in([marker.kwargs.get("ids")])
    params = marker.kwargs.get("params")
    if isinstance(params, dict) and parameter in params:
        yield from ids_in([params[parameter]])


def ids_in(values: Iterable[Any]) -> Iterator[int]:
    """Yield the ids among ``values``: ``7``, ``"7"``, ``"C7"``, or lists of these."""
    return (id_ for value in _flat(values) if (id_ := _id(value)) is not None)


def no_ids_in(values: Iterable[Any]) -> Iterator[Any]:
    """Yield what :func:`ids_in` leaves out."""
    return (value for value in _flat(values) if _id(value) is None)


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _flat(value)
        else:
            yield value


def _id(value: Any) -> int | None:
    if isinstance(value, str) and (match := _ID.fullmatch(value.strip())):
        value = int(match[1])
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and value > 0 else None
