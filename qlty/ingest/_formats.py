"""Which format a file has, by what is in it."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from qlty.ingest._junit import read_junit

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.ingest._report import FileReport
    from qlty.ingest._source import Source

    Reader = Callable[[Source, FileReport], None]

_RECORD = re.compile(rb'"event": ?"run"')
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def reader_of(source: Source) -> Reader:
    """Return what reads a file; what reads none of its kind says so in the report.

    Raises:
        OSError: it cannot be read.
    """
    if source.is_empty:
        return _empty
    head = source.head()
    for mark in _MARKS:
        head = head.removeprefix(mark)
    begin = head.replace(b"\0", b"").lstrip()
    if begin.startswith(b"<"):
        return read_junit
    if begin.startswith(b"{"):
        return _of_json(begin)
    return _unknown


def _of_json(begin: bytes) -> Reader:
    # each where it is needed, and none for a file of another format
    line = begin.partition(b"\n")[0]
    if b"report_type" in line[:200_000]:
        from qlty.ingest._reportlog import read_reportlog

        return read_reportlog
    if _RECORD.search(line):
        from qlty.ingest._record import read_own_record

        return read_own_record
    if b'"results"' in begin or b'"reportFormat"' in begin:
        from qlty.ingest._ctrf import read_ctrf

        return read_ctrf
    return _unknown


def _empty(source: Source, report: FileReport) -> None:
    del source
    report.hole(0, "it is empty: whoever was to write it was killed, or never began")


def _unknown(source: Source, report: FileReport) -> None:
    head = source.head()
    at = head.find(b"<?xml")
    if at > 0:
        report.hole(head.count(b"\n", 0, at) + 1, "text before the XML declaration")
        return
    report.hole(
        1, "it is neither JUnit XML, CTRF JSON, a report log of pytest, nor a record of a run"
    )
