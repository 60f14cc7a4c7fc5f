"""The pytest face of the PagerDuty integration: options, ini keys, marker and fixture.

It is light to import; what builds and sends incidents is ``PagerDutyIntegration`` of ``qlty``.
PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from qlty.pytest_plugin import activate_late, activate_on_report

#: brings the recorder along where pytest loads no installed plugins by itself
pytest_plugins = ["qlty.pytest_plugin"]

MARKER = "pagerduty_trigger_incident"
FIXTURE = "pagerduty_fixture"

_OPTIONS = {
    "pagerduty_api_key": "PagerDuty REST API key",
    "pagerduty_oauth_token": "PagerDuty OAuth token, used where there is no API key",
    "pagerduty_default_from": "e-mail of the PagerDuty user who opens incidents",
}


class _Uncollected:
    """Files that cannot be imported: no marker and no fixture of theirs is known, only their text.

    Attributes:
        reports: of those whose text asks for incidents.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.reports: list[pytest.CollectReport] = []
        self._root = config.rootpath

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if self.asks(report):
            self.reports.append(report)

    def asks(self, report: pytest.CollectReport) -> bool:
        """Say whether a file names marker and fixture, as its tests would."""
        if not report.failed:
            return False
        from qlty.classes.integrations._pagerduty import texts_that_ask

        return bool(texts_that_ask(self._root, report.nodeid, marker_is_enough=False))


_uncollected = pytest.StashKey[_Uncollected]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the documented options, and the ini keys of the same names."""
    group = parser.getgroup("pagerduty", "PagerDuty incidents for failing tests")
    for name, text in _OPTIONS.items():
        group.addoption(f"--{name}", metavar="TEXT", default=None, help=text)
        parser.addini(name, text, default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and look at what cannot be collected."""
    config.stash[_uncollected] = _Uncollected(config)
    config.pluginmanager.register(config.stash[_uncollected], "pagerduty-uncollected")
    config.addinivalue_line(
        "markers",
        f"{MARKER}(service_id, priority_id, escalation_policy_id, urgency, incident_key, details, "
        "assignee_id): open a PagerDuty incident when this test fails",
    )
    config.addinivalue_line("markers", "owner(name): who is asked when this test fails")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let an xdist controller, which collects nothing, learn from its workers' reports."""
    activate_on_report(session.config, ("pagerduty",), session.config.stash[_uncollected].asks)


@pytest.fixture
def pagerduty_fixture() -> None:
    """Let this test open a PagerDuty incident when it fails; its marker says where.

    It does nothing by itself: the incident is opened outside of the test, so that PagerDuty can
    neither slow it down nor change its outcome.
    """


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Activate the run where a test asks for it with marker and fixture."""
    errors = session.config.stash[_uncollected].reports
    if errors or any(_asks(item) for item in session.items):
        activate_late(session.config, ("pagerduty",), errors)


def _asks(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return FIXTURE in fixtures and item.get_closest_marker(MARKER) is not None


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Say what is wrong with markers, once each, before a test has to fail for it."""
    marked = [item for item in items if item.get_closest_marker(MARKER) is not None]
    if not marked:
        return []
    from qlty.classes.integrations._pagerduty import check_marker

    marks = {id(mark): (mark, item) for item in marked for mark in item.iter_markers(MARKER)}
    lines = [
        f"pagerduty: {item.nodeid}: {problem}"
        for mark, item in marks.values()
        for problem in check_marker(mark.args, mark.kwargs)
    ]
    without = [item for item in marked if not _asks(item)]
    if without and not getattr(config.option, "report_to", None):
        lines.append(
            f"pagerduty: {len(without)} marked tests such as {without[0].nodeid} do not use "
            f"{FIXTURE}: they open incidents only with --report-to pagerduty"
        )
    return lines
