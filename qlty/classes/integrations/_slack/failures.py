"""What failed, as somebody who has to act on it wants to read it: grouped by its error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from qlty.results import TestResult

    Places = Mapping[str, str]

#: The end of a message, where pytest and Python put the error; the rest is never looked at.
_TAIL = 8_000
_EXCERPT_LINES = 12

_ERROR_LINE = re.compile(r"^E( .*)$", re.MULTILINE)
_PYTEST_PLACE = re.compile(r"^([^\s:][^\n:]*\.\w+):(\d+): ", re.MULTILINE)
_PYTHON_PLACE = re.compile(r'^ *File "([^"\n]+)", line (\d+)', re.MULTILINE)
#: What differs between two occurrences of one error.
_VARIABLE = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|'[^'\n]*'|\"[^\"\n]*\"|\d+", re.I)


@dataclass(frozen=True)
class Failure:
    """One failed test.

    Attributes:
        nodeid: pytest's node id.
        error: the error in one line, such as ``AssertionError: assert 1 == 2``.
        excerpt: the lines that say what went wrong.
        place: ``path:line`` where it went wrong, or the test's file.
        new: it passed in the run before; ``False`` where no run before is known.
    """

    nodeid: str
    error: str
    excerpt: str
    place: str
    new: bool = False


@dataclass(frozen=True)
class Group:
    """Failures that have one error in common.

    Attributes:
        failures: in the order in which they ended; at least one.
    """

    failures: tuple[Failure, ...]

    @property
    def new(self) -> int:
        """How many of them are new."""
        return sum(failure.new for failure in self.failures)


def describe(
    result: TestResult, places: Places | None = None, broken_before: Collection[str] | None = None
) -> Failure:
    """Return the facts of a failed test.

    Args:
        result: its result.
        places: ``path:line`` of tests by node id, for messages that name no place.
        broken_before: node ids that failed in the run before; ``None`` where none is known.
    """
    nodeid = result["nodeid"]
    message = (result["message"] or "")[-_TAIL:]
    error, excerpt = _error(message)
    return Failure(
        nodeid=nodeid,
        error=error or result["outcome"],
        excerpt=excerpt,
        place=_place(message) or (places or {}).get(nodeid) or nodeid.partition("::")[0],
        new=broken_before is not None and nodeid not in broken_before,
    )


def group(failures: Iterable[Failure]) -> list[Group]:
    """Put failures with the same error together.

    New errors come first, then those that hit most tests; otherwise the order stays.
    """
    by_error: dict[str, list[Failure]] = {}
    for failure in failures:
        by_error.setdefault(signature(failure.error), []).append(failure)
    groups = [Group(tuple(sorted(found, key=_new_first))) for found in by_error.values()]
    return sorted(groups, key=lambda one: (not one.new, -one.new, -len(one.failures)))


def signature(error: str) -> str:
    """Return the error without numbers, addresses and quoted values.

    >>> signature("AssertionError: assert 41 == 'a'")
    'AssertionError: assert # == #'
    """
    return _VARIABLE.sub("#", error)


def _error(message: str) -> tuple[str, str]:
    """Return the error in one line, and the lines around it: pytest marks them with ``E``."""
    marked = [match[1] for match in _ERROR_LINE.finditer(message)]
    if marked:
        first = next((text for each in marked if (text := each.strip())), "")
        return first, dedent("\n".join(marked[:_EXCERPT_LINES]))
    lines = message.strip().splitlines()[-_EXCERPT_LINES:]
    return (lines[-1].strip() if lines else ""), "\n".join(lines)


def _new_first(failure: Failure) -> bool:
    return not failure.new


def _place(message: str) -> str:
    return _last(_PYTEST_PLACE.finditer, message) or _last(_PYTHON_PLACE.finditer, message)


def _last(find: Callable[[str], Iterable[re.Match[str]]], message: str) -> str:
    matches = list(find(message))
    return f"{matches[-1][1]}:{matches[-1][2]}" if matches else ""
