"""The one line that says what failed, read out of the text of a failure, whoever wrote it.

pytest's own reports know it (``longrepr.reprcrash``) and need no reading; for a bare text it is
the line of the exception that ended the test: what follows its frames in Python, what precedes
them in Java and JavaScript, never a frame, a rule of a box or the last line by chance.
"""

from __future__ import annotations

import re
from itertools import dropwhile
from textwrap import dedent
from typing import TYPE_CHECKING

from qlty.results._text import clean, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

#: characters of an error in one line
LINE_LIMIT = 300
#: characters of a text that are read: more does not say more
_READ = 65_536
_READ_OF_LINE = 4 * LINE_LIMIT

_CHAIN = re.compile(
    r"^(?:The above exception was the direct cause of the following exception:|"
    r"During handling of the above exception, another exception occurred:)$",
    re.MULTILINE,
)
#: pytest's ``E`` lines; with ``--tb=line`` and ``no`` only the first of an error has the letter
_MARKED = re.compile(r"^E ", re.MULTILINE)
_RUN_OF_MARKED = re.compile(r"^E .*(?:\n(?:E|    ).*)*", re.MULTILINE)
_PYTHON_FRAME = re.compile(r'^ *File "[^"\n]+"', re.MULTILINE)
#: a frame of Java, JavaScript or .NET: these put the error before its frames
_AT = re.compile(r"^[ \t]+at \S", re.MULTILINE)
_BOX = re.compile(r"^ *\+ Exception Group Traceback \(most recent call last\):$", re.MULTILINE)
_BOX_LINE = re.compile(r"^( *)\| (.*)$", re.MULTILINE)
_ONE_INSIDE = "(1 sub-exception)"
_TITLE = "Traceback (most recent call last)"
_DOCTEST = ": DocTestFailure"
_DOCTEST_CALL = re.compile(r"^\d{3,} +>>> (.*)$", re.MULTILINE)
#: what a test of Go says: ``cart_test.go:12: got 3, want 2``
_GO_SAYS = re.compile(r"^[ \t]*[^\s:]+_test\.go:\d+: ?(.*)$", re.MULTILINE)
_GO_PANIC = re.compile(r"^(?:panic|fatal error): .*$", re.MULTILINE)
_TESTIFY = re.compile(r"^[ \t]*Error:[ \t]+(.*(?:\n[ \t]*\t {8,}\t.*)*)", re.MULTILINE)
#: an error and its words, as most languages write them
_TYPED = re.compile(
    r"(?:Exception in thread \"[^\"]*\" |Uncaught )?"
    r"((?:[A-Za-z_][\w$]*[.:\\]+)*[A-Za-z_][\w$]*(?:Error|Exception|Failure|Throwable)\b.*)"
)
_PLACE = re.compile(r"^\S+\.\w+:\d+: +")
#: lines that say nothing without the next one
_HEAD_ALONE = re.compile(r"(?:[\w.]+|thread '.*' .*panicked at .*):")
#: what pytest-check and pytest-assume put before each of several failures
_CHECK = "FAILURE: "
_ASSUMPTION = re.compile(r"^>>\t(.*)\n(.*)$", re.MULTILINE)


def error_line(said: str) -> str:
    r"""Return an exception's own line of all that it says, type and words, or ``""``.

    Args:
        said: what Python writes below the frames, such as ``reprcrash.message`` of a report.

    >>> error_line('  File "a.py", line 1\n    def (\n        ^\nSyntaxError: invalid syntax')
    'SyntaxError: invalid syntax'
    """
    said = said if len(said) <= _READ else shorten(said, _READ)
    return one_line(_assumption(said) or _first(clean(said).splitlines()))


def read_error_line(text: str) -> str:
    r"""Return the line that says what failed in the text of a whole failure, or ``""``.

    It reads what pytest shows in every ``--tb`` style, tracebacks of Python (exception groups and
    chains, too), Java, JavaScript, .NET and Go, doctests and lists of soft assertions; of other
    text, its first line.

    >>> read_error_line("java.lang.IllegalStateException: no price\n\tat Cart.total(Cart.java:7)")
    'java.lang.IllegalStateException: no price'
    """
    return error_line("\n".join(said_in(text)))


def said_in(text: str, error: str = "") -> list[str]:
    """Return the lines of a failure's text that say what went wrong, without frames and source.

    Args:
        text: the whole text.
        error: the error in one line where it is known: of several exceptions, it tells which.
    """
    text = text if len(text) <= _READ else shorten(text, _READ)
    text = _block(text, error)
    readers = [_checks, _marked, _in_box, _doctest, _below_frames, _before_frames, _of_go]
    if text.lstrip().startswith(_TITLE):
        readers.insert(0, _below_frames)
    for read in readers:
        found = read(text)
        if any(line.strip() for line in found):
            return found
    return text.strip().splitlines()


