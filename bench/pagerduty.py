"""What a failing test costs with PagerDuty: ``python bench/pagerduty.py --published PYTHON``.

Two situations: an API that takes 200 ms per call, and a network that is down. Each is run with a
few and with more failing tests. Printed are, as medians of several runs: the tests' phase (what
pytest says that it took), what one more failing test adds to it, and the tail after it.

PYTHON is that of an environment with the published plugin, which runs with old versions alone::

    python -m venv build/published
    build/published/bin/pip install "pytest<9" "pagerduty<2" pytest-pagerduty==1.0.0

Without it only ours is measured. PagerDuty is the sandbox, in its own process.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from qlty.sandbox import start

LATENCY = 0.2
#: fewer than half of the tests fail, each with an error of its own, so none of it is a storm
FAILING = {"slow": (5, 45), "down": (1, 2)}
NOBODY = "http://127.0.0.1:9"

HEAD = """
import pytest
pytestmark = [
    pytest.mark.usefixtures("pagerduty_fixture"),
    pytest.mark.pagerduty_trigger_incident(service_id="XIXOOXZ"),
]
"""
#: the published plugin has no setting for the address
REDIRECT = """
import os, pagerduty
pagerduty.RestApiV2Client.url = os.environ["PAGERDUTY_API_URL"]
"""
BARE = "import pytest\n@pytest.fixture\ndef pagerduty_fixture(): pass\n"


@dataclass(frozen=True)
class Variant:
    """One way to run the suite."""

    name: str
    python: str
    conftest: str
    arguments: tuple[str, ...]


def variants(published):
    off = ("-p", "no:pytest_pagerduty.plugin", "-p", "no:qlty.pytest_plugin")
    found = [
        Variant("bare pytest", sys.executable, BARE, off),
        Variant("qlty-framework", sys.executable, "", ()),
    ]
    if published:
        found.append(Variant("bare pytest 8", published, BARE, ()))
        arguments = ("-p", "pytest_pagerduty.plugin")
        found.append(Variant("pytest-pagerduty 1.0.0", published, REDIRECT, arguments))
    return found


def write_suite(folder, failing):
    lines = [f"def test_fails_{n}(): assert {n} == 'x' * {n + 1}" for n in range(failing)]
    lines += [f"def test_passes_{n}(): pass" for n in range(failing + 2)]
    Path(folder, "test_shop.py").write_text(HEAD + "\n".join(lines) + "\n")
    Path(folder, "pytest.ini").write_text("[pytest]\n")


def run(variant, folder, environ):
    """Return the seconds of the tests' phase and of the tail after it."""
    Path(folder, "conftest.py").write_text(variant.conftest)
    command = [variant.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *variant.arguments]
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - began
    phase = float(re.findall(r" in ([\d.]+)s", done.stdout)[-1])
    return phase, wall - phase


def environment(sandbox, situation):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PAGERDUTY_", "QLTY_"))}
    kept |= {k: v for k, v in sandbox.env.items() if k.startswith("PAGERDUTY_")}
    if situation == "down":
        kept |= {"PAGERDUTY_API_URL": NOBODY, "QLTY_DELIVERY_TIMEOUT": "1"}
    return kept


def measure(published, situation, failing, pairs, sandbox):
    """Return the median phase and tail of each variant, by name."""
    figures = {variant.name: [] for variant in variants(published)}
    for _ in range(pairs):
        for variant in variants(published):
            sandbox.reset()
            sandbox.chaos({"pagerduty/*": {"latency": LATENCY}})
            with tempfile.TemporaryDirectory() as folder:
                write_suite(folder, failing)
                figures[variant.name].append(run(variant, folder, environment(sandbox, situation)))
    return {
        name: tuple(statistics.median(column) for column in zip(*rows, strict=True))
        for name, rows in figures.items()
    }


def show(situation, few, many):
    (fewer, before), (more, after) = few, many
    print(f"\n{situation}: {fewer} and {more} failing tests")
    print(f"{'':24}{'tests, s':>18}{'s per failure':>15}{'tail, s':>18}")
    for name in before:
        phases, tails = zip(before[name], after[name], strict=True)
        slope = (phases[1] - phases[0]) / (more - fewer)
        print(
            f"{name:24}{phases[0]:9.2f}{phases[1]:9.2f}{slope:15.4f}{tails[0]:9.2f}{tails[1]:9.2f}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--published", metavar="PYTHON", help="with pytest-pagerduty 1.0.0")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores")
    with start() as sandbox:
        for situation, sizes in FAILING.items():
            measured = [
                (size, measure(options.published, situation, size, options.pairs, sandbox))
                for size in sizes
            ]
            show(situation, *measured)


if __name__ == "__main__":
    main()
