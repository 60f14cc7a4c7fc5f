"""``python -m bench``: what reporting costs, as ratios to bare pytest.

The other files of this folder are benchmarks of one part each: ``python bench/delivery.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.run import compare, idle
from bench.run.variants import Size

QUICK = {"tests": 200, "cases": 20, "pairs": 1, "starts": 2}


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = argparse.ArgumentParser(prog="python -m bench", description="What reporting costs.")
    made.add_argument("--tests", type=int, default=10_000, help="in the project (10000)")
    made.add_argument("--cases", type=int, default=100, help="TestRail cases they share (100)")
    made.add_argument("--pairs", type=int, default=5, help="rounds of all variants (5)")
    made.add_argument("--starts", type=int, default=20, help="starts of pytest per case (20)")
    made.add_argument("--only", choices=("run", "start"), help="one of the two parts")
    made.add_argument("--quick", action="store_true", help="so small that the figures mean nothing")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured")
    return made


def main() -> None:
    """Measure, print, and write the JSON if it was asked for."""
    options = parser().parse_args()
    if options.quick:
        vars(options).update(QUICK)
    found: dict[str, Any] = {"machine": machine()}
    print(" | ".join(found["machine"].values()))
    if options.only != "start":
        found["run"] = _run(options)
    if options.only != "run":
        found["start"] = _start(options.starts)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def machine() -> dict[str, str]:
    """Return what the figures were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load": f"load {os.getloadavg()[0]:.1f}",
        "python": f"Python {platform.python_version()}",
        "pytest": f"pytest {version('pytest')}",
    }


def _run(options: argparse.Namespace) -> dict[str, Any]:
    size = Size(options.tests, options.cases)
    found = compare.rounds(options.pairs, size)
    print("", *compare.lines(found, size), sep="\n")
    return compare.to_json(found, size)


def _start(starts: int) -> dict[str, Any]:
    measured = {}
    for bytecode in (True, False):
        found = idle.measure(starts, bytecode=bytecode)
        print("", *idle.lines(found, bytecode=bytecode), sep="\n")
        name = "with bytecode" if bytecode else "without bytecode"
        measured[name] = {"added": dict(idle.added(found)), "seconds": found}
    return measured


if __name__ == "__main__":
    main()
