"""``python -m scripts.demo``: a real suite runs; Slack, TestRail and PagerDuty hear of it.

All three are the sandbox's, on this machine. Exits 0 if what arrived is what was expected.
Options are pytest's: ``python -m scripts.demo -n 2``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from qlty.sandbox import start
from scripts.demo.facts import arrived, differences
from scripts.demo.show import lines, title
from scripts.demo.world import project, service, suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qlty.sandbox import Sandbox

EXPECTED = Path(__file__).with_name("expected.yaml")

#: a job of a CI system, as it would describe itself
JOB = {
    "CI": "true",
    "BUILD_URL": "https://ci.example.com/storefront/118",
    "BRANCH_NAME": "main",
    "GIT_COMMIT": "4f1c9a27d3e85b60b1a6c0f9e2d7385a41bb90ce",
    "QLTY_ENVIRONMENT": "staging",
}


OPTIONS = ("-q", "--tb=short", "--report-to", "slack,testrail,pagerduty")


def main(options: Sequence[str]) -> int:
    """Run the demo, with more options for pytest; returns the exit code."""
    with start() as sandbox:
        found = _run(sandbox, (*OPTIONS, *options))
        for line in lines(sandbox):
            print(line)
        wrong = differences(_expected(), {**found, **arrived(sandbox)})
        _say_verdict(wrong)
        _stay(sandbox)
    return 1 if wrong else 0


def _run(sandbox: Sandbox, options: Sequence[str]) -> dict[str, object]:
    with project() as folder, service(folder) as url:
        print(f"$ pytest {' '.join(options)}", flush=True)
        status = suite(folder, {**JOB, **sandbox.env, "STOREFRONT_URL": url}, options)
        verdict = (folder / "reports" / "release-check.txt").read_text(encoding="utf-8")
    return {"exit status": status, "release check": verdict}


def _expected() -> dict[str, object]:
    expected: dict[str, object] = yaml.safe_load(EXPECTED.read_text(encoding="utf-8"))
    return expected


def _say_verdict(wrong: list[str]) -> None:
    print(title("Verdict"))
    print("\n".join(wrong) if wrong else "Everything that was expected arrived, and nothing else.")


def _stay(sandbox: Sandbox) -> None:
    """Leave the sandbox's page open for whoever sits at the terminal."""
    print(f"\nThe same in the browser: {sandbox.url}/", flush=True)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    print("Ctrl-C ends it.", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
