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
