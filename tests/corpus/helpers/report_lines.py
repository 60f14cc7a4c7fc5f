"""A pytest plugin that writes down what pytest itself reports, as JSON Lines.

``-p report_lines``; the file is named by the variable ``REPORT_LINES``.
"""

import json
import os
import re

_ADDRESS = re.compile(r"0x[0-9a-f]+")


class Writer:
    """Writes the events of the process that owns the run."""

    def __init__(self, path):
        self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115 - closed at the end

    def pytest_runtest_logreport(self, report):
        self._write(
            "report",
            kind=type(report).__name__,
            nodeid=report.nodeid,
            when=report.when,
            outcome=report.outcome,
            wasxfail=getattr(report, "wasxfail", None),
            text=_ADDRESS.sub("0x", str(report.longrepr)),
            sections=[name for name, _ in report.sections],
            properties=report.user_properties,
        )

    def pytest_collectreport(self, report):
        self._write("collected", nodeid=report.nodeid, outcome=report.outcome)

    def pytest_deselected(self, items):
        self._write("deselected", nodeids=sorted(item.nodeid for item in items))

    def pytest_warning_recorded(self, warning_message, when, nodeid):
        text = _ADDRESS.sub("0x", str(warning_message.message))
        kind = warning_message.category.__name__
        self._write("warning", kind=kind, text=text, when=when, nodeid=nodeid)

    def pytest_sessionfinish(self, session, exitstatus):
        self._write("end", status=int(exitstatus), root=session.config.rootpath.name)

    def pytest_unconfigure(self):
        self._file.close()

    def _write(self, event, **facts):
        self._file.write(json.dumps({"event": event, **facts}, default=repr) + "\n")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Writer(os.environ["REPORT_LINES"]))
