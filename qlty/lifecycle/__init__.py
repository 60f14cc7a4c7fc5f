"""The lifecycle of a run: start, record, finish.

What only another process, a dry run or the command line needs is imported when it is asked for.
"""

from typing import TYPE_CHECKING

from qlty.lifecycle._console import MARKUP, console
from qlty.lifecycle._courier import RunCourier
from qlty.lifecycle._deliveries import Deliveries
from qlty.lifecycle._run import ABORTED, INTERRUPTED, UNDELIVERED, Plan, Run
from qlty.lifecycle._run_info import detect
from qlty.runtime import lazy_exports

if TYPE_CHECKING:
    from qlty.lifecycle._recovery import Recovered, report_dead_runs
    from qlty.lifecycle._registering import register_each
    from qlty.lifecycle._rehearsal import Rehearsal

__all__ = [
    "ABORTED",
    "INTERRUPTED",
    "MARKUP",
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

__getattr__ = lazy_exports(
    __name__,
    {
        "Recovered": "_recovery",
        "Rehearsal": "_rehearsal",
        "register_each": "_registering",
        "report_dead_runs": "_recovery",
    },
)
