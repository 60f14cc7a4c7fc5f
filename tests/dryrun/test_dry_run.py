"""``--qlty-dry-run``: the requests that would be sent, and none of them sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qlty.sandbox import start

TESTS = """
    import pytest

    @pytest.mark.testrail(1)
    def test_passes():
        pass

    @pytest.mark.testrail(2)
    @pytest.mark.pagerduty_trigger_incident(service_id="XIXOOXZ")
    def test_fails(pagerduty_fixture):
        assert 1 + 1 == 3

    def test_fails_too():
        raise ValueError("no price")
"""
EVERYTHING = ("--report-to", "slack,testrail,pagerduty")
#: what two runs of one suite never have in common
VOLATILE = {
    r"\d{8}-\d{6}-[0-9a-f]{6}": "RUN",
    r"\b1\d{9}\.\d+": "TIME",
    r"\d{4}-\d\d-\d\d \d\d:\d\d": "TIME",
    r'"state": "[0-9a-f]{16}"': "STATE",
    r"\b\d+\.\d+ ?s": "SECONDS",
    r"result [0-9a-f]{12}": "RESULT",
    r"[0-9a-f]{32}": "BOUNDARY",
    r"(runs/view|TestRail run|add_results_for_cases|add_attachment_to_run)([/ ])\d+": r"\1\2RUN",
    r"<http[^|>]*pagerduty[^|>]*\|": "<INCIDENT|",
}


@pytest.fixture(scope="module")
def running_sandbox():
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox):
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def suite(project):
    project.write("settings.py", "")
    project.write("tests/test_shop.py", TESTS)
    return project


def steady(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, word in VOLATILE.items():
        text = re.sub(pattern, word, text)
    return text


def read(path: Path) -> tuple[str, dict[str, str], str]:
    """Request line, headers and body of a file that a dry run wrote."""
    head, _, body = path.read_bytes().decode("utf-8").partition("\n\n")
    first, *lines = head.split("\n")
    return first, dict(line.lower().split(": ", 1) for line in lines), body


def rehearsed(folder: Path, url: str) -> list[tuple[str, str, str]]:
    found = []
    for path in sorted(folder.iterdir()):
        first, headers, body = read(path)
        method, address, _ = first.split(" ")
        kind = headers.get("content-type", "")
        found.append((f"{method} {address.removeprefix(url)}", steady(kind), steady(body)))
    return sorted(found)


def arrived(sandbox) -> list[tuple[str, str, str]]:
    return sorted(
        (
            steady(f"{call['method']} /{call['service']}{call['path']}"),
            steady(call["headers"].get("content-type", "")),
            steady(call["body"] or ""),
        )
        for call in sandbox.calls
    )


def test_what_is_shown_is_what_is_sent_otherwise(suite, sandbox, tmp_path):
    folder = tmp_path / "requests"
    suite.pytest("tests", *EVERYTHING, f"--qlty-dry-run={folder}", env=sandbox.env)
    assert sandbox.calls == []
    suite.pytest("tests", *EVERYTHING, env=sandbox.env)
    found = rehearsed(folder, sandbox.url)
    shown = sorted((steady(line), kind, body) for line, kind, body in found)
    assert shown == arrived(sandbox)
    assert {line.split("/")[1] for line, _, _ in shown} == {"slack", "testrail", "pagerduty"}


def test_files_are_shown_as_they_are_uploaded(suite, sandbox, tmp_path):
    suite.write("report.html", "<p>all of it</p>")
    folder = tmp_path / "requests"
    env = {**sandbox.env, "SLACK_FILES": "report.html"}
    suite.pytest("tests", "--report-to=slack", f"--qlty-dry-run={folder}", env=env)
    (upload,) = folder.glob("*-upload-v1-*.http")
    assert read(upload)[2] == "<p>all of it</p>"
    assert sandbox.slack.files == []


def test_a_live_run_is_shown_as_one_message_and_its_last_change(suite, sandbox, tmp_path):
    folder = tmp_path / "requests"
    env = {**sandbox.env, "SLACK_LIVE": "true"}
    suite.pytest("tests", "--report-to=slack", f"--qlty-dry-run={folder}", env=env)
    calls = [path.stem.partition("POST-")[2] for path in sorted(folder.glob("*chat.*"))]
    assert calls == [f"slack-api-chat.{name}" for name in ("postMessage", "update", "postMessage")]
    (update,) = folder.glob("*chat.update.http")
    assert "2 of 3 tests failed" in read(update)[2]


def test_without_a_folder_requests_are_printed(suite, sandbox):
    ran = suite.pytest("tests", "--report-to=slack", "--qlty-dry-run", env=sandbox.env)
    assert ran.returncode == 1
    assert f"POST {sandbox.url}/slack/api/chat.postMessage HTTP/1.1" in ran.stdout
    assert "2 of 3 tests failed" in ran.stdout
    assert '\n  "channel": "C0SANDBOX",\n' in ran.stdout
    assert "❌" in ran.stdout
    assert "dry run: 4 requests; nothing was sent" in ran.stdout


def test_secrets_are_masked(suite, sandbox, tmp_path):
    folder = tmp_path / "requests"
    env = {**sandbox.env, "PAGERDUTY_ROUTING_KEY": sandbox.more["PAGERDUTY_ROUTING_KEY"]}
    suite.pytest("tests", *EVERYTHING, f"--qlty-dry-run={folder}", env=env)
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    for name in ("SLACK_AUTH_TOKEN", "TESTRAIL_API_KEY", "PAGERDUTY_API_KEY"):
        assert env[name].encode() not in written
    assert written.count(b"uthorization: ***") == len(list(folder.iterdir()))


def test_of_a_webhook_the_host_is_shown_and_the_secret_is_not(suite):
    secret = "T0SANDBOX/B0HOOK001/sandboxhooktoken"
    env = {"SLACK_WEBHOOK_URL": f"https://hooks.slack.com/services/{secret}"}
    ran = suite.pytest("tests", "--report-to=slack", "--qlty-dry-run", env=env)
    assert "POST https://hooks.slack.com/*** HTTP/1.1" in ran.stdout
    assert "sandboxhooktoken" not in ran.stdout


def test_a_proxy_gets_nothing(suite, tmp_path):
    dead = "http://127.0.0.1:1"
    env = {"SLACK_AUTH_TOKEN": "xoxb-sandbox-x", "SLACK_CHANNEL_ID": "C0SANDBOX"}
    proxies = {"HTTPS_PROXY": dead, "HTTP_PROXY": dead, "https_proxy": dead, "http_proxy": dead}
    ran = suite.pytest("tests", "--report-to=slack", "--qlty-dry-run", env={**env, **proxies})
    assert "POST https://slack.com/api/chat.postMessage HTTP/1.1" in ran.stdout
    assert "would fail" not in ran.stdout


def test_integrations_that_send_by_themselves_take_no_part(suite, sandbox):
    suite.write("settings.py", "CUSTOM_INTEGRATIONS = ['spy.Spy']\n")
    ran = suite.pytest("tests", "--report-to=slack", "--qlty-dry-run", env=sandbox.env)
    assert ran.events == []
    assert "Spy takes no part in a dry run" in ran.stdout


def test_a_dry_run_leaves_no_state_behind(suite, sandbox):
    suite.pytest("tests", "--report-to=slack", "--qlty-dry-run", env=sandbox.env)
    assert not (suite.root / ".qlty-framework").exists()


def test_what_would_be_held_back_is_said(suite, sandbox):
    env = {**sandbox.env, "SLACK_WHEN": "success"}
    ran = suite.pytest("tests", "--report-to=slack", "--qlty-dry-run", env=env)
    assert "dry run: slack: not posted: the run was a failure, and WHEN is success" in ran.stdout


def test_wrong_settings_are_found_as_in_a_real_run(suite, sandbox):
    env = {**sandbox.env, "SLACK_CHANNEL_ID": "#qa"}
    ran = suite.pytest("tests", "--report-to=slack", "--qlty-dry-run", env=env)
    assert "SLACK CHANNEL_ID is '#qa', which is a name" in ran.stdout
    assert "dry run: 0 requests" in ran.stdout


def test_a_second_dry_run_replaces_the_files_of_the_first(suite, sandbox, tmp_path):
    folder = tmp_path / "requests"
    for report_to in ("--report-to=slack,testrail", "--report-to=slack"):
        suite.pytest("tests", report_to, f"--qlty-dry-run={folder}", env=sandbox.env)
    assert {path.name.split("-")[1] for path in folder.iterdir()} == {"slack"}


def test_a_folder_with_other_files_is_refused(suite, sandbox):
    ran = suite.pytest("--report-to=slack", "--qlty-dry-run", "tests", env=sandbox.env)
    assert ran.returncode == 4
    assert "put --qlty-dry-run behind the paths" in ran.stderr
    assert (suite.root / "tests" / "test_shop.py").exists()


def test_the_runner_has_the_option_too(suite, sandbox, tmp_path):
    folder = tmp_path / "requests"
    arguments = ("--slack", f"--qlty-dry-run={folder}", "tests")
    suite.python("-m", "qlty.qlty_tests", *arguments, env=sandbox.env)
    assert len(list(folder.glob("*chat.postMessage.http"))) == 2
    assert sandbox.calls == []


def test_workers_change_nothing_of_it(suite, sandbox):
    ran = suite.pytest("tests", "-n2", "--report-to=slack", "--qlty-dry-run", env=sandbox.env)
    assert ran.stdout.count("/slack/api/chat.postMessage HTTP/1.1") == 2
    assert sandbox.calls == []
