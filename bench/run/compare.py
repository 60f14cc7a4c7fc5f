"""All variants in rounds, and their medians against bare pytest and the targets."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.run.project import generate, seed
from bench.run.variants import LATENCY, VARIANTS, Run, Size, measure
from qlty.sandbox import start

if TYPE_CHECKING:
    from collections.abc import Callable

#: round trips and seconds that the design allows the tail
TAIL_TRIPS, TAIL_SECONDS = 5, 0.5
TARGETS = {"tests": 1.05, "peak": 1.15, "tail": TAIL_TRIPS * LATENCY + TAIL_SECONDS}

Rounds = list[dict[str, Run]]


@dataclass(frozen=True)
class Figure:
    """One variant against bare pytest: medians over the pairs.

    Attributes:
        tests: ratio of the seconds of the tests' phase.
        tests_cpu: ratio of its processor time, which other work on the machine moves less.
        tail: seconds after the last test beyond those of bare pytest.
        start: seconds before the first test beyond those of bare pytest.
        peak: ratio of memory.
    """

    tests: float
    tests_cpu: float
    tail: float
    start: float
    peak: float


def rounds(number: int, size: Size) -> Rounds:
    """Measure every variant so many times, in an order that alternates."""
    with tempfile.TemporaryDirectory(prefix="qlty-bench-") as folder:
        project, world = Path(folder, "project"), Path(folder, "seed.yaml")
        generate(project, size.tests, size.cases)
        seed(world, size.cases)
        with start("--seed", str(world)) as sandbox:
            measure("bare", project, sandbox, size)  # leaves bytecode for all that follow
            found: Rounds = []
            for one in range(number):
                names = list(VARIANTS)[:: 1 if one % 2 else -1]
                found.append({name: measure(name, project, sandbox, size) for name in names})
                print(f"round {one + 1} of {number}", file=sys.stderr, flush=True)
    return found


def figures(found: Rounds) -> dict[str, Figure]:
    """Return the medians of every variant but bare pytest."""
    return {name: _figure(found, name) for name in VARIANTS if name != "bare"}


def _figure(found: Rounds, name: str) -> Figure:
    def over(of: Callable[[Run, Run], float]) -> float:
        return median(of(one[name], one["bare"]) for one in found)

    return Figure(
        tests=over(lambda run, bare: run.tests / bare.tests),
        tests_cpu=over(lambda run, bare: run.tests_cpu / bare.tests_cpu),
        tail=over(lambda run, bare: run.tail - bare.tail),
        start=over(lambda run, bare: run.start - bare.start),
        peak=over(lambda run, bare: run.peak / bare.peak),
    )


def lines(found: Rounds, size: Size) -> list[str]:
    """Return the comparison for people."""
    bare = [one["bare"] for one in found]
    seconds = median(run.tests for run in bare)
    peak = median(run.peak for run in bare) / 1e6
    tail = median(run.tail for run in bare)
    calls = found[-1]["reporting"].calls
    what = f"{size.tests} tests, 1 % failing, {size.cases} TestRail cases"
    return [
        f"{what}, {LATENCY * 1000:.0f} ms per call, medians of {len(found)} pairs",
        f"bare pytest: tests {seconds:.2f} s, tail {tail:.2f} s, memory {peak:.0f} MB",
        "",
        f"{'':<12}{'tests':>9}{'(cpu)':>9}{'tail':>10}{'start':>10}{'memory':>9}",
        *(_line(name, figure) for name, figure in figures(found).items()),
        f"{'target':<12}{'1.05 x':>9}{'':>9}{TARGETS['tail']:>+8.2f} s{'':>10}{'1.15 x':>9}",
        "",
        f"calls of reporting: {', '.join(f'{name} {n}' for name, n in calls.items())}",
    ]


def _line(name: str, figure: Figure) -> str:
    return (
        f"{name:<12}{figure.tests:>7.2f} x{figure.tests_cpu:>7.2f} x{figure.tail:>+8.2f} s"
        f"{figure.start:>+8.2f} s{figure.peak:>7.2f} x"
    )


def to_json(found: Rounds, size: Size) -> dict[str, Any]:
    """Return everything that was measured."""
    return {
        "size": asdict(size),
        "latency": LATENCY,
        "targets": TARGETS,
        "figures": {name: asdict(figure) for name, figure in figures(found).items()},
        "rounds": [{name: asdict(run) for name, run in one.items()} for one in found],
    }
