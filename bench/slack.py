"""What 1,000 failures cost at a Slack with its rate limit: ``python bench/slack.py``.

The server is the sandbox with 50 ms of latency, in its own process. Slack allows about one message
a second in a channel, so a message for each failure would take about as many seconds.
Prints calls and seconds, where the failures share ten errors and where each has its own.
"""

from __future__ import annotations

import random
import string
import time
from datetime import datetime, timezone

from qlty.classes.integrations.slack_integration import SlackIntegration
from qlty.delivery import Job
from qlty.sandbox import start
from qlty.settings import Sources, install

FAILURES = 1_000
LATENCY = 0.05
PLACE = "tests/test_shop.py:9: Error"
FRAMES = "".join(f"tests/test_shop.py:{line}: in frame\n    call({line})\n" for line in range(30))


class Courier:
    """Takes the one delivery of a run."""

    def __init__(self):
        self.run = {"id": "20260304-050600-abcdef", "project": "shop", "exit_status": 1}

    def deliver(self, integration, payload, order):
        self.job = Job(1, "slack", order.kind, order.key, integration.target(), payload)
        return self.job

    def note(self, integration, text):
        raise AssertionError(text)


def results(errors):
    now = datetime.now(timezone.utc)
    return {
        "tests/test_shop.py": {
            f"test_{number}": {
                "status": "failed",
                "outcome": "failed",
                "message": f"{FRAMES}E   {errors[number % len(errors)]}\n\n{PLACE}",
                "start_time": now,
                "end_time": now,
                "flaky": False,
                "attachments": [],
                "nodeid": f"tests/test_shop.py::test_{number}",
            }
            for number in range(FAILURES)
        }
    }


def measure(sandbox, errors):
    sandbox.reset()
    sandbox.chaos({"slack": {"latency": LATENCY}})
    slack, courier = SlackIntegration(), Courier()
    slack._courier = courier
    began = time.perf_counter()
    slack.on_run_end(results(errors), courier.run["id"], 600.0, context={"run": courier.run})
    built = time.perf_counter()
    slack.send(courier.job)
    sent = time.perf_counter()
    return len(sandbox.calls), built - began, sent - built


def main():
    words = random.Random(7)
    many = ["".join(words.choices(string.ascii_letters, k=30)) for _ in range(FAILURES)]
    with start() as sandbox:
        install(Sources(options={}, ini={}, environ=sandbox.env, module=None))
        print(f"{FAILURES} failures, {LATENCY * 1000:.0f} ms of latency a call")
        for name, errors in (("10 errors", many[:10]), (f"{FAILURES} errors", many)):
            calls, building, sending = measure(sandbox, errors)
            print(f"{name:>12}: {calls} calls, built in {building:.2f} s, sent in {sending:.2f} s")
    naive = FAILURES + 1
    print(f"  one message per failure: {naive} calls, about {naive} s at one message a second")


if __name__ == "__main__":
    main()
