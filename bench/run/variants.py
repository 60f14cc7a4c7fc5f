"""The ways to run the same tests, and one measured run of each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.run.project import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qlty.sandbox import Sandbox

PROBE = Path(__file__).with_name("probe")
#: seconds that every call to every service takes
LATENCY = 0.2

OFF = ("-p", "no:qlty.pytest_plugin", "-p", "no:pytest_pagerduty.plugin")

VARIANTS: Mapping[str, tuple[str, ...]] = {
    "bare": OFF,
    "junitxml": (*OFF, "--junitxml=report.xml"),
    "recording": ("--qlty",),
    "reporting": ("--report-to", "slack,testrail,pagerduty"),
}


@dataclass(frozen=True)
class Run:
    """One measured run.

    Attributes:
        start: seconds from the start of the process to the first test.
        tests: seconds from the first start to the last end of a test.
        tests_cpu: seconds of processor time in between.
        tail: seconds from there to the end of the process.
        peak: bytes, the most that the pytest process had.
        calls: to each service.
    """

    start: float
    tests: float
    tests_cpu: float
    tail: float
    peak: int
    calls: dict[str, int]


@dataclass(frozen=True)
class Size:
    """How large the project is."""

    tests: int
    cases: int


def measure(variant: str, project: Path, sandbox: Sandbox, size: Size) -> Run:
    """Run the project's tests once.

    Raises:
        RuntimeError: pytest itself failed, or not everything arrived.
    """
    sandbox.reset()
    sandbox.chaos({"*": {"latency": LATENCY}})
    state = project.parent / "state" / str(time.monotonic_ns())
    began, ended, probe = _pytest(variant, project, {**sandbox.env, "QLTY_DIR": str(state)})
    return Run(
        start=probe["first_start"] - began,
        tests=probe["last_end"] - probe["first_start"],
        tests_cpu=probe["last_cpu"] - probe["first_cpu"],
        tail=ended - probe["last_end"],
        peak=probe["peak_bytes"],
        calls=check(sandbox, size.tests, size.cases) if variant == "reporting" else {},
    )


def _pytest(
    variant: str, project: Path, environ: Mapping[str, str]
) -> tuple[float, float, dict[str, float]]:
    noted = project.parent / "probe.json"
    noted.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "bench_probe"]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    output = project.parent / f"{variant}.txt"
    with output.open("wb") as file:
        began = time.monotonic()
        status = subprocess.run(
            [*command, *VARIANTS[variant]],
            cwd=project,
            env={**kept, **environ, "PYTHONPATH": str(PROBE), "BENCH_PROBE": str(noted)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
        ended = time.monotonic()
    if status != 1:
        raise RuntimeError(f"pytest ({variant}) ended with {status}: {output.read_text()[-2000:]}")
    return began, ended, json.loads(noted.read_text())
