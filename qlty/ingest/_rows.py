"""What a report file tells of one test, small enough to keep half a million of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from qlty.results import (
    MESSAGE_LIMIT,
    Attempt,
    TestCase,
    TestResult,
    case_ids,
    clean,
    ids_in,
    read_error_line,
    repeated_id,
    shorten,
    split_nodeid,
    status_of,
)

if TYPE_CHECKING:
    from qlty.results import Outcome, Phase

#: characters of the text that is kept of an attempt that was repeated
ATTEMPT_LIMIT = 4_096
#: characters of the value of a property, and of what a test has written
_VALUE_LIMIT = 4_096
#: pytest writes a control character of a text as ``#x1B``
_ESCAPED = re.compile(r"#x1B\[[0-9;]*[A-Za-z]")
_ATTACHMENT = re.compile(r"testrail_attachment|attachment\d*")
_IDS = frozenset({"test_id", "testrail_id", "testrail_case_id"})
_SPLIT_IDS = re.compile(r"[,;\s]+")


@dataclass
class Once:
    """One attempt of a test.

    Attributes:
        outcome: what it came to.
        message: failure text or reason for a skip, as :func:`text_of` makes it.
        seconds: how long it took.
        phase: where it failed.
    """

    outcome: Outcome
    message: str | None = None
    seconds: float = 0.0
    phase: Phase | None = None


@dataclass
class Detail:
    """What most tests do not have. Its texts are as :func:`text_of` makes them."""

    message: str | None = None
    phase: Phase | None = None
    earlier: list[Once] = field(default_factory=list)
    #: attempts of which nothing is known but that they were
    unseen: int = 0
    #: what the file itself says, where attempts are unseen
    flaky: bool = False
    properties: list[tuple[str, Any]] = field(default_factory=list)
    captured: dict[str, str] = field(default_factory=dict)
    attachments: list[str] = field(default_factory=list)
    path: str | None = None
    code_line: int | None = None
    tags: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    #: which one of several of the same name it is
    number: int = 1
    #: the test and its result, where the file had them as such
    ready: tuple[TestCase, TestResult] | None = None


class Row:
    """One test of a file.

    Attributes:
        group: all of its node id before the last ``::``.
        name: what follows.
        outcome: the final one.
        seconds: of the last attempt.
        started: seconds since the epoch; ``None`` where the file does not say it.
        line: where it stands in the file.
        detail: ``None`` for a test that just passed.
    """

    __slots__ = ("detail", "group", "line", "name", "outcome", "seconds", "started")

    def __init__(
        self,
        group: str,
        name: str,
        outcome: Outcome,
        seconds: float,
        line: int = 0,
        started: float | None = None,
    ) -> None:
        """Make one."""
        if "::" in name or "[" in group:  # as node ids are split, so that each has one place
            group, name = split_nodeid(f"{group}::{name}")
        self.group = group
        self.name = name
        self.outcome: Outcome = outcome
        self.seconds = seconds
        self.line = line
        self.started = started
        self.detail: Detail | None = None

    @classmethod
    def of(cls, case: TestCase, result: TestResult, line: int = 0) -> Row:
        """Return the row of a result that is whole already."""
        group, name = split_nodeid(case.nodeid)
        row = cls(group, name, result["outcome"], result["duration"], line)
        row.more.ready = case, result
        return row

    @property
    def number(self) -> int:
        """Which one of several of the same name it is."""
        return self.detail.number if self.detail is not None else 1

    @property
    def ready(self) -> tuple[TestCase, TestResult] | None:
        """The test and its result, where the file had them as such."""
        return self.detail.ready if self.detail is not None else None

    @property
    def more(self) -> Detail:
        """The detail, made where there is none."""
        if self.detail is None:
            self.detail = Detail()
        return self.detail

    @property
    def nodeid(self) -> str:
        """The node id, with the number where the name is that of several."""
        bare = self.group if self.name == "<collection>" else f"{self.group}::{self.name}"
        return repeated_id(bare, self.number)

    @property
    def attachments(self) -> list[str]:
        """Files of evidence."""
        if self.ready is not None:
            return self.ready[1]["attachments"]
        return self.detail.attachments if self.detail is not None else []

    @attachments.setter
    def attachments(self, paths: list[str]) -> None:
        if self.ready is not None:
            self.ready[1]["attachments"] = paths
        else:
            self.more.attachments = paths

    @property
    def flaky(self) -> bool:
        """Passed, but only after an attempt that failed."""
        if self.ready is not None:
            return self.ready[1]["flaky"]
        return (
            self.detail is not None
            and status_of(self.outcome) == "passed"
            and (
                self.detail.flaky
                or any(status_of(one.outcome) == "failed" for one in self.detail.earlier)
            )
        )

    def test(self, now: float) -> tuple[TestCase, TestResult]:
        """Return the test and its result.

        Args:
            now: seconds since the epoch, for a test of which the file has no time.
        """
        if self.ready is not None:
            return self._renamed(*self.ready)
        detail = self.detail or _NOTHING
        case = self._case(detail)
        return case, _result(self, detail, case, now)

    def _renamed(self, case: TestCase, result: TestResult) -> tuple[TestCase, TestResult]:
        if self.number == 1:
            return case, result
        name = repeated_id(case.name, self.number)
        renamed = TestCase(**{**vars(case), "nodeid": self.nodeid, "name": name})
        return renamed, {**result, "nodeid": self.nodeid}

    def _case(self, detail: Detail) -> TestCase:
        path, _, class_name = self.group.partition("::")
        is_path = "/" in path or re.search(r"\.[a-z]{1,4}$", path) is not None
        if not is_path:
            path, class_name = "", self.group
        named = [value for name, value in detail.properties if name in _IDS]
        ids = ids_in([_SPLIT_IDS.split(str(value)) for value in named])
        name = repeated_id(self.name, self.number)
        return TestCase(
            nodeid=self.nodeid,
            name=name,
            class_name=class_name or None,
            path=detail.path or path or None,
            line=detail.code_line,
            case_ids=tuple(dict.fromkeys([*ids, *case_ids(name, ())])),
            tags=detail.tags,
            parameters=detail.parameters,
        )


_NOTHING = Detail()


def text_of(text: str | None, limit: int = MESSAGE_LIMIT) -> str | None:
    """Return a text of a file, clean and cut; ``None`` where it says nothing."""
    if not text or text.isspace():
        return None
    if "#x1B" in text:
        text = _ESCAPED.sub("", text)
    return clean(shorten(text, limit)).strip("\n") or None


def value_of(value: Any) -> Any:
    """Return the value of a property, clean and cut."""
    return text_of(value, _VALUE_LIMIT) or "" if isinstance(value, str) else value


def is_attachment(name: str) -> bool:
    """Say whether a property names a file of evidence."""
    return _ATTACHMENT.fullmatch(name) is not None


def _result(row: Row, detail: Detail, case: TestCase, now: float) -> TestResult:
    started = now if row.started is None else row.started
    status = status_of(row.outcome)
    message = detail.message
    failed = status == "failed"
    return {
        "status": status,
        "outcome": row.outcome,
        "message": message,
        "error": read_error_line(message) or None if failed and message else None,
        "phase": detail.phase if failed else None,
        "start_time": _moment(started),
        "end_time": _moment(started + row.seconds),
        "duration": row.seconds,
        "attempts": 1 + len(detail.earlier) + detail.unseen,
        "flaky": row.flaky,
        "interrupted": False,
        "test_case_ids": list(case.case_ids),
        "feature_name": None,
        "test_target": None,
        "results_dir": None,
        "attachments": list(detail.attachments),
        "nodeid": case.nodeid,
        "earlier_attempts": [_attempt(one, started) for one in detail.earlier],
        "properties": list(detail.properties),
        "tags": list(case.tags),
        "parameters": dict(case.parameters),
        "captured": dict(detail.captured) if failed else {},
    }


def _attempt(one: Once, started: float) -> Attempt:
    return {
        "status": status_of(one.outcome),
        "outcome": one.outcome,
        "message": one.message,
        "phase": one.phase,
        "start_time": _moment(started),
        "end_time": _moment(started + one.seconds),
        "duration": one.seconds,
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
