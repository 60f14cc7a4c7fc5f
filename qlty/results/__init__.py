"""What a run produces: shapes, keys, counts, merging. No input or output happens here."""

from qlty.results._case_ids import case_ids, ids_in, no_ids_in
from qlty.results._error_line import LINE_LIMIT, error_line, read_error_line
from qlty.results._failure import VALUE, Failure, failure_of, read_failure
from qlty.results._keys import (
    COLLECTION,
    collectors,
    repeated_id,
    split_nodeid,
    without_repeat,
)
from qlty.results._merge import (
    Attempts,
    PhaseReport,
    Verdict,
    add_result,
    interrupted_result,
    merge,
    status_of,
)
from qlty.results._model import (
    Attempt,
    Marker,
    Outcome,
    Phase,
    RunInfo,
    Status,
    TestCase,
    TestResult,
    TestResults,
    run_info_from_json,
)
from qlty.results._run_outcome import RunOutcome, in_words, run_outcome
from qlty.results._summary import RunSummary
from qlty.results._text import MESSAGE_LIMIT, clean, for_terminal, shorten
from qlty.results._totals import Totals, count, iter_results
from qlty.results._words import ONLY_ON, counted

__all__ = [
    "COLLECTION",
    "LINE_LIMIT",
    "MESSAGE_LIMIT",
    "ONLY_ON",
    "VALUE",
    "Attempt",
    "Attempts",
    "Failure",
    "Marker",
    "Outcome",
    "Phase",
    "PhaseReport",
    "RunInfo",
    "RunOutcome",
    "RunSummary",
    "Status",
    "TestCase",
    "TestResult",
    "TestResults",
    "Totals",
    "Verdict",
    "add_result",
    "case_ids",
    "clean",
    "collectors",
    "count",
    "counted",
    "error_line",
    "failure_of",
    "for_terminal",
    "ids_in",
    "in_words",
    "interrupted_result",
    "iter_results",
    "merge",
    "no_ids_in",
    "read_error_line",
    "read_failure",
    "repeated_id",
    "run_info_from_json",
    "run_outcome",
    "shorten",
    "split_nodeid",
    "status_of",
    "without_repeat",
]
