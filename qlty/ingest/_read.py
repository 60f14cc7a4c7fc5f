"""From the names of files to one report."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qlty.ingest._evidence import keep_evidence
from qlty.ingest._formats import reader_of
from qlty.ingest._names import names_of
from qlty.ingest._report import FileReport, Numbers, Report
from qlty.ingest._source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


def read(
    arguments: Iterable[str],
    rootdir: Path,
    progress: Callable[[str, float], None] | None = None,
) -> Report:
    """Read files, patterns, folders and standard input (``-``), whatever is in them.

    What cannot be read is a hole of the report, with file and line; the rest is read.

    Args:
        arguments: as somebody wrote them on the command line.
        rootdir: the project's root, below which evidence may be.
        progress: is told file and part (0 to 1) once a second.
    """
    names, missing = names_of(arguments)
    report, numbers = Report(), Numbers()
    for name, why in missing:
        nothing = FileReport(name)
        nothing.hole(0, why)
        report.holes += nothing.holes
    with _no_collection():
        for name in names:
            _add(report, numbers, _read_one(name, rootdir, progress))
    return report


def _add(report: Report, numbers: Numbers, file: FileReport) -> None:
    numbers.add(file)
    report.files += bool(file.rows)
    report.rows += file.rows
    report.warnings += file.warnings
    report.holes += file.holes


def _read_one(
    name: str, rootdir: Path, progress: Callable[[str, float], None] | None
) -> FileReport:
    report = FileReport(name)
    try:
        source = Source(name, progress)
    except OSError as error:
        report.hole(0, f"it cannot be read: {error.strerror or error}")
        return report
    report.name = source.name
    try:
        reader_of(source)(source, report)
    except OSError as error:
        report.hole(0, f"it cannot be read: {error.strerror or error}")
    except RecursionError:
        report.hole(0, "its values are in each other without end")
    finally:
        source.close()
    keep_evidence(report, source.folder, rootdir)
    if not report.rows and not report.holes:
        report.warn(0, "there is no test in it")
    return report


@contextmanager
def _no_collection() -> Iterator[None]:
    """Spare the collector half a million rows, none of which is garbage."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.freeze()
            gc.enable()
