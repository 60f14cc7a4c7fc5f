"""What recording and delivering costs: ``python bench/delivery.py``.

Prints one line per figure, with the design's target beside it where it has one.
Each figure is the best of five rounds: the machine's load moves all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from qlty.delivery import Masker, Outbox, Sent, drain
from qlty.results import TestCase
from qlty.runs import RecordWriter, StateDir

ROUNDS = 5
#: as many as the environment of a CI job typically holds
SECRETS = [f"{number * 7919:x}-s3cr3t-value-{number * 104729:x}" for number in range(1, 21)]


def best(measure):
    return min(measure() for _ in range(ROUNDS))


def record_seconds_per_test(tests=2_000):
    with tempfile.TemporaryDirectory() as folder:
        state_dir = StateDir(Path(folder) / "state")
        state_dir.ensure()
        record = RecordWriter.create(state_dir, {"id": "run"}, (), Masker(SECRETS))
        cases = [_case(number) for number in range(tests)]
        started = time.perf_counter()
        for case, result in cases:
            record.start(case)
            record.finish(case, result)
        elapsed = time.perf_counter() - started
        record.close()
        return elapsed / tests


def _case(number):
    nodeid = f"tests/test_shop.py::TestCart::test_add[{number}]"
    now = datetime.now(timezone.utc)
    failed = number % 100 == 0
    outcome = "failed" if failed else "passed"
    result = {
        "status": outcome,
        "outcome": outcome,
        "message": "tests/test_shop.py:31: AssertionError: no\n" * 90 if failed else None,
        "error": None,
        "phase": "call" if failed else None,
        "start_time": now,
        "end_time": now,
        "duration": 0.001,
        "attempts": 1,
        "flaky": False,
        "interrupted": False,
        "test_case_ids": [number],
        "feature_name": None,
        "test_target": None,
        "results_dir": None,
        "attachments": [],
        "nodeid": nodeid,
        "earlier_attempts": [],
        "properties": [],
        "tags": [],
        "parameters": {},
        "captured": {},
    }
    return TestCase(nodeid, f"test_add[{number}]", "TestCart", path="tests/test_shop.py"), result


def enqueue_seconds(deliveries=1_000):
    with tempfile.TemporaryDirectory() as folder:
        outbox = Outbox.open(Path(folder) / "outbox.sqlite3", Masker(SECRETS))
        started = time.perf_counter()
        fill(outbox, deliveries)
        elapsed = time.perf_counter() - started
        outbox.close()
        return elapsed / deliveries


def fill(outbox, deliveries):
    for number in range(deliveries):
        outbox.enqueue(
            integration="web",
            target="loopback",
            key=f"key-{number}",
            kind="",
            payload={"text": f"number {number}", "lines": ["some text"] * 10},
            run_id="run",
            class_path=None,
        )


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


class Sender:
    def __init__(self, port):
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)

    def target(self):
        return "loopback"

    def post(self, text):
        self.connection.request("POST", "/", text.encode())
        self.connection.getresponse().read()

    def send(self, job):
        self.post(job.payload["text"])
        return Sent()

    def find(self, job):
        return None

    def get(self, integration, class_path):
        return self


def drain_figures(deliveries=10_000):
    """Return seconds of a bare loop over the same requests, seconds of the drain, MiB grown."""
    command = [sys.executable, __file__, "serve"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    sender = Sender(int(server.stdout.readline()))
    started = time.perf_counter()
    for number in range(deliveries):
        sender.post(f"number {number}")
    bare = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        outbox = Outbox.open(Path(folder) / "outbox.sqlite3", Masker(SECRETS))
        fill(outbox, deliveries)
        before = resident_mebibytes()
        started = time.perf_counter()
        drain(outbox, sender, deadline=time.monotonic() + 600)
        elapsed = time.perf_counter() - started
        grown = resident_mebibytes() - before
        assert outbox.counts() == {"delivered": deliveries}
        outbox.close()
    server.kill()
    server.communicate()
    return bare, elapsed, grown


def resident_mebibytes():
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return float("nan")
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def python_start_seconds():
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - started


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def main():
    print(f"record, per test:            {best(record_seconds_per_test) * 1e6:8.1f} µs   (< 50)")
    print(f"enqueue, per delivery:       {best(enqueue_seconds) * 1e3:8.3f} ms   (< 1)")
    bare, drained, grown = drain_figures()
    print(f"drain of 10,000 deliveries:  {drained:8.2f} s    ({drained / bare:.2f} x a bare loop)")
    print(f"memory grown by that drain:  {grown:8.1f} MiB")
    print(f"python, start to end:        {best(python_start_seconds) * 1e3:8.0f} ms")


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
