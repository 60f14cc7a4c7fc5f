"""A real pytest process that reports to the sandbox's Slack."""

from __future__ import annotations

TESTS = """
    import pytest

    def test_passes():
        pass

    def test_fails():
        assert 1 + 1 == 3

    @pytest.mark.skip
    def test_is_skipped():
        pass
"""


def test_a_run_arrives_with_its_failure_in_the_thread(project, sandbox, make):
    project.write("tests/test_sums.py", TESTS)
    ran = project.pytest("--report-to", "slack", env=sandbox.env)
    parent, reply = sandbox.slack.messages
    assert ran.returncode == 1
    assert "1 of 3 tests failed" in parent["text"]
    assert "tests/test_sums.py:8" in make.text(reply)
    assert "assert (1 + 1) == 3" in make.text(reply)


def test_the_terminal_says_what_was_delivered(project, sandbox):
    project.write("tests/test_sums.py", TESTS)
    ran = project.pytest("--report-to", "slack", env=sandbox.env)
    assert "message in C0SANDBOX with 1 in its thread" in ran.stdout


def test_workers_post_nothing_of_their_own(project, sandbox):
    project.write("tests/test_sums.py", TESTS)
    project.pytest("--report-to", "slack", "-n", "2", env=sandbox.env)
    assert len(sandbox.slack.messages) == 2


def test_the_token_is_nowhere_in_the_output(project, sandbox):
    token = sandbox.env["SLACK_AUTH_TOKEN"]
    project.write(
        "test_leak.py", f"def test_leak():\n    print('{token}')\n    assert '{token}' == ''\n"
    )
    ran = project.pytest("--report-to", "slack", "-q", env=sandbox.env)
    assert ran.returncode == 1
    assert all(token not in str(message) for message in sandbox.slack.messages)


def test_a_wrong_channel_does_not_change_the_exit_code(project, sandbox):
    project.write("test_ok.py", "def test_ok():\n    pass\n")
    ran = project.pytest("--report-to", "slack", env={**sandbox.env, "SLACK_CHANNEL_ID": "#qa"})
    assert ran.returncode == 0
    assert "SLACK CHANNEL_ID is '#qa', which is a name" in ran.stdout


def test_a_second_run_with_the_same_failure_is_no_change(project, sandbox):
    project.write("settings.py", "SLACK = {'WHEN': 'change'}\n")
    project.write("tests/test_sums.py", TESTS)
    for _ in range(2):
        ran = project.pytest("--report-to", "slack", env=sandbox.env)
    assert "not posted: a failure like the run before, and WHEN is change" in ran.stdout
    assert len([one for one in sandbox.slack.messages if "thread_ts" not in one]) == 1


def test_a_repaired_run_is_a_change(project, sandbox, make):
    project.write("settings.py", "SLACK = {'WHEN': 'change'}\n")
    for text in (TESTS, TESTS.replace("3", "2")):
        project.write("tests/test_sums.py", text)
        project.pytest("--report-to", "slack", env=sandbox.env)
    last = [one for one in sandbox.slack.messages if "thread_ts" not in one][-1]
    assert "3 tests, none failed" in last["text"]
    assert "1 fixed" in make.text(last)


def test_a_live_run_is_one_message(project, sandbox):
    project.write("settings.py", "SLACK = {'LIVE': True}\n")
    project.write("tests/test_sums.py", TESTS)
    ran = project.pytest("--report-to", "slack", env=sandbox.env)
    (parent,) = [one for one in sandbox.slack.messages if "thread_ts" not in one]
    assert "1 of 3 tests failed" in parent["text"]
    assert ran.stdout.count("message in C0SANDBOX") == 1


def test_a_killed_live_run_ends_as_one_message_at_once(project, sandbox):
    project.write("settings.py", "SLACK = {'LIVE': True}\n")
    killed = "import os, time\n\ndef test_passes():\n    pass\n\ndef test_dies():\n    time.sleep(3)\n    os._exit(9)\n"
    project.write("tests/test_sums.py", killed)
    project.pytest("--report-to", "slack", env=sandbox.env)
    sandbox.wait_for(lambda box: "cut short" in str(box.slack.messages))
    project.write("tests/test_sums.py", "def test_passes():\n    pass\n")
    project.pytest("--report-to", "slack", env=sandbox.env)
    first, *others = [one for one in sandbox.slack.messages if "thread_ts" not in one]
    assert "cut short: 1 of 2 tests failed" in first["text"]
    assert ["1 test, none failed" in one["text"] for one in others] == [True]


REQUIRED = """
    from qlty.classes.integrations.base_integration import Integration

    class Shop(Integration):
        required = True
        def on_run_start(self): raise ValueError("the shop <!here> is closed")
"""


def test_a_run_that_is_aborted_is_told(project, sandbox, make):
    project.write("own.py", REQUIRED)
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['own.Shop']")
    project.write("test_ok.py", "def test_ok():\n    pass\n")
    ran = project.pytest("--report-to", "slack", env=sandbox.env)
    assert ran.returncode == 69
    (message,) = sandbox.slack.messages
    assert "no test was run" in message["blocks"][0]["text"]["text"]
    assert "`Shop` is required" in make.text(message)
    assert "the shop &lt;!here&gt; is closed" in make.text(message)
    assert "message in C0SANDBOX" in ran.stdout + ran.stderr


def test_the_message_says_that_a_page_was_refused(project, sandbox, make):
    project.write(
        "test_a.py",
        "import pytest\n@pytest.mark.pagerduty_trigger_incident(urgency='low')\ndef test_a():\n    assert 0\n",
    )
    sandbox.chaos({"pagerduty/POST /incidents": {"status": 400}})
    project.pytest("--report-to", "slack,pagerduty", env=sandbox.env)
    (parent, _) = sandbox.slack.messages
    assert "PagerDuty refused 1 page: nobody was paged" in make.text(parent)
