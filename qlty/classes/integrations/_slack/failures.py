"""What failed, as somebody who has to act on it wants to read it: grouped by its error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping

    from qlty.results import TestResult

    Places = Mapping[str, str]

#: The end of a message, where pytest and Python put the error; the rest is never looked at.
_TAIL = 8_000
_EXCERPT_LINES = 12

#: pytest's ``E`` lines; with ``--tb=line`` and ``no`` only the first of an error has the letter
_MARKED = re.compile(r"^E .*(?:\n    .*)*", re.MULTILINE)
_SOURCE_LINE = "    "
#: a frame of Java or JavaScript: these put the error before its frames
_AT = re.compile(r"^\s+at \S", re.MULTILINE)
_PYTEST_PLACE = re.compile(r"^([^\s:][^\n:]*\.\w+):(\d+): ", re.MULTILINE)
_PYTHON_PLACE = re.compile(r'^ *File "([^"\n]+)", line (\d+)', re.MULTILINE)
#: What differs between two occurrences of one error.
_VARIABLE = re.compile(r"(0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|'[^'\n]*'|\"[^\"\n]*\"|\d+)", re.I)
#: A comparison of mere values has none: it says what differs, and not what is wrong.
_WORD = re.compile(r"\b(?!assert\b|AssertionError\b)[^\W\d_]{2}", re.I)
_ELSEWHERE = ("/", "..")


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
    """

    nodeid: str
    error: str
    excerpt: str
    place: str
    new: bool = False
    phase: str = ""


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
        parts = zip(*(_VARIABLE.split(error) for error in errors), strict=True)
        return "".join(each[0] if len(set(each)) == 1 else "…" for each in parts)


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
        place=_place(message, nodeid) or (places or {}).get(nodeid) or nodeid.partition("::")[0],
        new=broken_before is not None and nodeid not in broken_before,
        phase=result["phase"] or "",
    )


def first_error(result: TestResult) -> str:
    """Return the error of the first attempt of a flaky test, ``""`` where none is known."""
    messages = (attempt["message"] for attempt in result.get("earlier_attempts", ()))
    first = next(filter(None, messages), "")
    return _error(first[-_TAIL:])[0]


def group(failures: Iterable[Failure]) -> list[Group]:
    """Put failures with the same error together.

    New errors come first, then those that hit most tests; otherwise the order stays.
    """
    found: list[list[Failure]] = []
    by_key: dict[Hashable, list[Failure]] = {}
    for failure in failures:
        keys = _keys(failure)
        same = next((by_key[key] for key in keys if key in by_key), None)
        if same is None:
            found.append(same := [])
        same.append(failure)
        for key in keys:
            by_key.setdefault(key, same)
    groups = [Group(tuple(sorted(same, key=_new_first))) for same in found]
    return sorted(groups, key=lambda one: (not one.new, -one.new, -len(one.failures)))


def signature(error: str) -> str:
    """Return the error without numbers, addresses and quoted values.

    >>> signature("AssertionError: assert 41 == 'a'")
    'AssertionError: assert # == #'
    """
    return _VARIABLE.sub("#", error)


def _keys(failure: Failure) -> tuple[Hashable, ...]:
    """Return what makes it the same error as another one's.

    ``assert 3 == 4`` and ``assert 5 == 6`` are one error only where they come from one line.
    """
    same = signature(failure.error)
    if _WORD.search(same):
        return (same,)
    return (failure.error, (same, failure.place))


def _error(message: str) -> tuple[str, str]:
    """Return the error in one line, and the lines that say more about it."""
    lines = _marked(message) or _after_frames(message) or _before_frames(message)
    if not lines:
        lines = message.strip().splitlines()[-_EXCERPT_LINES:]
        return (lines[-1].strip() if lines else ""), "\n".join(lines)
    first = next((text for each in lines if (text := each.strip())), "")
    return first, dedent("\n".join(lines[:_EXCERPT_LINES]))


def _marked(message: str) -> list[str]:
    return [each[1:] for found in _MARKED.finditer(message) for each in found[0].splitlines()]


def _after_frames(message: str) -> list[str]:
    """Return what Python writes below the last frame of a traceback."""
    frames = list(_PYTHON_PLACE.finditer(message))
    if not frames:
        return []
    below = message[frames[-1].end() :].splitlines()[1:]
    return [each for each in below if not each.startswith(_SOURCE_LINE)]


def _before_frames(message: str) -> list[str]:
    frame = _AT.search(message)
    return message[: frame.start()].strip().splitlines() if frame else []


def _new_first(failure: Failure) -> bool:
    return not failure.new


def _place(message: str, nodeid: str) -> str:
    """Return the innermost place in the project's own code, or else the innermost one."""
    found = list(_PYTEST_PLACE.finditer(message)) or list(_PYTHON_PLACE.finditer(message))
    places = [(match[1], match[2]) for match in found]
    root = _root((path for path, _ in places), nodeid.partition("::")[0])
    places = [(path.removeprefix(root), number) for path, number in places]
    own = [place for place in places if _is_own(place[0])]
    return ":".join((own or places)[-1]) if places else ""


def _root(paths: Iterable[str], test_file: str) -> str:
    """Return the folder below which the project's files are, as far as it can be seen."""
    ends = f"/{test_file}"
    return next((path.removesuffix(test_file) for path in paths if path.endswith(ends)), "")


def _is_own(path: str) -> bool:
    return not path.startswith(_ELSEWHERE) and "site-packages/" not in path
