from __future__ import annotations

import json
from pathlib import Path

import pytest

from qlty.classes.integrations._testrail.settings import TestRailSettings
from qlty.errors import SettingsError
from qlty.settings import Sources, current, install, load

GOOD = {
    "BASE_URL": "https://shop.testrail.io",
    "USERNAME": "qa@shop.test",
    "API_KEY": "dummy-testrail-key",
    "PROJECT_ID": "3",
}


@pytest.fixture
def settings():
    before = current()

    def make(**more):
        given = {**GOOD, **{k: v if isinstance(v, str) else json.dumps(v) for k, v in more.items()}}
        install(Sources(environ={f"TESTRAIL_{name}": value for name, value in given.items()}))
        return load("TESTRAIL", TestRailSettings)

    yield make
    install(before)


def test_four_settings_are_enough(settings):
    assert settings().project_id == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"PROJECT_ID": "P3"}, "a whole number of at least 1, such as 7"),
        ({"RUN_ID": "1", "PLAN_ID": "2"}, "RUN_ID and PLAN_ID exclude each other"),
        ({"CONFIG_IDS": "1,2"}, "CONFIG_IDS needs PLAN_ID"),
        ({"PLAN_ID": "1", "CLOSE_RUN": "true"}, "set CLOSE_PLAN"),
        ({"CLOSE_PLAN": "true"}, "CLOSE_PLAN needs PLAN_ID"),
        ({"EXTEND_RUN": "true"}, "EXTEND_RUN needs RUN_ID"),
        ({"REFS": "A-1," * 70}, "REFS has 280 characters; TestRail takes 250"),
        ({"STATUSES": {"skiped": "blocked"}}, "did you mean 'skipped'?"),
        ({"STATUSES": {"skipped": "untested"}}, "which TestRail does not take as a result"),
        ({"NAME": "{brunch}"}, "NAME has {brunch}, which is not known: did you mean {branch}?"),
        ({"NAME": "{branch.__class__}"}, "NAME has {branch.__class__}, which is not known"),
        ({"NAME": "{branch:{commit.__class__}}"}, "NAME has {branch} with a format"),
        ({"NAME": "{branch!r}"}, "NAME has {branch} with a format"),
        ({"DESCRIPTION": "{"}, "DESCRIPTION is no template"),
        ({"FIELDS": {"browser": "x"}}, "a field's system name begins with custom_"),
        ({"LIVE": "true", "WHEN": "failure"}, "it needs WHEN = 'always'"),
    ],
)
def test_what_cannot_be_is_named_with_what_can(settings, more, said):
    with pytest.raises(SettingsError) as error:
        settings(**more)
    assert said in str(error.value)


def test_every_problem_is_told_at_once(settings):
    with pytest.raises(SettingsError, match="2 settings of TESTRAIL are wrong"):
        settings(CONFIG_IDS="1", CLOSE_PLAN="true")


@pytest.mark.parametrize("left_out", [None, "omit"])
def test_an_outcome_may_be_left_out(settings, left_out):
    assert settings(STATUSES={"passed": left_out}).status("passed") is None


def test_by_default_skipped_and_xfailed_are_left_out_and_errors_failed(settings):
    told = {outcome: settings().status(outcome) for outcome in ("skipped", "xfailed", "error")}
    assert told == {"skipped": None, "xfailed": None, "error": "failed"}


def test_every_setting_is_documented():
    documented = (Path(__file__).parents[2] / "docs" / "testrail.md").read_text()
    names = [name.upper() for name in TestRailSettings.__struct_fields__]
    assert [name for name in names if f"`{name}`" not in documented and name != "ALLOW_HTTP"] == []
