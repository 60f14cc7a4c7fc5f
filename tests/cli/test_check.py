"""``qlty-framework check`` against the sandbox."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def check(running, project):
    running.reset()
    running.chaos({})
    project.write("settings.py", "")

    def call(*arguments, **environ):
        env = {**running.env, **environ}
        return project.python("-m", "qlty", "check", *arguments, env=env)

    return call


def test_everything_is_fine(check, running):
    ran = check("--report-to", "slack,testrail,pagerduty")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = ran.stdout.splitlines()
    assert [line.split()[:2] for line in lines if not line.startswith(" ")] == [
        ["testrail", "ok"],
        ["pagerduty", "ok"],
        ["slack", "ok"],
    ]
    assert f"{running.env['TESTRAIL_BASE_URL']} project 1" in ran.stdout


def test_nothing_is_written_anywhere(check, running):
    check("--report-to", "slack,testrail,pagerduty")
    assert running.slack.messages == []
    assert running.testrail.runs == []
    assert running.pagerduty.incidents == []


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"TESTRAIL_API_KEY": "wrong-key-1234"}, "check TESTRAIL_USERNAME and TESTRAIL_API_KEY"),
        ({"TESTRAIL_PROJECT_ID": "77"}, "TESTRAIL PROJECT_ID is 77"),
        ({"TESTRAIL_PROJECT_ID": ""}, "TESTRAIL PROJECT_ID is not set"),
    ],
)
def test_what_is_wrong_is_said_and_the_others_are_checked_all_the_same(check, environ, said):
    ran = check("--report-to", "slack,testrail", **environ)
    assert ran.returncode == 1
    assert said in ran.stdout
    assert "slack     ok" in ran.stdout
    assert "wrong-key" not in ran.stdout + ran.stderr


def test_a_remote_that_is_away_is_a_failure_here(check, running):
    running.chaos({"testrail/*": {"status": 503}})
    ran = check("--report-to", "testrail")
    running.chaos({})
    assert ran.returncode == 1
    assert "testrail  failed" in ran.stdout


def test_the_projects_own_integrations_are_checked_in_their_order(check, project):
    project.write(
        "own.py",
        """
        from qlty.classes.integrations.base_integration import Integration

        class Good(Integration): pass

        class Bad(Integration):
            def on_run_start(self): raise ValueError("no licence")
        """,
    )
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['own.Good', 'own.Bad', 'own.Gone']")
    ran = check("--json")
    found = json.loads(ran.stdout)
    assert [(row["name"], row["ok"], row["cause"]) for row in found[:2]] == [
        ("Good", True, ""),
        ("Bad", False, "ValueError: no licence"),
    ]
    assert "own.Gone" in found[2]["cause"]
    assert ran.returncode == 1


def test_the_projects_settings_say_whom_to_check(check, project):
    project.write("pytest.ini", "[pytest]\nreport_to = testrail\n")
    ran = check()
    assert ran.stdout.split()[:2] == ["testrail", "ok"]


def test_nothing_to_check_is_a_usage_error(check):
    ran = check()
    assert ran.returncode == 4
    assert "nothing to check" in ran.stderr


def test_an_unknown_name_is_a_usage_error_with_the_nearest(check):
    ran = check("--report-to", "testrial")
    assert ran.returncode == 4
    assert "did you mean 'testrail'" in ran.stderr


@pytest.mark.parametrize("mark", ["settings.py", "pytest.ini"])
def test_a_project_that_was_never_run_is_no_part_of_one_above_it(running, project, mark):
    (project.root / ".qlty-framework").mkdir()
    project.write("settings.py", "raise RuntimeError('this is another project')")
    project.write(f"below/{mark}", "")
    ran = project.python(
        "-m", "qlty", "check", "--report-to", "slack", cwd="below", env=running.env
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"PAGERDUTY_DEFAULT_FROM": ""}, "PAGERDUTY_DEFAULT_FROM is not set"),
        ({"PAGERDUTY_API_KEY": "sandbox-pagerduty-read"}, "may not open incidents"),
        ({"PAGERDUTY_SERVICE_ID": "PDISABL"}, "is disabled"),
        ({"PAGERDUTY_API_KEY": "", "PAGERDUTY_ROUTING_KEY": "short"}, "has 5 characters"),
        ({"PAGERDUTY_API_URL": "http://127.0.0.1:9"}, "refused"),
        ({"PAGERDUTY_DEFAULT_FROM": "", "PAGERDUTY_ONLY_ON": "branch:never"}, "is not set"),
    ],
)
def test_a_pagerduty_where_no_page_can_leave_is_not_ok(check, environ, said):
    ran = check("--report-to", "pagerduty", **environ)
    assert ran.returncode == 1
    assert ran.stdout.startswith("pagerduty  failed")
    assert said in ran.stdout


def test_a_page_is_sent_to_look_at(check, running):
    ran = check("--report-to", "pagerduty", "--send")
    (incident,) = running.pagerduty.incidents
    assert (incident["urgency"], incident["status"]) == ("low", "resolved")
    assert "look at: incident [#1] Test page of QLTY Framework" in ran.stdout
    assert incident["html_url"] in ran.stdout
    assert ran.returncode == 0


_SENDERS = """
    from qlty.classes.integrations.base_integration import Integration
    from qlty.delivery import Sent

    class Shows(Integration):
        def send_test(self):
            return Sent("message 7", ("https://example.com/7",), ("seen by nobody",))

    class Offers(Integration): pass

    class Fails(Integration):
        def send_test(self): raise ValueError("no paper")

    class Wrong(Integration):
        def on_run_start(self): raise ValueError("no licence")
        def send_test(self): raise SystemExit("sent although the check failed")
    """


def test_send_makes_something_to_look_at_where_the_check_passed(check, project):
    project.write("own.py", _SENDERS)
    names = [f"own.{name}" for name in ("Shows", "Offers", "Fails", "Wrong")]
    project.write("settings.py", f"CUSTOM_INTEGRATIONS = {names}")
    ran = check("--send", "--json")
    rows = {row["name"]: row for row in json.loads(ran.stdout)}
    assert rows["Shows"] == {
        "name": "Shows",
        "ok": True,
        "target": "",
        "cause": "",
        "notes": ["seen by nobody"],
        "sent": "message 7",
        "links": ["https://example.com/7"],
    }
    assert rows["Offers"]["notes"] == ["it offers nothing that could be sent for a check"]
    assert (rows["Fails"]["ok"], rows["Fails"]["cause"]) == (
        False,
        "nothing was sent: ValueError: no paper",
    )
    assert rows["Wrong"]["cause"] == "ValueError: no licence"
    assert ran.returncode == 1


def test_send_says_what_to_look_at(check, project):
    project.write("own.py", _SENDERS)
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['own.Shows']")
    assert check("--send").stdout.splitlines() == [
        "Shows  ok      look at: message 7",
        "               https://example.com/7",
        "               seen by nobody",
    ]


def test_without_send_nothing_is_sent(check, project):
    project.write("own.py", _SENDERS)
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['own.Fails']")
    assert check().returncode == 0


@pytest.mark.parametrize("name", ["slack", "pagerduty"])
def test_what_only_on_would_hold_back_here_is_said(check, name):
    environ = {"CI": "", f"{name.upper()}_ONLY_ON": "ci"}
    ran = check("--report-to", name, **environ)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "a run here would be held back: " in ran.stdout
    assert f"{name.upper()}_ONLY_ON is ci, and this run is not in CI" in ran.stdout


def test_an_only_on_that_is_none_is_not_ok(check):
    ran = check("--report-to", "slack", SLACK_ONLY_ON="never")
    assert ran.returncode == 1
    assert "SLACK_ONLY_ON" in ran.stdout


def test_of_an_own_integration_only_on_is_said_too(check, project):
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['spy.Spy']")
    ran = check(SPY_ONLY_ON="branch:never")
    assert ran.returncode == 0
    assert "SPY_ONLY_ON is branch:never, and this run is on no branch" in ran.stdout


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("slack", "SLACK_API_URL"),
        ("testrail", "TESTRAIL_BASE_URL"),
        ("pagerduty", "PAGERDUTY_API_URL"),
    ],
)
def test_a_connection_error_names_the_address(check, name, setting):
    ran = check("--report-to", name, **{setting: "http://127.0.0.1:9"})
    assert ran.returncode == 1
    assert "refused" in ran.stdout
    assert ran.stdout.count("http://127.0.0.1:9") == 1


def test_a_connection_error_of_an_own_integration_names_its_target(check, project):
    project.write(
        "own.py",
        """
        from qlty.classes.integrations.base_integration import Integration

        class Own(Integration):
            def on_run_start(self): raise ConnectionRefusedError(111, "Connection refused")
            def target(self): return "http://127.0.0.1:9/hooks"
        """,
    )
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['own.Own']")
    ran = check()
    assert "Connection refused" in ran.stdout
    assert "http://127.0.0.1:9/hooks" in ran.stdout
