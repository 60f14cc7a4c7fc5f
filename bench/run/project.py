"""The project that is measured: trivial tests, a few of which fail deep in the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qlty.sandbox import Sandbox

#: tests per module
MODULE = 100
#: one test of so many fails
FAILING = 100
FRAMES = 30
#: TestRail's number for it
FAILED = 5

_INI = """\
[pytest]
markers =
    testrail(*ids): known in every variant
    pagerduty_trigger_incident(service_id): known in every variant
"""

_HEAD = """\
import pytest


def deeper(frames):
    if frames == 0:
        assert {"status": 200, "items": [1, 2, 3]} == {"status": 502, "items": []}
    deeper(frames - 1)
"""

_TEST = """

@pytest.mark.testrail({case})
def test_{number}():
    {body}
"""

_PAGES = '\npytestmark = pytest.mark.pagerduty_trigger_incident(service_id="XIXOOXZ")\n'


def generate(folder: Path, tests: int, cases: int) -> None:
    """Write the project; the tests share the TestRail cases, those of the first module page."""
    folder.mkdir(parents=True)
    (folder / "pytest.ini").write_text(_INI)
    for first in range(1, tests + 1, MODULE):
        numbers = range(first, min(first + MODULE, tests + 1))
        module = (
            _HEAD
            + (_PAGES if first == 1 else "")
            + "".join(_test(number, case_of(number, tests, cases)) for number in numbers)
        )
        (folder / f"test_{first:06}.py").write_text(module)


def case_of(number: int, tests: int, cases: int) -> int:
    """Return the TestRail case of a test: neighbours share one."""
    return (number - 1) * cases // tests + 1


def fails(number: int) -> bool:
    """Say whether a test fails."""
    return number % FAILING == FAILING // 2


def _test(number: int, case: int) -> str:
    body = f"deeper({FRAMES - 1})" if fails(number) else "assert 1 + 1 == 2"
    return _TEST.format(number=number, case=case, body=body)


def seed(file: Path, cases: int) -> None:
    """Write the sandbox's TestRail with so many cases."""
    section = {"name": "All", "cases": [f"Case {number}" for number in range(1, cases + 1)]}
    suite = {"id": 1, "name": "Master", "sections": [section]}
    project = {"id": 1, "name": "Benchmark", "suite_mode": 1, "suites": [suite]}
    file.write_text(yaml.safe_dump({"testrail": {"projects": [project]}}))


def in_thread(message: Mapping[str, str]) -> bool:
    """Say whether a Slack message is an answer to another."""
    return message.get("thread_ts") not in (None, message["ts"])


def check(sandbox: Sandbox, tests: int, cases: int) -> dict[str, int]:
    """See to it that everything arrived; a run that loses results is not worth timing.

    Returns:
        how many calls each service got.

    Raises:
        RuntimeError: something is missing or doubled.
    """
    results = [result for run in sandbox.testrail.runs for result in run["results"]]
    failing = {result["case_id"] for result in results if result["status_id"] == FAILED}
    arrived = {
        "results": sorted(result["case_id"] for result in results),
        "failing": sorted(failing),
        "messages": sum(
            row.get("thread_ts") in (None, row["ts"]) for row in sandbox.slack.messages
        ),
        "incidents": len(sandbox.pagerduty.incidents),
    }
    numbers = [number for number in range(1, tests + 1) if fails(number)]
    wanted = {
        "results": list(range(1, cases + 1)),
        "failing": sorted({case_of(number, tests, cases) for number in numbers}),
        "messages": 1,
        "incidents": 1,
    }
    if arrived != wanted:
        raise RuntimeError(f"arrived {arrived}, not {wanted}")
    services = [call["service"] for call in sandbox.calls]
    return {service: services.count(service) for service in sorted(set(services))}
