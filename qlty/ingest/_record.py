"""Reading our own records, of every version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.errors import JournalError
from qlty.ingest._report import shown
from qlty.ingest._rows import Row
from qlty.runs import RecordReader

if TYPE_CHECKING:
    from qlty.ingest._report import FileReport
    from qlty.ingest._source import Source
    from qlty.runs import RecordedRun

#: names of tests that are said
_NAMED = 5


def read_own_record(source: Source, report: FileReport) -> None:
    """Read a file into ``report``; tests that were to run, and did not end, are holes.

    Raises:
        OSError: it cannot be read.
    """
    lines = source.lines()
    _, header, _ = next(lines)
    try:
        reader = RecordReader(header, source.name)
    except JournalError as error:
        report.hole(1, str(error))
        return
    number = 1
    for number, line, whole in lines:
        damaged = reader.run.damaged
        ended = reader.feed(line, torn=not whole)
        if ended is not None:
            report.rows.append(Row.of(*ended, number))
        elif reader.run.damaged > damaged:
            report.hole(number, "this line of the record is damaged")
    _look_for_holes(reader.run, report, number)


def _look_for_holes(run: RecordedRun, report: FileReport, last: int) -> None:
    for case, result in run.interrupted():
        report.rows.append(Row.of(case, result, last))
        report.hole(last, f"the test {shown(case.nodeid)} did not end")
    done = {result["nodeid"] for _, result in run.finished} | run.in_flight.keys()
    missing = [nodeid for nodeid in run.expected or () if nodeid not in done]
    if missing:
        named = ", ".join(map(shown, missing[:_NAMED]))
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        report.hole(last, f"{len(missing)} tests were to run, and did not: {named}{more}")
    if not run.ended:
        report.hole(last, "the file ends before the run did")
