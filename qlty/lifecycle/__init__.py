"""The lifecycle of a run: start, record, finish."""

from qlty.lifecycle._console import console
from qlty.lifecycle._courier import RunCourier
from qlty.lifecycle._deliveries import Deliveries
from qlty.lifecycle._recovery import Recovered, report_dead_runs
from qlty.lifecycle._registering import register_each
from qlty.lifecycle._rehearsal import Rehearsal
from qlty.lifecycle._run import ABORTED, INTERRUPTED, UNDELIVERED, Plan, Run
from qlty.lifecycle._run_info import detect

__all__ = [
    "ABORTED",
    "INTERRUPTED",
    "UNDELIVERED",
    "Deliveries",
    "Plan",
    "Recovered",
    "Rehearsal",
    "Run",
    "RunCourier",
    "console",
    "detect",
    "register_each",
    "report_dead_runs",
]
