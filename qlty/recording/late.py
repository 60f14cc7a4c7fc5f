"""A run that begins with the first report that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qlty.recording._facts import ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qlty.recording._session import Session


class ReportWatch:
    """Waits in an xdist controller for a report of a test, or of a file, that asks for a run.

    The recorder hears of that report from here, of the next ones by itself.
    """

    def __init__(
        self,
        config: pytest.Config,
        integrations: Sequence[str],
        asks: Callable[[pytest.CollectReport], bool],
    ) -> None:
        self._config = config
        self._integrations = integrations
        self._asks = asks

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Begin the run with the first test that carries facts."""
        if hasattr(report, ATTRIBUTE) and (session := self._begin()):
            session.recorder.pytest_runtest_logreport(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Begin the run with a file that could not be collected and asks for it."""
        if self._asks(report) and (session := self._begin()):
            session.recorder.pytest_collectreport(report)

    def _begin(self) -> Session | None:
        self._config.pluginmanager.unregister(self)
        from qlty.recording.activation import activate_late

        return activate_late(self._config, self._integrations)
