"""Reading the report log of pytest (pytest-reportlog): one report a line."""

from __future__ import annotations

from json import loads
from typing import TYPE_CHECKING, Any

from qlty.ingest._report import shown
from qlty.ingest._rows import Row, text_of, value_of
from qlty.ingest._values import bounded, epoch_of
from qlty.results import (
    Attempts,
    PhaseReport,
    TestCase,
    case_ids,
    ids_in,
    merge,
    read_error_line,
    split_nodeid,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qlty.ingest._report import FileReport
    from qlty.ingest._source import Source
    from qlty.results import Phase, Verdict

_PHASES: dict[Any, Phase] = {"setup": "setup", "call": "call", "teardown": "teardown"}
_VERDICTS: dict[Any, Verdict] = {
    "passed": "passed",
    "failed": "failed",
    "skipped": "skipped",
    "rerun": "failed",
}


def read_reportlog(source: Source, report: FileReport) -> None:
    """Read a file into ``report``; without its last line the run did not end.

    Raises:
        OSError: it cannot be read.
    """
    reading = _Reading(report)
    number = 0
    for number, line, whole in source.lines():
        if line.strip():
            reading.take(number, line, whole=whole)
    reading.finish(number)


class _Reading:
    def __init__(self, report: FileReport) -> None:
        self._report = report
        self._ended = False
        self._running: dict[tuple[str, str], tuple[Attempts, int]] = {}

    def take(self, number: int, line: bytes, *, whole: bool) -> None:
        try:
            told = loads(line)
            kind = told.get("$report_type") or told.get("_report_type")
            if kind in {"TestReport", "SubTestReport"}:
                self._test(told, number)
            elif kind == "CollectReport" and told.get("outcome") == "failed":
                self._collection(told, number)
            elif kind == "SessionFinish":
                self._ended = True
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            if whole:
                self._report.hole(number, "it is no report of pytest")

    def finish(self, number: int) -> None:
        """Take tests that did not end for interrupted ones."""
        for attempts, line in self._running.values():
            now = attempts.phases[-1].stop
            self._add(attempts, line, interrupted=True, now=now)
            name = shown(attempts.case.nodeid)
            self._report.hole(line, f"the test {name} did not end")
        if not self._ended:
            self._report.hole(number, "the file ends before the run did")

    def _test(self, told: dict[str, Any], number: int) -> None:
        nodeid = str(told["nodeid"])
        key = nodeid, str(told.get("worker_id", ""))
        attempts, line = self._running.get(key) or (Attempts(_case(nodeid, told)), number)
        phase = _phase_report(told)
        if attempts.repeating and phase.phase == "setup":
            attempts.restart()
        self._running[key] = attempts, line
        attempts.phases.append(phase)
        attempts.repeating |= told["outcome"] not in {"passed", "failed", "skipped"}
        properties = [(str(name), value_of(v)) for name, v in told.get("user_properties") or ()]
        attempts.properties = properties or attempts.properties
        if phase.verdict == "failed":
            attempts.captured.update(_captured(told.get("sections") or ()))
        crashed = told.get("when") not in _PHASES
        if crashed or (phase.phase == "teardown" and not attempts.repeating):
            del self._running[key]
            self._add(attempts, line)

    def _collection(self, told: dict[str, Any], number: int) -> None:
        text = text_of(_text(told.get("longrepr")))
        phase = PhaseReport("collect", "failed", text, 0.0, 0.0, 0.0, error=_line(text))
        self._add(Attempts(_case(str(told["nodeid"]), {}), phases=[phase]), number)

    def _add(
        self, attempts: Attempts, line: int, *, interrupted: bool = False, now: float = 0.0
    ) -> None:
        result = merge(attempts, interrupted=interrupted, now=now)
        self._report.rows.append(Row.of(attempts.case, result, line))


def _case(nodeid: str, told: dict[str, Any]) -> TestCase:
    group, name = split_nodeid(nodeid)
    path, line, _ = told.get("location") or (None, None, None)
    named = [v for n, v in told.get("user_properties") or () if n in {"test_id", "testrail_id"}]
    return TestCase(
        nodeid=nodeid,
        name=name,
        class_name=group.partition("::")[2].rpartition("::")[2] or None,
        path=path or nodeid.partition("::")[0],
        line=line + 1 if isinstance(line, int) else None,
        case_ids=tuple(dict.fromkeys([*ids_in(named), *case_ids(name, ())])),
    )


def _phase_report(told: dict[str, Any]) -> PhaseReport:
    verdict = _VERDICTS.get(told["outcome"], "failed")
    text = text_of(_text(told.get("longrepr")))
    if "wasxfail" in told:
        text = text_of(str(told["wasxfail"])) or text
    seconds = bounded(float(told.get("duration") or 0.0)) or 0.0
    start = epoch_of(float(told.get("start") or 0.0)) or 0.0
    return PhaseReport(
        _PHASES.get(told.get("when"), "call"),
        verdict,
        text,
        start,
        epoch_of(float(told.get("stop") or 0.0)) or start + seconds,
        seconds,
        expected_failure="wasxfail" in told,
        error=_line(text) if verdict == "failed" else None,
    )


def _line(text: str | None) -> str | None:
    return read_error_line(text) or None if text else None


def _text(shown: Any) -> str:
    """Return what pytest showed: a text, a place with a reason, or a traceback in parts."""
    if isinstance(shown, list):
        return str(shown[-1]) if shown else ""
    if not isinstance(shown, dict):
        return "" if shown is None else str(shown)
    chain = shown.get("chain")
    traces = [link[0] for link in chain] if chain else [shown.get("reprtraceback")]
    text = "\n\n".join(_trace(trace) for trace in traces if trace)
    crash = shown.get("reprcrash") or {}
    return text or str(crash.get("message", ""))


def _trace(trace: dict[str, Any]) -> str:
    found: list[str] = []
    for entry in trace.get("reprentries") or ():
        data = entry.get("data") or {}
        found += map(str, data.get("lines") or ())
        place = data.get("reprfileloc")
        if place:
            found.append(f"{place.get('path')}:{place.get('lineno')}: {place.get('message')}")
    return "\n".join(found)


def _captured(sections: Iterable[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for title, content in sections:
        for stream in ("stdout", "stderr", "log"):
            text = text_of(str(content), 16_384)
            if stream in str(title) and text:
                found[stream] = text
    return found
