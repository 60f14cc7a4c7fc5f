"""Fixtures for the tests of people who write integrations.

In the project's top-level `conftest.py`:

    pytest_plugins = ["qlty.testing"]

Then a test that takes `sandbox` has a Slack, a TestRail and a PagerDuty of its own:

    def test_my_integration_posts(sandbox):
        MyIntegration().on_run_end(results, "run-1", 12.0)
        assert sandbox.slack.messages[0]["text"] == "1 of 1 passed"

It needs `pip install "qlty-framework[sandbox]"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qlty.sandbox import Sandbox, start

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """The sandbox that all tests of this process share; ended with the session."""
    with start() as running:
        yield running


@pytest.fixture
def sandbox(sandbox_process: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """An empty sandbox, at which the environment points for the length of the test.

    `sandbox.slack.messages`, `sandbox.testrail.runs`, `sandbox.pagerduty.incidents`,
    `sandbox.hooks` and `sandbox.calls` are lists of dicts, oldest first;
    `sandbox.chaos({"slack": {"status": 503, "times": 2}})` makes trouble,
    `sandbox.wait_for(lambda box: box.slack.messages)` waits for what comes later.
    """
    sandbox_process.reset()
    for name, value in sandbox_process.env.items():
        monkeypatch.setenv(name, value)
    return sandbox_process


__all__ = ["Sandbox", "sandbox", "sandbox_process"]