def statement_of(text: str, error: str = "") -> str:
    """Return the source line that pytest shows above what it says of its failure, or ``""``."""
    text = _block(text, error)
    marked = _MARKED.search(text)
    above = text[: marked.start()].splitlines() if marked else []
    source = [line for line in above if line.strip(" ^~")]
    pointed = next((line[1:] for line in reversed(source) if line.startswith(">")), None)
    return (pointed or (source[-1] if source else "")).strip()


def marked_with(text: str, error: str) -> re.Match[str] | None:
    """Return where pytest's ``E`` lines say an error; ``None`` where they do not."""
    start = error[:40].removesuffix("…")
    block = _block(text, error)
    found = _RUN_OF_MARKED.finditer(text, text.rindex(block)) if start else ()
    return next((one for one in found if start in one[0]), None)


def one_line(text: str) -> str:
    """Return a text as one line of at most :data:`LINE_LIMIT` characters."""
    text = " ".join(text[:_READ_OF_LINE].split())
    return text if len(text) <= LINE_LIMIT else f"{text[: LINE_LIMIT - 1]}…"


def _first(lines: Iterable[str]) -> str:
    """Return the first line that begins at the margin, with the next where it is a type alone."""
    lines = [line for line in dedent("\n".join(lines)).splitlines() if line.strip()]
    own = list(dropwhile(lambda line: line[0] in " \t", lines)) or lines
    if not own:
        return ""
    first = _PLACE.sub("", own[0].removeprefix(_CHECK), count=1).strip()
    alone = len(own) > 1 and _HEAD_ALONE.fullmatch(first)
    return f"{first} {own[1].strip()}" if alone else first


def _block(text: str, error: str) -> str:
    """Return the part of a chain that tells of the exception that ended the test."""
    blocks = _CHAIN.split(text)
    start = error[:40].removesuffix("…")
    telling = [block for block in blocks if start and start in block]
    return (telling or blocks)[-1]


def _marked(text: str) -> list[str]:
    said: list[str] = []
    for found in _RUN_OF_MARKED.finditer(text):
        lines = [line[1:] for line in found[0].splitlines()]
        said += dedent("\n".join(lines)).splitlines()
    return said


def _in_box(text: str) -> list[str]:
    """Return what an exception group says, or the only exception in it."""
    box = _BOX.search(text)
    if box is None:
        return []
    said: list[str] = []
    depth = -1
    for bar, line in _BOX_LINE.findall(text, box.end()):
        if line[:1].isspace() or line.startswith((_TITLE, "Exception Group Traceback")):
            continue
        if said and (len(bar) == depth or not said[0].endswith(_ONE_INSIDE)):
            said.append(f"  {line}")
        elif len(bar) > depth:
            depth, said = len(bar), [line]
    return said


def _checks(text: str) -> list[str]:
    """Return the failures that pytest-check collected."""
    _, check, rest = text.partition(_CHECK) if "Failed Checks: " in text else ("", "", "")
    return (check + rest).strip().splitlines()


def _doctest(text: str) -> list[str]:
    if not text.rstrip().endswith(_DOCTEST):
        return []
    calls = list(_DOCTEST_CALL.finditer(text))
    if not calls:
        return ["DocTestFailure"]
    title = f"DocTestFailure: >>> {calls[-1][1]}"
    below = text[calls[-1].end() :].rstrip().splitlines()[1:-1]
    before, has_got, got = "\n".join(below).partition("\nGot")
    _, has_want, want = f"\n{before}".partition("\nExpected")
    if not (has_got and has_want):  # one of doctest's diff formats
        return [title, *below]
    want, got = (" ".join(part.removeprefix(":").split()) for part in (want, got))
    return [f"{title}: expected {want}, got {got}", *below]


def _below_frames(text: str) -> list[str]:
    """Return what Python writes below the last frame of a traceback."""
    frames = list(_PYTHON_FRAME.finditer(text))
    if not frames:
        return []
    below = text[frames[-1].end() :].splitlines()[1:]
    return list(dropwhile(lambda line: not line.strip() or line[0] in " \t", below))


def _before_frames(text: str) -> list[str]:
    frame = _AT.search(text)
    if frame is None:
        return []
    lines = text[: frame.start()].strip().splitlines()
    for number, line in enumerate(lines):
        match = _TYPED.fullmatch(line.strip()[:_READ_OF_LINE])
        if match:
            return [match[1], *lines[number + 1 :]]
    return lines


def _of_go(text: str) -> list[str]:
    testify = _TESTIFY.search(text)
    if testify and _GO_SAYS.search(text):
        return [" ".join(testify[1].split())]
    panic = _GO_PANIC.search(text)
    if panic and ("goroutine " in text or ".go:" in text):
        return [panic[0].partition(" [recovered")[0]]
    return [said for said in _GO_SAYS.findall(text) if said.strip()]


def _assumption(said: str) -> str:
    """Return the first of several assumptions that failed: pytest-assume's own line only counts."""
    found = _ASSUMPTION.search(said) if "Failed Assumption" in said else None
    if found is None:
        return ""
    return f"FailedAssumption: {found[1].strip()}: {found[2].removeprefix('AssertionError: ')}"
