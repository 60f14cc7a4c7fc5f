"""Foreign test suites, run with and without the plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / ".corpus"
HELPERS = Path(__file__).with_name("helpers")

OURS = ("-p", "qlty.pytest_plugin", "--qlty", "--qlty-settings", "corpus_settings")
NOT_OURS = ("-p", "no:qlty.pytest_plugin", "-p", "no:pytest_pagerduty.plugin")
#: the same order and the same choices in every run
STEADY = ("-p", "no:cacheprovider", "-p", "report_lines", "--hypothesis-seed=0")


@dataclass(frozen=True)
class Suite:
    """A suite in an unpacked source distribution.

    Attributes:
        name: of the folder.
        source: where the package to test lies in it.
        arguments: for pytest; a part of the suite where all of it takes long, and a file to read
            settings from where there are none (``-c``), lest ours are taken.
    """

    name: str
    source: str = "src"
    arguments: str = ""


SUITES = (
    Suite("cachetools-8.0.1", arguments="-c pyproject.toml"),
    Suite(
        "click-8.5.1",
        arguments="tests/test_options.py tests/test_termui.py tests/test_types "
        "tests/test_testing.py tests/test_exceptions tests/test_imports.py",
    ),
    Suite("iniconfig-2.3.1"),
    Suite(
        "more_itertools-11.2.1",
        source=".",
        arguments="-c pyproject.toml tests/test_recipes.py "
        "--deselect tests/test_recipes.py::PrimeFunctionTests::test_primes",
    ),
    Suite("pluggy-1.7.0"),
    Suite(
        "python_dateutil-4.0.0",
        arguments="tests/test_parser.py tests/test_rrule.py tests/test_relativedelta.py",
    ),
    Suite("toolz-1.2.0", source="."),
)


@dataclass
class Ran:
    """What one run of a suite came to: pytest's own reports, and what the spy was told."""

    events: list[dict[str, Any]]
    spied: dict[str, Any] | None
    output: str

    @property
    def root(self) -> str:
        """Return the name of the folder that pytest took for the project's root."""
        (end,) = [event for event in self.events if event["event"] == "end"]
        return str(end["root"])

    def facts(self) -> list[str]:
        """Return everything that pytest reported, in an order that does not depend on workers."""
        return sorted(json.dumps(event, sort_keys=True) for event in self.events)

    def statuses(self) -> dict[str, str]:
        """Return the outcome of every test, folded from pytest's own reports."""
        found: dict[str, set[str]] = {}
        for event in self.events:
            if event["event"] == "report":
                whole = event["kind"] == "TestReport" or event["outcome"] == "failed"
                found.setdefault(event["nodeid"], set()).add(event["outcome"] if whole else "")
        order = ("failed", "skipped", "passed")
        return {
            nodeid: next(word for word in order if word in outcomes)
            for nodeid, outcomes in found.items()
        }


def run(suite: Suite, folder: Path, *options: str) -> Ran:
    """Run a suite and read what was written about it into ``folder``."""
    folder.mkdir()
    root = CORPUS / "suites" / suite.name
    path = [str(root / suite.source), str(CORPUS / "beside"), str(HELPERS)]
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *STEADY, *options, *suite.arguments.split()],
        cwd=root,
        env={
            **environ,
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "QLTY_DIR": str(folder / "state"),
            "REPORT_LINES": str(folder / "reports.jsonl"),
            "SPY": str(folder / "spy.json"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=300,
        check=False,
    )
    reports, spied = folder / "reports.jsonl", folder / "spy.json"
    assert reports.exists(), done.stdout
    lines = reports.read_text(encoding="utf-8").splitlines()
    told = json.loads(spied.read_text(encoding="utf-8")) if spied.exists() else None
    return Ran([json.loads(line) for line in lines], told, done.stdout)


@pytest.fixture(scope="session")
def corpus() -> None:
    """Skip where the corpus is missing; in CI that is a failure."""
    if (CORPUS / "fetched").exists():
        return
    if os.environ.get("CI"):
        pytest.fail("the corpus is missing: run make corpus")
    pytest.skip("run make corpus")
