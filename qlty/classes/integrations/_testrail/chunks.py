"""Calls that are small enough, from a list of any length."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from qlty.classes.integrations._testrail.limits import BYTES_PER_CALL, RESULTS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")

_BRACKETS = len('{"results":[]}')


def size(result: dict[str, Any]) -> int:
    """Return the bytes of a result in a request's body, with the comma behind it."""
    return len(json.dumps(result)) + len(", ")


def chunks(
    results: Sequence[T],
    body: Callable[[T], dict[str, Any]],
    most: int = RESULTS_PER_CALL,
    most_bytes: int = BYTES_PER_CALL,
) -> Iterator[Sequence[T]]:
    """Cut ``results`` into runs of at most ``most`` entries and ``most_bytes`` bytes.

    The order is kept and nothing is lost; one result larger than ``most_bytes`` goes alone.
    """
    start, filled = 0, _BRACKETS
    for index, result in enumerate(results):
        bytes_more = size(body(result))
        full = index - start >= most or filled + bytes_more > most_bytes
        if full and index > start:
            yield results[start:index]
            start, filled = index, _BRACKETS
        filled += bytes_more
    if start < len(results):
        yield results[start:]
