"""What a run produces: shapes, keys, counts, merging. No input or output happens here."""

from qlty.results._case_ids import case_ids, ids_in, no_ids_in
from qlty.results._keys import COLLECTION, collectors, split_nodeid
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
from qlty.results._run_outcome import RunOutcome, run_outcome
from qlty.results._text import MESSAGE_LIMIT, clean, shorten
from qlty.results._totals import Totals, count, iter_results

__all__ = [
    "COLLECTION",
    "MESSAGE_LIMIT",
    "Attempt",
    "Attempts",
    "Marker",
    "Outcome",
    "Phase",
    "PhaseReport",
    "RunInfo",
    "RunOutcome",
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
    "ids_in",
    "interrupted_result",
    "iter_results",
    "merge",
    "no_ids_in",
    "run_info_from_json",
    "run_outcome",
    "shorten",
    "split_nodeid",
    "status_of",
]
