"""What failed, as somebody who has to act on it wants to read it: grouped by its error."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from qlty.results import VALUE, failure_of, read_error_line
from qlty.results import Failure as Said

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from qlty.results import TestResult

    Places = Mapping[str, str]


@dataclass(frozen=True)
class Failure:
    """One failed test.

    Attributes:
        nodeid: pytest's node id.
        error: the error in one line, such as ``AssertionError: assert 1 == 2``.
        excerpt: the lines that say what went wrong.
        place: ``path:line`` where it went wrong, or the test's file.
        new: it passed in the run before; ``False`` where no run before is known.
        phase: where it failed: ``collect``, ``setup``, ``call``, ``teardown``, or ``""``.
        statement: the source line that failed, or ``""``.
    """

    nodeid: str
    error: str
    excerpt: str
    place: str
    new: bool = False
    phase: str = ""
    statement: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What it is a failure of; see :class:`qlty.results.Failure`."""
        place = self.place if ":" in self.place else ""
        test = self.nodeid.partition("[")[0]
        return Said(self.error, place=place, statement=self.statement, test=test).problems


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

    @property
    def error(self) -> str:
        """Their error; an ellipsis stands for values in which they differ."""
        errors = dict.fromkeys(failure.error for failure in self.failures)
        fixed = VALUE.split(next(iter(errors)))
        values = zip(*(VALUE.findall(error) for error in errors), strict=True)
        shown = [each[0] if len(set(each)) == 1 else "…" for each in values]
        return "".join(part for pair in zip_longest(fixed, shown, fillvalue="") for part in pair)


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
    said = failure_of(result)
    return Failure(
        nodeid=nodeid,
        error=said.line,
        excerpt=said.excerpt,
        place=said.place or (places or {}).get(nodeid) or nodeid.partition("::")[0],
        new=broken_before is not None and nodeid not in broken_before,
        phase=result["phase"] or "",
        statement=said.statement,
    )


def first_error(result: TestResult) -> str:
    """Return the error of the first attempt of a flaky test, ``""`` where none is known."""
    messages = (attempt["message"] for attempt in result.get("earlier_attempts", ()))
    first = next(filter(None, messages), "")
    return read_error_line(first)


def group(failures: Iterable[Failure]) -> list[Group]:
    """Put failures with the same error together.

    New errors come first, then those that hit most tests; otherwise the order stays.
    """
    found: list[list[Failure]] = []
    by_problem: dict[str, list[Failure]] = {}
    for failure in failures:
        problems = failure.problems
        known = [by_problem[one] for one in problems if one in by_problem]
        if not known:
            found.append([])
        same = known[0] if known else found[-1]
        same.append(failure)
        for problem in problems:
            by_problem.setdefault(problem, same)
    groups = [Group(tuple(sorted(same, key=_new_first))) for same in found]
    return sorted(groups, key=lambda one: (not one.new, -one.new, -len(one.failures)))


def _new_first(failure: Failure) -> bool:
    return not failure.new
