"""From one ``testcase`` element to one row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from qlty.ingest._rows import ATTEMPT_LIMIT, Detail, Once, Row, is_attachment, text_of, value_of
from qlty.ingest._text import Text
from qlty.ingest._values import moment_of, seconds_of

if TYPE_CHECKING:
    from qlty.results import Outcome, Phase

#: what writers say in ``status`` or ``result`` where they leave a child out
_SKIPPED = frozenset(
    {"notrun", "skipped", "disabled", "ignored", "inconclusive", "pending", "suppressed"}
)
_FAILED = frozenset({"failed", "failure", "fail", "error", "broken", "timedout", "timeout"})

_PHASES: tuple[tuple[str, Phase], ...] = (
    ("failed on setup with", "setup"),
    ("failed on teardown with", "teardown"),
    ("collection failure", "collect"),
)
#: how Playwright, mocha-junit-reporter and Jenkins name files in what a test has written
_ATTACHMENT = re.compile(r"\[\[ATTACHMENT\|([^\]\n]+)\]\]")
#: characters of output that are kept of a failed test
_OUTPUT_LIMIT = 16_384


class _Started(Protocol):
    started: float | None


class Child:
    """A verdict, or an attempt, inside of a test."""

    __slots__ = ("attributes", "outputs", "tag", "text", "trace")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        """Make one."""
        self.tag = tag
        self.attributes = attributes
        self.text = Text()
        self.trace: Text | None = None
        self.outputs: dict[str, Text] = {}

    def message(self, limit: int) -> str | None:
        """Return all that it says."""
        said = self.attributes.get("message", "")
        text = (self.trace or self.text).whole().strip("\n")
        first = said.strip().partition("\n")[0]
        if first and first not in text:
            text = f"{said}\n{text}"
        return text_of(text or self.attributes.get("type"), limit)

    def once(self) -> Once:
        """Return the attempt that it is."""
        outcome: Outcome = "error" if self.tag.endswith("Error") else "failed"
        seconds = seconds_of(self.attributes.get("time")) or 0.0
        return Once(outcome, self.message(ATTEMPT_LIMIT), seconds)


class Element:
    """A test that is being read.

    Attributes:
        attributes: its own.
        line: where it begins.
        alone: it is no test, but a verdict of a suite.
        attempt: which attempt it says that it is.
    """

    __slots__ = ("alone", "attempt", "attributes", "children", "line", "outputs", "properties")

    def __init__(self, attributes: dict[str, str], line: int, *, alone: bool = False) -> None:
        """Make one."""
        self.attributes = attributes
        self.line = line
        self.alone = alone
        self.attempt: int | None = None
        self.children: list[Child] = []
        self.properties: list[tuple[str, str | None, Text]] = []
        self.outputs: dict[str, Text] = {}

    def output(self, tag: str, inside: Child | None) -> Text:
        """Return what takes the text of an element that is no verdict."""
        if inside is not None and tag == "stackTrace":
            inside.trace = Text()
            return inside.trace
        outputs = self.outputs if inside is None else inside.outputs
        return outputs.setdefault(tag, Text())


def row_of(case: Element, group: str, name: str, suite: _Started) -> Row:
    """Return the row of a test; its seconds are negative where its time cannot be read."""
    attributes = case.attributes
    seconds = seconds_of(attributes.get("time") or attributes.get("duration"))
    seconds = -1.0 if seconds is None else seconds
    row = Row(group, name, "passed", seconds, case.line, suite.started)
    if "timestamp" in attributes:
        row.started = moment_of(attributes["timestamp"]) or suite.started
    _plain_verdict(row, attributes)
    if case.properties:
        _properties(row, case)
    if case.children:
        _verdict(row, case.children)
    if case.outputs:
        take_outputs(row, case)
    if "file" in attributes:
        _place(row, attributes)
    return row


def _plain_verdict(row: Row, attributes: dict[str, str]) -> None:
    for key in ("status", "result"):
        if key in attributes:
            word = attributes[key].lower()
            if word in _SKIPPED:
                row.outcome = "skipped"
            elif word in _FAILED:
                row.outcome = "failed"


def _verdict(row: Row, children: list[Child]) -> None:
    """Error goes over failure, failure over skipped; attempts say themselves what they are."""
    tags = {child.tag for child in children}
    worst = next((tag for tag in ("error", "failure", "skipped") if tag in tags), None)
    detail = row.more
    told = [child for child in children if child.tag == worst]
    messages = [text for child in told if (text := child.message(65_536))]
    detail.message = "\n\n".join(messages) or None
    if worst == "skipped":
        xfail = told[0].attributes.get("type") == "pytest.xfail"
        row.outcome = "xfailed" if xfail else "skipped"
    elif worst is not None:
        row.outcome = "error" if worst == "error" else "failed"
        detail.phase = _phase(told[0].attributes.get("message", ""))
    _attempts(row, children, detail)


def _phase(message: str) -> Phase:
    return next((phase for text, phase in _PHASES if message.startswith(text)), "call")


def _attempts(row: Row, children: list[Child], detail: Detail) -> None:
    detail.earlier = [child.once() for child in children if child.tag.startswith("flaky")]
    reruns = [child.once() for child in children if child.tag.startswith("rerun")]
    if not reruns:
        return
    # text and time of the test itself are those of the first run, and the reruns came later
    first = Once(row.outcome, text_of(detail.message, ATTEMPT_LIMIT), row.seconds, detail.phase)
    detail.earlier += [first, *reruns[:-1]]
    detail.message = reruns[-1].message or detail.message
    row.seconds = reruns[-1].seconds or row.seconds


def _properties(row: Row, case: Element) -> None:
    detail, known = row.more, {}
    for name, value, text in case.properties:
        whole = value_of(value if value is not None else text.whole().strip())
        known[name] = whole
        detail.properties.append((name, whole))
        if is_attachment(name):
            detail.attachments.append(whole)
        elif name == "tags":
            detail.tags += tuple(tag.strip() for tag in whole.split(",") if tag.strip())
    index = known.get("attempt-index", "")
    if index.isdigit():  # of Microsoft's testing platform
        case.attempt = int(index)
        row.name = known.get("original-name") or re.sub(r" \[attempt \d+\]$", "", row.name)


def take_outputs(row: Row, case: Element) -> None:
    """Keep what a failed test has written, and the evidence that any test names there."""
    for tag, stream in (("system-out", "stdout"), ("system-err", "stderr")):
        if tag not in case.outputs:
            continue
        whole = case.outputs[tag].whole()
        if "[[ATTACHMENT|" in whole:
            row.more.attachments += _ATTACHMENT.findall(whole)
        if row.outcome in {"failed", "error"} and (text := text_of(whole, _OUTPUT_LIMIT)):
            row.more.captured[stream] = text


def _place(row: Row, attributes: dict[str, str]) -> None:
    file = attributes["file"].replace("\\", "/")
    if row.group != file and not row.group.startswith(f"{file}::"):
        row.more.path = file
    line = attributes.get("line") or attributes.get("lineno") or ""
    if line.isdigit() and len(line) < 9:
        row.more.code_line = int(line) + 1 if row.group.partition("::")[0] == file else int(line)
