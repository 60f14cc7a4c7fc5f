"""Reading JUnit XML, in one pass, element by element."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qlty.ingest._case import Child, Element, row_of, take_outputs
from qlty.ingest._dialects import (
    NAME_LIMIT,
    Dialect,
    dialect_of,
    group_of,
    name_of,
    pytest_group,
    resolved,
)
from qlty.ingest._report import shown
from qlty.ingest._rows import Row
from qlty.ingest._text import Text
from qlty.ingest._values import moment_of
from qlty.ingest._xml import MOST_DEPTH, Parser, XmlError, repaired, too_deep
from qlty.results import status_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qlty.ingest._report import FileReport
    from qlty.ingest._source import Source

_VERDICTS = frozenset({"failure", "error", "skipped"})
_ATTEMPTS = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError"})
#: seconds, beyond which a time is looked at
_MUCH = 1e6
_INSIDE = frozenset({"stackTrace", "system-out", "system-err"})
_KEPT_DIALECTS = frozenset({Dialect.PYTEST, Dialect.GO, Dialect.GRADLE})


def read_junit(source: Source, report: FileReport) -> None:
    """Read a file into ``report``; what is wrong with it is a hole there, with its line.

    Raises:
        OSError: it cannot be read.
    """
    first = _Reading(report)
    error = first.read(source.chunks())
    if error is None or not error.repairable:
        return
    known = len(report.rows)
    report.rows.clear()
    report.warnings.clear()
    report.holes.clear()
    _Reading(report, repaired=True).read(repaired(source))
    if len(report.rows) > known or not report.holes:
        report.warn(error.line, f"{error.text}; characters that cannot be read are replaced")


class _Suite:
    """A suite whose end was not read yet, or whose totals are in doubt."""

    __slots__ = (
        "attributes",
        "cases",
        "collapsed",
        "dialect",
        "failing",
        "groups",
        "host",
        "line",
        "name",
        "parent",
        "repeats",
        "started",
    )

    def __init__(self, attributes: dict[str, str], parent: _Suite | None, line: int) -> None:
        self.attributes = attributes
        self.parent = parent
        self.line = line
        self.name = name_of(attributes.get("name", ""))
        self.host = attributes.get("hostname", "")
        self.started = moment_of(attributes.get("timestamp"))
        self.dialect = Dialect.OTHER
        #: its writer gives several elements of one test the same name
        self.repeats = False
        self.groups: dict[str | tuple[str, str], str] = {}
        self.cases = self.failing = self.collapsed = 0

    def group(self, class_name: str, name: str, file: str | None) -> str:
        """Return where a test of this suite stands; all but a few are known by their class."""
        if self.dialect is Dialect.PYTEST:
            key = (class_name, file) if file else class_name
        elif class_name == name or " " in class_name:  # it depends on the name
            return group_of(self.name, class_name, name)
        else:
            key = class_name
        found = self.groups.get(key)
        if found is None:
            if self.dialect is Dialect.PYTEST:
                found = pytest_group(class_name or name, file)
            else:
                found = group_of(self.name, class_name, name)
            if class_name and self.dialect is not Dialect.PLAYWRIGHT:
                self.groups[key] = found
        return found

    def lie(self) -> str | None:
        """Return how the stated totals differ from what was counted."""
        tests, failing = self._stated("tests"), self._stated("failures", "errors")
        # pytest counts no repeats, and the error of a teardown for a further test
        if tests is not None and not self.cases - self.collapsed <= tests <= self.cases:
            return f"says that it has {tests} tests, and has {self.cases - self.collapsed}"
        if failing is not None and not self.failing - self.collapsed <= failing <= self.failing:
            return f"says that {failing} tests failed, and {self.failing} did"
        return None

    def _stated(self, *names: str) -> int | None:
        found = [self.attributes[name] for name in names if name in self.attributes]
        numbers = [int(text) for text in found if re.fullmatch(r"\d{1,9}", text)]
        return sum(numbers) if numbers and len(numbers) == len(found) else None


class _Reading:
    """The handlers for one file."""

    def __init__(self, report: FileReport, *, repaired: bool = False) -> None:
        self._report = report
        self._rows = report.rows
        self._parser = Parser(self._start, self._end, repaired=repaired)
        self._expat = self._parser.expat
        self._depth = 0
        self._root: dict[str, str] | None = None
        self._suite: _Suite | None = None
        self._doubtful: list[_Suite] = []
        #: attributes and line of the test that is being read
        self._open: dict[str, str] | None = None
        self._line = 0
        #: the same test, once there is more in it
        self._case: Element | None = None
        self._texts: list[tuple[int, Text]] = []
        self._odd = 0
        #: rows of writers that repeat names, by group and name
        self._seen: dict[str, dict[str, Row]] = {}
        self._repeats: dict[tuple[str, str], tuple[_Suite, list[Row]]] = {}

    def read(self, chunks: Iterable[bytes]) -> XmlError | None:
        """Read the file, as far as it can be read; return what is wrong with it.

        Raises:
            OSError: it cannot be read to its end.
        """
        error = None
        try:
            self._parser.read(chunks)
        except XmlError as found:
            error = found
        finally:  # what belongs together is joined, wherever the file ends
            self._join()
        if error is None:
            self._compare()
            return None
        test = self._open
        within = "" if test is None else f", within the test {shown(test.get('name', ''))!r}"
        self._report.hole(error.line, f"{error.text}{within}")
        return error

    # -- elements

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testcase":
            self._open = attributes
            self._line = self._expat.CurrentLineNumber
            return
        self._depth += 1
        self._start_other(tag, attributes)

    def _start_other(self, tag: str, attributes: dict[str, str]) -> None:
        if self._depth > MOST_DEPTH:
            raise too_deep(self._expat.CurrentLineNumber)
        if self._open is not None:
            if self._case is None:
                self._case = Element(self._open, self._line)
            self._start_in_case(self._case, tag, attributes)
            return
        if self._depth == 1:
            self._start_root(tag, attributes)
        if tag in {"testsuite", "testsuites"}:
            self._start_suite(tag, attributes)
        elif tag in _VERDICTS and self._suite is not None:
            self._suite_failed(self._suite, tag, attributes)
        elif tag == "property" and attributes.get("name") == "go.version" and self._suite:
            self._suite.dialect, self._suite.repeats = Dialect.GO, True

    def _start_root(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in {"testsuites", "testsuite", "testcase"}:
            raise XmlError(
                self._expat.CurrentLineNumber,
                f"it is no JUnit XML: its root is <{shown(tag)}>, and not <testsuites>",
            )
        self._root = attributes if tag == "testsuites" else None

    def _start_suite(self, tag: str, attributes: dict[str, str]) -> None:
        suite = _Suite(attributes, self._suite, self._expat.CurrentLineNumber)
        if tag == "testsuites":
            suite.name = ""
        elif self._suite is None or self._suite.dialect is Dialect.OTHER:
            suite.dialect = dialect_of(self._root, attributes)
        else:
            suite.dialect = self._suite.dialect
        suite.repeats = suite.dialect in _KEPT_DIALECTS
        self._suite = suite

    def _suite_failed(self, suite: _Suite, tag: str, attributes: dict[str, str]) -> None:
        """A verdict outside of any test is one of the suite itself."""
        if tag == "skipped":
            return
        self._open, self._line = {"name": "<suite>"}, self._expat.CurrentLineNumber
        self._case = Element(self._open, self._line, alone=True)
        self._report.warn(
            self._case.line, f"the suite {shown(suite.name)!r} itself failed, outside of its tests"
        )
        self._start_in_case(self._case, tag, attributes)

    def _start_in_case(self, case: Element, tag: str, attributes: dict[str, str]) -> None:
        if tag in _VERDICTS or tag in _ATTEMPTS:
            child = Child(tag, attributes)
            case.children.append(child)
            self._take_text(child.text)
        elif tag in _INSIDE:
            inside = case.children[-1] if len(self._texts) > 0 and case.children else None
            self._take_text(case.output(tag, inside))
        elif tag == "property":
            name = attributes.get("name", "")
            text = Text()
            case.properties.append((name, attributes.get("value"), text))
            self._take_text(text)

    def _take_text(self, text: Text) -> None:
        self._texts.append((self._depth, text))
        self._expat.CharacterDataHandler = text.add

    def _end(self, tag: str) -> None:
        if tag == "testcase":
            if self._open is not None:
                self._end_case(self._open)
            return
        self._end_other(tag)

    def _end_other(self, tag: str) -> None:
        texts = self._texts
        if texts and texts[-1][0] == self._depth:
            texts.pop()
            self._expat.CharacterDataHandler = texts[-1][1].add if texts else None
        self._depth -= 1
        if self._case is not None and self._case.alone:
            if not texts:
                self._end_case(self._case.attributes)
        elif tag in {"testsuite", "testsuites"} and self._open is None and self._suite is not None:
            self._end_suite(self._suite)

    def _end_suite(self, suite: _Suite) -> None:
        parent = self._suite = suite.parent
        if parent is not None:
            parent.cases += suite.cases
            parent.failing += suite.failing
        if suite.lie() is not None:
            self._doubtful.append(suite)

    # -- tests

    def _end_case(self, attributes: dict[str, str]) -> None:
        case, suite, self._open = self._case, self._suite, None
        self._case = None
        if suite is None:  # a file that is one test
            suite = self._suite = _Suite({}, None, self._line)
        if case is None or not (case.children or case.properties):
            # almost all: they passed, and have nothing but three attributes
            try:
                name, class_name = attributes["name"], attributes["classname"]
                group, seconds = suite.groups[class_name], float(attributes["time"])
                if (
                    len(attributes) == 3
                    and 0.0 <= seconds < _MUCH
                    and name.isprintable()
                    and name
                    and name != class_name
                    and len(name) <= NAME_LIMIT
                ):
                    suite.cases += 1
                    row = Row(group, name, "passed", seconds, self._line, suite.started)
                    if case is not None:
                        take_outputs(row, case)
                    if suite.repeats:
                        self._add(row, suite)
                    else:
                        self._rows.append(row)
                    return
            except (KeyError, ValueError):
                pass
        self._end_any(suite, case or Element(attributes, self._line))

    def _end_any(self, suite: _Suite, case: Element) -> None:
        attributes = case.attributes
        name = name_of(attributes.get("name", ""))
        class_name = name_of(attributes.get("classname") or attributes.get("class") or "")
        file = attributes.get("file")
        if suite.dialect is Dialect.PLAYWRIGHT and suite.host:
            name = f"{name}[{name_of(suite.host)}]"
        group = suite.group(class_name, name, file)
        row = row_of(case, group, name or class_name or "<unnamed>", suite)
        if row.seconds < 0.0:
            row.seconds = 0.0
            self._odd_time(case)
        if not case.alone:
            suite.cases += 1
            suite.failing += row.outcome != "passed" and status_of(row.outcome) == "failed"
        self._add(row, suite, attempt=case.attempt is not None)

    def _add(self, row: Row, suite: _Suite, *, attempt: bool = False) -> None:
        if not suite.repeats and not attempt:
            self._rows.append(row)
            return
        names = self._seen.setdefault(row.group, {})
        first = names.setdefault(row.name, row)
        if first is row:
            self._rows.append(row)
            return
        key = row.group, row.name
        self._repeats.setdefault(key, (suite, [first]))[1].append(row)

    def _odd_time(self, case: Element) -> None:
        self._odd += 1
        if self._odd == 1:
            time = shown(case.attributes.get("time", ""))
            self._report.warn(case.line, f"the time {time!r} is none: it counts as 0")

    def _join(self) -> None:
        if not self._repeats:
            return
        instead: dict[int, list[Row]] = {}
        for suite, rows in self._repeats.values():
            joined = resolved(suite.dialect, rows)
            instead[id(rows[0])] = joined
            above: _Suite | None = suite
            while above is not None:
                above.collapsed += len(rows) - len(joined)
                above = above.parent
        kept = self._report.rows
        kept[:] = [new for row in kept for new in instead.get(id(row), (row,))]

    def _compare(self) -> None:
        lies = [(suite, lie) for suite in self._doubtful if (lie := suite.lie())]
        if not lies:
            return
        suite, lie = min(lies, key=lambda one: one[0].line)
        more = f"; so do {len(lies) - 1} more suites" if len(lies) > 1 else ""
        what = f"the suite {shown(suite.name)!r}" if suite.name else "the file"
        self._report.warn(suite.line, f"{what} {lie}: what is there counts{more}")
