"""What 10,000 results cost at a TestRail with a rate limit: ``python bench/testrail.py``.

The server is the sandbox with 50 ms of latency and 180 calls a minute, in its own process.
Prints the number of calls and the seconds, and beside them those of one call per case: its first
minute is measured, the rest follows from the limit.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from qlty.classes.integrations.testrail_integration import TestRailIntegration
from qlty.delivery import Job
from qlty.errors import RetryLater
from qlty.results import TestCase
from qlty.sandbox import start
from qlty.settings import Sources, install

LATENCY = 0.05
CALLS_A_MINUTE = 180
FAILING = 100  # one of so many
TRACEBACK = "".join(
    f"tests/test_shop.py:{line}: in frame_{line}\n    call({line})\n" for line in range(30)
)


@dataclass
class Figure:
    """Calls and seconds of one way to send."""

    name: str
    calls: int
    seconds: float


class Courier:
    """Takes the one delivery of a run."""

    def __init__(self):
        self.run = {"id": "20260304-050600-abcdef", "start": datetime.now(timezone.utc)}

    def deliver(self, integration, payload, order):
        self.job = Job(1, "testrail", order.kind, order.key, integration.target(), payload)
        return self

    def note(self, integration, text):
        raise AssertionError(text)

    def wait_for(self, name, timeout):
        return None


def seed(folder, results):
    titles = [f"Case {number}" for number in range(results)]
    suites = [{"id": 1, "name": "Shop", "sections": [{"name": "All", "cases": titles}]}]
    project = {"id": 1, "name": "Shop", "suite_mode": 1, "suites": suites}
    path = Path(folder, "seed.yaml")
    path.write_text(json.dumps({"testrail": {"projects": [project]}}))
    return str(path)


def a_run(results):
    """Return an integration that has heard of every test, and the delivery that it made."""
    integration, courier = TestRailIntegration(), Courier()
    integration._courier = courier
    now = datetime.now(timezone.utc)
    ended = {}
    for number in range(results):
        failed = number % FAILING == 0
        outcome = "failed" if failed else "passed"
        nodeid = f"tests/test_shop.py::test_{number}"
        ended[nodeid] = {
            "status": outcome,
            "outcome": outcome,
            "message": TRACEBACK if failed else None,
            "error": None,
            "phase": "call" if failed else None,
            "start_time": now,
            "end_time": now,
            "duration": 0.01,
            "attempts": 1,
            "flaky": False,
            "interrupted": False,
            "test_case_ids": [number + 1],
            "feature_name": None,
            "test_target": None,
            "results_dir": None,
            "attachments": [],
            "nodeid": nodeid,
        }
        integration.on_test_end(TestCase(nodeid, f"test_{number}"), ended[nodeid])
    integration.on_run_end({"tests/test_shop.py": ended}, courier.run["id"], 1.0, None, {})
    return integration, courier.job


def in_bulk(sandbox, results):
    integration, job = a_run(results)
    started = time.monotonic()
    while True:
        try:
            integration.send(job)
            break
        except RetryLater as error:
            time.sleep(error.after or 1)
    seconds = time.monotonic() - started
    (run,) = sandbox.testrail.runs
    assert len(run["results"]) == results, f"{len(run['results'])} of {results} results arrived"
    return Figure("in bulk", _calls(sandbox), seconds)


def one_by_one(results):
    """Send one call per case for a minute, with the same client, and say what all would take."""
    rail = TestRailIntegration()._rail()
    count = min(results, CALLS_A_MINUTE - 1)
    case_ids = list(range(1, count + 1))
    run = rail.write(rail.api.runs.add_run, 1, name="x", include_all=False, case_ids=case_ids)
    started = time.monotonic()
    for case_id in case_ids:
        rail.write(rail.api.results.add_result_for_case, run["id"], case_id, status_id=1)
    each = (time.monotonic() - started) / count
    minutes_of_waiting = (results + 1) // CALLS_A_MINUTE
    return Figure("one by one", results + 1, max(results * each, minutes_of_waiting * 60))


def _calls(sandbox):
    return sum(call["service"] == "testrail" for call in sandbox.calls)


def measure(results):
    rule = {"latency": LATENCY, "limit": {"calls": CALLS_A_MINUTE, "per": 60}}
    figures = []
    with tempfile.TemporaryDirectory() as folder, start("--seed", seed(folder, results)) as sandbox:
        env = {**sandbox.env, "TESTRAIL_SUITE_ID": "", "TESTRAIL_ATTACH_LOG": "false"}
        install(Sources(environ=env))
        for way in (lambda: in_bulk(sandbox, results), lambda: one_by_one(results)):
            sandbox.reset()
            sandbox.chaos({"testrail/*": rule})
            figures.append(way())
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=10_000)
    results = parser.parse_args().results
    print(f"{results} results, {LATENCY * 1000:.0f} ms latency, {CALLS_A_MINUTE} calls a minute")
    for figure in measure(results):
        print(f"{figure.name:<12} {figure.calls:>6} calls {figure.seconds:>9.1f} s")


if __name__ == "__main__":
    main()
