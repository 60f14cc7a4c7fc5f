"""Flags of the current run.

Command lines set them, integrations read them: ``from qlty import config``.
"""

from __future__ import annotations

import os

#: Enable Slack integration
SLACK_INTEGRATION = False

#: Enable TestRail integration
TESTRAIL_INTEGRATION = False

#: Enable PagerDuty integration
PAGERDUTY_INTEGRATION = False

#: Nobody asked for this run: a test with a marker and a fixture activated it
ACTIVATED_BY_TESTS = False

#: Report runs that have failures, too
REPORT_ON_FAIL = True

#: Label of the platform under test, such as 'chrome' or 'ios'
CURRENT_PLATFORM: str | None = None

#: Label of the environment under test, such as 'staging'
CURRENT_ENVIRONMENT: str | None = None

#: Browsers run without a window
HEADLESS = False

#: The run is a Jenkins job
RUNNING_ON_JENKINS = "JENKINS_URL" in os.environ

#: Browsers run at Sauce Labs
SAUCELABS_INTEGRATION = False
