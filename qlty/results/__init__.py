"""What a run produces: shapes, keys and counts. No input or output happens here."""

from qlty.results._keys import COLLECTION, split_nodeid
from qlty.results._model import (
    Marker,
    Outcome,
    Phase,
    RunInfo,
    Status,
    TestCase,
    TestResult,
    TestResults,
)
from qlty.results._totals import Totals, count, iter_results

__all__ = [
    "COLLECTION",
    "Marker",
    "Outcome",
    "Phase",
    "RunInfo",
    "Status",
    "TestCase",
    "TestResult",
    "TestResults",
    "Totals",
    "count",
    "iter_results",
    "split_nodeid",
]
