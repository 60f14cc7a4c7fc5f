"""Which tests a project has, without running any."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qlty.recording._facts import decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qlty.results import TestCase


@dataclass(eq=False)  # pytest keeps plugins in sets: a class with == of its own has no hash
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

    @property
    def broken(self) -> bool:
        """Whether pytest did not get as far as to say which tests there are.

        Files that cannot be collected are not meant: they are in ``errors``, and end it with 1
        or 2.
        """
        return self.status not in {0, 1, 2} or (self.status > 0 and not self.errors)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the tests that are left after deselection."""
        self.tests = [decode(item.nodeid, encode(item)) for item in session.items]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take a file that could not be collected."""
        if report.failed:
            self.errors[report.nodeid] = report.longreprtext


def collect(arguments: Sequence[str], folder: Path) -> Collected:
    """Collect with pytest, in this process.

    Args:
        arguments: pytest's own, such as paths and ``-k``.
        folder: where pytest is started; paths are relative to it.
    """
    collected, said = Collected(), io.StringIO()
    # a project whose configuration says -n collects in workers, where nobody could listen
    serial = ["-n0"] if importlib.util.find_spec("xdist") else []
    with _in(folder), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = pytest.main(["--collect-only", "-q", *arguments, *serial], plugins=[collected])
    collected.said, collected.status = said.getvalue(), int(status)
    return collected


@contextlib.contextmanager
def _in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
