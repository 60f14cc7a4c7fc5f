"""A pytest plugin that notes when the tests began and ended, and what the process needed.

``-p bench_probe``; the file is named by the variable ``BENCH_PROBE``. All times are of the
monotonic clock, which all processes of a machine share.
"""

import atexit
import json
import os
import resource
import sys
import time
from pathlib import Path

import pytest

noted = {}
pid = os.getpid()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logstart():
    if "first_start" not in noted:
        noted.update(first_start=time.monotonic(), first_cpu=time.process_time())


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish():
    noted.update(last_end=time.monotonic(), last_cpu=time.process_time())


@atexit.register
def write():
    if os.getpid() == pid and "last_end" in noted:
        text = json.dumps({**noted, "peak_bytes": peak()})
        Path(os.environ["BENCH_PROBE"]).write_text(text)


def peak():
    """Return the most memory that this process had, in bytes."""
    if sys.platform == "linux":  # getrusage would begin with the parent's
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
