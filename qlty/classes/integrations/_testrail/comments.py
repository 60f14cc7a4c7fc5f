"""The comment of a result: which tests, what happened, where to look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._testrail.limits import COMMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qlty.classes.integrations._testrail.tests import Test

_CODE = "    "  # TestRail shows lines that are indented like this as they are
_SENSIBLE = 80  # characters of a message; less says nothing
_BAD = frozenset({"failed", "error"})


def comment(tests: Sequence[Test], token: str, ci_url: str | None, limit: int = COMMENT) -> str:
    """Return the comment for all tests of one case, worst first, at most ``limit`` long.

    The last line is ``token``: it tells this result from every other one, after a lost answer.
    """
    footer = "\n".join([*([f"CI job: {ci_url}"] if ci_url else []), token])
    room = limit - len(footer) - 2
    head = cut_lines(_summary(tests), room // 2 if _told(tests) else room)
    parts = [head]
    room -= len(head)
    for test in _told(tests):
        part = _details(test, room, named=len(tests) > 1)
        if not part:
            break
        parts.append(part)
        room -= len(part)
    return "".join(parts) + "\n\n" + footer


def cut(text: str, limit: int) -> str:
    """Cut the middle out of a text that is longer than ``limit`` characters, and say so.

    What is left is the head, where a message says what was expected, and twice as much of the
    tail, where a traceback says what went wrong. Cuts are made between lines where there are any.
    """
    if len(text) <= limit:
        return text
    mark = f"\n[... {len(text)} characters in all, cut here ...]\n"
    room = limit - len(mark)
    if room <= 0:
        return text[: max(limit, 0)]
    head, tail = text[: room // 3], text[len(text) - (room - room // 3) :]
    head = head[: head.rfind("\n")] if "\n" in head[len(head) // 2 :] else head
    line_end = tail.find("\n", 0, len(tail) // 2)
    return head + mark + tail[line_end + 1 :]


def cut_lines(lines: Sequence[str], limit: int) -> str:
    """Join as many lines as fit into ``limit`` characters and say how many are left out."""
    text = "\n".join(lines)
    if len(text) <= limit:
        return text
    kept: list[str] = []
    used = len(f"... and {len(lines)} more")
    for line in lines:
        used += len(line) + 1
        if used > limit:
            break
        kept.append(line)
    rest = f"... and {len(lines) - len(kept)} more"
    return "\n".join([*kept, rest])[: max(limit, 0)]


def _summary(tests: Sequence[Test]) -> list[str]:
    if len(tests) == 1:
        return [_line(tests[0])]
    bad = sum(test.outcome in _BAD for test in tests)
    title = f"{bad} of {len(tests)} tests failed:" if bad else f"{len(tests)} tests:"
    return [title, *(f"- {_line(test)}" for test in tests)]


def _line(test: Test) -> str:
    again = f", {test.attempts} attempts" if test.attempts > 1 else ""
    flaky = ", flaky" if test.flaky else ""
    cut_off = ", interrupted" if test.interrupted else ""
    return f"{test.outcome}: {test.nodeid} ({test.duration:.2f} s{again}{flaky}{cut_off})"


def _told(tests: Sequence[Test]) -> list[Test]:
    return [test for test in tests if test.message]


def _details(test: Test, room: int, *, named: bool) -> str:
    """Return the failure's text as TestRail shows code; empty where no sensible part fits."""
    title = f"\n\n{test.nodeid}\n\n" if named else "\n\n"
    body = "\n".join(_CODE + line for line in test.message.splitlines())
    left = room - len(title)
    return title + cut(body, left) if left >= min(len(body), _SENSIBLE) else ""
