"""What the document of pytest-pagerduty promises, statement by statement."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

DOCUMENT = '''
import pytest

@pytest.mark.usefixtures("pagerduty_fixture")
@pytest.mark.pagerduty_trigger_incident(service_id="XIXOOXZ", urgency="high", assignee_id="SE169QA")
def test_critical_feature():
    """Verifies the critical feature behavior."""
    assert False

@pytest.mark.usefixtures("pagerduty_fixture")
@pytest.mark.pagerduty_trigger_incident(service_id="XIXOOXZ", urgency="low")
def test_service_failure():
    """Validates the service availability."""
    assert False


@pytest.mark.usefixtures("pagerduty_fixture")
@pytest.mark.pagerduty_trigger_incident(service_id="IIXOOXZ", urgency="high")
def test_critical_flow():
    """Validates the critical flow.

    Critical test case which verifies next behavior:
    - Authentication to the production environment
    - Data retrieval from the X service
    - Data processing via the Y service
    - Data validation via the Z service
    - Data storage to the production database
    - Sending a notification to the Billing team
    """
    expected_status_code = 201
    actual_status_code = 502
    assert expected_status_code == actual_status_code
'''


ONE = """
import pytest

@pytest.mark.usefixtures("pagerduty_fixture")
@pytest.mark.pagerduty_trigger_incident({})
def test_pay():
    '''Payment works.'''
    assert 1 == 2, "the bank said no"
