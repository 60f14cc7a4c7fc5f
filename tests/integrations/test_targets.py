"""What tells one account's deliveries from another's, and survives a new key."""

from __future__ import annotations

import pytest

from qlty.classes.integrations.pagerduty_integration import PagerDutyIntegration
from qlty.classes.integrations.slack_integration import SlackIntegration
from qlty.classes.integrations.testrail_integration import TestRailIntegration
from qlty.settings import Sources, current, install

ONE, OTHER = "dummy-credential-number-one-0000", "dummy-credential-number-two-0000"

PAGERDUTY = {
    "two routing keys": ({"ROUTING_KEY": ONE}, {"ROUTING_KEY": OTHER}),
    "two maps": ({"ROUTING_KEY": f'{{"P1": "{ONE}"}}'}, {"ROUTING_KEY": f'{{"P1": "{OTHER}"}}'}),
    "two keys of users": ({"API_KEY": ONE}, {"API_KEY": OTHER}),
    "two users": (
        {"API_KEY": ONE, "DEFAULT_FROM": "a@example.com"},
        {"API_KEY": ONE, "DEFAULT_FROM": "b@example.com"},
    ),
    "two names": (
        {"API_KEY": ONE, "ACCOUNT": "a"},
        {"API_KEY": ONE, "ACCOUNT": "b"},
    ),
}

ROTATED = {
    "account's key": (
        {"API_KEY": ONE, "DEFAULT_FROM": "a@example.com"},
        {"API_KEY": OTHER, "DEFAULT_FROM": "a@example.com"},
    ),
    "named account": (
        {"ROUTING_KEY": ONE, "ACCOUNT": "acme"},
        {"ROUTING_KEY": OTHER, "ACCOUNT": "acme"},
    ),
    "oauth": ({"OAUTH_TOKEN": ONE}, {"OAUTH_TOKEN": OTHER}),
    "order of a map": (
        {"ROUTING_KEY": f'{{"P1": "{ONE}", "P2": "{OTHER}"}}'},
        {"ROUTING_KEY": f'{{"P2": "{OTHER}", "P1": "{ONE}"}}'},
    ),
}


@pytest.fixture
def target():
    before = current()

    def of(integration, prefix, values):
        install(Sources(environ={f"{prefix}_{name}": value for name, value in values.items()}))
        return integration().target()

    yield of
    install(before)


@pytest.mark.parametrize("case", PAGERDUTY)
def test_two_accounts_of_pagerduty_are_two_targets(target, case):
    one, other = (target(PagerDutyIntegration, "PAGERDUTY", values) for values in PAGERDUTY[case])
    assert one != other


@pytest.mark.parametrize("case", ROTATED)
def test_a_new_key_of_the_same_account_is_the_same_target(target, case):
    one, other = (target(PagerDutyIntegration, "PAGERDUTY", values) for values in ROTATED[case])
    assert one == other


@pytest.mark.parametrize("values", [*PAGERDUTY.values(), *ROTATED.values()], ids=str)
def test_no_credential_is_part_of_a_target(target, values):
    for each in values:
        said = target(PagerDutyIntegration, "PAGERDUTY", each)
        assert ONE not in said
        assert OTHER not in said


def test_testrails_user_is_part_of_the_target_and_the_key_is_not(target):
    def of(user, key):
        values = {
            "BASE_URL": "https://acme.testrail.io",
            "PROJECT_ID": "1",
            "USERNAME": user,
            "API_KEY": key,
        }
        return target(TestRailIntegration, "TESTRAIL", values)

    assert of("a@example.com", ONE) != of("b@example.com", ONE)
    assert of("a@example.com", ONE) == of("a@example.com", OTHER)


def test_a_slack_webhook_is_a_target_of_its_own(target):
    hooks = (f"https://hooks.slack.com/services/T1/B1/{name}" for name in (ONE, OTHER))
    one, other = (target(SlackIntegration, "SLACK", {"WEBHOOK_URL": hook}) for hook in hooks)
    assert one != other
