"""The door for pytest: options, and the decision whether a run is active.

Nothing else is imported until it is. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from qlty.recording.active import ACTIVE_RUN, note_deselection, report_to_ini

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: options with which pytest runs no test: its own, then those of pytest-bdd, pytest-deadfixtures
#: and pytest-fixture-tools
_SHOWS_ONLY = (
    "collectonly",
    "setuponly",
    "setupplan",
    "showfixtures",
    "show_fixtures_per_test",
    "cacheshow",
    "generate_missing",
    "deadfixtures",
    "show_fixture_duplicates",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of ``pytest --help``."""
    group = parser.getgroup("qlty", "reporting to people and systems (QLTY Framework)")
    group.addoption(
        "--report-to",
        action="append",
        metavar="NAMES",
        help="report this run to these integrations: slack, testrail, pagerduty (repeatable)",
    )
    group.addoption(
        "--qlty",
        action="store_true",
        default=False,
        help="report this run to the project's own CUSTOM_INTEGRATIONS",
    )
    group.addoption(
        "--qlty-settings", metavar="MODULE", help="the project's settings module (settings)"
    )
    group.addoption(
        "--qlty-receipt", metavar="FILE", help="write what was delivered to this file, as JSON"
    )
    group.addoption(
        "--qlty-dry-run",
        metavar="DIR",
        nargs="?",
        const="",
        help="print the requests that would be sent, or write them to DIR, and send nothing",
    )
    parser.addini(
        "report_to", "integrations to report to, as --report-to", type="linelist", default=None
    )
    parser.addini("qlty_settings", "the project's settings module", default=None)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Activate the run that was asked for, once conftest files have prepared what it reads."""
    config.addinivalue_line("markers", "testrail(*case_ids): the TestRail cases of this test")
    config.addinivalue_line("markers", "testrail_defects(defect_ids): defects of this test")
    if not _is_requested(config, config.option):
        return
    if is_worker(config):
        from qlty.recording.activation import activate_worker

        activate_worker(config)
    elif not _shows_only(config):
        from qlty.recording.activation import activate

        activate(config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Notice that tests are left out, by whatever plugin and whether it says so or not."""
    collected = len(items)
    yield
    if len(items) < collected:
        note_deselection(config)


def activate_late(
    config: pytest.Config,
    integrations: Sequence[str],
    errors: Sequence[pytest.CollectReport] = (),
) -> None:
    """Activate a run that nobody asked for, once collection showed that a test wants it.

    For the process that collected: an xdist worker, or the one that owns the run.
    ``errors`` are the reports of what could not be collected.
    """
    if _may_activate_late(config):
        from qlty.recording import activation

        if session := activation.activate_late(config, integrations):
            for report in errors:
                session.recorder.pytest_collectreport(report)


def activate_on_report(
    config: pytest.Config,
    integrations: Sequence[str],
    asks: Callable[[pytest.CollectReport], bool],
) -> None:
    """Activate such a run in an xdist controller, as soon as a worker's report shows it.

    A controller does not collect: it learns of the tests from their reports.
    ``asks`` says whether what could not be collected wants it.
    """
    if _may_activate_late(config) and config.pluginmanager.has_plugin("dsession"):
        from qlty.recording.late import ReportWatch

        config.pluginmanager.register(ReportWatch(config, integrations, asks), "qlty-report-watch")


def _may_activate_late(config: pytest.Config) -> bool:
    if config.pluginmanager.is_blocked("qlty") or _shows_only(config):
        return False
    return is_worker(config) or ACTIVE_RUN not in os.environ


def _shows_only(config: pytest.Config) -> bool:
    return any(getattr(config.option, name, False) for name in _SHOWS_ONLY)


def is_worker(config: pytest.Config) -> bool:
    """Say whether this process runs tests for an xdist controller."""
    return hasattr(config, "workerinput")


def _is_requested(config: pytest.Config, options: Any) -> bool:
    if config.pluginmanager.is_blocked("qlty"):
        return False
    if getattr(options, "qlty_run", None):
        return True  # a worker of an active run: its options are the controller's
    if os.environ.get(ACTIVE_RUN):
        return _asks_itself(config.invocation_params.args)
    return bool(
        any(map(str.strip, options.report_to or ()))
        or options.qlty
        or report_to_ini(config)
        or os.environ.get("QLTY_REPORT_TO")
    )


def _asks_itself(arguments: Sequence[str]) -> bool:
    """Say whether the command line of a pytest inside a test asks for a run of its own."""
    return any(
        argument == "--qlty" or argument.partition("=")[0] == "--report-to"
        for argument in map(str, arguments)
    )
