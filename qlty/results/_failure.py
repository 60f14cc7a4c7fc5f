"""One failure: its error in one line, its place, and what makes two of them the same problem."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from posixpath import normpath
from typing import TYPE_CHECKING

from qlty.results._error_line import error_line, marked_with, said_in, statement_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from qlty.results._model import TestResult

_EXCERPT_LINES = 12
_READ = 65_536

_CRASH = re.compile(r"^(?!E )(?P<place>[^\s:][^:\n]*:\d+): (?P<kind>.+)$", re.MULTILINE)
#: ``tests/test_a.py:7: ``, or pytest-check's ``tests/test_a.py:7 in test_a()``
_PYTEST_PLACE = re.compile(r"^(?!E )([^\s:][^\n:]*\.\w+):(\d+)(?:: | in \w+\()", re.MULTILINE)
_PYTHON_PLACE = re.compile(r'^[ |]*File "([^"\n]+)", line (\d+)', re.MULTILINE)
#: the file that could not be read, whatever frame of Python found it
_UNREADABLE = re.compile(r'^E? *File "([^"\n]+)", line (\d+)$', re.MULTILINE)
_UNREADABLE_BY = ("SyntaxError:", "IndentationError:", "TabError:")
#: what pytest's long style puts below the words of an error
_BELOW = re.compile(r"\s*\n[^\s:][^:\n]*:\d+: (?!in ).+")
_ELSEWHERE = ("/", "..")

#: addresses, ids and numbers; ``t3`` and ``utf8`` are names
VALUE = re.compile(
    r"0x[0-9a-fA-F]+|\b[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{8,}\b|"
    r"\b(?=[A-Z]*\d)[A-Z0-9]{6,}\b|(?<![^\W_])\d+(?:\.\d+)*|\d{4,}"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
#: what a comparison of mere values is made of: it says what differs, and not what is wrong
_NO_WORD = re.compile(r"\b(?:assert|AssertionError|check|not|is|in|and|or|None|True|False)\b")
_WORD = re.compile(r"[^\W\d_]{2}")
#: ``assert False``: not even a value
_SAYS_NOTHING = re.compile(
    r"(?:AssertionError|check|assert|not|is|False|None|True|0(?:\.0)?|''|\"\"|[\[\](){}:\s])*"
)


@dataclass(frozen=True)
class Failure:
    """What the text of a failure says.

    Attributes:
        line: the error in one line, as pytest's summary shows it: ``ValueError: no price``.
        excerpt: up to 12 lines that say what went wrong.
        place: ``path:line`` of the innermost frame in the project's own code, or else of the
            innermost one; ``""`` where the text names none.
        crash: ``path:line`` of the innermost frame that pytest shows, or ``""``.
        kind: the type of the exception, where pytest names it beside ``crash``, or ``""``.
        statement: the source line that failed, where the text shows it, or ``""``.
        test: node id of the test, without its parameters.
    """

    line: str
    excerpt: str = ""
    place: str = ""
    crash: str = ""
    kind: str = ""
    statement: str = ""
    test: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What it is a failure of: two failures that have one of these in common are one problem.

        Numbers, ids and addresses make no difference. A comparison of mere values, such as
        ``assert 3 == 4``, is the same problem where the same statement fails with the same values,
        or at the same place; one that says nothing at all, such as ``assert False``, only there.
        The first of them is the most certain one.
        """
        alike = VALUE.sub("\0", self.line)
        if _WORD.search(_NO_WORD.sub("", _QUOTED.sub("", alike))):
            return (alike,)
        here = f"{alike}\0{self.place or self.test}"
        if _SAYS_NOTHING.fullmatch(self.line):
            return (here,)
        return (f"{self.line}\0{self.statement}", here)


def read_failure(message: str | None, error: str | None = None, nodeid: str = "") -> Failure:
    """Read the text of a failure as pytest, or another test tool, shows it.

    Args:
        message: the text; of a very long one only head and tail are looked at.
        error: the error in one line, where it is known.
        nodeid: of the test; it tells which paths are the project's own.
    """
    text = message or ""
    if len(text) > _READ:
        text = f"{text[: _READ // 4]}\n{text[-_READ + _READ // 4 :]}"
    said = said_in(text, error or "")
    own = _without_later_ones(text, error or "")
    crash, kind = _crash(own)
    line = error or error_line("\n".join(said)) or kind
    return Failure(
        line=line,
        excerpt="\n".join(said[:_EXCERPT_LINES]).strip("\n"),
        place=_place(own, nodeid, unreadable=line.startswith(_UNREADABLE_BY)),
        crash=crash,
        kind=kind,
        statement=statement_of(text, error or ""),
        test=nodeid.partition("[")[0],
    )


def failure_of(result: TestResult) -> Failure:
    """Return what a failed test's result says."""
    known = read_failure(result["message"], result.get("error"), result["nodeid"])
    return known if known.line else replace(known, line=result["outcome"])


def _without_later_ones(text: str, error: str) -> str:
    """Return a text up to the end of the failure that an error is of: teardown fails after it."""
    said = marked_with(text, error)
    if said is None:
        return text
    below = _BELOW.match(text, said.end())
    return text[: below.end() if below else said.end()]


def _crash(text: str) -> tuple[str, str]:
    """Return place and exception type of the last line of the form ``path:7: ValueError``."""
    crashes = list(_CRASH.finditer(text))
    if not crashes:
        return "", ""
    last = crashes[-1]
    # with --tb=short, and for import errors, it names the function instead
    return last["place"], "" if last["kind"].startswith("in ") else last["kind"]


def _place(text: str, nodeid: str, *, unreadable: bool) -> str:
    """Return the innermost place in the project's own code, or else the innermost one."""
    found = list(_UNREADABLE.finditer(text))[-1:] if unreadable else []
    found = found or list(_PYTEST_PLACE.finditer(text)) or list(_PYTHON_PLACE.finditer(text))
    places = [(match[1], match[2]) for match in found]
    paths, test_file = [path for path, _ in places], nodeid.partition("::")[0]
    root, folder = _root(paths, test_file), _folder(paths, test_file)
    places = [(_below_root(path, root, folder), number) for path, number in places]
    own = [place for place in places if _is_own(place[0])]
    return ":".join((own or places)[-1]) if places else ""


def _root(paths: Iterable[str], test_file: str) -> str:
    """Return the folder below which the project's files are, as far as it can be seen."""
    ends = f"/{test_file}"
    return next((path.removesuffix(test_file) for path in paths if path.endswith(ends)), "")


def _folder(paths: Collection[str], test_file: str) -> str:
    """Return the folder below the project's in which a test was, so that paths begin there."""
    if test_file in paths:
        return ""
    short = (path for path in paths if test_file.endswith(f"/{path}"))
    return next((test_file.removesuffix(path) for path in short), "")


def _below_root(path: str, root: str, folder: str) -> str:
    inside = path.removeprefix(root)
    return inside if inside != path or path.startswith("/") else normpath(f"{folder}{path}")


def _is_own(path: str) -> bool:
    return not path.startswith(_ELSEWHERE) and "site-packages/" not in path