"""


def body(incident):
    return incident["body"]["details"]


def authorizations(sandbox):
    return {call["headers"]["authorization"] for call in sandbox.calls}


# -- the three examples


def test_the_examples_fail_as_they_do_without_the_plugin(suite):
    suite.write(DOCUMENT)
    assert suite.run().counts == {"failed": 3}


def test_first_example_triggers_an_incident_and_assigns_it_to_the_user(suite):
    suite.write(DOCUMENT)
    suite.run("-k", "critical_feature")
    (incident,) = suite.incidents
    assert incident["service"]["id"] == "XIXOOXZ"
    assert incident["urgency"] == "high"
    assert incident["assigned_via"] == "direct_assignment"
    assert [one["assignee"]["id"] for one in incident["assignments"]] == ["SE169QA"]


def test_second_example_triggers_an_incident_with_low_urgency(suite):
    suite.write(DOCUMENT)
    suite.run("-k", "service_failure")
    (incident,) = suite.incidents
    assert (incident["service"]["id"], incident["urgency"]) == ("XIXOOXZ", "low")


def test_third_example_includes_the_docstring_in_the_details(suite):
    suite.write(DOCUMENT)
    suite.run("-k", "critical_flow")
    (incident,) = suite.incidents
    assert (incident["service"]["id"], incident["urgency"]) == ("IIXOOXZ", "high")
    assert body(incident).startswith(
        "Validates the critical flow.\n\nCritical test case which verifies next behavior:\n"
        "- Authentication to the production environment\n"
    )
    assert "assert 201 == 502" in body(incident)


# -- configuration


def test_credentials_come_from_the_environment(suite):
    suite.write(ONE.format('service_id="XIXOOXZ"'))
    suite.run()
    assert authorizations(suite.sandbox) == {"Token token=sandbox-pagerduty-key"}
    assert {call["headers"].get("from") for call in suite.sandbox.calls} == {"samira@sandbox.test"}


CREDENTIALS = ("PAGERDUTY_API_KEY", "PAGERDUTY_DEFAULT_FROM")


def test_credentials_come_from_options(suite):
    suite.write(ONE.format('service_id="XIXOOXZ"'))
    suite.run(
        "--pagerduty_api_key=sandbox-pagerduty-key",
        "--pagerduty_default_from=jonas@sandbox.test",
        without=CREDENTIALS,
    )
    assert len(suite.incidents) == 1
    assert suite.sandbox.calls[0]["headers"]["from"] == "jonas@sandbox.test"


INI = """{}
pagerduty_api_key = {q}sandbox-pagerduty-key{q}
pagerduty_default_from = {q}jonas@sandbox.test{q}
"""


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", INI.format("[pytest]", q="")),
        ("setup.cfg", INI.format("[tool:pytest]", q="")),
        ("pyproject.toml", INI.format("[tool.pytest.ini_options]", q="'")),
        ("pyproject.toml", INI.format("[tool.pytest]", q="'")),
    ],
)
def test_credentials_come_from_every_ini_file(suite, file, text):
    if "[tool.pytest]" in text and pytest.version_tuple < (9,):
        pytest.skip("pytest 8 has no typed table")
    (suite.project.root / "pytest.ini").unlink()
    suite.write(text, file)
    suite.write(ONE.format('service_id="XIXOOXZ"'))
    suite.run(without=CREDENTIALS)
    assert len(suite.incidents) == 1
    assert suite.sandbox.calls[0]["headers"]["from"] == "jonas@sandbox.test"


def test_options_win_over_ini_and_ini_over_environment(suite):
    suite.write(INI.format("[pytest]", q=""), "pytest.ini")
    suite.write(ONE.format('service_id="XIXOOXZ"'))
    suite.run(env={"PAGERDUTY_DEFAULT_FROM": "samira@sandbox.test"})
    suite.run("--pagerduty_default_from=qa@sandbox.test")
    assert [
        c["headers"]["from"] for c in suite.sandbox.calls if c["call"] == "POST /incidents"
    ] == [
        "jonas@sandbox.test",
        "qa@sandbox.test",
    ]


def test_an_oauth_token_is_enough(suite):
    suite.write(ONE.format('service_id="XIXOOXZ"'))
    suite.run(
        env={"PAGERDUTY_OAUTH_TOKEN": "sandbox-pagerduty-oauth"}, without=("PAGERDUTY_API_KEY",)
    )
    assert authorizations(suite.sandbox) == {"Bearer sandbox-pagerduty-oauth"}
    assert len(suite.incidents) == 1


def test_with_both_credentials_set_as_in_the_document_the_api_key_is_used(suite):
    suite.write(ONE.format('service_id="XIXOOXZ"'))
    suite.run(env={"PAGERDUTY_OAUTH_TOKEN": "your_oauth_token"})
    assert authorizations(suite.sandbox) == {"Token token=sandbox-pagerduty-key"}
    assert len(suite.incidents) == 1


# -- registration


def test_the_documented_line_beside_the_installed_plugin_does_nothing_twice(suite):
    suite.write('pytest_plugins = ["pytest_pagerduty.plugin"]', "tests/conftest.py")
    suite.write(ONE.format('service_id="XIXOOXZ"'), "tests/test_shop.py")
    ran = suite.run("tests")
    assert ran.counts == {"failed": 1}
    assert len(suite.incidents) == 1


def test_the_documented_line_is_enough_without_autoload(suite):
    suite.write('pytest_plugins = ["pytest_pagerduty.plugin"]', "tests/conftest.py")
    suite.write(ONE.format('service_id="XIXOOXZ"'), "tests/test_shop.py")
    ran = suite.project.pytest("tests", env={**suite.env, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert ran.returncode == 1
    assert len(suite.incidents) == 1


def test_it_loads_by_itself_when_installed(suite):
    suite.write(ONE.format('service_id="XIXOOXZ"'))
    ran = suite.run("--strict-markers")
    assert ran.counts == {"failed": 1}
    assert len(suite.incidents) == 1


# -- the marker's parameters


def test_all_seven_parameters_arrive(suite):
    given = (
        'service_id="IIXOOXZ", priority_id="PRIOR01", escalation_policy_id="PESCAL2", '
        'urgency="low", incident_key="payments-down", details="Call the bank first."'
    )
    suite.write(ONE.format(given))
    suite.run()
    (incident,) = suite.incidents
    assert incident["service"]["id"] == "IIXOOXZ"
    assert incident["priority"]["id"] == "PRIOR01"
    assert incident["escalation_policy"]["id"] == "PESCAL2"
    assert incident["urgency"] == "low"
    assert incident["incident_key"] == "payments-down"
    assert body(incident).startswith("Call the bank first.")


def test_optional_parameters_are_left_to_the_service(suite):
    suite.write(ONE.format('service_id="PLOWURG"'))
    suite.run()
    (call,) = [one for one in suite.sandbox.calls if one["call"] == "POST /incidents"]
    assert set(json.loads(call["body"])["incident"]) == {
        "type",
        "title",
        "service",
        "incident_key",
        "body",
    }
    assert suite.incidents[0]["urgency"] == "low"


def test_an_incident_key_prevents_duplicate_incidents(suite):
    suite.write(ONE.format('service_id="XIXOOXZ", incident_key="payments-down"'))
    suite.run()
    again = suite.run()
    assert len(suite.incidents) == 1
    assert again.counts == {"failed": 1}
    assert again.line["complete"]


# -- the structure of the incident


def test_the_title_is_the_failure_with_the_name_of_the_test(suite):
    suite.write(ONE.format('service_id="XIXOOXZ"'))
    suite.run()
    title = suite.incidents[0]["title"]
    assert "test_shop.py::test_pay" in title
    assert "the bank said no" in title


def test_details_have_marker_words_then_docstring_then_traceback(suite):
    suite.write(ONE.format('service_id="XIXOOXZ", details="Call the bank first."'))
    suite.run()
    text = body(suite.incidents[0])
    places = [
        text.index("Call the bank first."),
        text.index("Payment works."),
        text.index(">       assert 1 == 2"),
        text.index("test_shop.py:8: AssertionError"),
    ]
    assert places == sorted(places)


def test_a_passing_suite_makes_no_call(suite):
    suite.write(DOCUMENT.replace("assert False", "assert True").replace("502", "201"))
    assert suite.run().counts == {"passed": 3}
    assert suite.calls() == []


def test_help_shows_the_documented_options(suite):
    ran = suite.run("--help")
    for name in ("pagerduty_api_key", "pagerduty_oauth_token", "pagerduty_default_from"):
        assert f"--{name}=" in ran.output


def test_importing_the_plugin_imports_no_client_and_no_settings():
    heavy = "{'pagerduty', 'msgspec', 'sqlite3', 'ssl', 'qlty.recording.activation'}"
    code = f"import sys, pytest_pagerduty.plugin; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# -- version 1 of the package


@pytest.mark.parametrize(("version", "told"), [("1.0.0", True), ("2.0.0", False)])
def test_version_1_beside_ours_is_told_once_with_what_to_do(suite, version, told):
    suite.write(DOCUMENT)
    suite.write(
        f"Metadata-Version: 2.1\nName: pytest-pagerduty\nVersion: {version}\n",
        f"pytest_pagerduty-{version}.dist-info/METADATA",
    )
    output = suite.run("-k", "critical_flow").output
    assert output.count("pytest-pagerduty 1.0.0 is installed beside qlty-framework") == told
