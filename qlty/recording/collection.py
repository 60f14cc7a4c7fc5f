"""Which tests a project has, without running any."""

from __future__ import annotations

import contextlib
import importlib.util
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from qlty.recording._facts import decode, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qlty.results import TestCase


@dataclass
class Collected:
    """What pytest found.

    Attributes:
        tests: every test that would run.
        errors: what could not be collected, with the reason.
        said: what pytest itself said, for a command line that it cannot use.
        status: pytest's exit status.
    """

    tests: list[TestCase] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    said: str = ""
    status: int = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the tests that are left after deselection."""
        self.tests = [decode(item.nodeid, encode(item)) for item in session.items]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take a file that could not be collected."""
        if report.failed:
            self.errors[report.nodeid] = report.longreprtext


def collect(arguments: Sequence[str]) -> Collected:
    """Collect with pytest, in this process.

    Args:
        arguments: pytest's own, such as paths and ``-k``.
    """
    collected, said = Collected(), io.StringIO()
    # a project whose configuration says -n collects in workers, where nobody could listen
    serial = ["-n0"] if importlib.util.find_spec("xdist") else []
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = pytest.main(["--collect-only", "-q", *arguments, *serial], plugins=[collected])
    collected.said, collected.status = said.getvalue(), int(status)
    return collected
