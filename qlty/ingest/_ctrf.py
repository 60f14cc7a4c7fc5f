"""Reading CTRF JSON (https://ctrf.io), as it is written today and as it was before."""

from __future__ import annotations

import re
from json import JSONDecoder
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct, field

from qlty.ingest._dialects import name_of
from qlty.ingest._report import shown
from qlty.ingest._rows import ATTEMPT_LIMIT, Once, Row, text_of, value_of
from qlty.ingest._values import bounded, epoch_of
from qlty.results import status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlty.ingest._report import FileReport
    from qlty.ingest._source import Source
    from qlty.results import Outcome

_OUTCOMES: dict[str, Outcome] = {
    "passed": "passed",
    "failed": "failed",
    "skipped": "skipped",
    "pending": "skipped",
}
_TESTS = re.compile(r'"tests"\s*:\s*\[\s*')
_BETWEEN = re.compile(r"[\s,]*")


class _Results(Struct):
    tests: list[Raw]
    summary: dict[str, Any] = field(default_factory=dict)


class _Document(Struct):
    results: _Results


class _Attachment(Struct):
    path: str = ""


class _Attempt(Struct):
    status: str
    message: str | None = None
    trace: str | None = None
    duration: float = 0.0


class _Test(Struct, rename="camel"):
    name: str
    status: str
    duration: float = 0.0
    start: float | None = None
    suite: list[str] | str | None = None
    message: str | None = None
    trace: str | None = None
    line: int | None = None
    raw_status: str | None = None
    tags: list[str] = field(default_factory=list)
    labels: dict[str, Any] = field(default_factory=dict)
    file_path: str | None = None
    retries: int | None = None
    retry_attempts: list[_Attempt] = field(default_factory=list)
    flaky: bool = False
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    browser: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    attachments: list[_Attachment] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


_DOCUMENT = msgspec.json.Decoder(_Document)
_TEST = msgspec.json.Decoder(_Test)


def read_ctrf(source: Source, report: FileReport) -> None:
    """Read a file into ``report``; a test that cannot be read is a hole, and costs no other one.

    Raises:
        OSError: it cannot be read.
    """
    content = source.content().removeprefix(b"\xef\xbb\xbf")
    try:
        results = _DOCUMENT.decode(content).results
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        report.hole(_line_of(content, str(error)), f"it is no CTRF report: {error}")
        if "truncated" in str(error):
            report.rows += _before_the_end(content.decode("utf-8", "replace"))
        return
    at = 0
    for number, raw in enumerate(results.tests):
        text = bytes(raw)
        at = max(content.find(text, at), 0)
        line = content.count(b"\n", 0, at) + 1 if number < _MOST_LINES else 0
        try:
            report.rows.append(_row(_TEST.decode(text), line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            report.hole(line, f"test {number + 1} of the report cannot be read: {error}")
        at += len(text)
    _compare(results, report)


def _before_the_end(text: str) -> Iterator[Row]:
    """Yield the tests that are whole in a report that is cut off."""
    decoder, begin = JSONDecoder(), _TESTS.search(text)
    at = begin.end() if begin else len(text)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
            yield _row(msgspec.convert(value, _Test), 0)
        except (ValueError, RecursionError, msgspec.DecodeError):
            return
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too


#: tests of which the line is looked for: counting lines takes longer the later they are
_MOST_LINES = 5_000


def _line_of(content: bytes, error: str) -> int:
    """Return the line of a syntax error, which msgspec tells as ``(byte 17)``, or the last one."""
    if "truncated" in error:
        return content.count(b"\n") + 1
    byte = error.partition("(byte ")[2].rstrip(")")
    return content.count(b"\n", 0, int(byte)) + 1 if byte.isdigit() else 1


def _row(test: _Test, line: int) -> Row:
    name = name_of(test.name) or "<unnamed>"
    if test.browser:  # without its version, which would make it another test with each update
        name = f"{name}[{name_of(test.browser).partition(' ')[0]}]"
    seconds = bounded(test.duration / 1000.0) or 0.0
    row = Row(_group(test), name, _outcome(test), seconds, line)
    row.started = epoch_of(test.start / 1000.0) if test.start else None
    detail = row.more
    detail.message = _message(test, 65_536)
    detail.phase = "call"
    detail.path, detail.code_line = test.file_path, test.line
    detail.tags = tuple(test.tags)
    detail.parameters = test.parameters
    labels = {**test.extra, **test.labels}
    detail.properties = [(name, value_of(value)) for name, value in labels.items()]
    detail.attachments = [one.path for one in test.attachments if one.path]
    for stream, lines in (("stdout", test.stdout), ("stderr", test.stderr)):
        if text := text_of("\n".join(lines)):
            detail.captured[stream] = text
    _attempts(row, test)
    return row


def _group(test: _Test) -> str:
    suite = [test.suite] if isinstance(test.suite, str) else test.suite or []
    path = (test.file_path or "").replace("\\", "/")
    parts = [name_of(part) for part in (path, *suite) if part]
    return "::".join(dict.fromkeys(parts)) or "tests"


def _outcome(test: _Test) -> Outcome:
    """Return what a test came to; ``other`` and unknown words are never taken for a pass."""
    known = _OUTCOMES.get(test.status)
    if known is not None:
        return known
    harmless = (test.raw_status or "").lower() in {"todo", "disabled", "ignored", "notrun"}
    return "skipped" if harmless else "error"


def _message(said: _Test | _Attempt, limit: int) -> str | None:
    message, trace = said.message or "", said.trace or ""
    first = message.strip().partition("\n")[0]
    return text_of(trace if first and first in trace else f"{message}\n{trace}", limit)


def _attempts(row: Row, test: _Test) -> None:
    """Take the attempts before the last one.

    Since August 2026 ``retryAttempts`` has these alone; before, it could end with the last one,
    which is the test itself: https://github.com/ctrf-io/ctrf/pull/62
    """
    attempts = test.retry_attempts
    repeated = attempts and attempts[-1].status == test.status
    if repeated and len(attempts) == (test.retries or 0) + 1:
        attempts = attempts[:-1]
    row.more.earlier = [
        Once(
            _OUTCOMES.get(one.status, "error"),
            _message(one, ATTEMPT_LIMIT),
            bounded(one.duration / 1000.0) or 0.0,
        )
        for one in attempts
    ]
    row.more.unseen = min(max((test.retries or 0) - len(attempts), 0), 1_000)
    row.more.flaky = test.flaky and not attempts


def _compare(results: _Results, report: FileReport) -> None:
    stated = results.summary.get("tests")
    if isinstance(stated, int) and stated != len(results.tests):
        report.warn(
            1, f"the summary says {stated} tests, and there are {len(results.tests)}: these count"
        )
    failed = results.summary.get("failed")
    counted = sum(status_of(row.outcome) == "failed" for row in report.rows)
    if isinstance(failed, int) and failed > counted:
        report.warn(1, f"the summary says that {failed} tests failed, and {counted} did")
    odd = [row for row in report.rows if row.outcome == "error"]
    if odd:
        report.warn(
            odd[0].line,
            f"the status of {len(odd)} tests is neither passed, failed nor skipped, beginning with "
            f"{shown(odd[0].name)!r}: they count as errors",
        )
