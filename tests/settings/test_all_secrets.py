"""Secrets of integrations that take no part in a run are known to the masker all the same."""

from __future__ import annotations

import pytest

from qlty.masking import mask
from qlty.settings import remember_secrets

VALUE = "Zk83hfQp20dLxM5w"


@pytest.mark.parametrize(
    "where",
    [
        {"settings_py": {"SLACK": {"AUTH_TOKEN": VALUE}}},
        {"settings_py": {"SLACK": {"SLACK_AUTH_TOKEN": f" {VALUE} "}}},
        {"settings_py": {"TESTRAIL": {"API_KEY": VALUE}}},
        {"settings_py": {"PAGERDUTY": {"ROUTING_KEY": {"XIXOOXZ": VALUE}}}},
        {"settings_py": {"SHOP": {"PASSWORD": VALUE}}},
        {"settings_py": {"API_TOKEN": VALUE}},
        {"options": {"pagerduty_api_key": VALUE}},
        {"ini": {"pagerduty_oauth_token": VALUE}},
        {"environ": {"TESTRAIL_API_KEY": VALUE}},
    ],
)
def test_a_secret_is_known_wherever_it_stands(given, where):
    given(**where)
    remember_secrets()
    assert mask(f"<{VALUE}>") == "<***>"


@pytest.mark.parametrize("place", ["environ", "settings_py"])
def test_a_secret_in_a_file_is_known(given, tmp_path, place):
    (tmp_path / "token").write_text(f"{VALUE}\n")
    path = str(tmp_path / "token")
    given(
        **{
            "environ": {"environ": {"SLACK_AUTH_TOKEN_FILE": path}},
            "settings_py": {"settings_py": {"SHOP": {"TOKEN_FILE": path}}},
        }[place]
    )
    remember_secrets()
    assert mask(f"<{VALUE}>") == "<***>"


@pytest.mark.parametrize("path", ["/dev/zero", "/nowhere/at/all", "\0", 7])
def test_a_file_that_cannot_be_read_is_passed_over(given, path):
    given(settings_py={"SHOP": {"TOKEN_FILE": path, "RETRIES": 3, 5: None}})
    remember_secrets()


def test_what_is_no_secret_is_not_masked(given):
    given(
        settings_py={"SLACK": {"CHANNEL_ID": "C0123456789"}, "NAME": "checkout"},
        environ={"PAGERDUTY_SERVICE_ID": "PSERVICE1"},
    )
    remember_secrets()
    assert mask("C0123456789 checkout PSERVICE1") == "C0123456789 checkout PSERVICE1"
