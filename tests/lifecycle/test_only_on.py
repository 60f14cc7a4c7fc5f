"""``ONLY_ON``: where an integration reports."""

import pytest

from qlty.classes.integrations._where import elsewhere, setting_name
from qlty.classes.integrations.base_integration import Integration
from qlty.classes.integrations.registry import Registry
from qlty.errors import RunAborted, SettingsError
from qlty.settings import Condition, Sources, current, install, only_on

CI = {"ci": "Jenkins", "branch": "main", "environment": "staging", "tag": None}
LAPTOP = {**CI, "ci": None}


@pytest.mark.parametrize(
    ("conditions", "run", "saw"),
    [
        ((), LAPTOP, ""),
        (("ci",), CI, ""),
        (("ci",), LAPTOP, "not in CI"),
        (("branch:main",), CI, ""),
        (("branch:release/*", "branch:main"), CI, ""),
        (("branch:release/*",), CI, "on the branch main"),
        (("branch:main",), {"branch": None}, "on no branch"),
        (("branch:main",), {"branch": None, "tag": "v1"}, "on the tag v1"),
        (("branch:main", "tag:v*"), {"branch": None, "tag": "v1"}, ""),
        (("tag:v*",), CI, "on the branch main"),
        (("environment:prod*",), CI, "in the environment staging"),
        (("environment:prod*",), {}, "in no environment"),
        (("ci", "branch:release/*"), LAPTOP, "not in CI, on the branch main"),
        (("ci", "branch:main"), LAPTOP, "not in CI"),
    ],
)
def test_where_an_integration_reports_and_what_was_seen_elsewhere(conditions, run, saw):
    said = elsewhere("SLACK", [Condition(each) for each in conditions], run)
    expected = f"SLACK_ONLY_ON is {', '.join(conditions)}, and this run is {saw}" if saw else ""
    assert said == expected


@pytest.mark.parametrize("text", ["prod", "branch:", "branch", "CI", "ci:x", "project:x", ""])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ValueError, match="no place"):
        Condition(text)


def test_only_on_is_read_whatever_else_is_wrong():
    before = current()
    install(Sources(environ={"SLACK_ONLY_ON": "ci, branch:main", "SLACK_WHEN": "sometimes"}))
    try:
        assert only_on("SLACK") == ("ci", "branch:main")
        install(Sources(environ={"SLACK_ONLY_ON": "brunch:main"}))
        with pytest.raises(SettingsError, match=r"SLACK ONLY_ON.*brunch:main.*'branch:PATTERN'"):
            only_on("SLACK")
    finally:
        install(before)


@pytest.mark.parametrize(
    ("name", "setting"), [("slack", "SLACK"), ("acme-report", "ACME_REPORT"), ("Spy#2", "SPY")]
)
def test_the_name_of_an_integrations_settings(name, setting):
    assert setting_name(name) == setting


def test_on_a_laptop_those_for_ci_stay_silent_even_without_credentials(suite):
    project = suite("", "['spy.Spy', 'mine.Other']")
    project.write(
        "mine.py",
        "from qlty.classes.integrations.base_integration import Integration\n"
        "from spy import Spy\n"
        "class Other(Integration):\n"
        "    required = must_deliver = True\n"
        "    def on_run_start(self): raise RuntimeError('asked on a laptop')\n",
    )
    env = {
        "SLACK_ONLY_ON": "ci",
        "PAGERDUTY_ONLY_ON": "ci",
        "OTHER_ONLY_ON": "ci",
        "SPY_ONLY_ON": "environment:*",
        "CI": "false",
    }
    done = project.pytest("-v", "--report-to", "slack,pagerduty", env=env)
    assert done.returncode == 0
    assert len(done.calls("on_test_end")) == 2
    assert "silent: SLACK_ONLY_ON is ci, and this run is not in CI" in done.stdout
    assert "OTHER_ONLY_ON is ci, and this run is not in CI" in done.stdout
    assert "takes no part" not in done.stdout


class Hears(Integration):
    heard = ""

    def on_run_abort(self, integration, cause):
        self.heard = f"{integration}: {cause}"


@pytest.mark.parametrize(
    ("place", "heard"), [("environment:prod", ""), ("environment:*", "shop: no")]
)
def test_an_aborted_run_is_told_to_those_that_report_here(monkeypatch, place, heard):
    monkeypatch.setattr(Hears, "run", {"environment": "staging"})
    before = current()
    install(Sources(environ={"HEARS_ONLY_ON": place}))
    try:
        registry, integration = Registry(), Hears()
        registry.register(integration)
        registry.on_run_abort(RunAborted("shop", "no"))
        assert integration.heard == heard
    finally:
        install(before)
