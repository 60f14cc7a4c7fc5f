"""A run that begins with the first report that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qlty.recording._facts import ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Sequence


class ReportWatch:
    """Waits in an xdist controller for a report that carries facts."""

    def __init__(self, config: pytest.Config, integrations: Sequence[str]) -> None:
        self._config = config
        self._integrations = integrations

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Begin the run; its recorder hears of this report here, of the next ones by itself."""
        if not hasattr(report, ATTRIBUTE):
            return
        self._config.pluginmanager.unregister(self)
        from qlty.recording.activation import activate_late

        session = activate_late(self._config, self._integrations)
        if session is not None:
            session.recorder.pytest_runtest_logreport(report)
