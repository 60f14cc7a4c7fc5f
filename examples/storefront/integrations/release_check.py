"""Go or no-go: one line for the release pipeline, and for whoever comes after in the run."""

from pathlib import Path

import requests
import settings

from qlty.classes.core.test_runner_utils import TestRunnerUtils
from qlty.classes.integrations.base_integration import Integration
from qlty.utilities.utils import setup_logger

logger = setup_logger(__name__, settings.DEBUG_LEVEL)

VERDICT_FILE = Path(__file__).parents[1] / "reports" / "release-check.txt"


class ReleaseCheck(Integration):
    """Says whether the release under test may go out, and shares that through ``context``."""

    def on_run_start(self):
        """Learn which release is tested."""
        health = requests.get(f"{settings.STOREFRONT['BASE_URL']}/health", timeout=5).json()
        self.release = health["release"]

    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        """Write the verdict, with what TestRail and PagerDuty put into ``context`` before us."""
        totals = TestRunnerUtils.get_testrun_totals(test_results)
        context = {} if context is None else context
        context["release_check"] = {
            "release": self.release,
            "go": totals["failed_testcases"] == 0,
            "testrail_run_id": context.get("testrail_run_id"),
            "incidents": len(context.get("pagerduty_incidents", [])),
        }
        self._write(context["release_check"], totals)

    def _write(self, verdict, totals):
        line = "release {} {}: {} of {} tests failed, {} incidents, TestRail run {}".format(
            verdict["release"],
            "may go out" if verdict["go"] else "stays here",
            totals["failed_testcases"],
            totals["total_testcases"],
            verdict["incidents"],
            verdict["testrail_run_id"] or "none",
        )
        VERDICT_FILE.parent.mkdir(exist_ok=True)
        VERDICT_FILE.write_text(line + "\n", encoding="utf-8")
        logger.info(line)
