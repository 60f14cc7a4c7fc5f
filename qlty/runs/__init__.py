"""The record of a run: writing it, reading it, and finding those of runs that died.

It is the one thing that sources write and that integrations are fed from;
``docs/journal-format.md`` has the format.
"""

from qlty.runs._alive import DeadRun, dead_records, dead_runs, taken_over
from qlty.runs._follower import RecordFollower
from qlty.runs._format import RECORD_VERSION
from qlty.runs._reader import RecordedRun, RecordReader, read_record
from qlty.runs._state_dir import StateDir
from qlty.runs._writer import RecordWriter

__all__ = [
    "RECORD_VERSION",
    "DeadRun",
    "RecordFollower",
    "RecordReader",
    "RecordWriter",
    "RecordedRun",
    "StateDir",
    "dead_records",
    "dead_runs",
    "read_record",
    "taken_over",
]
